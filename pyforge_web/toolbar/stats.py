"""What the panel stores about a request: plain JSON with a version, at most `MAX_STATS_BYTES` long.

The toolbar's stores write it as JSON, and another process, or a later version, may read it. So it has no objects, only
text as keys, and numbers of microseconds as times. Texts for readers are made when the panel is shown (`display.py`).
"""

from collections.abc import Iterable
from statistics import median
from time import perf_counter_ns
from typing import Any

from pyforge_web._native import BUILD_PROFILE, VERSION
from pyforge_web.conf import get_settings
from pyforge_web.metering import Collector, compilation_log
from pyforge_web.metering.call_groups import CallGroup, CallSums, ColumnCosts
from pyforge_web.metering.compilations import Compilation
from pyforge_web.toolbar.stages import measure_stages, own_ns, recording_ns
from pyforge_web.toolbar.stat_limits import (
    PROJECT_FOLDER,
    clip_middle,
    clip_text,
    fit_size,
    store_group_sites,
    store_site,
)
from pyforge_web.toolbar.warning_causes import RequestTrace, WarningMatch, explain_python_fields
from pyforge_web.toolbar.warnings import PanelWarning, find_warnings

StoredStats = dict[str, Any]

STATS_VERSION = 2
# What code that reads stored stats may rely on.
STATS_TYPES = {
    "v": int, "state": str, "totals": dict, "warnings": list, "groups": list, "more": dict, "lanes": dict,
    "validators": list, "compiled": dict, "functions": list, "env": dict, "other": dict,
}  # fmt: skip
# Bounds of what is stored: a store keeps the stats of many requests in memory, or in a cache.
_MOST_GROUPS, _MOST_VALIDATORS, _MOST_FUNCTIONS, _MOST_WARNINGS = 200, 50, 30, 60
_MOST_COLUMNS, _MOST_NAMES, _MOST_FRAMES = 40, 40, 12
_PIXELS = 1000  # marks of the timeline that are nearer to each other than this part of it become one


def is_readable(stats: object) -> bool:
    """Return whether these are stats of this version. Others may be empty, older, newer, or somebody else's."""
    return (
        isinstance(stats, dict)
        and stats.get("v") == STATS_VERSION
        and all(isinstance(stats.get(key), kind) for key, kind in STATS_TYPES.items())
    )


def gather_stats(collector: Collector, env: StoredStats, other: StoredStats, *, streaming: bool) -> StoredStats:
    """Return the stats of a collector, and of JSON that others wrote; `streaming` until the body has been sent."""
    groups = collector.groups
    trace = RequestTrace(groups, collector.compiled, BUILD_PROFILE, get_settings()["PANEL"])
    matches = list(find_warnings(trace))
    # By identity: groups of one request may be equal in all that is stored.
    marks: dict[int, list[str]] = {}
    for warning, match in matches:
        if match.group is not None and warning.id not in marks.setdefault(id(match.group), []):
            marks[id(match.group)].append(warning.id)
    # Sorted before the list is cut: a request with 5,000 groups must show the expensive ones.
    written = sorted((group for group in groups if group.source != "validate"), key=_sort_key, reverse=True)
    recorder = collector.recorder
    stats: StoredStats = {
        "v": STATS_VERSION,
        "state": "streaming" if streaming else "complete",
        "totals": _store_totals(collector, groups),
        "warnings": [_store_warning(*found) for found in matches[:_MOST_WARNINGS]],
        "groups": [
            _store_group(group, marks.get(id(group), []), collector.compiled) for group in written[:_MOST_GROUPS]
        ],
        "more": {
            "groups": max(0, len(written) - _MOST_GROUPS),
            "ungrouped": recorder.ungrouped if recorder else 0,
            "warnings": max(0, len(matches) - _MOST_WARNINGS),
        },
        "lanes": {source: _store_lane(calls, collector) for source, calls in collector.lanes.items()},
        "validators": _store_validators(collector, groups, marks),
        "compiled": {"count": compilation_log.count, "us": _to_us(compilation_log.ns)},
        "functions": [
            {"name": name, **_store_sums(sums)} for name, sums in list(collector.functions.items())[:_MOST_FUNCTIONS]
        ],
        "env": {"version": VERSION, "profile": BUILD_PROFILE, "folder": PROJECT_FOLDER, **env},
        "other": other,
    }
    return fit_size(stats)


def _sort_key(group: CallGroup) -> tuple[bool, int]:
    """Failed calls come first, then the most expensive ones."""
    return bool(group.errors), own_ns(group)


def _store_warning(warning: PanelWarning, match: WarningMatch) -> StoredStats:
    words = {key: _store_word(word) for key, word in match.words.items()}
    return {"id": warning.id, "variant": match.variant, "words": words, "sites": store_group_sites(match.group)}


def _store_word(word: Any) -> Any:
    if isinstance(word, list):
        return [[clip_text(part) for part in pair] for pair in word]
    return clip_text(word, 300) if isinstance(word, str) else word


