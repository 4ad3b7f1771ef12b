"""PostgreSQL through psycopg 3: text, for the types whose loading into Python objects costs most.

psycopg loads `timestamptz` in Python under Django (`BaseTzLoader` in `django/db/backends/postgresql/psycopg_any.py`):
5 us a value, against 0.1 us for its text. The loaders are set on the cursor alone.
"""

from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import BaseExpression, Col
from psycopg.pq import Format
from psycopg.types.string import TextLoader

from . import DJANGO, VALUE, Converter, Reader, cast_reader, is_plain_json

# The types of columns that hold no value of another type. A loader is the same for a whole row: set for `timestamptz`
# it would also reach into the arrays and ranges of such.
_SCALARS = frozenset(
    {
        "bigint",
        "boolean",
        "bytea",
        "char",
        "date",
        "double precision",
        "inet",
        "integer",
        "interval",
        "jsonb",
        "numeric",
        "smallint",
        "text",
        "time",
        "timestamp with time zone",
        "uuid",
        "varchar",
    }
)
# Of these the text is read natively: the kind, and the name of the type to psycopg.
_AS_TEXT = {
    "date": ("date", "date"),
    "numeric": ("decimal", "numeric"),
    "time": ("time", "time"),
    "timestamp with time zone": ("datetime", "timestamptz"),
    "uuid": ("uuid", "uuid"),
}


def read(expression: BaseExpression, converters: list[Converter], connection: BaseDatabaseWrapper) -> Reader:
    """The reader of a column, from the list of converters that Django would call."""
    if not converters:
        return VALUE
    if is_plain_json(expression, converters):
        return Reader("json", checked=True)
    return cast_reader(converters) or DJANGO


def compiler(query: Any, connection: BaseDatabaseWrapper, using: str) -> Any:
    """The compiler of a query, as `Query.get_compiler` gives it."""
    return connection.ops.compiler(query.compiler)(query, connection, using)


class Cursor:
    """Sets text loaders on a cursor before it executes, where all columns of the row are known scalars."""

    def __init__(self, cursor: Any, expressions: list[BaseExpression], readers: list[Reader]) -> None:
        self.readers = readers
        self._loaders: dict[int, Any] = {}
        self._connection = cursor.db
        columns = [_column_type(expression, self._connection) for expression in expressions]
        raw = _raw_cursor(cursor)
        if raw is None or None in columns or not _is_usual_session(raw, self._connection):
            return
        self.readers = list(readers)
        types = psycopg.adapters.types
        for index, (column, reader) in enumerate(zip(columns, readers, strict=True)):
            if reader is VALUE and (text := _AS_TEXT.get(str(column))):
                kind, name = text
                self.readers[index] = Reader(kind, zone="written" if settings.USE_TZ else "naive")
                loader = raw.adapters.get_loader(types[name].oid, Format.TEXT)
                self._loaders[index] = loader(types[name].oid, raw.connection) if loader else None
        for name in {_AS_TEXT[str(columns[index])][1] for index in self._loaders}:
            raw.adapters.register_loader(name, TextLoader)

    def driver_value(self, index: int, value: Any) -> Any:
        """What the driver gives for a column under Django."""
        loader = self._loaders.get(index)
        if loader is None or not isinstance(value, str):
            return value
        with self._connection.wrap_database_errors:
            return loader.load(value.encode())


def _column_type(expression: BaseExpression, connection: BaseDatabaseWrapper) -> str | None:
    """The type of a plain column, without its length; None for anything whose type is not certain."""
    if type(expression) is not Col:
        return None
    declared = expression.target.db_type(connection) or ""
    name = declared.partition("(")[0]
    return name if name in _SCALARS else None


def _raw_cursor(cursor: Any) -> "psycopg.Cursor[Any] | None":
    """psycopg's cursor under Django's wrapper, and under the debug toolbar's around it."""
    while cursor is not None and not isinstance(cursor, psycopg.Cursor):
        cursor = getattr(cursor, "cursor", None)
    return cursor


def _is_usual_session(raw: "psycopg.Cursor[Any]", connection: Any) -> bool:
    """Whether the server prints dates as ISO 8601, in the zone that Django believes the session has."""
    info = raw.connection.info
    style = info.parameter_status("DateStyle") or ""
    return style.startswith("ISO") and info.parameter_status("TimeZone") == connection.timezone_name
