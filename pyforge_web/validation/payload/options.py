"""The options of a payload: which fields it may set, how a client names them, and the limits of many rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from django.core.exceptions import ImproperlyConfigured

from pyforge_web.conf import check_limit, with_docs
from pyforge_web.fields import check_names, to_camel

# Rows that one payload may have, and errors that are kept of them, unless the caller says otherwise.
MAX_ROWS = 10_000
MAX_ERRORS = 1_000

WritableNames = Sequence[str] | Literal["__all__"]
UnknownKeys = Literal["ignore", "error"]
KeySpelling = Literal["camel"] | Callable[[str], str]


class PayloadOptions(NamedTuple):
    """How payloads are read."""

    # None stands for "__all__".
    fields: tuple[str, ...] | None = None
    partial: bool = False
    unknown: UnknownKeys = "ignore"
    foreign_keys: bool = True
    spell: Callable[[str], str] | None = None
    rename: Mapping[str, str] = {}
    lookup: Mapping[str, str] = {}


class RowLimits(NamedTuple):
    """How many rows are taken, and how many errors are kept; None for no limit."""

    max_rows: int | None = MAX_ROWS
    max_errors: int | None = MAX_ERRORS


def read_limits(max_rows: Any, max_errors: Any) -> RowLimits:
    """Return the limits of a call. Raises as `check_limit` does."""
    return RowLimits(check_limit("max_rows", max_rows), check_limit("max_errors", max_errors))


def read_options(
    fields: WritableNames | None,
    *,
    partial: bool,
    unknown: UnknownKeys,
    foreign_keys: bool,
    keys: KeySpelling | None,
    rename: Mapping[str, str] | None,
    lookup: Mapping[str, str] | None,
) -> PayloadOptions:
    """Return the options of a call.

    Raises `ImproperlyConfigured` without `fields`, as Django's ModelForms do: a client could set every column,
    `is_superuser` too. Raises `ValueError` for another `unknown` or `keys`.
    """
    if fields is None:
        raise with_docs(
            ImproperlyConfigured(
                "Cleaning a payload without fields= is prohibited: a client could set every field of the model. Name "
                'the fields that it may set, as fields=["title", "author"], or write fields="__all__".'
            ),
            "fields-required",
        )
    if unknown not in ("ignore", "error"):
        raise with_docs(ValueError(f'unknown must be "ignore" or "error", not {unknown!r}'), "payload")
    for name, given in ({"rename": rename, "lookup": lookup} if rename or lookup else {}).items():
        if not isinstance(given, Mapping | None):
            raise with_docs(TypeError(f"{name} must be a mapping of names, not {given!r}"), "payload")
    if keys not in (None, "camel") and not callable(keys):
        raise with_docs(ValueError(f'keys must be "camel" or a function of a field name, not {keys!r}'), "key-names")
    # Django's word in ModelForms and serializers, so that nobody has to learn another.
    names = None if fields == "__all__" else check_names(fields)
    spell: Any = to_camel if keys == "camel" else keys
    return PayloadOptions(names, partial, unknown, foreign_keys, spell, rename or {}, lookup or {})
