"""What the panel stores of a request: plain JSON with a version, at most `MAX_STATS_BYTES` long.

The toolbar's stores write it as JSON, and another process, or a later version, may read it: no objects, no keys but
text, no times but numbers of microseconds.
"""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

from django.apps import apps

from pyforge_web._native import BUILD_PROFILE, VERSION
from pyforge_web.conf import get_settings
from pyforge_web.metering import Collector, compilation_log
from pyforge_web.metering.call_groups import CallGroup, CallSums
from pyforge_web.metering.call_sites import CallSite
from pyforge_web.metering.compilations import Compilation
from pyforge_web.toolbar.warnings import PanelWarning, RequestTrace, find_warnings
from pyforge_web.validators import CompiledValidator

StoredStats = dict[str, Any]

STATS_VERSION = 1
MAX_STATS_BYTES = 64 * 1024
# What a reader may rely on.
STATS_TYPES = {
    "v": int, "state": str, "totals": dict, "warnings": list, "groups": list, "more": dict, "lanes": dict,
    "validators": list, "compiled": dict, "functions": list, "env": dict,
}  # fmt: skip
_MOST_GROUPS, _MOST_VALIDATORS, _MOST_FUNCTIONS, _MOST_WARNINGS, _MOST_COLUMNS, _MOST_NAMES, _MOST_FRAMES = (
    200,
    50,
    30,
    60,
    40,
    40,
    12,
)
_MOST_TEXT, _MOST_SQL = 200, 500
_PIXELS = 1000  # marks of the timeline that are nearer to each other become one
_PREFIXES = sorted({str(Path.cwd()), *filter(None, sys.path)}, key=len, reverse=True)


def is_readable(stats: object) -> bool:
    """Whether these are stats of this version; others may be empty, older, newer, or somebody else's."""
    return (
        isinstance(stats, dict)
        and stats.get("v") == STATS_VERSION
        and all(isinstance(stats.get(key), kind) for key, kind in STATS_TYPES.items())
    )


def gather_stats(collector: Collector, env: StoredStats, *, streaming: bool) -> StoredStats:
    """The stats of what a collector heard; `streaming` while the body is not sent yet."""
    groups = collector.groups
    seen = RequestTrace(groups, collector.compiled, BUILD_PROFILE, get_settings()["PANEL"])
    warned = list(find_warnings(seen))
    marks: dict[int, list[str]] = {}
    for warning, group, _, _ in warned:
        if group is not None:
            marks.setdefault(id(group), []).append(warning.word)
    written = sorted((group for group in groups if group.source != "validate"), key=_own_ns, reverse=True)
    recorder = collector.recorder
    stats: StoredStats = {
        "v": STATS_VERSION,
        "state": "streaming" if streaming else "complete",
        "totals": _store_totals(collector, groups),
        "warnings": [_store_warning(*each) for each in warned[:_MOST_WARNINGS]],
        "groups": [
            _store_group(group, marks.get(id(group), []), collector.compiled) for group in written[:_MOST_GROUPS]
        ],
        "more": {
            "groups": max(0, len(written) - _MOST_GROUPS),
            "ungrouped": recorder.ungrouped if recorder else 0,
            "warnings": max(0, len(warned) - _MOST_WARNINGS),
        },
        "lanes": {source: _store_lane(calls, collector) for source, calls in collector.lanes.items()},
        "validators": _store_validators(collector, groups),
        "compiled": {"count": compilation_log.count, "us": _to_us(compilation_log.ns)},
        "functions": [
            {"name": name, **_store_sums(sums)} for name, sums in list(collector.functions.items())[:_MOST_FUNCTIONS]
        ],
        "env": {"version": VERSION, "profile": BUILD_PROFILE, **env},
    }
    return _fit_size(stats)


def _store_warning(warned: PanelWarning, group: CallGroup | None, text: str, fix: str) -> StoredStats:
    words = {"text": _clip_text(text, _MOST_SQL), "fix": _clip_text(fix, _MOST_SQL), "sites": _store_sites(group)}
    return {"id": warned.id, "word": warned.word, **words}


def _store_totals(collector: Collector, groups: list[CallGroup]) -> StoredStats:
    columns = [column for group in groups for column in group.columns.values()]
    sources = collector.sources
    validated = sources.pop("validate", CallSums())
    written = CallSums()
    for sums in sources.values():
        written = written.plus(sums)
    return {
        "serialize": _store_sums(written),
        "validate": _store_sums(validated),
        "database_us": _to_us(collector.database_ns),
        "request_us": _to_us(perf_counter_ns() - collector.started_ns),
        "django_rows": collector.django_rows,
        "native_columns": collector.native_columns,
        "django_columns": collector.django_columns,
        "rescued": collector.rescued,
        "native_values": sum(column.native for column in columns),
        "django_values": sum(column.django + column.rescued for column in columns),
        "errors": sum(collector.failures.values()),
    }


def _store_sums(sums: CallSums) -> StoredStats:
    return {
        "calls": sums.calls,
        "out": sums.crossings_out,
        "rows": sums.rows,
        "bytes": sums.bytes,
        "native_us": _to_us(sums.native_ns),
        "python_us": _to_us(sums.python_ns),
    }


