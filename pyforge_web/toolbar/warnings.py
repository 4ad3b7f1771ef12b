"""The panel's warnings: what is wrong in a request's groups of calls, and which line to change.

To add one: a function in `warning_causes.py`, a row in `WARNINGS` with its texts, a section in docs/reference/panel.md,
and a page of the demo that provokes it. Texts are translated when they are shown, maybe in another process, so a match
is a variant and words.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import pgettext_lazy

from pyforge_web.toolbar.warning_causes import (
    RequestTrace,
    WarningMatch,
    find_converted_fields,
    find_debug_build,
    find_duplicates,
    find_inner_queries,
    find_large_elements,
    find_late_compilations,
    find_made_instances,
    find_python_validators,
    find_similar_calls,
)


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


WARNINGS = (
    PanelWarning(
        "PF001",
        pgettext_lazy("panel", "similar"),
        find_similar_calls,
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
        find_converted_fields,
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
        find_inner_queries,
        {
            "": (
                pgettext_lazy(
                    "panel",
                    "Queries while {label} was written: {queries}. Code that the values call asks the database.",
                ),
                pgettext_lazy("panel", "Fetch what it needs before the value is written."),
            ),
            "deferred": (
                pgettext_lazy(
                    "panel",
                    "Queries while {label} was written: {queries}. {column} was deferred, and fetched for each object.",
                ),
                pgettext_lazy("panel", "Add {name} to only(), or take it out of defer(), or do not write it."),
            ),
            "relation": (
                pgettext_lazy(
                    "panel",
                    "Queries while {label} was written: {queries}. {column} was fetched for each object.",
                ),
                pgettext_lazy("panel", 'Add select_related("{name}") to the QuerySet.'),
            ),
            "model": (
                pgettext_lazy(
                    "panel",
                    "Queries while {label} was written: {queries}. {model} was fetched while the value was written.",
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
        find_made_instances,
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
        find_duplicates,
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
        find_late_compilations,
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
        find_large_elements,
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
        find_debug_build,
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
        find_python_validators,
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
