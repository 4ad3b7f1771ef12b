"""MySQL and MariaDB through mysqlclient, or through PyMySQL in its place: text, for what the driver parses in Python.

Source: `django/db/backends/mysql/operations.py`, `MySQLdb/converters.py`. The driver converts by the type that the
server names for a column, through a dict of the connection. Another dict is there while one statement of ours is read.

JSON is checked by us: what MariaDB has checked is not always JSON, as it lets `1.` and `"\\x"` pass.
"""

from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.mysql.base import DatabaseWrapper, django_conversions
from django.db.models.expressions import BaseExpression

from pyforge_web.querysets.backends.columns import (
    DJANGO,
    VALUE,
    ColumnReader,
    Converter,
    intern_readers,
)
from pyforge_web.querysets.backends.cursors import DriverCursor
from pyforge_web.querysets.backends.database import DatabaseBackend
from pyforge_web.querysets.backends.stock import StockMethods, find_function, is_own_function

# mysqlclient; PyMySQL, where `pymysql.install_as_MySQLdb()` has put it in that place: the same ideas, other names.
Database: Any = DatabaseWrapper.Database
# By the package's own name: `MySQLdb.cursors` would be a second copy of PyMySQL's module. mysqlclient imports its
# modules with the first connection.
FIELD_TYPE: Any = import_module(f"{Database.__name__}.constants.FIELD_TYPE")
Cursor: Any = import_module(f"{Database.__name__}.cursors").Cursor
_Connection: Any = import_module(f"{Database.__name__}.connections").Connection
_converters: Any = import_module(f"{Database.__name__}.converters")
MySQLOperations: Any = DatabaseWrapper.ops_class
_MYSQL_READERS = {
    "convert_uuidfield_value": ColumnReader("uuid"),
    "convert_booleanfield_value": ColumnReader("boolean"),
    "convert_durationfield_value": ColumnReader("duration"),
}
# The types of columns that the driver parses in Python, and the kind that reads their text.
_KIND_BY_TYPE = {
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.DECIMAL: "decimal",
    FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.TIMESTAMP: "datetime",
}
_IS_PYMYSQL = Cursor.__module__.startswith("pymysql")
_CONVERTERS = "decoders" if _IS_PYMYSQL else "converter"
# What means "the text": mysqlclient decodes it in C, PyMySQL decodes whatever has no other converter.
_TEXT_CONVERTER: Any = _converters.through if _IS_PYMYSQL else str
_PLAIN: list[Any] = [str, bytes, int, float, _TEXT_CONVERTER, getattr(_converters, "_bytes_or_str", None)]
_DRIVER_METHODS = (
    ("execute", "_query", "_do_get_result", "fetchmany", "fetchall")
    if _IS_PYMYSQL
    else (
        "execute",
        "_query",
        "_do_get_result",
        "_post_get_result",
        "_get_result",
        "_fetch_row",
        "fetchmany",
        "fetchall",
    )
)
_CURSOR_METHODS = StockMethods(Cursor, _DRIVER_METHODS, Database)


def _stock_converters() -> dict[int, Any]:
    """Return the converters that Django gives to the driver, as far as they are Django's and the driver's own."""
    return {
        field_type: converter
        for field_type, converter in django_conversions.items()
        if isinstance(field_type, int)
        and (
            isinstance(converter, type)
            or any(converter is plain for plain in _PLAIN)
            or is_own_function(converter, django)
            or is_own_function(converter, Database)
        )
    }


_STOCK_CONVERTERS = _stock_converters()


