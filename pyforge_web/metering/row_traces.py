"""What Python code notes about the native call that is running, for collectors with details."""

from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter_ns
from typing import Any, Literal, NamedTuple, TypeVar

ReturnValue = TypeVar("ReturnValue")

# The notes of the native call that runs in this context; None if no collector wants details. Native code sets it.
call_notes: ContextVar[list[Any] | None] = ContextVar("pyforge_web_call_notes", default=None)


class SqlTrace(NamedTuple):
    """SQL that ran inside of a native call. Its parameters are not kept.

    `recording_ns` is what the debug toolbar's SQL panel spent on it afterwards.
    """

    sql: str
    ns: int
    ended_ns: int
    recording_ns: int = 0


class CompileTrace(NamedTuple):
    """A query that Django compiled to SQL inside of a native call."""

    ns: int


class SQLOrigin(NamedTuple):
    """Where the SQL of a query came from: `hit` or `miss` of the SQL cache, or why the query is not remembered."""

    outcome: str


ReadingPath = Literal["values", "django", "instance"]


class RowTrace:
    """How rows were read, and what each column cost.

    The rows are those of a QuerySet, read natively (`values`) or by Django, or those of instances in memory.
    """

    __slots__ = (
        "_noted",
        "callbacks",
        "columns",
        "database_ns",
        "django",
        "execute_ns",
        "model",
        "path",
        "queries",
        "rows",
        "sql_ns",
        "why",
        "within",
    )

    def __init__(self, model: type, path: ReadingPath, why: str, noted: list[Any], within: str | None) -> None:
        # The prefix of related rows in the JSON of their parents: `tags.`; None for the outermost rows.
        self.within = within
        self.model = model
        self.path = path
        self.why = why
        # A column that is not written has an empty name.
        self.columns: list[str] = []
        # Returns the columns that Django converts: their index, and why. Called once for each group.
        self.django: Callable[[], dict[int, str]] = dict
        # For each column, how many of its values Django converted, and the nanoseconds.
        self.callbacks: dict[int, tuple[int, int]] = {}
        self.rows = self.queries = self.database_ns = 0
        # Of `database_ns`: `cursor.execute()` as a whole, and within it the time that the driver took. The difference
        # is spent by what Django and the debug toolbar record about each query.
        self.execute_ns = self.sql_ns = 0
        self._noted = noted

    def add_database_time(self, ns: int) -> None:
        """Add the time of these rows' own query. Its SQL is taken out of the notes: it is not a query beside it."""
        self.database_ns += ns
        # In place, below: the list is the one that native code holds for the running call.
        own = [note for note in self._noted if type(note) is SqlTrace]
        self.queries += len(own)
        if own:
            self.execute_ns += ns
            self.sql_ns += sum(note.ns for note in own)
        self._noted[:] = [note for note in self._noted if type(note) is not SqlTrace]

    def take_first_query(self) -> None:
        """Take the first query of the call for that of these rows, which other code has run: not one beside it."""
        for at, note in enumerate(self._noted):
            if type(note) is SqlTrace:
                del self._noted[at]
                self.queries += 1
                self.database_ns += note.ns
                self.sql_ns += note.ns
                self.execute_ns += note.ns + note.recording_ns
                return

    def add_reading(self, rows: int, database_ns: int, callbacks: list[tuple[int, int, int]]) -> None:
        """Add what native code has read in one call. It counts rows, and times fetches and converters by column."""
        self.rows += rows
        self.database_ns += database_ns
        for index, number, ns in callbacks:
            known, sum_ns = self.callbacks.get(index, (0, 0))
            self.callbacks[index] = known + number, sum_ns + ns


def time_compilation(compile_sql: Callable[[], ReturnValue]) -> ReturnValue:
    """Return what `compile_sql` returns, and note how long it took if a collector wants details."""
    noted = call_notes.get()
    if noted is None:
        return compile_sql()
    started = perf_counter_ns()
    try:
        return compile_sql()
    finally:
        noted.append(CompileTrace(perf_counter_ns() - started))


def note_sql_origin(outcome: str) -> None:
    """Note `hit`, `miss`, or why a query is not remembered, if a collector wants details."""
    noted = call_notes.get()
    if noted is not None:
        noted.append(SQLOrigin(outcome))


def trace_rows(model: type, path: ReadingPath, why: str = "", *, within: str | None = None) -> RowTrace | None:
    """Note that the running call reads a QuerySet or instances; return None if no collector wants details."""
    noted = call_notes.get()
    if noted is None:
        return None
    trace = RowTrace(model, path, why, noted, within)
    noted.append(trace)
    return trace
