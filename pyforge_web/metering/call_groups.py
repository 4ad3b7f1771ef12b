"""The costs of native calls, and groups of calls that are alike."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pyforge_web._native import CallTotals
from pyforge_web.metering.call_sites import CallSite
from pyforge_web.metering.row_traces import CompileTrace, RowTrace, SQLOrigin, SqlTrace

CallSource = Literal["response", "stream", "tag", "validate", "serializer", "direct"]

# Which API made a native call. Functions that are not listed here were called directly.
CALL_SOURCES: dict[str, CallSource] = {
    "dumps_response": "response",
    "dump_chunk": "stream",
    "dumps_html": "tag",
    "clean": "validate",
    "clean_rows": "validate",
    "clean_values": "validate",
    "serialize_rows": "serializer",
}
# A group keeps this many different SQL statements. One is enough to find the line that runs a query for each row.
_MAX_STATEMENTS = 5
_MAX_ERRORS, _MAX_ERROR_TEXT = 5, 300


def describe_error(error: BaseException) -> str:
    """Return the type and the text of an error, and its notes: native code notes the path of the value there."""
    # Python's `add_note()`, since 3.11. Cut, because the text of an error may hold a whole body.
    notes = getattr(error, "__notes__", ())
    return " ".join([f"{type(error).__name__}: {error}", *map(str, notes)])[:_MAX_ERROR_TEXT]


class CallSums(NamedTuple):
    """The summed costs of calls; times are in nanoseconds."""

    calls: int = 0
    crossings_out: int = 0
    rows: int = 0
    bytes: int = 0
    native_ns: int = 0
    python_ns: int = 0

    @property
    def crossings(self) -> int:
        """Return the number of boundary crossings: each call is one, and each call back to Python is one."""
        return self.calls + self.crossings_out

    def plus(self, other: "CallSums") -> "CallSums":
        """Return the sums of both."""
        return CallSums(*map(sum, zip(self, other, strict=True)))


class MeteredCall(NamedTuple):
    """One call of a group."""

    group: "CallGroup"
    start_ns: int
    costs: CallSums


@dataclass(slots=True)
class ColumnCosts:
    """How the values of one column were written.

    `native` values were written in Rust. `django` values went through Django's converters because of their column,
    `fallbacks` are values that fell back one by one: they were not stored in the format that Rust reads.
    """

    native: int = 0
    django: int = 0
    fallbacks: int = 0
    callback_ns: int = 0
    why: str = ""


@dataclass(slots=True, eq=False)
class CallGroup(CallTotals):
    """Calls that are alike. Native code adds their costs; starts are nanoseconds since the collector was opened."""

    function: str
    source: CallSource
    # The label of the model, or the name of the type if the value is not made of model rows.
    label: str
    # The type that the caller passed: QuerySet, list, Page, dict ...
    value_type: str
    fields: tuple[str, ...]
    path: str
    why: str
    site: CallSite | None
    template: CallSite | None
    start_ns: int
    stack: tuple[CallSite, ...] = ()
    # Rows of QuerySets that Django fetched and converted.
    django_rows: int = 0
    database_ns: int = 0
    # Of `database_ns`: executing, and the part of it that Django and the debug toolbar spend on recording each query.
    execute_ns: int = 0
    recording_ns: int = 0
    # The time in which Django compiled the QuerySets to SQL.
    compile_ns: int = 0
    columns: dict[str, ColumnCosts] = field(default_factory=dict)
    # SQL other than that of the QuerySets that were written: how often, how long, and the first statements.
    query_count: int = 0
    query_ns: int = 0
    # What the debug toolbar spent on recording these queries.
    query_recording_ns: int = 0
    queries: dict[str, int] = field(default_factory=dict)
    # Of the SQL cache: how often `hit`, `miss`, and each reason why a query is not remembered.
    sql_cache: dict[str, int] = field(default_factory=dict)
    # The errors that calls raised, with the path of the value: how often each, the first ones.
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def counted_twice(self) -> int:
        """Return how many rows are both `rows` and `django_rows`: instances that Django made and Rust wrote."""
        # Only on Django's path: elsewhere the two kinds of rows are different rows of one call.
        return min(self.rows, self.django_rows) if self.path == "django" else 0

    @property
    def all_rows(self) -> int:
        """Return the number of rows, whoever read them."""
        return self.rows + self.django_rows - self.counted_twice

    def add_notes(self, noted: list[Any]) -> None:
        """Add what the Python code inside of a call noted about it."""
        traces = [note for note in noted if type(note) is RowTrace]
        # Related rows have a prefix of their own, so they do not make a call one of several models.
        models = {trace.model for trace in traces if trace.within is None}
        for trace in traces:
            self.database_ns += trace.database_ns
            if trace.path != "django":
                self.execute_ns += trace.execute_ns
                self.recording_ns += max(0, trace.execute_ns - trace.sql_ns)
            self.django_rows += trace.rows if trace.path == "django" else 0
            model = f"{trace.model.__name__}." if len(models) > 1 else ""
            self._add_columns(trace, model if trace.within is None else trace.within)
        for note in noted:
            if type(note) is CompileTrace:
                self.compile_ns += note.ns
            elif type(note) is SQLOrigin:
                self.sql_cache[note.outcome] = self.sql_cache.get(note.outcome, 0) + 1
            elif type(note) is SqlTrace:
                self.query_count += 1
                self.query_ns += note.ns
                self.query_recording_ns += note.recording_ns
                # Without its parameters the statement of an N+1 is one text, however often it ran.
                if note.sql in self.queries or len(self.queries) < _MAX_STATEMENTS:
                    self.queries[note.sql] = self.queries.get(note.sql, 0) + 1

    def add_error(self, error: BaseException) -> None:
        """Add the error of a call that failed."""
        text = describe_error(error)
        # Bounded, because the text of an error has values in it: there may be as many as rows.
        if text in self.errors or len(self.errors) < _MAX_ERRORS:
            self.errors[text] = self.errors.get(text, 0) + 1

    def _add_columns(self, trace: RowTrace, prefix: str) -> None:
        django = trace.django()
        for index, name in enumerate(trace.columns):
            if not name:
                continue
            column = self.columns.setdefault(prefix + name, ColumnCosts(why=django.get(index, "")))
            number, ns = trace.callbacks.get(index, (0, 0))
            column.callback_ns += ns
            if index in django:
                column.django += number
            else:
                column.fallbacks += number
                column.native += trace.rows - number
