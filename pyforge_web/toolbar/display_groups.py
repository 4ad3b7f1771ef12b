"""The rows of the panel's tables: groups of calls, their stages and columns, and validators."""

from typing import Any

from django.utils.translation import pgettext, pgettext_lazy

from pyforge_web.toolbar import formats
from pyforge_web.toolbar.links import show_sites
from pyforge_web.toolbar.reasons import show_reason
from pyforge_web.toolbar.stages import DATABASE_STAGES, FALLBACK_STAGES, STAGES
from pyforge_web.toolbar.warnings import WARNINGS_BY_ID

SOURCE_NAMES = {
    "response": pgettext_lazy("panel", "response"),
    "stream": pgettext_lazy("panel", "stream"),
    "tag": pgettext_lazy("panel", "template tag"),
    "serializer": pgettext_lazy("panel", "serializer"),
    "direct": pgettext_lazy("panel", "direct call"),
    "validate": pgettext_lazy("panel", "validation"),
}
# The colours of the marks if the page does not load our stylesheet.
SOURCE_COLOURS = {
    "response": "#30c16e",
    "stream": "#1d9a8a",
    "tag": "#38bbe8",
    "serializer": "#d68b3c",
    "direct": "#8b6fd6",
    "validate": "#d98e04",
}
# How good a path is, for its colour. The word stands beside the colour.
_PATH_RATINGS = {"values": "fast", "tuples": "fast", "instance": "fair", "generic": "plain"}
_PATH_TEXTS = {
    "values": pgettext_lazy("panel", "the rows of the query, read by Rust"),
    "instance": pgettext_lazy("panel", "instances in memory"),
    "tuples": pgettext_lazy("panel", "tuples that your code fetched"),
    "generic": pgettext_lazy("panel", "a value that is not made of model rows"),
}


def show_group(number: int, group: dict[str, Any], span: float, folder: str) -> dict[str, Any]:
    """Return a row of the table of calls, and its details."""
    # The database's time is not ours, whoever waits for it.
    own = sum(us for name, us in group["stages"].items() if name not in DATABASE_STAGES)
    database = sum(us for name, us in group["stages"].items() if name in DATABASE_STAGES)
    rows = group["rows"] + group["django_rows"]
    return {
        **group,
        "id": number,
        "sites": show_sites(group["sites"], folder),
        "stack": show_sites(group["stack"], folder),
        "words": [WARNINGS_BY_ID[mark].word for mark in group["marks"]],
        "source_name": SOURCE_NAMES.get(group["source"], group["source"]),
        "colour": SOURCE_COLOURS.get(group["source"], "#888888"),
        "own": formats.format_time(own),
        "own_us": formats.format_svg(own),
        "database": formats.format_time(database) if database else "",
        "per_row": formats.format_time(own / rows) if rows else "",
        "per_row_us": formats.format_svg(own / rows) if rows else "",
        "all_rows": formats.format_number(rows),
        "row_count": rows,
        "calls_text": formats.format_number(group["calls"]),
        "out_text": formats.format_number(group["out"]),
        "size": formats.format_size(group["bytes"]),
        "query_title": formats.count_queries(group["query_count"]),
        "query_time": formats.format_time(group["query_us"]),
        "rating": _rate_path(group["path"]),
        "path_text": show_reason(group["why"]) or _PATH_TEXTS.get(group["path"], ""),
        "fields_more": max(0, group["field_count"] - len(group["fields"])),
        "stage_rows": show_stages(group["stages"]),
        "sql_cache": [[show_reason(outcome), number] for outcome, number in group["sql_cache"]],
        "recording": formats.format_time(group["recording_us"]) if group["recording_us"] else "",
        "compile": formats.format_time(group["compile_us"]) if group["compile_us"] else "",
        "min": formats.format_time(group["min_us"]),
        "is_single": group["calls"] == 1,
        "median": formats.format_time(group["median_us"]),
        "max": formats.format_time(group["max_us"]),
        # Within the page, also for a stream: its parts are written after the request's own time has ended.
        "bar_x": formats.format_svg(min(99.0, group["start_us"] / span * 100)),
        "bar_width": formats.format_svg(max(1.0, min(100.0, group["span_us"] / span * 100))),
        "column_rows": [_show_column(*column) for column in group["columns"] if column[2] or column[3]],
        "native_names": [column[0] for column in group["columns"] if not column[2] and not column[3]],
        "columns_more": max(0, group["column_count"] - len(group["columns"])),
    }


