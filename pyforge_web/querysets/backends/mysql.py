"""MySQL and MariaDB through mysqlclient, or through PyMySQL in its place: text, for what the driver parses in Python.

Source: `django/db/backends/mysql/operations.py`, `MySQLdb/converters.py`. The driver converts by the type that the
server names for a column, through a dict of the connection. Another dict is there while one statement of ours is read.

JSON is checked by us: what MariaDB has checked is not always JSON, as it lets `1.` and `"\\x"` pass.
"""

from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.mysql.base import CursorWrapper, DatabaseWrapper, django_conversions
from django.db.models.expressions import BaseExpression

from pyforge_web.metering.sql_traces import note_query
from pyforge_web.querysets.backends.columns import (
    DJANGO,
    VALUE,
    ColumnReader,
    Converter,
    InternedReaders,
    intern_readers,
)
from pyforge_web.querysets.backends.cursors import DriverCursor
from pyforge_web.querysets.backends.database import SENT_TYPES, DatabaseBackend
from pyforge_web.querysets.backends.direct_driver import DirectDriver
from pyforge_web.querysets.backends.mysql_rows import ResultRows, ServerRows, UnmadeRows
from pyforge_web.stock import StockMethods, describe_callable, find_function, is_own_function

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
# The types whose values mysqlclient decodes if the connection has `use_unicode`, which is the rule.
_TEXT_TYPES = ("STRING", "VAR_STRING", "VARCHAR", "TINY_BLOB", "MEDIUM_BLOB", "LONG_BLOB", "BLOB")
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
_CONNECTION_METHODS = StockMethods(_Connection, ("query", "literal", "escape"), Database)


def _stock_converters() -> dict[int, Any]:
    """Return the converters that connections of Django's have; an object that nothing is for one that was replaced."""
    converters = {
        field_type: converter if converter is None or isinstance(converter, type) or _is_stock(converter) else object()
        for field_type, converter in django_conversions.items()
        if isinstance(field_type, int)
    }
    if _IS_PYMYSQL:
        return converters
    texts = dict.fromkeys([getattr(FIELD_TYPE, name) for name in _TEXT_TYPES], _converters._bytes_or_str)
    return converters | texts | {FIELD_TYPE.JSON: str}


def _is_stock(converter: Any) -> bool:
    return is_own_function(converter, django) or is_own_function(converter, Database)


_STOCK_CONVERTERS = _stock_converters()
_MISSING: Any = object()
# What the driver has for a type of parameters, if it is the driver's own; an object that no encoder is where it is not.
_STOCK_ENCODERS = {
    kind: encoder if is_own_function(encoder, Database) else object()
    for kind, encoder in django_conversions.items()
    if isinstance(kind, type)
}


class MySQLCursor(DriverCursor):
    """Reads one statement of a connection as text, where the driver would parse it in Python.

    What a column holds is told by the type that the server names: an expression or a union may give another type than
    its field.
    """

    def prepare(self) -> None:
        """Have the statement read through other converters."""
        self._converters: dict[int, Any] = getattr(self.raw.connection, _CONVERTERS)
        self._types: tuple[Any, ...] = ()  # of the columns, as the server names them
        self._rows: UnmadeRows | None = None
        # A stream during which nobody asks anything else: a wrapper of executions may.
        self._is_on_server = (
            (self.plan.chunked and self.plan.in_parts and DJANGO not in self.readers)
            and not self.connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
            and all(wrapper is note_query for wrapper in self.connection.execute_wrappers)
        )
        # The converters of a result are chosen when the statement has been executed, so they are changed no longer than
        # that. The driver calls `_query` when the SQL is ready: nobody else's code runs below it.
        self.raw._query = self._query

    def _query(self, sql: Any) -> Any:
        raw, connection = self.raw, self.raw.connection
        setattr(connection, _CONVERTERS, self._converters | dict.fromkeys(_KIND_BY_TYPE, _TEXT_CONVERTER))
        if not _IS_PYMYSQL:
            raw._post_get_result = self._keep_result
            if self._is_on_server:
                raw._get_result = connection.use_result
        try:
            return type(raw)._query(raw, sql)
        finally:
            for name in ("_post_get_result", "_get_result"):
                vars(raw).pop(name, None)
            setattr(connection, _CONVERTERS, self._converters)

    def _keep_result(self) -> None:
        """Take the result, of which the driver would make all rows now."""
        result, self.raw._result = self.raw._result, None
        # Not a method of this cursor: it holds these rows, and a cycle would hold them until the collector runs.
        self._rows = self.raw._rows = UnmadeRows(result, partial(_find_parser, self._converters))

    def executed(self) -> str | None:
        """Choose the readers by the types of the columns."""
        if vars(self.raw).pop("_query", None) is None or (self._rows is not self.raw._rows and not _IS_PYMYSQL):
            return f"{type(self.raw).__name__} executes in its own way"
        described = self.raw.description or ()
        if len(described) < len(self.readers):
            return "the cursor has executed another statement"
        self._types = tuple([column[1] for column in described])
        self.readers = _choose_readers(
            self.readers, self._types, _zone_of_datetimes(self.connection), is_aware=settings.USE_TZ
        )
        self.cursor = self._read_rows()
        return None

    def _read_rows(self) -> Any:
        """Return what gives the rows in lists."""
        if (
            self._rows is None or self._rows.are_made
        ):  # somebody has fetched rows: what is left is what is left to Django
            return _ListCursor(self.cursor)
        if self._is_on_server:
            return ServerRows(self.cursor, self._rows.result, self.raw.connection, self.connection)
        return ResultRows(self.cursor, self._rows.result)

    def driver_value(self, index: int, value: Any) -> Any:
        """Return what the driver gives for a column under Django."""
        converter = _find_parser(self._converters, self._types[index]) if self._types else None
        return converter(value) if converter is not None and isinstance(value, str) else value


