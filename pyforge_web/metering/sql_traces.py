"""SQL that runs inside of a native call beside that of the QuerySets it writes: a query for each row, found."""

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from pyforge_web.metering.row_traces import SqlTrace, notes


def watch_queries() -> None:
    """From now on the SQL of native calls is noted: on this thread's connections, and on all that connect later."""
    connection_created.connect(_watch, dispatch_uid="pyforge_web.queries")
    for connection in connections.all(initialized_only=True):
        _watch(connection=connection)


def _watch(*, connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    if _note_query not in connection.execute_wrappers:
        connection.execute_wrappers.append(_note_query)


def _note_query(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    noted = notes.get()
    if noted is None:
        return execute(sql, params, many, context)
    started = perf_counter_ns()
    try:
        return execute(sql, params, many, context)
    finally:
        noted.append(SqlTrace(str(sql), perf_counter_ns() - started))
