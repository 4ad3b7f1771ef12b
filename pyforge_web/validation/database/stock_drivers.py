"""Whether the driver gives Python what the column holds, so that values can be compared in Python.

A project may give its driver other converters: then a stored value comes back as something else, and only the database
can say whether two values are equal. What decides is compared at each use.
"""

import sqlite3
from typing import Any

from django.db import connections
from django.db.models import QuerySet

# What a QuerySet does between a filter and its rows. A project's QuerySet may hide rows in any of them.
_QUERYSET_METHODS = (
    "__iter__",
    "_chain",
    "_clone",
    "_fetch_all",
    "_filter_or_exclude",
    "_filter_or_exclude_inplace",
    "_iterator",
    "_values",
    "distinct",
    "exclude",
    "exists",
    "filter",
    "iterator",
    "order_by",
    "values_list",
)
# Declared types of SQLite columns whose values are compared in Python, and those for which Django has converters.
_SQLITE_TYPES = ("BIGINT", "BOOL", "CHAR", "DATE", "DATETIME", "INTEGER", "SMALLINT", "TEXT", "VARCHAR")
_DATE_CONVERTERS = ("DATE", "DATETIME")
# PostgreSQL's types of such columns: bool, int8, int2, int4, text, varchar, date, timestamptz, uuid, bpchar.
_POSTGRESQL_OIDS = (16, 20, 21, 23, 25, 1043, 1082, 1184, 2950, 1042)


def not_stock_reason(queryset: "QuerySet[Any, Any]") -> str:
    """Return why the values of a query cannot be compared in Python; an empty text if they can."""
    if changed_queryset_methods(queryset):
        return f"{type(queryset).__qualname__} has its own {changed_queryset_methods(queryset)[0]}()"
    connection: Any = connections[queryset.db]
    # A subclass of Django's engine may add a converter for any column.
    if not _is_from(type(connection.ops).get_db_converters, "django"):
        return f"{type(connection).__module__} has its own converters"
    connection.ensure_connection()
    check = {"sqlite": _sqlite_reason, "postgresql": _postgresql_reason}.get(connection.vendor, _other_reason)
    return check(connection)


def changed_queryset_methods(queryset: "QuerySet[Any, Any]") -> list[str]:
    """Return the methods that a QuerySet has of its own."""
    cls = type(queryset)
    return [name for name in _QUERYSET_METHODS if getattr(cls, name) is not getattr(QuerySet, name)]


def _sqlite_reason(connection: Any) -> str:
    raw = connection.connection
    if type(raw) is not sqlite3.Connection:
        return f"{type(raw).__module__}.{type(raw).__qualname__} is not the connection class of sqlite3"
    if raw.row_factory is not None or raw.text_factory is not str:
        return f"the connection has its own {'text' if raw.row_factory is None else 'row'}_factory"
    for name in _SQLITE_TYPES:
        converter = sqlite3.converters.get(name)
        if converter is not None and not _is_django_converter(name, converter):
            return f"sqlite3 has a converter for {name}"
    if any((cls, sqlite3.PrepareProtocol) in sqlite3.adapters for cls in (str, int, bool)):
        return "sqlite3 has an adapter for str, int or bool"
    return ""


def _is_django_converter(name: str, converter: Any) -> bool:
    """Return whether a converter is one that `django.db.backends.sqlite3.base` registers."""
    if name == "BOOL":
        return getattr(converter, "__self__", None) == b"1"
    if name not in _DATE_CONVERTERS or not _is_from(converter, "django"):
        return False
    closure: Any = converter.__closure__ or ()
    return len(closure) == 1 and _is_from(closure[0].cell_contents, "django")


def _postgresql_reason(connection: Any) -> str:
    raw = connection.connection
    if not hasattr(raw, "adapters"):  # psycopg2
        overridden = set(getattr(raw, "string_types", None) or ()).intersection(_POSTGRESQL_OIDS)
        return "the connection has its own typecasters" if overridden else ""
    from psycopg.adapt import PyFormat
    from psycopg.pq import Format
    from psycopg.rows import tuple_row

    if not _is_from(raw.cursor_factory, "django", "psycopg") or raw.row_factory is not tuple_row:
        return "the connection has its own cursor_factory or row_factory"
    loaders = [raw.adapters.get_loader(oid, Format.TEXT) for oid in _POSTGRESQL_OIDS]
    dumpers = [raw.adapters.get_dumper(cls, PyFormat.AUTO) for cls in (str, int, bool)]
    for adapter in (*loaders, *dumpers):
        if adapter is not None and not _is_from(adapter, "django", "psycopg", "psycopg_binary", "psycopg_c"):
            return f"psycopg has the adapter {adapter.__module__}.{adapter.__qualname__}"
    return ""


def _other_reason(connection: Any) -> str:
    return "the connection has its own converters" if "conv" in connection.settings_dict["OPTIONS"] else ""


def _is_from(code: Any, *packages: str) -> bool:
    return str(getattr(code, "__module__", "")).partition(".")[0] in packages
