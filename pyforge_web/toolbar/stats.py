"""What the panel stores of a request: plain JSON with a version, at most `MOST_BYTES` long.

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
from pyforge_web.metering import Collector, compiled
from pyforge_web.metering.call_groups import Group, Sums
from pyforge_web.metering.call_sites import CallSite
from pyforge_web.metering.compilations import Compilation
from pyforge_web.toolbar.warnings import Seen, Warned, warn
from pyforge_web.validators import CompiledValidator

Stats = dict[str, Any]

FORMAT = 1
MOST_BYTES = 64 * 1024
# What a reader may rely on.
SHAPE = {
    "v": int, "state": str, "totals": dict, "warnings": list, "groups": list, "more": dict, "lanes": dict,
    "validators": list, "compiled": dict, "functions": list, "env": dict,
}  # fmt: skip
_GROUPS, _VALIDATORS, _FUNCTIONS, _WARNINGS, _COLUMNS, _NAMES, _STACK = 200, 50, 30, 60, 40, 40, 12
_TEXT, _SQL = 200, 500
_PIXELS = 1000  # marks of the timeline that are nearer to each other become one
_PREFIXES = sorted({str(Path.cwd()), *filter(None, sys.path)}, key=len, reverse=True)


def understood(stats: object) -> bool:
    """Whether these are stats of this version; others may be empty, older, newer, or somebody else's."""
    return (
        isinstance(stats, dict)
        and stats.get("v") == FORMAT
        and all(isinstance(stats.get(key), kind) for key, kind in SHAPE.items())
    )


def gather(collector: Collector, env: Stats, *, streaming: bool) -> Stats:
    """The stats of what a collector heard; `streaming` while the body is not sent yet."""
    groups = collector.groups
    seen = Seen(groups, collector.compiled, BUILD_PROFILE, get_settings()["PANEL"])
    warned = list(warn(seen))
    marks: dict[int, list[str]] = {}
    for warning, group, _, _ in warned:
        if group is not None:
            marks.setdefault(id(group), []).append(warning.word)
    written = sorted((group for group in groups if group.source != "validate"), key=_spent, reverse=True)
    recording = collector.recording
    stats: Stats = {
        "v": FORMAT,
        "state": "streaming" if streaming else "complete",
        "totals": _totals(collector, groups),
        "warnings": [_warning(*each) for each in warned[:_WARNINGS]],
        "groups": [_group(group, marks.get(id(group), []), collector.compiled) for group in written[:_GROUPS]],
        "more": {
            "groups": max(0, len(written) - _GROUPS),
            "ungrouped": recording.ungrouped if recording else 0,
            "warnings": max(0, len(warned) - _WARNINGS),
        },
        "lanes": {source: _lane(calls, collector) for source, calls in collector.lanes.items()},
        "validators": _validators(collector, groups),
        "compiled": {"count": compiled.count, "us": _us(compiled.ns)},
        "functions": [{"name": name, **_sums(sums)} for name, sums in list(collector.functions.items())[:_FUNCTIONS]],
        "env": {"version": VERSION, "profile": BUILD_PROFILE, **env},
    }
    return _fit(stats)


def _warning(warned: Warned, group: Group | None, text: str, fix: str) -> Stats:
    words = {"text": _clip(text, _SQL), "fix": _clip(fix, _SQL), "sites": _places(group)}
    return {"id": warned.id, "word": warned.word, **words}


def _totals(collector: Collector, groups: list[Group]) -> Stats:
    columns = [column for group in groups for column in group.columns.values()]
    sources = collector.sources
    validated = sources.pop("validate", Sums())
    written = Sums()
    for sums in sources.values():
        written = written.plus(sums)
    return {
        "serialize": _sums(written),
        "validate": _sums(validated),
        "database_us": _us(collector.database_ns),
        "request_us": _us(perf_counter_ns() - collector.started_ns),
        "django_rows": collector.django_rows,
        "native_columns": collector.native_columns,
        "django_columns": collector.django_columns,
        "rescued": collector.rescued,
        "native_values": sum(column.native for column in columns),
        "django_values": sum(column.django + column.rescued for column in columns),
        "errors": sum(collector.failures.values()),
    }


def _sums(sums: Sums) -> Stats:
    return {
        "calls": sums.calls,
        "out": sums.crossings_out,
        "rows": sums.rows,
        "bytes": sums.bytes,
        "native_us": _us(sums.native_ns),
        "python_us": _us(sums.python_ns),
    }


