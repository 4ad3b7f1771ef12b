"""One statement: Django's SQL on Django's cursor, how the columns of its rows are read, and what collectors hear."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

from pyforge_web import metering
from pyforge_web.metering.row_traces import RowTrace, time_compilation, trace_rows
from pyforge_web.querysets import backends

# Rows fetched at once: 100 to 500 are alike, thousands leave the processor's cache (benchmarks/suites/querysets.py).
ROWS_AT_ONCE = 200

Fetch = Callable[[], list[Any]]
Convert = Callable[[int, Any], Any]
# Called with the number of rows, the nanoseconds of the database, and of each column that Python code converted values
# of: its index, how many, and the nanoseconds.
Report = Callable[[int, int, list[tuple[int, int, int]]], None]


class CompiledQuery(NamedTuple):
    """A query as SQL, and the expressions of its columns; `backend` is what is known of its database.

    `entry` is what is remembered of it, and its `memo` what was found out about it once.
    """

    compiler: Any
    sql: str
    params: Any
    expressions: list[Any]
    backend: backends.DatabaseBackend
    known_positions: dict[str, int] | None = None
    columns: backends.ColumnPlan | None = None  # how they are read, where that is known already
    most: int | None = None  # rows, by its slice
    entry: Any = None

    @property
    def positions(self) -> dict[str, int]:
        """Return the index of each column of the model, and of each value that the query adds, by their names."""
        known = self.known_positions
        compiler = self.compiler
        return (
            backends.find_positions(compiler.select, compiler.klass_info, compiler.annotation_col_map)
            if known is None
            else known
        )


class ExecutedQuery(NamedTuple):
    """A query that has been executed: how its columns are read, and what reads the values that native code does not.

    `driver_value` gives what the driver would have made of a column's value, `convert` what Django's converters make of
    it. `why_columns` says which columns are Django's, and why.
    """

    cursor: Any
    readers: tuple[backends.ColumnReader, ...]
    driver_value: Convert
    convert: Convert
    why_columns: Callable[[], dict[int, str]]
    is_direct: bool = False
    are_few: bool = False

    def is_plain(self, index: int) -> bool:
        """Return whether the driver's values of a column are Django's."""
        return self.readers[index] == backends.VALUE

    def python_values(self, index: int, rows: list[Any]) -> list[Any]:
        """Return the values of a column as `.values_list()` gives them."""
        if self.is_plain(index):
            return [row[index] for row in rows]
        convert, is_django = self.convert, self.readers[index] is backends.DJANGO
        return [None if row[index] is None and not is_django else convert(index, row[index]) for row in rows]


def compile_query(queryset: QuerySet[Any, Any]) -> CompiledQuery | None:
    """A QuerySet as Django compiles it; None where it finds nothing to ask for."""
    connection = connections[queryset.db]
    backend = backends.find_backend(connection)
    assert backend is not None  # noqa: S101 - `why_django` was asked
    compiler = backend.compiler(queryset.query, connection, queryset.db)
    try:
        sql, params = time_compilation(compiler.as_sql)
    except EmptyResultSet:
        return None
    expressions = [column for column, _, _ in compiler.select[: compiler.col_count]]
    most = find_most(queryset.query.low_mark, queryset.query.high_mark)
    kept = compiler.kept
    if kept is None:
        return CompiledQuery(compiler, sql, params, expressions, backend, most=most)
    plan = kept.find_plan(backend, compiler)
    return CompiledQuery(compiler, sql, params, expressions, backend, kept.positions, plan, most)


def find_most(low: int, high: int | None) -> int | None:
    """Return how many rows a slice has at most; None where it has no end."""
    return None if high is None else high - low


def fit_at_once(most: int | None) -> bool:
    """Return whether so many rows are fetched at once."""
    return most is not None and most <= ROWS_AT_ONCE


def execute_query(
    compiled: CompiledQuery, reading: RowTrace | None = None, *, chunked: bool = False, in_parts: bool = False
) -> ExecutedQuery:
    """Run a compiled query; `chunked` and `in_parts` are as in `StatementPlan`."""
    compiler, sql, params, expressions, backend, _, columns, most, entry = compiled
    plan = backends.StatementPlan(
        compiler, expressions, columns or backend.plan_columns(compiler, expressions), chunked, in_parts, most
    )
    if not chunked and reading is None and not metering.active_collectors.get():
        text = backends.find_driver_text(backend, sql, None if entry is None else entry.memo)
        driver = backend.execute_direct(plan, text, params)
        if driver is not None:
            return read_statement(driver, is_direct=True)
    driver = backend.open_cursor(plan)
    try:
        metering.time_database(driver.execute, reading)(sql, params)
    except BaseException:
        driver.cursor.close()
        raise
    return read_statement(driver)


def read_statement(driver: backends.DriverCursor, *, is_direct: bool = False) -> ExecutedQuery:
    """Return what reads the rows of a statement that a driver's cursor has executed."""
    are_few = is_direct and fit_at_once(driver.plan.most)
    convert = driver.convert
    return ExecutedQuery(
        driver.cursor, driver.readers, driver.driver_value, convert, driver.explain_columns, is_direct, are_few
    )


def fetch_next(statement: ExecutedQuery, *, at_once: bool = False) -> Fetch | list[Any]:
    """Return the function that fetches the next rows, or all of them where they are few and nobody measures.

    All of them before the first is written, as Django does, with `at_once` and where a converter of the user's may
    change the table.
    """
    cursor = statement.cursor
    at_once = at_once or backends.DJANGO in statement.readers
    if statement.are_few or (at_once and statement.is_direct):
        rows: list[Any] = cursor.fetchall()
        return rows
    return fetch_all(cursor) if at_once else fetch_chunks(cursor.fetchmany)


def fetch_chunks(fetchmany: Callable[[int], list[Any]]) -> Fetch:
    """The function that fetches the next rows, and does not ask again behind a chunk that is not full: 4 us a page."""
    done = False

    def fetch() -> list[Any]:
        nonlocal done
        if done:
            return []
        rows = fetchmany(ROWS_AT_ONCE)
        done = len(rows) < ROWS_AT_ONCE
        return rows

    return fetch


def fetch_all(cursor: Any) -> Fetch:
    """The function that fetches all rows at once."""
    done = False

    def fetch() -> list[Any]:
        nonlocal done
        if done:
            return []
        done = True
        rows: list[Any] = cursor.fetchall()
        return rows

    return fetch


def report_to(statement: ExecutedQuery, names: list[str], trace: RowTrace | None) -> Report | None:
    """Return what native code tells the costs of a query to; None if no collector wants details.

    `names` are the statement's columns; an empty one is not shown.
    """
    if trace is None:
        return None
    trace.columns, trace.django = names, statement.why_columns
    return trace.add_reading


class Chunks:
    """The rows of a stream, which many native calls write: each of them notes what it has read."""

    def __init__(
        self, statement: ExecutedQuery, sizes: Iterator[int], model: type, names: list[str], within: str | None = None
    ) -> None:
        self._statement = statement
        self._sizes = sizes
        self._model = model
        self._names = names
        self._within = within

    def fetch(self) -> list[Any]:
        """Return the next rows; converters run while others are still to come, as in `QuerySet.iterator()`."""
        rows: list[Any] = self._statement.cursor.fetchmany(next(self._sizes))
        return rows

    def report(self, rows: int, database_ns: int, callbacks: list[tuple[int, int, int]]) -> None:
        """Note what one native call has read."""
        add = report_to(self._statement, self._names, trace_rows(self._model, "values", within=self._within))
        if add is not None:
            add(rows, database_ns, callbacks)
