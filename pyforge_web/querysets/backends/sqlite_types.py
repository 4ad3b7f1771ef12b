"""The types that SQLite's columns are declared with: the driver parses the values of some of them.

Source: `django/db/backends/sqlite3/base.py`.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils.dateparse import parse_date, parse_datetime, parse_time

from pyforge_web.fields import find_attribute
from pyforge_web.stock import is_own_attribute

# What Django registers with sqlite3: the parser under `decoder`.
REGISTERED_PARSERS: dict[str, Callable[[str], Any]] = {
    "DATE": parse_date,
    "TIME": parse_time,
    "DATETIME": parse_datetime,
    "TIMESTAMP": parse_datetime,
}


@cache
def list_declared_types() -> frozenset[str]:
    """Return the types that Django declares, as sqlite3 looks them up."""
    names = {str(name({"max_length": 1}) if callable(name) else name) for name in DatabaseWrapper.data_types.values()}
    return frozenset(map(_first_word, names))


def find_declared_parser(field: Any, connection: BaseDatabaseWrapper) -> Callable[[str], Any] | None:
    """Return what the driver parses the text of a field's column with; None where that is not known.

    What other hands have declared in an unmanaged table is not known. A field, or an engine, may have types of its own,
    and what a field selects in place of its column has no type.
    """
    if not field.model._meta.managed or "select_format" in vars(field) or not _selects_column(type(field)):
        return None
    try:
        declared = field.db_parameters(connection)["type"]
    except Exception:  # the project's code, which is not written to be called here
        return None
    return REGISTERED_PARSERS.get(_first_word(str(declared)))


def _selects_column(kind: type[Any]) -> bool:
    return is_own_attribute(find_attribute(kind, "select_format"))


def _first_word(declared: str) -> str:
    """Return a type as sqlite3 looks it up: the first word, without the length."""
    return declared.replace("(", " ").partition(" ")[0].upper()
