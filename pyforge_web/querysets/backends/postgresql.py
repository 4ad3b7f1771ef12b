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

from pyforge_web.querysets.backends import DJANGO, VALUE, ColumnReader, Converter, cast_reader, is_plain_json

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
# The types whose text is read natively: the kind, by the type's name to psycopg and its oid.
_KINDS = {"date": "date", "numeric": "decimal", "time": "time", "timestamptz": "datetime", "uuid": "uuid"}
_OIDS = {psycopg.adapters.types[name].oid: name for name in _KINDS}
_JSON = frozenset({psycopg.adapters.types["jsonb"].oid})
_SLOW = frozenset({"date", "numeric", "time", "timestamp with time zone", "uuid"})


def read(expression: BaseExpression, converters: list[Converter], connection: BaseDatabaseWrapper) -> ColumnReader:
    """The reader of a column, from the list of converters that Django would call."""
    if not converters:
        return VALUE
    if is_plain_json(expression, converters):
        return ColumnReader("json")
    return cast_reader(converters) or DJANGO


def compiler(query: Any, connection: BaseDatabaseWrapper, using: str) -> Any:
    """The compiler of a query, as `Query.get_compiler` gives it."""
    return connection.ops.compiler(query.compiler)(query, connection, using)


class Cursor:
    """Sets text loaders on a cursor before it executes, where all columns of the row are known scalars.

    What a column then holds is told by its oid: a union may give another type than its first query declares, and so may
    a table that Django does not manage.
    """

    def __init__(
        self, cursor: Any, compiler: Any, expressions: list[BaseExpression], readers: list[ColumnReader]
    ) -> None:
        self.readers = readers
        self._connection = cursor.db
        self._loaders: dict[int, Any] = {}
        self._columns: dict[int, Any] = {}
        self._raw = raw = _raw_cursor(cursor)
        columns = [_column_type(expression, self._connection) for expression in expressions]
        if raw is None or None in columns or _SLOW.isdisjoint(columns) or not _is_usual_session(raw, self._connection):
            return
        for oid, name in _OIDS.items():
            loader = raw.adapters.get_loader(oid, Format.TEXT)
            self._loaders[oid] = loader(oid, raw.connection) if loader else None
            raw.adapters.register_loader(name, TextLoader)

    def executed(self) -> None:
        """Chooses the readers by what the server says it sends."""
        result = self._raw.pgresult if self._raw is not None else None
        if result is None:
            return
        zone = "written" if settings.USE_TZ else "stripped"
        readers = list(self.readers)
        for index, reader in enumerate(readers):
            oid = result.ftype(index)
            if oid in self._loaders:
                self._columns[index] = self._loaders[oid]
                readers[index] = ColumnReader(_KINDS[_OIDS[oid]], zone=zone) if reader is VALUE else DJANGO
            elif reader.kind == "json":
                # What a jsonb column sends is JSON; a table of other hands may have declared a text.
                readers[index] = ColumnReader("json", checked=oid in _JSON)
        self.readers = readers

    def driver_value(self, index: int, value: Any) -> Any:
        """What the driver gives for a column under Django."""
        loader = self._columns.get(index)
        if loader is None or not isinstance(value, str):
            return value
        with self._connection.wrap_database_errors:
            return loader.load(value.encode())


_types: dict[int, tuple[str | None, object]] = {}


def _column_type(expression: BaseExpression, connection: BaseDatabaseWrapper) -> str | None:
    """The type of a plain column, without its length; None for anything whose type is not certain."""
    if type(expression) is not Col:
        return None
    field = expression.target
    found = _types.get(id(field))
    if found is None:
        name = (field.db_type(connection) or "").partition("(")[0]
        certain = name in _SCALARS and field.model._meta.managed
        found = _types[id(field)] = (name if certain else None, field)  # kept, so that its id stays its own
    return found[0]


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
