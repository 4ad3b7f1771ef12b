"""A query that has been executed, and its rows: all of them at once, or part by part."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from pyforge_web import metering
from pyforge_web.metering.row_traces import RowTrace
from pyforge_web.querysets.relations.tree_walk import ColumnSlot
from pyforge_web.querysets.statement import ExecutedQuery

PartsResult = TypeVar("PartsResult")
_PART = 200  # thousands of rows leave the processor's cache


class FetchedQuery:
    """The rows of an executed query, and where its columns are in them."""

    def __init__(self, executed: ExecutedQuery, indexes: dict[ColumnSlot, int], trace: RowTrace | None) -> None:
        self._executed, self._trace = executed, trace
        self.count = 0  # of the rows that were fetched
        self.indexes = indexes
        self.readers = executed.readers
        self.convert = executed.convert
        self.driver_value = executed.driver_value
        self.python_values = executed.python_values

    @cached_property
    def rows(self) -> list[tuple[Any, ...]]:
        """All rows, as the driver gives them."""
        return self.fetch_parts(lambda fetch: fetch(), self._executed.cursor.fetchall)

    @property
    def is_fetched(self) -> bool:
        """Whether the rows are in memory."""
        return "rows" in vars(self)

    def fetch_parts(
        self, read: Callable[[Callable[[], list[Any]]], PartsResult], fetch: Callable[..., list[Any]] | None = None
    ) -> PartsResult:
        """Return what `read` makes of the function that fetches the next rows. The cursor is closed afterwards."""
        cursor, trace = self._executed.cursor, self._trace
        fetch = fetch or _parts(cursor.fetchmany)
        try:
            return read(self._counted(fetch if trace is None else metering.time_database(fetch, trace), trace))
        finally:
            cursor.close()

    def _counted(self, fetch: Callable[[], list[Any]], trace: RowTrace | None) -> Callable[[], list[Any]]:
        def fetch_counted() -> list[Any]:
            rows = fetch()
            self.count += len(rows)
            if trace is not None:
                trace.rows += len(rows)
            return rows

        return fetch_counted


def _parts(fetchmany: Callable[[int], list[Any]]) -> Callable[[], list[Any]]:
    """The function that fetches the next rows, and does not ask again behind a part that is not full."""
    is_done = False

    def fetch() -> list[Any]:
        nonlocal is_done
        if is_done:
            return []
        rows = fetchmany(_PART)
        is_done = len(rows) < _PART
        return rows

    return fetch