def _group(group: Group, words: list[str], events: list[Compilation]) -> Stats:
    labels = group.label.split(", ")
    columns = sorted(group.columns.items(), key=lambda item: -item[1].callback_ns)
    return {
        "source": group.source,
        "label": _clip(group.label),
        "type": _clip(group.value_type),
        "fields": [_clip(name, 60) for name in group.fields[:_NAMES]],
        "field_count": len(group.fields),
        "path": group.path,
        "why": _clip(group.why),
        "words": words,
        "sites": _places(group),
        "stack": [_site(site) for site in group.stack[:_STACK]],
        "calls": group.calls,
        "out": group.crossings_out,
        "rows": group.rows,
        "django_rows": group.django_rows,
        "bytes": group.bytes,
        "native_us": _us(group.native_ns),
        "python_us": _us(group.python_ns),
        "database_us": _us(group.database_ns),
        "start_us": _us(group.start_ns),
        "compile_us": _us(sum(event.ns for event in events if event.kind == "serializer" and event.label in labels)),
        "min_us": _us(group.min_ns),
        "median_us": _us(median(group.durations)),
        "max_us": _us(group.max_ns),
        "columns": [
            [_clip(name, 60), column.native, column.django, column.rescued, _us(column.callback_ns), _clip(column.why)]
            for name, column in columns[:_COLUMNS]
        ],
        "column_count": len(columns),
        "query_count": group.query_count,
        "query_us": _us(group.query_ns),
        "queries": [[_clip_middle(sql), number] for sql, number in group.queries.items()],
        "duplicates": group.duplicates,
    }


def _spent(group: Group) -> int:
    return group.native_ns + group.python_ns - group.database_ns


def _lane(calls: Iterable[tuple[int, int]], collector: Collector) -> list[list[int]]:
    """Start and duration of calls, those that a reader could not tell apart made one."""
    near = max(1, (perf_counter_ns() - collector.started_ns) // _PIXELS)
    lane: list[list[int]] = []
    for start, duration in calls:
        if lane and start - (lane[-1][0] + lane[-1][1]) < near:
            lane[-1][1] = max(lane[-1][1], start + duration - lane[-1][0])
        else:
            lane.append([start, duration])
    return [[start // 1000, max(1, duration // 1000)] for start, duration in lane]


def _validators(collector: Collector, groups: list[Group]) -> list[Stats]:
    """The validators that were used or compiled: their compilation, their calls, what failed; never a value."""
    used: dict[str, list[Group]] = {}
    for group in groups:
        if group.source == "validate":
            used.setdefault(group.label, []).append(group)
    labels = dict.fromkeys([*used, *(event.label for event in collector.compiled if event.kind == "validator")])
    found = []
    for label in list(labels)[:_VALIDATORS]:
        calls, event = used.get(label, []), compiled.validators.get(label)
        failures = {key: number for key, number in collector.failures.items() if key[0] == label}
        found.append(
            {
                "label": _clip(label),
                "when": event.when if event else "",
                "after_us": _us(event.after_ns) if event else 0,
                "compile_us": _us(event.ns) if event else 0,
                "native": event.native if event else 0,
                "django": event.django if event else 0,
                "calls": sum(group.calls for group in calls),
                "rows": sum(group.rows for group in calls),
                "out": sum(group.crossings_out for group in calls),
                "us": _us(sum(_spent(group) for group in calls)),
                "errors": sum(failures.values()),
                "failures": [
                    [_clip(field, 60), _clip(code, 60), number] for (_, field, code), number in failures.items()
                ],
                "sites": [site for group in calls[:3] for site in _places(group)],
                "fields": _not_native(label),
            }
        )
    return found


def _not_native(label: str) -> list[list[str]]:
    """The fields of a model that Django judges, or a validator of the site's own, and why."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return []
    return [
        [field.name, _clip(field.reason or f"calls {', '.join(field.called)}")]
        for field in CompiledValidator.for_model(model).explain()
        if field.path == "django" or field.called
    ][:_COLUMNS]


def _places(group: Group | None) -> list[str]:
    """The lines to look at: a template's, where a tag wrote, and the code's."""
    return [_site(site) for site in (group.template, group.site) if site is not None] if group else []


def _site(site: CallSite) -> str:
    file = next((site.file[len(each) + 1 :] for each in _PREFIXES if site.file.startswith(each + os.sep)), site.file)
    return _clip(f"{file}:{site.line} {site.name.replace('.<locals>', '')}")


def _us(ns: float) -> float:
    return round(ns / 1000, 1)


def _clip(text: object, most: int = _TEXT) -> str:
    """Text that every store takes, not longer than `most`."""
    clean = str(text).replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _clip_middle(sql: str) -> str:
    """SQL without its middle, which is a list of columns."""
    return _clip(sql if len(sql) <= _SQL else f"{sql[: _SQL // 2]} … {sql[-_SQL // 2 + 3 :]}", _SQL)


def _fit(stats: Stats) -> Stats:
    """The stats with as much detail as there is room for: the dearest groups, which are the first, keep theirs."""
    for kept in (25, 10, 3, 0):
        if _size(stats) <= MOST_BYTES:
            return stats
        for group in stats["groups"][kept:]:
            group.update(stack=[], queries=[], columns=[], fields=group["fields"][:3], why=group["why"][:80])
    while _size(stats) > MOST_BYTES:
        longest = max(("groups", "warnings", "validators"), key=lambda key: len(json.dumps(stats[key])))
        half = (len(stats[longest]) + 1) // 2 if len(stats[longest]) > 1 else 0
        stats["more"][longest] = stats["more"].get(longest, 0) + len(stats[longest]) - half
        del stats[longest][half:]
    return stats


def _size(stats: Stats) -> int:
    return len(json.dumps(stats))