def show_stages(stages: dict[str, float]) -> list[dict[str, Any]]:
    """Return the rows of a waterfall: each stage begins where the one before it ended."""
    whole = max(sum(stages.values()), 0.1)
    shown: list[dict[str, Any]] = []
    start = 0.0
    # In the order in which they happen, not in that of the stored dict.
    for name, us in sorted(stages.items(), key=lambda item: list(STAGES).index(item[0])):
        shown.append(
            {
                "name": STAGES[name],
                "kind": "database" if name in DATABASE_STAGES else "slow" if name in FALLBACK_STAGES else "own",
                "x": formats.format_svg(start / whole * 100),
                "width": formats.format_svg(max(0.5, us / whole * 100)),
                "time": formats.format_time(us),
                "share": formats.format_share(us / whole),
            }
        )
        start += us
    return shown


def show_validator(number: int, validator: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return a row of the table of validators, and its details."""
    whens = {
        "startup": pgettext("panel", "at start-up"),
        "request": pgettext("panel", "in a request"),
        "lazily": pgettext("panel", "later"),
    }
    when = whens.get(validator["when"], pgettext("panel", "before the last 500 compilations"))
    if validator["when"] in ("request", "lazily"):
        when = pgettext("panel", "%(when)s, %(time)s after start") % {
            "when": when,
            "time": formats.format_time(validator["after_us"]),
        }
    spent = sum(validator["stages"].values())
    return {
        **validator,
        "id": number,
        "sites": show_sites(validator["sites"], folder),
        "words": [WARNINGS_BY_ID[mark].word for mark in validator["marks"]],
        "when_text": when,
        "compile": formats.format_time(validator["compile_us"]) if validator["compile_us"] else "",
        "time": formats.format_time(spent),
        "stage_rows": show_stages(validator["stages"]),
        "calls_text": formats.format_number(validator["calls"]),
        "rows_text": formats.format_number(validator["rows"]),
        "out_text": formats.format_number(validator["out"]),
        "errors_text": formats.format_number(validator["errors"]),
        "fields": [[name, show_reason(why)] for name, why in validator["fields"]],
        "failures": [_show_failure(*failure) for failure in validator["failures"]],
    }


def _show_failure(field: str, code: str, number: int) -> dict[str, str]:
    """Return a failed field. Nobody has read the errors of some batches, so Django was not asked for their codes."""
    title = ""
    if code == "unread":
        code, title = (
            pgettext("panel", "errors not read"),
            pgettext("panel", "The code becomes known when error_list() is called."),
        )
    elif code == "None":
        code = pgettext("panel", "without a code")
    return {"text": f"{field}: {code} \N{MULTIPLICATION SIGN}{formats.format_number(number)}", "title": title}


def _show_column(name: str, native: int, django: int, fallbacks: int, callback_us: float, why: str) -> dict[str, Any]:
    return {
        "name": name,
        "path": pgettext("panel", "Django") if django else pgettext("panel", "fallback"),
        "rating": "bad" if django else "fair",
        "native": formats.format_number(native),
        "through": formats.format_number(django + fallbacks),
        "time": formats.format_time(callback_us),
        "why": show_reason(why) or pgettext("panel", "some values are not stored in the format that Rust reads"),
    }


def _rate_path(path: str) -> str:
    """Return the worst rating of the paths in `values + instance`."""
    ratings = [_PATH_RATINGS.get(part, "bad") for part in path.split(" + ")]
    return next(rating for rating in ("bad", "fair", "plain", "fast") if rating in ratings)
