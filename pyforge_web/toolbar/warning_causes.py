"""The causes of the panel's warnings: one function for each, which looks for it in the calls of a request."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps

from pyforge_web.conf import PanelLimits
from pyforge_web.metering.call_groups import CallGroup
from pyforge_web.metering.compilations import Compilation
from pyforge_web.toolbar.query_causes import explain_queries
from pyforge_web.validators import CompiledValidator

_FEW_ROWS = 2  # in one call: such calls could have been one call with a list
_MANY_ROWS = 10  # instances in one call that are worth a warning
_SMALL_OUTPUT = 100  # bytes: writing so few again costs nothing


class RequestTrace(NamedTuple):
    """What the warnings look at: a request's groups and compilations, the build of the core, the limits."""

    groups: list[CallGroup]
    compiled: list[Compilation]
    profile: str
    limits: PanelLimits


class WarningMatch(NamedTuple):
    """One match: its group, if it has one, the variant of the text, and the words for it."""

    group: CallGroup | None
    words: dict[str, Any]
    variant: str = ""


def find_similar_calls(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        if group.source == "stream":
            continue  # its calls are the parts of one body
        if (
            group.calls >= trace.limits["SIMILAR_CALLS"]
            and group.all_rows <= _FEW_ROWS * group.calls
            and not group.duplicates
        ):
            variant = "validate" if group.source == "validate" else ""
            yield WarningMatch(group, {"calls": group.calls, "label": group.label}, variant)


def find_converted_fields(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        for name, column in group.columns.items():
            calls = column.django + column.fallbacks
            if calls >= trace.limits["CALLBACKS"]:
                words = {"field": name, "label": group.label, "calls": calls, "why": column.why}
                yield WarningMatch(group, words, "" if column.why else "format")


def find_inner_queries(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        # A stream's own iterator may run a query for each part: that is how it gets its rows.
        if group.source != "validate" and group.query_count > (group.calls if group.source == "stream" else 0):
            variant, words = explain_queries(group)
            yield WarningMatch(group, {"label": group.label, "queries": group.query_count, **words}, variant)


def find_made_instances(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        plain = not any("{" in name or "." in name for name in group.fields)
        made = group.path == "instance" and group.value_type in ("list", "tuple") and plain
        if made and group.rows >= _MANY_ROWS and group.rows > _FEW_ROWS * group.calls:
            yield WarningMatch(group, {"rows": group.rows, "label": group.label, "value_type": group.value_type})


def find_duplicates(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        if group.duplicates and group.bytes >= _SMALL_OUTPUT * group.calls:
            size = group.bytes // group.calls
            yield WarningMatch(group, {"label": group.label, "times": group.duplicates + 1, "size": size})


def find_late_compilations(trace: RequestTrace) -> Iterator[WarningMatch]:
    for event in trace.compiled:
        if event.kind == "validator":
            yield WarningMatch(None, {"label": event.label, "time_us": event.ns / 1000})


def find_large_elements(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        if group.source == "tag" and group.bytes > trace.limits["INLINE_BYTES"]:
            yield WarningMatch(group, {"label": group.label, "size": group.bytes})


def find_debug_build(trace: RequestTrace) -> Iterator[WarningMatch]:
    if trace.profile == "debug":
        yield WarningMatch(None, {})


def find_python_validators(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        if group.source == "validate" and group.crossings_out >= trace.limits["CALLBACKS"]:
            fields = [list(field) for field in explain_python_fields(group.label)[:3]]
            words = {"label": group.label, "calls": group.crossings_out, "fields": fields}
            yield WarningMatch(group, words, "" if fields else "unknown")


def explain_python_fields(label: str) -> list[tuple[str, str]]:
    """Return the fields of a model that are validated in Python, all or in part, and why."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        return []
    return [
        (field.name, field.reason or f"calls {', '.join(field.called)}")
        for field in CompiledValidator.for_model(model).explain()
        if field.path == "django" or field.called
    ]