class MySQLCursor(DriverCursor):
    """Reads one statement of a connection as text, where the driver would parse it in Python.

    What a column holds is told by the type that the server names: an expression or a union may give another type than
    its field.
    """

    def prepare(self, expressions: list[BaseExpression]) -> None:
        """Have the statement read through other converters."""
        self._converters: dict[int, Any] = getattr(self.raw.connection, _CONVERTERS)
        self._columns: dict[int, Any] = {}
        # All rows are there when the statement has been executed, so the converters are changed no longer than that.
        # The driver calls `_query` when the SQL is ready: nobody else's code runs below it.
        self.raw._query = self._query

    def _query(self, sql: Any) -> Any:
        connection = self.raw.connection
        del self.raw._query
        setattr(connection, _CONVERTERS, self._converters | dict.fromkeys(_KIND_BY_TYPE, _TEXT_CONVERTER))
        try:
            return self.raw._query(sql)
        finally:
            setattr(connection, _CONVERTERS, self._converters)

    def executed(self) -> str | None:
        """Choose the readers by the types of the columns."""
        if "_query" in vars(self.raw):
            return f"{type(self.raw).__name__} executes in its own way"
        readers = list(self.readers)
        zone = _zone_of_datetimes(self.connection)
        for index, reader in enumerate(readers):
            field_type = self.raw.description[index][1]
            kind = _KIND_BY_TYPE.get(field_type)
            if kind is None:
                if reader.kind == "datetime":  # a text that Django makes no datetime of
                    readers[index] = DJANGO
                continue
            self._columns[index] = self._converters.get(field_type)
            if kind == "datetime":
                # Without USE_TZ no converter makes the datetimes aware.
                is_native = zone is not None and (reader.kind == "datetime" if settings.USE_TZ else reader is VALUE)
                readers[index] = ColumnReader(kind, zone=zone or "naive") if is_native else DJANGO
            elif reader is VALUE:
                readers[index] = ColumnReader(kind)
            elif reader.kind != kind:
                readers[index] = DJANGO
        self.readers = intern_readers(readers)
        self.cursor = _ListCursor(self.cursor)
        return None

    def driver_value(self, index: int, value: Any) -> Any:
        """Return what the driver gives for a column under Django."""
        converter = self._columns.get(index)
        return converter(value) if converter is not None and isinstance(value, str) else value


class _ListCursor:
    """A cursor whose rows come in lists: the driver's come in tuples."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.close = cursor.close

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        return list(self._cursor.fetchmany(size))

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._cursor.fetchall())


class MySQLBackend(DatabaseBackend):
    """MySQL and MariaDB."""

    engine = DatabaseWrapper
    cursor_class = MySQLCursor
    operations = StockMethods(
        MySQLOperations, ("get_db_converters", "convert_datetimefield_value", *_MYSQL_READERS), django
    )
    method_readers = _MYSQL_READERS

    def __init__(self) -> None:
        super().__init__()
        self._known_converters: tuple[Any, ...] = ()

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a connection gives other rows; None also for a connection that something wraps."""
        if not isinstance(raw, _Connection):
            return None
        return _why_not_mysql_class(raw.cursorclass) or self._why_not_converters(raw)

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a cursor gives other rows than the driver alone."""
        reason = _why_not_mysql_class(type(raw))
        if reason is not None:
            return reason
        if not vars(raw).keys().isdisjoint(_DRIVER_METHODS):
            return f"a {type(raw).__name__} has methods of its own"
        return self._why_not_converters(raw.connection)

    def _why_not_converters(self, raw: Any) -> str | None:
        """Return which type has a converter that is not stock. They are changed in place, so each is compared."""
        converters: dict[int, Any] = getattr(raw, _CONVERTERS)
        current = tuple(converters.items())
        if current == self._known_converters:
            return None
        for field_type, converter in current:
            if not isinstance(field_type, int):  # of parameters
                continue
            is_stock = converter is _STOCK_CONVERTERS.get(field_type) or (
                field_type not in _KIND_BY_TYPE and any(converter is plain for plain in _PLAIN)
            )
            if not is_stock:
                name = getattr(converter, "__qualname__", repr(converter))
                return f"the driver's converter of column type {field_type} is {name}"
        missing = _KIND_BY_TYPE.keys() - converters.keys()
        if missing:
            return f"the driver has no converter of column types {sorted(missing)}"
        self._known_converters = current
        return None

    def read_converter(
        self, expression: BaseExpression, converter: Converter, connection: BaseDatabaseWrapper
    ) -> ColumnReader | None:
        """Return the reader of a column whose one converter is the database's own; None where it is not known."""
        function: Any = find_function(converter)
        if function is self.operations.functions["convert_datetimefield_value"]:
            zone = _zone_of_datetimes(connection)
            return DJANGO if zone is None else ColumnReader("datetime", zone=zone)
        return self.readers_by_function.get(function)


def _why_not_mysql_class(kind: Any) -> str | None:
    """Return why the cursors of a class give other rows than the driver's own."""
    if not issubclass(kind, Cursor):
        return "the cursor's rows are not mysqlclient's"
    replaced = _CURSOR_METHODS.find_replaced(kind)
    return None if replaced is None else f"{replaced} is not the driver's own"


def _zone_of_datetimes(connection: BaseDatabaseWrapper) -> str | None:
    """Return how datetimes are read; None for local times of another zone than UTC, whose offsets are Python's."""
    if not settings.USE_TZ:
        return "naive"
    return "utc" if str(connection.timezone) == "UTC" else None
