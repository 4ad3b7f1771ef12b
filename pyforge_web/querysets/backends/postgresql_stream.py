"""Rows of PostgreSQL that libpq hands on in chunks, so that a large result is never in memory as a whole.

libpq keeps all rows of a usual statement: 2.3 times the JSON of 100,000 rows. `Cursor.stream(size=...)` of psycopg
reads some of them at once, from libpq 17 on. The connection can do nothing else until the last row is read.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from pyforge_web.querysets.backends.cursors import StatementPlan
from pyforge_web.stock import StockMethods

_STREAM_SIZE = 200
# A page of fewer rows gains nothing, and costs 20 us more.
_LARGE = 1000
_EXECUTE_METHODS = ("execute", "stream")
_STREAM_METHODS = [StockMethods(kind, _EXECUTE_METHODS, psycopg) for kind in (psycopg.Cursor, psycopg.ClientCursor)]
HAS_STREAM = bool(getattr(getattr(psycopg, "capabilities", None), "has_stream_chunked", bool)())


def is_large(plan: StatementPlan) -> bool:
    """Return whether there may be many rows, which are read at once by a statement that is alone on its connection."""
    return plan.in_parts and not plan.chunked and (plan.most is None or plan.most > _LARGE)


def can_stream(raw: Any) -> bool:
    """Return whether a cursor that executes as psycopg does can hand on its rows in chunks; not in pipeline mode."""
    return (
        HAS_STREAM
        and any(methods.are_methods_of(type(raw)) for methods in _STREAM_METHODS)
        and hasattr(raw, "__dict__")
        and vars(raw).keys().isdisjoint(_EXECUTE_METHODS)
        and not raw.connection.pgconn.pipeline_status
    )


class StreamedRows:
    """A statement whose rows are read in chunks, with the methods of a cursor."""

    def __init__(self, cursor: Any, raw: Any, connection: BaseDatabaseWrapper) -> None:
        self._cursor = cursor
        self._raw = raw
        self._connection = connection
        self._rows: Iterator[Any] | None = None
        self._first: list[tuple[Any, ...]] = []
        # Django, its wrappers and tools call `execute` of the driver's cursor: below them it starts a stream, once.
        raw.execute = self._start

    @property
    def is_started(self) -> bool:
        """Return whether the driver's cursor has executed the statement, and not something in its place."""
        return self._rows is not None

    def forget(self) -> None:
        """Let the driver's cursor execute as it does."""
        vars(self._raw).pop("execute", None)

    def _start(self, query: Any, params: Any = None) -> Any:
        self.forget()
        self._rows = self._raw.stream(query, params, size=_STREAM_SIZE)
        self._first = self._read(1)  # what is wrong with a statement is raised by its execution
        return self._raw

    def _read(self, size: int | None) -> list[tuple[Any, ...]]:
        """Return the next rows.

        A stream holds the lock of its connection until it ends. We hold it for the time of a read alone: with a lock a
        statement of anybody else, of the garbage collector's closing of a cursor too, would wait for ever. Without one
        the server's library refuses it.
        """
        rows, lock = self._rows, self._raw.connection.lock
        assert rows is not None  # noqa: S101 - it is started
        if _is_suspended(rows):
            lock.acquire()
        try:
            return list(islice(rows, size))
        finally:
            if _is_suspended(rows):
                lock.release()

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows; the driver's errors are Django's."""
        first, self._first = self._first, []
        if not first:
            with self._connection.wrap_database_errors:
                return self._read(size)
        with self._connection.wrap_database_errors:
            return first + self._read(size - 1)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows that are left."""
        first, self._first = self._first, []
        with self._connection.wrap_database_errors:
            return first + self._read(None)

    def close(self) -> None:
        """End the statement.

        What is left of the rows is read in a transaction, which a cancelled statement would break; else it is
        cancelled.
        """
        rows: Any = self._rows
        try:
            if rows is not None and _is_suspended(rows):
                if self._connection.in_atomic_block or not self._connection.get_autocommit():
                    while self._read(_STREAM_SIZE):
                        pass
                else:
                    self._cancel()
        finally:
            self._cursor.close()

    def _cancel(self, *, wait: bool = True) -> None:
        """Cancel the statement. The generator gives the lock back at its end, so it must have it."""
        rows: Any = self._rows
        if rows is not None and _is_suspended(rows) and self._raw.connection.lock.acquire(blocking=wait):
            rows.close()

    def __del__(self) -> None:
        # An error between the execution and the first read; `close` has not been called.
        self._cancel(wait=False)


def _is_suspended(rows: Any) -> bool:
    """Return whether a generator stands between two rows: it has begun, and has not ended."""
    return bool(rows.gi_suspended)
