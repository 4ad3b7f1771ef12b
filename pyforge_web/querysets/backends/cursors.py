"""The driver's cursor under all wrappers, and a statement on it."""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from types import CodeType
from typing import Any, NamedTuple, Self

import django
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django.db.models.expressions import BaseExpression
from django.db.models.sql.constants import MULTI
from django.db.utils import DatabaseErrorWrapper

from pyforge_web._native import AttributeWatch
from pyforge_web.conf import docs_url
from pyforge_web.querysets.backends.columns import DJANGO, ColumnPlan, describe_converters, intern_readers
from pyforge_web.querysets.backends.direct_driver import UnwrappedCursor
from pyforge_web.stock import StockMethods, is_own_function

logger = logging.getLogger("pyforge_web.databases")

# Django wraps each fetching method of a cursor in a function that translates the driver's exceptions.
_TRANSLATES: CodeType | None = next(
    (
        constant
        for constant in getattr(DatabaseErrorWrapper.__call__, "__code__", compile("", "", "exec")).co_consts
        if isinstance(constant, CodeType) and is_own_function(DatabaseErrorWrapper.__call__, django)
    ),
    None,
)


def find_raw_cursor(cursor: Any) -> Any:
    """Return the object whose `fetchmany` and `fetchall` the rows of a cursor come from; None where they differ.

    What counts is which method runs, and not which classes stand around it: the wrappers of Django, of the debug
    toolbar, of Sentry and the proxies of OpenTelemetry pass these methods on; one that changes rows does not.
    """
    kind = type(cursor)
    if kind is UnwrappedCursor or (kind in _WRAPPERS and _is_stock_wrapper(cursor)):
        cursor = cursor.cursor  # what Django's wrapper asks; 2 us less than to follow the wrapped methods
    raw = find_owner(cursor.fetchmany)
    return raw if raw is not None and find_owner(cursor.fetchall) is raw else None


_WRAPPERS = frozenset({CursorWrapper, CursorDebugWrapper})
_FETCHING = frozenset({"fetchall", "fetchmany"})
_WRAPPER_WATCH = AttributeWatch([(kind, ("__getattr__", "__getattribute__", *_FETCHING), False) for kind in _WRAPPERS])
# A tool may have patched Django's wrappers before this module was imported.
_ARE_WRAPPERS_STOCK = all(
    StockMethods(CursorWrapper, ["__getattr__"], django).are_methods_of(kind)
    and not any(hasattr(kind, name) for name in _FETCHING)
    for kind in _WRAPPERS
)


def _is_stock_wrapper(cursor: Any) -> bool:
    """Return whether Django's wrapper of a cursor passes its fetching methods on, and has none of its own."""
    return _ARE_WRAPPERS_STOCK and _WRAPPER_WATCH.holds() and _FETCHING.isdisjoint(vars(cursor))


def find_owner(method: Any) -> Any:
    """Return the object that a method is bound to, under the translation of exceptions."""
    while getattr(method, "__code__", None) is _TRANSLATES and _TRANSLATES is not None:
        method = method.__closure__[_TRANSLATES.co_freevars.index("func")].cell_contents
    return getattr(method, "__self__", None)


class StatementPlan(NamedTuple):
    """What is known of a statement before it runs: its columns, how they are read, and how its rows are asked for.

    `chunked` is as in `QuerySet.iterator()`: a server-side cursor where the database has them and its settings let us.
    With `in_parts` the rows are written before the connection is asked for anything else, so the driver need not keep
    them; between the parts of a `chunked` one others may ask. `most` is the number of rows that its slice has at most,
    None where it has no end.
    """

    compiler: Any
    expressions: list[BaseExpression]
    columns: ColumnPlan
    chunked: bool = False
    in_parts: bool = False
    most: int | None = None


