"""SQLite: text, numbers, and what the driver's declared-type converters make of them.

Source: `django/db/backends/sqlite3/operations.py`, whose converters are recognised by identity.
"""

from functools import cache
from types import FunctionType
from typing import Any, cast

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.models import DecimalField
from django.db.models.expressions import BaseExpression, Col
from django.db.models.sql.compiler import SQLCompiler

from . import DJANGO, VALUE, Converter, Reader, cast_reader, is_plain_json

DatabaseOperations = DatabaseWrapper.ops_class
_METHODS: dict[Any, Reader] = {
    DatabaseOperations.convert_datefield_value: Reader("date"),
    DatabaseOperations.convert_timefield_value: Reader("time"),
    DatabaseOperations.convert_uuidfield_value: Reader("uuid"),
    DatabaseOperations.convert_booleanfield_value: Reader("boolean"),
    DatabaseOperations.convert_durationfield_value: Reader("duration"),
}
# The driver parses these in Python, by the declared type of a plain column: `+column` is an expression and has none.
_PARSED_BY_DRIVER = frozenset({"DateTimeField", "DateField", "TimeField"})


def read(expression: BaseExpression, converters: list[Converter], connection: BaseDatabaseWrapper) -> Reader:
    """The reader of a column, from the list of converters that Django would call."""
    if not converters:
        return VALUE
    if len(converters) > 1:
        return DJANGO
    if is_plain_json(expression, converters):
        return Reader("json")
    function = getattr(converters[0], "__func__", converters[0])
    if function is DatabaseOperations.convert_datetimefield_value:
        return _datetime_reader(connection)
    if getattr(function, "__code__", None) is _column_decimal():
        field: Any = expression.output_field
        return Reader("decimal", digits=field.max_digits, places=field.decimal_places)
    return _METHODS.get(function) or cast_reader(converters) or DJANGO


def _datetime_reader(connection: BaseDatabaseWrapper) -> Reader:
    if not settings.USE_TZ:
        return Reader("datetime", zone="naive")
    # Local times of another zone need its offsets: those are Python's.
    return Reader("datetime", zone="utc") if connection.timezone_name == "UTC" else DJANGO


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

    def pre_sql_setup(self, *args: Any, **kwargs: Any) -> Any:
        setup: Any = super().pre_sql_setup(*args, **kwargs)
        _, order_by, group_by = setup
        if not (group_by or self.query.distinct or self.query.combinator):
            by_position = {getattr(ordering.expression, "ordinal", None) for ordering, _ in order_by}
            self.select: Any = [
                (column, (f"+{sql}", params), alias)
                if position not in by_position and self.is_parsed_by_driver(column)
                else (column, (sql, params), alias)
                for position, (column, (sql, params), alias) in enumerate(self.select, 1)
            ]
        return setup

    def is_parsed_by_driver(self, column: BaseExpression) -> bool:
        """Whether the driver would make an object of a plain column's text that native code reads itself."""
        if type(column) is not Col or column.output_field.get_internal_type() not in _PARSED_BY_DRIVER:
            return False
        converters, _ = self.get_converters([column])[0]
        return read(column, converters, self.connection) is not DJANGO


@cache
def raw_compiler(standard: Any) -> Any:
    """The compiler class with `RawSelect` above it."""
    return type(f"Raw{standard.__name__}", (RawSelect, standard), {})


def compiler(query: Any, connection: BaseDatabaseWrapper, using: str) -> Any:
    """The compiler of a query, as `Query.get_compiler` gives it, for raw rows."""
    standard: Any = connection.ops.compiler(query.compiler)
    return raw_compiler(standard)(query, connection, using)


class Cursor:
    """What must be done to a cursor, and undone for a value: here nothing, raw values are the driver's own."""

    def __init__(self, cursor: Any, expressions: list[BaseExpression], readers: list[Reader]) -> None:
        self.readers = readers

    def executed(self) -> None:
        """Nothing: SQLite's values have types, its columns have none."""

    def driver_value(self, index: int, value: Any) -> Any:
        """What the driver gives for a column under Django."""
        return value
