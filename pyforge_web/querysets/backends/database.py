"""What all databases with a native path have in common: what must be Django's own of an engine, and the readers."""

from typing import Any, ClassVar

import django
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import BaseExpression, Col
from django.db.models.sql.compiler import SQLCompiler

from pyforge_web.querysets.backends.columns import ColumnReader, ColumnReaders, Converter, find_converters
from pyforge_web.querysets.backends.cursors import DriverCursor, open_django_cursor
from pyforge_web.querysets.backends.stock import StockMethods

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

    def __init__(self) -> None:
        self._readers = ColumnReaders()

    def why_not(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return why the rows of a connection are Django's to read, or None. Never connects."""
        kind = type(connection)
        if (kind.timezone, kind.timezone_name) != _ZONES:
            return f"{kind.__name__} has a time zone of its own"
        if connection.ops.connection is not connection:
            return f"{type(connection.ops).__name__} belongs to another connection"
        compiler = connection.ops.compiler("SQLCompiler")
        if not _COMPILER_METHODS.are_methods_of(compiler):
            return f"{_COMPILER_METHODS.find_replaced(compiler)} is not Django's"
        return None if connection.connection is None else self.why_not_driver(connection.connection)

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a driver's connection gives other rows than the driver alone; None for one that is not known."""
        raise NotImplementedError

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a driver's cursor gives other rows than the driver alone; None for one that is stock."""
        raise NotImplementedError

    def compiler(self, query: Any, connection: BaseDatabaseWrapper, using: str) -> Any:
        """Return the compiler of a query, as `Query.get_compiler` gives it."""
        return connection.ops.compiler(query.compiler)(query, connection, using)

    def read_column(
        self, expression: BaseExpression, converters: list[Converter], connection: BaseDatabaseWrapper
    ) -> ColumnReader:
        """Return the reader of a column, from the list of converters that Django would call."""
        raise NotImplementedError

    def open_cursor(
        self, compiler: Any, expressions: list[BaseExpression], readers: list[ColumnReader], *, chunked: bool
    ) -> DriverCursor:
        """Return a cursor that is ready to execute a statement; `chunked` is as in `QuerySet.iterator()`."""
        cursor = open_django_cursor(compiler.connection, chunked=chunked)
        try:
            return self.cursor_class(self, cursor, compiler, expressions, readers, chunked=chunked)
        except BaseException:
            cursor.close()
            raise

    def column_readers(self, compiler: Any, expressions: list[Any]) -> list[ColumnReader]:
        """Return the readers of a statement's columns."""
        connection = compiler.connection
        if all(type(expression) is Col for expression in expressions):
            key = self.session_key(connection)
            return [self._readers.find(self.read_column, column, connection, key) for column in expressions]
        converters = compiler.get_converters(expressions)
        return [
            self.read_column(expression, converters[index][0] if index in converters else [], connection)
            for index, expression in enumerate(expressions)
        ]

    def column_reader(self, column: Any, connection: BaseDatabaseWrapper) -> ColumnReader:
        """Return the reader of one column."""
        if type(column) is Col:
            return self._readers.find(self.read_column, column, connection, self.session_key(connection))
        return self.read_column(column, find_converters(column, connection), connection)

    def session_key(self, connection: BaseDatabaseWrapper) -> tuple[Any, ...]:
        """Return what the converters of a column depend on beside the column."""
        ops = connection.ops
        own = vars(ops)
        return (
            connection.alias,
            connection.timezone,
            settings.USE_TZ,
            type(connection),
            type(ops),
            *self.operations.find(type(ops)),
            *[own.get(name) for name in self.operations.names],
        )