class DriverCursor:
    """A statement on Django's cursor: how its columns are read, and what the driver makes of a value.

    A database's own class sets the cursor up in `prepare`, and looks at the result in `executed`.
    """

    def __init__(self, backend: Any, cursor: Any, plan: StatementPlan) -> None:
        self.cursor = cursor
        self.plan = plan
        self.compiler = plan.compiler
        self.connection = plan.compiler.connection
        self.readers, self.facts = plan.columns
        self.raw = find_raw_cursor(cursor)
        self._converters_by_index: dict[int, Any] | None = None
        # Why all rows go through Django's converters; None where the columns decide.
        self.convert_reason: str | None = backend.why_not_cursor(self.connection, self.raw)
        if self.convert_reason is None:
            self.prepare()

    @classmethod
    def of_rows(cls, cursor: Any, plan: StatementPlan) -> Self:
        """Return what reads the rows of a cursor that has executed a statement already, and is the driver's own."""
        made = cls.__new__(cls)
        made.cursor = made.raw = cursor
        made.plan = plan
        made.compiler, made.connection = plan.compiler, plan.compiler.connection
        made.readers, made.facts = plan.columns
        made._converters_by_index = made.convert_reason = None
        return made

    def prepare(self) -> None:
        """Set the cursor up before it executes."""

    def executed(self) -> str | None:
        """Choose the readers by what the server sends. Return why the rows are not the driver's alone, or None."""
        raise NotImplementedError

    def execute(self, sql: str, params: Any) -> None:
        """Run the statement."""
        if self.convert_reason is None:
            self.cursor.execute(sql, params)
            self.convert_reason = self.executed()
            if self.convert_reason is None:
                return
        self._read_through_django()

    def _read_through_django(self) -> None:
        """Run the statement as Django compiles it, and read its rows as Django's compiler does."""
        self.cursor.close()
        warn_once(self.connection, str(self.convert_reason))
        count = len(self.readers)
        self.readers = intern_readers([DJANGO] * count)
        query, connection = self.compiler.query, self.connection
        compiler = connection.ops.compiler(query.compiler)(query, connection, self.compiler.using)
        results = compiler.execute_sql(MULTI, chunked_fetch=self.plan.chunked)
        self.cursor = _ConvertedRows(results, compiler.results_iter(results), count)

    def driver_value(self, index: int, value: Any) -> Any:
        """Return what the driver gives for a column's value under Django."""
        return value

    def convert(self, index: int, value: Any) -> Any:
        """Return what the driver and Django's converters make of a column's value."""
        if self.convert_reason is not None:  # Django's compiler has converted it
            return value
        value = self.driver_value(index, value)
        converters = self._find_converters()
        if index in converters:
            functions, expression = converters[index]
            for function in functions:
                value = function(value, expression, self.connection)
        return value

    def explain_columns(self) -> dict[int, str]:
        """Return which columns are Django's to convert, and why."""
        if self.convert_reason is not None:
            return dict.fromkeys(range(len(self.readers)), self.convert_reason)
        converters = self._find_converters()
        return {
            index: describe_converters(converters[index][0] if index in converters else [])
            for index, reader in enumerate(self.readers)
            if reader is DJANGO
        }

    def _find_converters(self) -> dict[int, Any]:
        """Return Django's converters by column; asked for when one is needed."""
        if self._converters_by_index is None:
            self._converters_by_index = self.compiler.get_converters(self.plan.expressions)
        return self._converters_by_index


class _ConvertedRows:
    """Rows that Django has converted, with the methods of a cursor."""

    def __init__(self, results: Any, rows: Iterable[Any], count: int) -> None:
        self._results = results
        self._rows: Iterator[Any] = iter(rows)
        self._indexes = range(count)

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        # By index, as `ValuesIterable` reads a row.
        return [tuple([row[index] for index in self._indexes]) for row in islice(self._rows, size)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple([row[index] for index in self._indexes]) for row in self._rows]

    def close(self) -> None:
        # A generator closes Django's cursor when it ends, and not when the garbage collector comes.
        if (close := getattr(self._results, "close", None)) is not None:
            close()


_warned: set[tuple[str, str]] = set()


def warn_once(connection: BaseDatabaseWrapper, reason: str) -> None:
    """Log why a database takes Django's path: once in a process for each database and reason."""
    if (connection.alias, reason) not in _warned:
        _warned.add((connection.alias, reason))
        logger.warning(
            "PyForge reads the database %r through Django: %s. %s",
            connection.alias,
            reason,
            docs_url("databases"),
        )


def open_django_cursor(connection: BaseDatabaseWrapper, *, chunked: bool) -> Any:
    """Return Django's cursor; one on the server for `chunked` rows, where the settings of the database let us."""
    server_side = chunked and not connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    return connection.chunked_cursor() if server_side else connection.cursor()