def _find_parser(converters: dict[int, Any], field_type: int) -> Any:
    """Return what the driver would have parsed the values of a type with; None where that was not replaced."""
    return converters.get(field_type) if field_type in _KIND_BY_TYPE else None


@lru_cache(maxsize=1024)
def _choose_readers(
    planned: InternedReaders, types: tuple[int, ...], zone: str | None, *, is_aware: bool
) -> InternedReaders:
    """Return how columns of these types are read, where the fields alone would have them read as planned."""
    readers = list(planned)
    for index, reader in enumerate(planned):
        kind = _KIND_BY_TYPE.get(types[index])
        if kind is None:
            if reader.kind == "datetime":  # a text that Django makes no datetime of
                readers[index] = DJANGO
        elif kind == "datetime":
            # Without USE_TZ no converter makes the datetimes aware.
            is_native = zone is not None and (reader.kind == "datetime" if is_aware else reader is VALUE)
            readers[index] = ColumnReader(kind, zone=zone or "naive") if is_native else DJANGO
        elif reader is VALUE:
            readers[index] = ColumnReader(kind)
        elif reader.kind != kind:
            readers[index] = DJANGO
    return intern_readers(readers)


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
    direct_driver = DirectDriver(CursorWrapper)
    method_readers = _MYSQL_READERS

    def __init__(self) -> None:
        super().__init__()
        self._known_converters: tuple[Any, ...] = ()

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a connection gives other rows; None also for a connection that something wraps."""
        if not isinstance(raw, _Connection):
            return None
        return _why_not_mysql_class(raw.cursorclass) or self._why_not_decoders(raw)

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a cursor gives other rows than the driver alone."""
        reason = _why_not_mysql_class(type(raw))
        if reason is not None:
            return reason
        if not vars(raw).keys().isdisjoint(_DRIVER_METHODS):
            return f"a {type(raw).__name__} has methods of its own"
        replaced = _CONNECTION_METHODS.find_replaced(type(raw.connection))
        if replaced is not None:
            return f"{replaced} is not the driver's own"
        return self._why_not_decoders(raw.connection)

    def why_not_parameters(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return which type has an encoder that is not the driver's. Django sends dates and UUIDs as text."""
        encoders = raw.connection.encoders
        for kind in SENT_TYPES:
            if encoders.get(kind) is not _STOCK_ENCODERS.get(kind):
                return f"the driver's encoder of {kind.__name__} is {describe_callable(encoders.get(kind))}"
        return None

    def _why_not_decoders(self, raw: Any) -> str | None:
        """Return which type has a converter that is not stock. They are changed in place, so each is compared."""
        converters: dict[int, Any] = getattr(raw, _CONVERTERS)
        current = tuple(converters.items())
        if current == self._known_converters:
            return None
        found = {field_type: converter for field_type, converter in current if isinstance(field_type, int)}
        for field_type in _STOCK_CONVERTERS.keys() | found.keys():
            converter = found.get(field_type, _MISSING)
            if converter is not _STOCK_CONVERTERS.get(field_type, _MISSING):
                name = "missing" if converter is _MISSING else describe_callable(converter)
                return f"the driver's converter of column type {field_type} is {name}"
        if _IS_PYMYSQL and not raw.use_unicode:
            return "the connection does not decode texts"
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
    if getattr(kind, "_fetch_type", 0) != 0:
        return f"the rows of {kind.__name__} are not tuples"
    replaced = _CURSOR_METHODS.find_replaced(kind)
    return None if replaced is None else f"{replaced} is not the driver's own"


def _zone_of_datetimes(connection: BaseDatabaseWrapper) -> str | None:
    """Return how datetimes are read; None for local times of another zone than UTC, whose offsets are Python's."""
    if not settings.USE_TZ:
        return "naive"
    return "utc" if str(connection.timezone) == "UTC" else None
