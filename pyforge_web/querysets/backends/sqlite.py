"""SQLite: text, numbers, and what the driver's declared-type converters make of them.

Source: `django/db/backends/sqlite3/operations.py`, whose converters are recognised by identity.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from types import FunctionType, MappingProxyType
from typing import Any, cast

import django
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper, SQLiteCursorWrapper
from django.db.models import DecimalField
from django.db.models.expressions import BaseExpression, Col
from django.utils.dateparse import parse_date, parse_datetime, parse_time

from pyforge_web.querysets.backends.columns import (
    DJANGO,
    ColumnPlan,
    ColumnReader,
    Converter,
)
from pyforge_web.querysets.backends.cursors import DriverCursor, StatementPlan
from pyforge_web.querysets.backends.database import DatabaseBackend
from pyforge_web.querysets.backends.direct_driver import DirectCursor, DirectDriver
from pyforge_web.querysets.backends.select_lists import SelectCompiler
from pyforge_web.querysets.backends.sqlite_types import REGISTERED_PARSERS, find_declared_parser, list_declared_types
from pyforge_web.stock import StockMethods, describe_callable, find_function, is_own_function

Parsers = Mapping[int, Callable[[str], Any]]
SQLiteOperations: Any = DatabaseWrapper.ops_class
_SQLITE_READERS = {
    "convert_datefield_value": ColumnReader("date"),
    "convert_timefield_value": ColumnReader("time"),
    "convert_uuidfield_value": ColumnReader("uuid"),
    "convert_booleanfield_value": ColumnReader("boolean"),
    "convert_durationfield_value": ColumnReader("duration"),
}
# The driver parses these in Python, by the declared type of a plain column: `+column` is an expression and has none.
_PARSERS: dict[str, Callable[[str], Any]] = {
    "DateField": parse_date,
    "DateTimeField": parse_datetime,
    "TimeField": parse_time,
}
_DETECTS = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES


# Whether the driver parses declared types: kept with Django's connection, asked once of each of the driver's.
_PARSING = "_pyforge_parsing"


class SQLiteCursor(DriverCursor):
    """What was done to a query of SQLite, and must be done to a value that is not of the strict form."""

    def executed(self) -> str | None:
        """Return why the rows are not the driver's alone: SQLite's values have types, its columns have none."""
        return None if _has_stock_rows(self.raw, self.raw.connection) else _why_not_stock_rows(self.raw)

    def driver_value(self, index: int, value: Any) -> Any:
        """Return what the driver gives for a column under Django: it parses the text of whatever is stored."""
        parser = self.compiler.parsers.get(index)
        if parser is None or value is None:
            return value
        return parser(value.decode() if isinstance(value, bytes) else _sqlite_text(value))


class SQLiteBackend(DatabaseBackend):
    """SQLite through Python's own `sqlite3`."""

    engine = DatabaseWrapper
    cursor_class = SQLiteCursor
    operations = StockMethods(
        SQLiteOperations,
        ("get_db_converters", "get_decimalfield_converter", "convert_datetimefield_value", *_SQLITE_READERS),
        django,
    )
    direct_driver = DirectDriver(SQLiteCursorWrapper)
    method_readers = _SQLITE_READERS

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a connection of `sqlite3` gives other rows; None also for a connection that something wraps."""
        if isinstance(raw, sqlite3.Connection):
            if raw.row_factory is not None:
                return f"the connection has a row_factory ({describe_callable(raw.row_factory)})"
            if raw.text_factory is not str:
                return f"the connection has a text_factory ({describe_callable(raw.text_factory)})"
        return _why_not_converters()

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a cursor gives other rows than `sqlite3` alone."""
        kind = type(raw)
        if not issubclass(kind, sqlite3.Cursor):
            return "the cursor's rows are not sqlite3's"
        if kind.fetchmany is not sqlite3.Cursor.fetchmany or kind.fetchall is not sqlite3.Cursor.fetchall:
            return f"{kind.__name__} fetches rows in its own way"
        reason = None if _has_stock_rows(raw, raw.connection) else _why_not_stock_rows(raw)
        if reason is None and not self._is_parsing(connection, raw.connection):
            reason = "the connection does not have Django's detect_types"
        return reason

    def why_not_parameters(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return which type has an adapter, or that the cursor executes in its own way. Django sends dates as text."""
        execute: Any = type(raw).execute
        if execute is not sqlite3.Cursor.execute and not is_own_function(execute, django):
            return f"{describe_callable(execute)} is not Django's"
        for kind, protocol in sqlite3.adapters:
            if protocol is sqlite3.PrepareProtocol and issubclass(kind, str | int):
                return f"sqlite3 has an adapter for {kind.__name__}"
        return None

    def _is_parsing(self, connection: BaseDatabaseWrapper, raw: sqlite3.Connection) -> bool:
        known = vars(connection).get(_PARSING)
        if known is None or known[0] is not raw:
            # An engine may open its connection in a way of its own, so the driver is asked as well as the settings. It
            # is asked past Django: nobody counts this statement, which reads no table.
            (value,) = sqlite3.Connection.execute(raw, "SELECT '2001-02-03' AS \"day [date]\"").fetchone()
            detects = connection.settings_dict["OPTIONS"].get("detect_types", _DETECTS) == _DETECTS
            known = vars(connection)[_PARSING] = raw, detects and type(value) is date
        return bool(known[1])

    def execute_direct(self, plan: StatementPlan, sql: str, params: Any) -> DriverCursor | None:
        """Return an executed statement on the driver's own cursor; None where Django's cursor has to run it."""
        connection = plan.compiler.connection
        raw: Any = connection.connection
        if type(raw) is not sqlite3.Connection or not self.direct_driver.is_idle(connection):
            return None
        parsing = vars(connection).get(_PARSING)
        if parsing is None or parsing[0] is not raw or not (parsing[1] and _has_stock_rows(raw, raw)):
            return None
        return self.cursor_class.of_rows(DirectCursor.execute_on(raw, connection, sql, params), plan)

    def write_driver_sql(self, sql: str) -> str:
        """Return SQL in the driver's own style, as Django's cursor makes it."""
        return SQLiteCursorWrapper.convert_query(cast(Any, None), sql)

    def compiler(self, query: Any, connection: BaseDatabaseWrapper, using: str) -> Any:
        """Return the compiler of a query, as `Query.get_compiler` gives it, for raw rows."""
        standard: Any = connection.ops.compiler(query.compiler)
        compiler = raw_compiler(standard)(query, connection, using)
        compiler.backend = self
        return compiler

    def read_converter(
        self, expression: BaseExpression, converter: Converter, connection: BaseDatabaseWrapper
    ) -> ColumnReader | None:
        """Return the reader of a column whose one converter is the database's own; None where it is not known."""
        function: Any = find_function(converter)
        if function is self.operations.functions["convert_datetimefield_value"]:
            return _datetime_reader(connection)
        if (code := getattr(function, "__code__", None)) is not None and code is _column_decimal():
            field: Any = expression.output_field
            return ColumnReader("decimal", digits=field.max_digits, places=field.decimal_places)
        return self.readers_by_function.get(function)

    def find_facts(
        self, expressions: list[Any], readers: Sequence[ColumnReader], connection: BaseDatabaseWrapper
    ) -> Parsers:
        """Return with what the driver would parse the texts that native code reads itself, by column."""
        parsers = {}
        for index, (column, reader) in enumerate(zip(expressions, readers, strict=True)):
            if type(column) is not Col or reader is DJANGO:
                continue
            parser = _PARSERS.get(column.output_field.get_internal_type())
            if parser is not None and find_declared_parser(column.target, connection) is parser:
                parsers[index] = parser
        return parsers

    def plan_columns(self, compiler: Any, expressions: list[Any]) -> ColumnPlan:
        """Return how a statement's columns are read: as it was found out when the statement was compiled."""
        columns, plan = getattr(compiler, "planned", (None, None))
        if plan is not None and columns == expressions:
            return cast(ColumnPlan, plan)
        return super().plan_columns(compiler, expressions)


def _has_stock_rows(raw: sqlite3.Cursor | sqlite3.Connection, connection: sqlite3.Connection) -> bool:
    """Return whether the rows of a cursor are what `sqlite3` alone gives, as they were when it was last looked into."""
    is_stock = raw.row_factory is None and connection.text_factory is str
    return is_stock and sqlite3.converters == _known_converters and bool(_known_converters)


def _why_not_stock_rows(raw: sqlite3.Cursor) -> str | None:
    """Return why the rows of a cursor are not what `sqlite3` alone gives."""
    if raw.row_factory is not None:
        return f"the cursor has a row_factory ({describe_callable(raw.row_factory)})"
    if raw.connection.text_factory is not str:
        return f"the connection has a text_factory ({describe_callable(raw.connection.text_factory)})"
    return _why_not_converters()


_known_converters: dict[str, Any] = {}


def _why_not_converters() -> str | None:
    """Return why the driver's converters of declared types are not those that Django registers."""
    global _known_converters
    converters: dict[str, Any] = sqlite3.converters
    if converters == _known_converters:
        return None
    for name, converter in converters.items():
        parser = REGISTERED_PARSERS.get(name)
        if parser is not None:
            is_stock = is_own_function(converter, django) and _closure(converter) == [parser]
        elif name == "BOOL":
            is_stock = getattr(converter, "__self__", None) == b"1" and converter.__name__ == "__eq__"
        else:
            is_stock = name not in list_declared_types()
        if not is_stock:
            return f"sqlite3 has a converter for {name.lower()} that is not Django's ({describe_callable(converter)})"
    missing = {*REGISTERED_PARSERS, "BOOL"} - converters.keys()
    if missing:
        return f"sqlite3 has no converter for {', '.join(sorted(missing)).lower()}"
    _known_converters = dict(converters)
    return None


def _closure(function: Any) -> list[object]:
    return [cell.cell_contents for cell in function.__closure__ or ()]


def _datetime_reader(connection: BaseDatabaseWrapper) -> ColumnReader:
    if not settings.USE_TZ:
        return ColumnReader("datetime", zone="naive")
    # Local times of another zone need its offsets: those are Python's.
    return ColumnReader("datetime", zone="utc") if str(connection.timezone) == "UTC" else DJANGO


@cache
def _column_decimal() -> object:
    """Return the code of the converter that quantizes the decimals of a plain column; None where it is not Django's."""
    get_converter: Any = SQLiteBackend.operations.functions["get_decimalfield_converter"]
    if not isinstance(get_converter, FunctionType):
        return None
    column = Col("t", DecimalField(max_digits=2, decimal_places=1))
    return cast(FunctionType, get_converter(None, column)).__code__


class RawSelect(SelectCompiler):
    """Selects `+column` where the driver would parse a date in Python.

    Only where the plan stays the same: a column that ORDER BY names by its position (`PositionRef`), or that GROUP BY,
    DISTINCT or a combinator compares, keeps its index.
    """

    backend: SQLiteBackend
    parsers: Parsers = MappingProxyType({})
    planned: tuple[list[Any] | None, ColumnPlan | None] = (None, None)
    select: Any

    def pre_sql_setup(self, *args: Any, **kwargs: Any) -> Any:
        setup: Any = super().pre_sql_setup(*args, **kwargs)
        _, order_by, group_by = setup
        if not (group_by or self.query.distinct or self.query.combinator):
            by_position = {getattr(ordering.expression, "ordinal", None) for ordering, _ in order_by}
            columns = [column for column, _, _ in self.select]
            plan = (
                self.backend.plan_columns(self, columns)
                if self.kept is None
                else self.kept.find_plan(self.backend, self)
            )
            self.planned = columns, plan
            self.parsers = plan.facts
            if not by_position.isdisjoint(index + 1 for index in self.parsers):
                self.parsers = {index: parser for index, parser in plan.facts.items() if index + 1 not in by_position}
            for index in self.parsers:
                column, (sql, params), alias = self.select[index]
                self.select[index] = column, (f"+{sql}", params), alias
        return setup


@cache
def raw_compiler(standard: Any) -> Any:
    """Return the compiler class with `RawSelect` above it."""
    return type(f"Raw{standard.__name__}", (RawSelect, standard), {})


def _sqlite_text(value: Any) -> str:
    """Return SQLite's text of a value: 15 digits of a float, and a point in all of them."""
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.15g}"
    return text if not text.lstrip("-").isdigit() else f"{text}.0"
