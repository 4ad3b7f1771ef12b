"""SQL that runs inside of a native call, beside that of the QuerySets it writes: finds a query for each row."""

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from threading import local
from time import perf_counter_ns
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from pyforge_web.metering.row_traces import SqlTrace, call_notes


def watch_queries() -> None:
    """Note the SQL of native calls from now on: on the connections of this thread, and on all later ones."""
    # Connections that open later, as in another thread, are told of by Django's signal.
    _connect_signal()
    # Once in a thread: what it had open before the signal was connected. Each request under the panel comes by here.
    if not settings.configured or hasattr(_thread, "is_watched"):
        return
    for connection in connections.all(initialized_only=True):
        _watch_connection(connection=connection)
    _thread.is_watched = True


_thread = local()


@cache
def _connect_signal() -> None:
    """Connect once in a process. Each `connect()` registers a `weakref.finalize` that is never dropped."""
    connection_created.connect(_watch_connection, dispatch_uid="pyforge_web.queries")


def _watch_connection(*, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    if note_query not in connection.execute_wrappers:
        # At the front: `execute_wrapper()` takes the last one off at its end, and a connection may open inside of it.
        connection.execute_wrappers.insert(0, note_query)


def are_silent(wrappers: list[Callable[..., Any]]) -> bool:
    """Return whether the execute wrappers of a connection do nothing now: they are ours, and no call wants notes."""
    return call_notes.get() is None and all(wrapper is note_query for wrapper in wrappers)


class QuerySums:
    """The queries of a request: their number, and the nanoseconds of their execution."""

    __slots__ = ("count", "ns")

    def __init__(self) -> None:
        self.count = self.ns = 0


# An object that is changed in its place: the threads and tasks of a request have copies of the variable.
query_sums: ContextVar[QuerySums | None] = ContextVar("pyforge_web_query_sums", default=None)


def note_query(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Execute a statement, and note it where a native call or a request listens. It asks the connection for nothing."""
    noted, sums = call_notes.get(), query_sums.get()
    if noted is None and sums is None:
        return execute(sql, params, many, context)
    started = perf_counter_ns()
    try:
        return execute(sql, params, many, context)
    finally:
        ended = perf_counter_ns()
        if sums is not None:
            sums.count += 1
            sums.ns += ended - started
        if noted is not None:
            # `str`: psycopg's composed statements are objects.
            noted.append(SqlTrace(str(sql), ended - started, ended))


def time_recording(record: Callable[..., None]) -> Callable[..., None]:
    """Return the SQL panel's `record()` so that the time it takes is noted beside the query.

    It is the last thing that the panel does for a query, after stack traces and the like.
    Source: debug_toolbar.panels.sql.tracking.NormalCursorMixin._record.
    """

    def record_and_time(**details: Any) -> None:
        record(**details)
        noted = call_notes.get()
        if noted and type(noted[-1]) is SqlTrace:
            noted[-1] = noted[-1]._replace(recording_ns=perf_counter_ns() - noted[-1].ended_ns)

    return record_and_time
