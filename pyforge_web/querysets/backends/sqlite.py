"""SQLite: text, numbers, and what the driver's declared-type converters make of them.

Source: `django/db/backends/sqlite3/operations.py`, whose converters are recognised by identity.
"""

import sys
from collections.abc import Callable, Mapping
from functools import cache
from types import FunctionType, MappingProxyType
from typing import Any, cast

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.models import DecimalField
from django.db.models.expressions import BaseExpression, Col
from django.db.models.sql.compiler import SQLCompiler
from django.utils.dateparse import parse_date, parse_datetime, parse_time

from pyforge_web.querysets.backends import (
    DJANGO,
    VALUE,
    ColumnReader,
    Converter,
    cast_reader,
    column_reader,
    is_plain_json,
    session,
)

DatabaseOperations = DatabaseWrapper.ops_class
_METHODS: dict[Any, ColumnReader] = {
    DatabaseOperations.convert_datefield_value: ColumnReader("date"),
    DatabaseOperations.convert_timefield_value: ColumnReader("time"),
    DatabaseOperations.convert_uuidfield_value: ColumnReader("uuid"),
    DatabaseOperations.convert_booleanfield_value: ColumnReader("boolean"),
    DatabaseOperations.convert_durationfield_value: ColumnReader("duration"),
}
# The driver parses these in Python, by the declared type of a plain column: `+column` is an expression and has none.
_PARSERS: dict[str, Callable[[str], Any]] = {
    "DateField": parse_date,
    "DateTimeField": parse_datetime,
    "TimeField": parse_time,
}


def read(expression: BaseExpression, converters: list[Converter], connection: BaseDatabaseWrapper) -> ColumnReader:
    """The reader of a column, from the list of converters that Django would call."""
    if not converters:
        return VALUE
    if len(converters) > 1:
        return DJANGO
    if is_plain_json(expression, converters):
        return ColumnReader("json")
    function = getattr(converters[0], "__func__", converters[0])
    if function is DatabaseOperations.convert_datetimefield_value:
        return _datetime_reader(connection)
    if getattr(function, "__code__", None) is _column_decimal():
        field: Any = expression.output_field
        return ColumnReader("decimal", digits=field.max_digits, places=field.decimal_places)
    return _METHODS.get(function) or cast_reader(converters) or DJANGO


def _datetime_reader(connection: BaseDatabaseWrapper) -> ColumnReader:
    if not settings.USE_TZ:
        return ColumnReader("datetime", zone="naive")
    # Local times of another zone need its offsets: those are Python's.
    return ColumnReader("datetime", zone="utc") if connection.timezone_name == "UTC" else DJANGO


@cache
def _column_decimal() -> object:
    """The code of the converter that quantizes the decimals of a plain column."""
    column = Col("t", DecimalField(max_digits=2, decimal_places=1))
    return cast(FunctionType, DatabaseOperations.get_decimalfield_converter(cast(Any, None), column)).__code__


class RawSelect(SQLCompiler):
    """Selects `+column` where the driver would parse a date in Python.

    Only where the plan stays the same: a column that ORDER BY names by its position (`PositionRef`), or that GROUP BY,
    DISTINCT or a combinator compares, keeps its index.
    """

    parsers: Mapping[int, Callable[[str], Any]] = MappingProxyType({})

    def pre_sql_setup(self, *args: Any, **kwargs: Any) -> Any:
        setup: Any = super().pre_sql_setup(*args, **kwargs)
        _, order_by, group_by = setup
        if not (group_by or self.query.distinct or self.query.combinator):
            by_position = {getattr(ordering.expression, "ordinal", None) for ordering, _ in order_by}
            self.parsers = {
                index: _PARSERS[column.output_field.get_internal_type()]
                for index, (column, _, _) in enumerate(self.select)
                if index + 1 not in by_position and self.is_parsed_by_driver(column)
            }
            self.select: Any = [
                (column, (f"+{sql}" if index in self.parsers else sql, params), alias)
                for index, (column, (sql, params), alias) in enumerate(self.select)
            ]
        return setup

    def is_parsed_by_driver(self, column: BaseExpression) -> bool:
        """Whether the driver would make an object of a plain column's text that native code reads itself."""
        if type(column) is not Col or column.output_field.get_internal_type() not in _PARSERS:
            return False
        # What other hands have declared in an unmanaged table is not known here.
        if not column.target.model._meta.managed:
            return False
        reader = column_reader(sys.modules[__name__], column, self.connection, session(self.connection))
        return reader is not DJANGO


@cache
def raw_compiler(standard: Any) -> Any:
    """The compiler class with `RawSelect` above it."""
    return type(f"Raw{standard.__name__}", (RawSelect, standard), {})


def compiler(query: Any, connection: BaseDatabaseWrapper, using: str) -> Any:
    """The compiler of a query, as `Query.get_compiler` gives it, for raw rows."""
    standard: Any = connection.ops.compiler(query.compiler)
    return raw_compiler(standard)(query, connection, using)


class Cursor:
    """What was done to a query, and must be done to a value that is not of the strict form."""

    def __init__(
        self, cursor: Any, compiler: Any, expressions: list[BaseExpression], readers: list[ColumnReader]
    ) -> None:
        self.readers = readers
        self._parsers = compiler.parsers

    def executed(self) -> None:
        """Nothing: SQLite's values have types, its columns have none."""

    def driver_value(self, index: int, value: Any) -> Any:
        """What the driver gives for a column under Django: it parses the text of whatever is stored."""
        parser = self._parsers.get(index)
        if parser is None or value is None:
            return value
        return parser(value.decode() if isinstance(value, bytes) else _text(value))


def _text(value: Any) -> str:
    """SQLite's text of a value: 15 digits of a float, and a point in all of them."""
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.15g}"
    return text if not text.lstrip("-").isdigit() else f"{text}.0"
