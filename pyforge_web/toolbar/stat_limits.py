"""The limits of what the panel stores: texts, lines of code and the whole are cut to a size."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from pyforge_web.metering.call_groups import CallGroup
from pyforge_web.metering.call_sites import CallSite

MAX_STATS_BYTES = 64 * 1024
_MOST_TEXT, _MOST_SQL = 200, 500
# The project's folder. File names are stored without it, or without that of the package they belong to.
PROJECT_FOLDER = str(Path.cwd())
_FOLDERS = [PROJECT_FOLDER, *sorted({*filter(None, sys.path)} - {PROJECT_FOLDER}, key=len, reverse=True)]


def store_group_sites(group: CallGroup | None) -> list[list[Any]]:
    """Return the lines to look at: the line of the template tag, if there is one, and that of the code."""
    return [store_site(site) for site in (group.template, group.site) if site is not None] if group else []


def store_site(site: CallSite) -> list[Any]:
    """Return a line of code as `[file, line, name]`."""
    folder = next((folder for folder in _FOLDERS if site.file.startswith(folder + os.sep)), "")
    file = site.file[len(folder) + 1 :] if folder else site.file
    return [clip_text(file), site.line, clip_text(site.name.replace(".<locals>", ""))]


def clip_text(text: object, most: int = _MOST_TEXT) -> str:
    """Return a text that every store accepts, at most `most` characters long."""
    clean = str(text).replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def clip_middle(sql: str) -> str:
    """Return SQL without its middle, which is a list of columns."""
    if len(sql) > _MOST_SQL:
        sql = f"{sql[: _MOST_SQL // 2]} … {sql[-_MOST_SQL // 2 + 3 :]}"
    return clip_text(sql, _MOST_SQL)


def fit_size(stats: dict[str, Any]) -> dict[str, Any]:
    """Return the stats with as much detail as there is room for. The most expensive groups keep theirs."""
    if not (stats["groups"] or stats["warnings"] or stats["validators"]):
        return stats  # nothing of it grows with the request
    for kept in (25, 10, 3, 0):
        if _json_size(stats) <= MAX_STATS_BYTES:
            return stats
        for group in stats["groups"][kept:]:
            group.update(stack=[], queries=[], columns=[], fields=group["fields"][:3], why=group["why"][:80])
    while _json_size(stats) > MAX_STATS_BYTES:
        longest = max(("groups", "warnings", "validators"), key=lambda key: len(json.dumps(stats[key])))
        half = (len(stats[longest]) + 1) // 2 if len(stats[longest]) > 1 else 0
        stats["more"][longest] = stats["more"].get(longest, 0) + len(stats[longest]) - half
        del stats[longest][half:]
    return stats


def _json_size(stats: dict[str, Any]) -> int:
    return len(json.dumps(stats))
