"""The panel's warnings: what is wrong in a request's groups of calls, and which line to change.

To add one: a row in `WARNINGS` with its texts, its function below, a section in docs/reference/panel.md, and a page of
the demo that provokes it. Texts are translated when they are shown, maybe in another process, so a match is a variant
and words.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.apps import apps
from django.utils.translation import pgettext_lazy

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


@dataclass(frozen=True, slots=True)
class PanelWarning:
    """A warning: its id, a word for the rows of tables, and for each variant a text and what to change."""

    id: str
    word: Any
    find: Callable[[RequestTrace], Iterator[WarningMatch]]
    texts: dict[str, tuple[Any, Any]]

    def format_text(self, variant: str, words: dict[str, str]) -> tuple[str, str]:
        """Return the text and the change in the active language."""
        text, change = self.texts.get(variant) or self.texts[""]
        return str(text).format_map(words), str(change).format_map(words)


def _find_similar_calls(trace: RequestTrace) -> Iterator[WarningMatch]:
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


def _find_converted_fields(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        for name, column in group.columns.items():
            calls = column.django + column.fallbacks
            if calls >= trace.limits["CALLBACKS"]:
                words = {"field": name, "label": group.label, "calls": calls, "why": column.why}
                yield WarningMatch(group, words, "" if column.why else "format")


def _find_inner_queries(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        # A stream's own iterator may run a query for each part: that is how it gets its rows.
        if group.source != "validate" and group.query_count > (group.calls if group.source == "stream" else 0):
            variant, words = explain_queries(group)
            yield WarningMatch(group, {"label": group.label, "queries": group.query_count, **words}, variant)


def _find_made_instances(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        plain = not any("{" in name or "." in name for name in group.fields)
        made = group.path == "instance" and group.value_type in ("list", "tuple") and plain
        if made and group.rows >= _MANY_ROWS and group.rows > _FEW_ROWS * group.calls:
            yield WarningMatch(group, {"rows": group.rows, "label": group.label, "value_type": group.value_type})


def _find_duplicates(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        if group.duplicates and group.bytes >= _SMALL_OUTPUT * group.calls:
            size = group.bytes // group.calls
            yield WarningMatch(group, {"label": group.label, "times": group.duplicates + 1, "size": size})


def _find_late_compilations(trace: RequestTrace) -> Iterator[WarningMatch]:
    for event in trace.compiled:
        if event.kind == "validator":
            yield WarningMatch(None, {"label": event.label, "time_us": event.ns / 1000})


def _find_large_elements(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        if group.source == "tag" and group.bytes > trace.limits["INLINE_BYTES"]:
            yield WarningMatch(group, {"label": group.label, "size": group.bytes})


def _find_debug_build(trace: RequestTrace) -> Iterator[WarningMatch]:
    if trace.profile == "debug":
        yield WarningMatch(None, {})


def _find_python_validators(trace: RequestTrace) -> Iterator[WarningMatch]:
    for group in trace.groups:
        if group.source == "validate" and group.crossings_out >= trace.limits["CALLBACKS"]:
            fields = [f"{name} ({reason})" for name, reason in explain_python_fields(group.label)[:3]]
            words = {"label": group.label, "calls": group.crossings_out, "fields": ", ".join(fields)}
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


WARNINGS = (
    PanelWarning(
        "PF001",
        pgettext_lazy("panel", "similar"),
        _find_similar_calls,
        {
            "": (
                pgettext_lazy(
                    "panel", "{label} is written {calls} times from the same line, with one or two rows in each call."
                ),
                pgettext_lazy("panel", "Pass the whole list or QuerySet once: one call instead of {calls}."),
            ),
            "validate": (
                pgettext_lazy(
                    "panel", "{label} is validated {calls} times from the same line, with one or two rows in each call."
                ),
                pgettext_lazy(
                    "panel", "Pass the whole list to CompiledValidator.clean_rows(): one call instead of {calls}."
                ),
            ),
        },
    ),
    PanelWarning(
        "PF002",
        pgettext_lazy("panel", "converted in Python"),
        _find_converted_fields,
        {
            "": (
                pgettext_lazy("panel", "The field {field} of {label} called Python {calls} times: {why}."),
                pgettext_lazy("panel", "Use a field that is read natively, or leave it out with fields=."),
            ),
            "format": (
                pgettext_lazy(
                    "panel",
                    "The field {field} of {label} called Python {calls} times: its values are not stored in the format "
                    "that Rust reads.",
                ),
                pgettext_lazy("panel", "Save these rows again with Django, or leave the field out with fields=."),
            ),
        },
    ),
    PanelWarning(
        "PF003",
        pgettext_lazy("panel", "queries inside"),
        _find_inner_queries,
        {
            "": (
                pgettext_lazy(
                    "panel",
                    "Writing {label} ran {queries} more queries: code that the values call queries the database.",
                ),
                pgettext_lazy("panel", "Fetch what it needs before the value is written."),
            ),
            "deferred": (
                pgettext_lazy(
                    "panel",
                    "Writing {label} ran {queries} more queries: {column} was deferred, and fetched for each object.",
                ),
                pgettext_lazy("panel", "Add {name} to only(), or take it out of defer(), or do not write it."),
            ),
            "relation": (
                pgettext_lazy(
                    "panel", "Writing {label} ran {queries} more queries: {column} was fetched for each object."
                ),
                pgettext_lazy("panel", 'Add select_related("{name}") to the QuerySet.'),
            ),
            "model": (
                pgettext_lazy(
                    "panel",
                    "Writing {label} ran {queries} more queries: {model} was fetched while the value was written.",
                ),
                pgettext_lazy(
                    "panel",
                    "Fetch it before, with select_related() or prefetch_related() on the QuerySet of the value.",
                ),
            ),
        },
    ),
    PanelWarning(
        "PF004",
        pgettext_lazy("panel", "instances"),
        _find_made_instances,
        {
            "": (
                pgettext_lazy(
                    "panel",
                    "{rows} instances of {label} were made and written from a {value_type}; only columns are used.",
                ),
                pgettext_lazy(
                    "panel",
                    "If nothing else needs the instances, pass the QuerySet itself: its rows become JSON without them.",
                ),
            )
        },
    ),
    PanelWarning(
        "PF005",
        pgettext_lazy("panel", "duplicate"),
        _find_duplicates,
        {
            "": (
                pgettext_lazy("panel", "The same {size} of {label} were written {times} times."),
                pgettext_lazy("panel", "Keep the first result, or cache it: dumps() returns bytes."),
            )
        },
    ),
    PanelWarning(
        "PF006",
        pgettext_lazy("panel", "compiled here"),
        _find_late_compilations,
        {
            "": (
                pgettext_lazy("panel", "The validator of {label} was compiled during this request, in {time_us}."),
                pgettext_lazy(
                    "panel", "Name {label} in PYFORGE_WEB['PRECOMPILE'], and do not change its fields after start-up."
                ),
            )
        },
    ),
    PanelWarning(
        "PF007",
        pgettext_lazy("panel", "large in the page"),
        _find_large_elements,
        {
            "": (
                pgettext_lazy("panel", "{size} of {label} are part of the page: they are sent again with each page."),
                pgettext_lazy("panel", "Fetch them from an endpoint, or choose fewer columns with fields=."),
            )
        },
    ),
    PanelWarning(
        "PF008",
        pgettext_lazy("panel", "debug build"),
        _find_debug_build,
        {
            "": (
                pgettext_lazy(
                    "panel",
                    "The native core is a debug build. It is many times slower, and the times here mean nothing.",
                ),
                pgettext_lazy("panel", "Install a release build: pip install . or, in a clone, make install."),
            )
        },
    ),
    PanelWarning(
        "PF009",
        pgettext_lazy("panel", "validated in Python"),
        _find_python_validators,
        {
            "": (
                pgettext_lazy("panel", "Validating {label} called Python {calls} times: {fields}."),
                pgettext_lazy(
                    "panel", "Use Django's own validators and field classes where they say the same: they run in Rust."
                ),
            ),
            "unknown": (
                pgettext_lazy("panel", "Validating {label} called Python {calls} times."),
                pgettext_lazy(
                    "panel", "Use Django's own validators and field classes where they say the same: they run in Rust."
                ),
            ),
        },
    ),
)
WARNINGS_BY_ID = {warning.id: warning for warning in WARNINGS}


def find_warnings(trace: RequestTrace) -> Iterator[tuple[PanelWarning, WarningMatch]]:
    """Return each warning that applies, with its match."""
    for warning in WARNINGS:
        for match in warning.find(trace):
            yield warning, match