def _store_totals(collector: Collector, groups: list[CallGroup]) -> StoredStats:
    columns = [column for group in groups for column in group.columns.values()]
    # A copy for each reading, so that "validate" can be taken out of it.
    sources = collector.sources
    validated = sources.pop("validate", CallSums())
    written = CallSums()
    for sums in sources.values():
        written = written.plus(sums)
    return {
        "serialize": _store_sums(written),
        "validate": _store_sums(validated),
        "execute_us": _to_us(sum(group.execute_ns - group.recording_ns for group in groups)),
        "fetch_us": _to_us(max(0, collector.database_ns - sum(group.execute_ns for group in groups))),
        "inner_us": _to_us(sum(group.query_ns for group in groups)),
        "inner_queries": sum(group.query_count for group in groups),
        "recording_us": _to_us(sum(map(recording_ns, groups))),
        "request_us": _to_us(perf_counter_ns() - collector.started_ns),
        "django_rows": collector.django_rows - sum(group.counted_twice for group in groups),
        "native_columns": collector.native_columns,
        "django_columns": collector.django_columns,
        "fallbacks": collector.fallbacks,
        "native_values": sum(column.native for column in columns),
        "django_values": sum(column.django + column.fallbacks for column in columns),
        "errors": sum(collector.failures.values()),
        "failed_calls": sum(sum(group.errors.values()) for group in groups),
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


def _store_group(group: CallGroup, marks: list[str], events: list[Compilation]) -> StoredStats:
    labels = group.label.split(", ")
    # The most expensive ones first, because the list is cut.
    columns = sorted(group.columns.items(), key=lambda item: -item[1].callback_ns)
    return {
        "source": group.source,
        "label": clip_text(group.label),
        "type": clip_text(group.value_type),
        "fields": [clip_text(name, 60) for name in group.fields[:_MOST_NAMES]],
        "field_count": len(group.fields),
        "path": group.path,
        "why": clip_text(group.why),
        "marks": marks,
        "errors": [[clip_text(text, 300), number] for text, number in group.errors.items()],
        "sites": store_group_sites(group),
        "stack": [store_site(site) for site in group.stack[:_MOST_FRAMES]],
        "calls": group.calls,
        "out": group.crossings_out,
        "rows": group.rows,
        "django_rows": group.django_rows - group.counted_twice,
        "bytes": group.bytes,
        "stages": _store_stages(group),
        "recording_us": _to_us(recording_ns(group)),
        "start_us": _to_us(group.start_ns),
        "span_us": _to_us(group.native_ns + group.python_ns),
        "compile_us": _to_us(sum(event.ns for event in events if event.kind == "serializer" and event.label in labels)),
        "min_us": _to_us(group.min_ns),
        "median_us": _to_us(median(group.durations)),
        "max_us": _to_us(group.max_ns),
        "columns": [_store_column(name, column) for name, column in columns[:_MOST_COLUMNS]],
        "column_count": len(columns),
        "query_count": group.query_count,
        "query_us": _to_us(group.query_ns),
        "queries": [[clip_middle(sql), number] for sql, number in group.queries.items()],
        "sql_cache": [[clip_text(outcome, 300), number] for outcome, number in group.sql_cache.items()],
    }


def _store_column(name: str, column: ColumnCosts) -> list[Any]:
    times = [_to_us(column.callback_ns), clip_text(column.why)]
    return [clip_text(name, 60), column.native, column.django, column.fallbacks, *times]


def _store_stages(group: CallGroup) -> dict[str, float]:
    return {name: _to_us(ns) for name, ns in measure_stages(group).items()}


def _store_lane(calls: Iterable[tuple[int, int]], collector: Collector) -> list[list[int]]:
    """Return start and duration of calls. Those that a reader could not tell apart become one."""
    # As part of the time so far, which is the width of the timeline.
    near = max(1, (perf_counter_ns() - collector.started_ns) // _PIXELS)
    lane: list[list[int]] = []
    for start, duration in calls:
        if lane and start - (lane[-1][0] + lane[-1][1]) < near:
            lane[-1][1] = max(lane[-1][1], start + duration - lane[-1][0])
        else:
            lane.append([start, duration])
    return [[start // 1000, max(1, duration // 1000)] for start, duration in lane]


def _store_validators(collector: Collector, groups: list[CallGroup], marks: dict[int, list[str]]) -> list[StoredStats]:
    """Return the validators that were used or compiled. Values are never stored."""
    used: dict[str, list[CallGroup]] = {}
    for group in groups:
        if group.source == "validate":
            used.setdefault(group.label, []).append(group)
    labels = dict.fromkeys([*used, *(event.label for event in collector.compiled if event.kind == "validator")])
    return [_store_validator(collector, label, used.get(label, []), marks) for label in list(labels)[:_MOST_VALIDATORS]]


def _store_validator(
    collector: Collector, label: str, groups: list[CallGroup], marks: dict[int, list[str]]
) -> StoredStats:
    # Compiled at the start of the process perhaps: the log of the process has it, not the collector.
    event = compilation_log.validators.get(label)
    failures = {key: number for key, number in collector.failures.items() if key[0] == label}
    stages: dict[str, float] = {}
    for group in groups:
        for name, us in _store_stages(group).items():
            stages[name] = round(stages.get(name, 0) + us, 1)
    return {
        "label": clip_text(label),
        "marks": list(dict.fromkeys(mark for group in groups for mark in marks.get(id(group), []))),
        "when": event.when if event else "",
        "after_us": _to_us(event.after_ns) if event else 0,
        "compile_us": _to_us(event.ns) if event else 0,
        "native": event.native if event else 0,
        "django": event.django if event else 0,
        "calls": sum(group.calls for group in groups),
        "rows": sum(group.rows for group in groups),
        "out": sum(group.crossings_out for group in groups),
        "stages": stages,
        "errors": sum(failures.values()),
        "failures": [
            [clip_text(field, 60), clip_text(code, 60), number] for (_, field, code), number in failures.items()
        ],
        "sites": [site for group in groups[:3] for site in store_group_sites(group)],
        "fields": [[name, clip_text(why)] for name, why in explain_python_fields(label)[:_MOST_COLUMNS]],
    }


def _to_us(ns: float) -> float:
    return round(ns / 1000, 1)
