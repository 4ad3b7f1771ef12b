"""What all databases with a native path have in common: what must be Django's own of an engine, and the readers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

import django
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import BaseExpression, Col
from django.db.models.sql.compiler import SQLCompiler

from pyforge_web._native import AttributeWatch, ClassVersions
from pyforge_web.querysets.backends.columns import (
    DJANGO,
    VALUE,
    ColumnPlan,
    ColumnPlans,
    ColumnReader,
    Converter,
    find_cast_reader,
    find_converters,
    intern_readers,
    is_whole_document,
)
from pyforge_web.querysets.backends.cursors import DriverCursor, StatementPlan, open_django_cursor
from pyforge_web.querysets.backends.direct_driver import DirectDriver, UnwrappedCursor
from pyforge_web.querysets.backends.select_lists import find_select_compiler
from pyforge_web.stock import StockMethods, find_function

# What reads and converts rows in Django. `as_sql` is an engine's own matter: its SQL and its columns are used.
_COMPILER_METHODS = StockMethods(
    SQLCompiler,
    (
        "results_iter",
        "execute_sql",
        "get_converters",
        "apply_converters",
        "has_composite_fields",
        "composite_fields_to_tuples",
    ),
    django,
)
_COLUMN = frozenset({Col})
# The types of values that batches send and compare with what comes back.
SENT_TYPES = (bool, int, str, date, datetime, UUID)
_ZONES = (BaseDatabaseWrapper.timezone, BaseDatabaseWrapper.timezone_name)


class DatabaseBackend:
    """A database whose rows native code reads.

    An engine is recognised by what it does, and not by its name: a class that wraps Django's engine (for metrics,
    tenants, pools or geometries) is native as long as what reads and converts rows is Django's own, and the driver's.
    The methods of Django that an engine may replace are compared by identity at each query.
    """

    cursor_class: ClassVar[type[DriverCursor]]
    # The operations' methods that decide about converters.
    operations: ClassVar[StockMethods]
    # The readers of columns by those of these methods that are their converters.
    method_readers: ClassVar[dict[str, ColumnReader]] = {}
    # Where Django's cursor may be left out.
    direct_driver: ClassVar[DirectDriver]

    def __init__(self) -> None:
        self._plans = ColumnPlans(self.operations)
        # The classes of engines and their compilers whose methods were compared with Django's.
        self._verified: dict[tuple[type, type], ClassVersions] = {}
        functions = self.operations.functions
        self.readers_by_function = {functions[name]: reader for name, reader in self.method_readers.items()}

    def why_not(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return why the rows of a connection are Django's to read, or None. Never connects."""
        kind, ops = type(connection), connection.ops
        if ops.connection is not connection:
            return f"{type(ops).__name__} belongs to another connection"
        compiler = ops.compiler("SQLCompiler")
        verified = self._verified.get((kind, compiler))
        if verified is None or not verified.are_unchanged():
            if (kind.timezone, kind.timezone_name) != _ZONES:
                return f"{kind.__name__} has a time zone of its own"
            if not _COMPILER_METHODS.are_methods_of(compiler):
                return f"{_COMPILER_METHODS.find_replaced(compiler)} is not Django's"
            self._verified[kind, compiler] = ClassVersions([kind, compiler])
        return None if connection.connection is None else self.why_not_driver(connection.connection)

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a driver's connection gives other rows than the driver alone; None for one that is not known."""
        raise NotImplementedError

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a driver's cursor gives other rows than the driver alone; None for one that is stock."""
        raise NotImplementedError

    def why_not_parameters(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a value that a stock cursor sends may come back as another: by its adapters, or its session."""
        raise NotImplementedError

    def why_not_converters(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return which method that gives a column its converters is not Django's; None where all are."""
        operations = connection.ops
        replaced = self.operations.find_replaced(type(operations))
        own = next((name for name in self.operations.names if name in vars(operations)), None)
        name = replaced or (None if own is None else f"{type(operations).__name__}.{own}")
        return None if name is None else f"{name} is not Django's"

    def compiler(self, query: Any, connection: BaseDatabaseWrapper, using: str) -> Any:
        """Return the compiler of a query, as `Query.get_compiler` gives it."""
        standard: Any = connection.ops.compiler(query.compiler)
        return find_select_compiler(standard)(query, connection, using)

    def read_column(
        self, expression: BaseExpression, converters: list[Converter], connection: BaseDatabaseWrapper
    ) -> ColumnReader:
        """Return the reader of a column, from the list of converters that Django would call."""
        if not converters:
            return VALUE
        if len(converters) > 1:
            return DJANGO
        if is_whole_document(expression, converters):
            return ColumnReader("json")
        reader = self.read_converter(expression, converters[0], connection)
        return reader or find_cast_reader(converters) or DJANGO

    def read_converter(
        self, expression: BaseExpression, converter: Converter, connection: BaseDatabaseWrapper
    ) -> ColumnReader | None:
        """Return the reader of a column whose one converter is the database's own; None where it is not known."""
        return self.readers_by_function.get(find_function(converter))

    def open_cursor(self, plan: StatementPlan) -> DriverCursor:
        """Return Django's cursor, ready to execute a statement."""
        return self._set_up(open_django_cursor(plan.compiler.connection, chunked=plan.chunked), plan)

    def write_driver_sql(self, sql: str) -> str:
        """Return SQL in the driver's own style, as Django's cursor makes it."""
        return sql

    def execute_direct(self, plan: StatementPlan, sql: str, params: Any) -> DriverCursor | None:
        """Return an executed statement on the driver's own cursor; None where Django's cursor has to run it.

        Only for a statement that none of our collectors hears of, and that is not `chunked`; its SQL is in the driver's
        own style.
        """
        connection = plan.compiler.connection
        if not self.direct_driver.is_idle(connection):
            return None
        driver = self._set_up(UnwrappedCursor.open(connection), plan)
        try:
            driver.execute(sql, params)
        except BaseException:
            driver.cursor.close()
            raise
        return driver

    def _set_up(self, cursor: Any, plan: StatementPlan) -> DriverCursor:
        try:
            return self.cursor_class(self, cursor, plan)
        except BaseException:
            cursor.close()
            raise

    def plan_columns(self, compiler: Any, expressions: list[Any]) -> ColumnPlan:
        """Return how a statement's columns are read."""
        connection = compiler.connection
        if _COLUMN.issuperset(map(type, expressions)):
            return self._plans.find(self._make_plan, expressions, connection)
        converters = compiler.get_converters(expressions)
        readers = [
            self.read_column(expression, converters[index][0] if index in converters else [], connection)
            for index, expression in enumerate(expressions)
        ]
        return ColumnPlan(intern_readers(readers), self.find_facts(expressions, readers, connection))

    def find_plan_watch(
        self, plan: ColumnPlan, expressions: list[Any], connection: BaseDatabaseWrapper
    ) -> AttributeWatch | None:
        """Return what holds as long as these columns are read as planned; None where they must be looked at."""
        is_plain = _COLUMN.issuperset(map(type, expressions)) and expressions
        return self._plans.find_watch(plan, expressions, connection) if is_plain else None

    def column_reader(self, column: Any, connection: BaseDatabaseWrapper) -> ColumnReader:
        """Return the reader of one column."""
        if type(column) is Col:
            return self._plans.find(self._make_plan, [column], connection).readers[0]
        return self.read_column(column, find_converters(column, connection), connection)

    def find_facts(
        self, expressions: list[Any], readers: Sequence[ColumnReader], connection: BaseDatabaseWrapper
    ) -> Any:
        """Return what is to be known of a statement's columns beside their readers."""

    def _make_plan(self, columns: list[Col], connection: BaseDatabaseWrapper) -> ColumnPlan:
        readers = [self.read_column(column, find_converters(column, connection), connection) for column in columns]
        return ColumnPlan(intern_readers(readers), self.find_facts(columns, readers, connection))