def _store_group(group: CallGroup, words: list[str], events: list[Compilation]) -> StoredStats:
    labels = group.label.split(", ")
    columns = sorted(group.columns.items(), key=lambda item: -item[1].callback_ns)
    return {
        "source": group.source,
        "label": _clip_text(group.label),
        "type": _clip_text(group.value_type),
        "fields": [_clip_text(name, 60) for name in group.fields[:_MOST_NAMES]],
        "field_count": len(group.fields),
        "path": group.path,
        "why": _clip_text(group.why),
        "words": words,
        "sites": _store_sites(group),
        "stack": [_format_site(site) for site in group.stack[:_MOST_FRAMES]],
        "calls": group.calls,
        "out": group.crossings_out,
        "rows": group.rows,
        "django_rows": group.django_rows,
        "bytes": group.bytes,
        "native_us": _to_us(group.native_ns),
        "python_us": _to_us(group.python_ns),
        "database_us": _to_us(group.database_ns),
        "start_us": _to_us(group.start_ns),
        "compile_us": _to_us(sum(event.ns for event in events if event.kind == "serializer" and event.label in labels)),
        "min_us": _to_us(group.min_ns),
        "median_us": _to_us(median(group.durations)),
        "max_us": _to_us(group.max_ns),
        "columns": [
            [
                _clip_text(name, 60),
                column.native,
                column.django,
                column.rescued,
                _to_us(column.callback_ns),
                _clip_text(column.why),
            ]
            for name, column in columns[:_MOST_COLUMNS]
        ],
        "column_count": len(columns),
        "query_count": group.query_count,
        "query_us": _to_us(group.query_ns),
        "queries": [[_clip_sql(sql), number] for sql, number in group.queries.items()],
        "duplicates": group.duplicates,
    }


def _own_ns(group: CallGroup) -> int:
    return group.native_ns + group.python_ns - group.database_ns


def _store_lane(calls: Iterable[tuple[int, int]], collector: Collector) -> list[list[int]]:
    """Start and duration of calls, those that a reader could not tell apart made one."""
    near = max(1, (perf_counter_ns() - collector.started_ns) // _PIXELS)
    lane: list[list[int]] = []
    for start, duration in calls:
        if lane and start - (lane[-1][0] + lane[-1][1]) < near:
            lane[-1][1] = max(lane[-1][1], start + duration - lane[-1][0])
        else:
            lane.append([start, duration])
    return [[start // 1000, max(1, duration // 1000)] for start, duration in lane]


def _store_validators(collector: Collector, groups: list[CallGroup]) -> list[StoredStats]:
    """The validators that were used or compiled: their compilation, their calls, what failed; never a value."""
    used: dict[str, list[CallGroup]] = {}
    for group in groups:
        if group.source == "validate":
            used.setdefault(group.label, []).append(group)
    labels = dict.fromkeys([*used, *(event.label for event in collector.compiled if event.kind == "validator")])
    found = []
    for label in list(labels)[:_MOST_VALIDATORS]:
        calls, event = used.get(label, []), compilation_log.validators.get(label)
        failures = {key: number for key, number in collector.failures.items() if key[0] == label}
        found.append(
            {
                "label": _clip_text(label),
                "when": event.when if event else "",
                "after_us": _to_us(event.after_ns) if event else 0,
                "compile_us": _to_us(event.ns) if event else 0,
                "native": event.native if event else 0,
                "django": event.django if event else 0,
                "calls": sum(group.calls for group in calls),
                "rows": sum(group.rows for group in calls),
                "out": sum(group.crossings_out for group in calls),
                "us": _to_us(sum(_own_ns(group) for group in calls)),
                "errors": sum(failures.values()),
                "failures": [
                    [_clip_text(field, 60), _clip_text(code, 60), number]
                    for (_, field, code), number in failures.items()
                ],
                "sites": [site for group in calls[:3] for site in _store_sites(group)],
                "fields": _explain_python_fields(label),
            }
        )
    return found


def _explain_python_fields(label: str) -> list[list[str]]:
    """The fields of a model that Django judges, or a validator of the site's own, and why."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return []
    return [
        [field.name, _clip_text(field.reason or f"calls {', '.join(field.called)}")]
        for field in CompiledValidator.for_model(model).explain()
        if field.path == "django" or field.called
    ][:_MOST_COLUMNS]


def _store_sites(group: CallGroup | None) -> list[str]:
    """The lines to look at: a template's, where a tag wrote, and the code's."""
    return [_format_site(site) for site in (group.template, group.site) if site is not None] if group else []


def _format_site(site: CallSite) -> str:
    file = next((site.file[len(each) + 1 :] for each in _PREFIXES if site.file.startswith(each + os.sep)), site.file)
    return _clip_text(f"{file}:{site.line} {site.name.replace('.<locals>', '')}")


def _to_us(ns: float) -> float:
    return round(ns / 1000, 1)


def _clip_text(text: object, most: int = _MOST_TEXT) -> str:
    """Text that every store takes, not longer than `most`."""
    clean = str(text).replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _clip_sql(sql: str) -> str:
    """SQL without its middle, which is a list of columns."""
    return _clip_text(
        sql if len(sql) <= _MOST_SQL else f"{sql[: _MOST_SQL // 2]} … {sql[-_MOST_SQL // 2 + 3 :]}", _MOST_SQL
    )


def _fit_size(stats: StoredStats) -> StoredStats:
    """The stats with as much detail as there is room for: the dearest groups, which are the first, keep theirs."""
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


def _json_size(stats: StoredStats) -> int:
    return len(json.dumps(stats))
