"""The panel's warnings: what is found in a request's groups of calls, and the line to change.

To add one: a row in `WARNINGS`, its function, a row in docs/panel.md, and a page of the demo that provokes it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model

from pyforge_web.conf import Panel
from pyforge_web.metering.call_groups import CallGroup
from pyforge_web.metering.compilations import Compilation

_FEW_ROWS = 2  # a call: what could have been one list
_MANY_ROWS = 10  # instances worth a word
_SMALL = 100  # bytes: repeating so little costs nothing
_SQL_TABLE = re.compile(r'\bFROM\s+["`]?(\w+)["`]?', re.IGNORECASE)
_SQL_COLUMN = re.compile(r'["`](\w+)["`](?=\s*(?:,|FROM\b))', re.IGNORECASE)


class RequestTrace(NamedTuple):
    """What the warnings look at: a request's groups and compilations, the core's build, the thresholds."""

    groups: list[CallGroup]
    compiled: list[Compilation]
    profile: str
    limits: Panel


# For each thing found: its group, where it has one, and the words for the texts of the warning.
WarningMatches = Iterator[tuple[CallGroup | None, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class PanelWarning:
    """A warning: its id, a word for rows of tables, what it says, and what to do; texts take the words found."""

    id: str
    word: str
    text: str
    fix: str
    find: Callable[[RequestTrace], WarningMatches]


def _find_similar_calls(seen: RequestTrace) -> WarningMatches:
    for group in seen.groups:
        rows = group.rows + group.django_rows
        if group.source == "stream":
            continue  # its calls are the parts of one body
        if group.calls >= seen.limits["SIMILAR_CALLS"] and rows <= _FEW_ROWS * group.calls and not group.duplicates:
            verb, change = "written", "Give the whole list or QuerySet at once"
            if group.source == "validate":
                verb, change = "judged", "Give the whole list to CompiledValidator.clean_rows()"
            yield group, {"calls": group.calls, "label": group.label, "verb": verb, "change": change}


def _find_converted_fields(seen: RequestTrace) -> WarningMatches:
    for group in seen.groups:
        for name, column in group.columns.items():
            calls = column.django + column.rescued
            if calls >= seen.limits["CALLBACKS"]:
                why = column.why or "its values are not of the form that native code reads"
                yield group, {"field": name, "label": group.label, "calls": calls, "why": why}


def _find_inner_queries(seen: RequestTrace) -> WarningMatches:
    for group in seen.groups:
        # What a stream's own iterator asks for each part is no query for each row.
        if group.query_count > (group.calls if group.source == "stream" else 0):
            cause, fix = _explain_queries(group)
            yield group, {"label": group.label, "queries": group.query_count, "cause": cause, "change": fix}


def _find_made_instances(seen: RequestTrace) -> WarningMatches:
    for group in seen.groups:
        plain = not any("{" in name or "." in name for name in group.fields)
        made = group.path == "instance" and group.value_type in ("list", "tuple") and plain
        if made and group.rows >= _MANY_ROWS and group.rows > _FEW_ROWS * group.calls:
            yield group, {"rows": group.rows, "label": group.label, "value_type": group.value_type}


def _find_duplicates(seen: RequestTrace) -> WarningMatches:
    for group in seen.groups:
        if group.duplicates and group.bytes >= _SMALL * group.calls:
            yield group, {"label": group.label, "times": group.duplicates + 1, "bytes": group.bytes // group.calls}


def _find_late_compilations(seen: RequestTrace) -> WarningMatches:
    for event in seen.compiled:
        if event.kind == "validator":
            yield None, {"label": event.label, "us": f"{event.ns / 1000:.0f}"}


def _find_large_elements(seen: RequestTrace) -> WarningMatches:
    for group in seen.groups:
        if group.source == "tag" and group.bytes > seen.limits["INLINE_BYTES"]:
            yield group, {"label": group.label, "kilobytes": f"{group.bytes / 1000:,.0f}"}


def _find_debug_build(seen: RequestTrace) -> WarningMatches:
    if seen.profile == "debug":
        yield None, {}


WARNINGS = (
    PanelWarning(
        "PF001",
        "similar",
        "{label} is {verb} {calls} times from the same line, one or two rows a call.",
        "{change}: one call instead of {calls}.",
        _find_similar_calls,
    ),
    PanelWarning(
        "PF002",
        "converted in Python",
        "The field {field} of {label} called Python {calls} times: {why}.",
        "Use a field that docs/querysets.md lists as native, or leave it out with fields=.",
        _find_converted_fields,
    ),
    PanelWarning(
        "PF003",
        "queries inside",
        "Writing {label} ran {queries} more queries: {cause}.",
        "{change}",
        _find_inner_queries,
    ),
    PanelWarning(
        "PF004",
        "instances",
        "{rows} instances of {label} were made, and then written from a {value_type}; only columns are written.",
        "If nothing else needs the instances, give the QuerySet itself: its rows become JSON without them.",
        _find_made_instances,
    ),
    PanelWarning(
        "PF005",
        "duplicate",
        "The same {bytes:,} bytes of {label} were written {times} times.",
        "Keep the first result, or cache it: dumps() gives bytes.",
        _find_duplicates,
    ),
    PanelWarning(
        "PF006",
        "compiled here",
        "The validator of {label} was compiled during this request, in {us} µs.",
        "Name {label} in PYFORGE_WEB['PRECOMPILE'], and change no field after start-up: it is then compiled before.",
        _find_late_compilations,
    ),
    PanelWarning(
        "PF007",
        "large in the page",
        "{kilobytes} KB of {label} are in the page itself: they are sent anew with each page.",
        "Fetch it from an endpoint, or choose fewer columns with fields=.",
        _find_large_elements,
    ),
    PanelWarning(
        "PF008",
        "debug build",
        "The native core is a debug build: it is many times slower, and all times here mean nothing.",
        "Build it anew with make install, or pip install .",
        _find_debug_build,
    ),
)


def find_warnings(seen: RequestTrace) -> Iterator[tuple[PanelWarning, CallGroup | None, str, str]]:
    """Each warning that applies, with its group, its text and its fix."""
    for warned in WARNINGS:
        for group, words in warned.find(seen):
            yield warned, group, warned.text.format_map(words), warned.fix.format_map(words)


def _explain_queries(group: CallGroup) -> tuple[str, str]:
    """Why SQL runs inside of a call, and the change that ends it, as far as the SQL tells."""
    sql = max(group.queries, key=group.queries.__getitem__, default="")
    table = _SQL_TABLE.search(sql)
    asked = next((each for each in apps.get_models() if table and each._meta.db_table == table[1]), None)
    if asked is None:
        return "code that the value calls asks the database", "Fetch what it needs before the value is written."
    if deferred := _find_deferred_columns(asked, sql):
        fix = f"Add {deferred} to only(), or take it out of defer(); or do not read it."
        return f"{asked._meta.label}.{deferred} was deferred, and fetched for each object", fix
    written = _get_model(group.label)
    relations = written._meta.get_fields() if written else ()
    if name := next((field.name for field in relations if field.is_relation and field.related_model is asked), ""):
        cause = f"{group.label}.{name} was fetched for each object"
        return cause, f'Add select_related("{name}") to the QuerySet.'
    return (
        f"{asked._meta.label} was fetched while the value was written",
        "Fetch it before: select_related() or prefetch_related() on the QuerySet that the value comes from.",
    )


def _find_deferred_columns(model: type[Model], sql: str) -> str:
    """The columns that SQL fetches afterwards for an object that is there: some, and by its primary key."""
    columns = {field.column: field.name for field in model._meta.concrete_fields}
    asked = _SQL_COLUMN.findall(sql.partition(" FROM ")[0] + " FROM ")
    key = model._meta.pk.column
    if key not in asked or len(asked) >= len(columns) or not set(asked) <= set(columns) or " LIMIT 21" not in sql:
        return ""
    return ", ".join(columns[column] for column in asked if column != key)


def _get_model(label: str) -> type[Model] | None:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None
