"""What Python code notes of the native call that is running, for collectors that want details."""

from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter_ns
from typing import Any, Literal, NamedTuple

# Of the native call that runs in this context; None where no collector wants details. Native code sets it.
notes: ContextVar[list[Any] | None] = ContextVar("pyforge_web_notes", default=None)


class SqlTrace(NamedTuple):
    """SQL that ran inside of a native call; its parameters are not kept."""

    sql: str
    ns: int


Path = Literal["values", "django", "instance"]


class RowTrace:
    """How rows were read, and what each column cost: of a QuerySet natively (`values`) or on Django's path, or of
    instances in memory."""

    __slots__ = (
        "_noted",
        "callbacks",
        "columns",
        "database_ns",
        "django",
        "model",
        "path",
        "queries",
        "rows",
        "why",
        "within",
    )

    def __init__(self, model: type, path: Path, why: str, noted: list[Any], within: str | None) -> None:
        # Where the rows are in the JSON of others: `tags.`; None where nothing is nested.
        self.within = within
        self.model = model
        self.path = path
        self.why = why
        # An empty name is a column that is not written.
        self.columns: list[str] = []
        # The columns that go through Django's converters: their index, and why; asked for once in a group.
        self.django: Callable[[], dict[int, str]] = dict
        # How often a column's value went through Django's converters, and the nanoseconds.
        self.callbacks: dict[int, tuple[int, int]] = {}
        self.rows = self.queries = self.database_ns = 0
        self._noted = noted

    def waited(self, ns: int) -> None:
        """The database answered this reading; what it was asked is no query beside it."""
        self.database_ns += ns
        own = [note for note in self._noted if type(note) is SqlTrace]
        self.queries += len(own)
        self._noted[:] = [note for note in self._noted if type(note) is not SqlTrace]

    def count_rows(self, fetch: Callable[[], list[Any]]) -> Callable[[], list[Any]]:
        """`fetch` that counts what it gives."""

        def counted() -> list[Any]:
            rows = fetch()
            self.rows += len(rows)
            return rows

        return counted

    def time_callbacks(self, rescue: Callable[[int, Any], Any]) -> Callable[[int, Any], Any]:
        """`rescue` that is counted and timed for each column."""

        def timed(index: int, value: Any) -> Any:
            started = perf_counter_ns()
            try:
                return rescue(index, value)
            finally:
                number, ns = self.callbacks.get(index, (0, 0))
                self.callbacks[index] = number + 1, ns + perf_counter_ns() - started

        return timed


def trace_rows(model: type, path: Path, why: str = "", *, within: str | None = None) -> RowTrace | None:
    """Notes that the running call reads a QuerySet, or instances; None where no collector wants to know."""
    noted = notes.get()
    if noted is None:
        return None
    reading = RowTrace(model, path, why, noted, within)
    noted.append(reading)
    return reading
