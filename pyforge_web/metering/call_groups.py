"""What calls have cost together, and the groups of calls that are alike."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pyforge_web._native import Tally
from pyforge_web.metering.call_sites import CallSite
from pyforge_web.metering.row_traces import RowTrace, SqlTrace

Source = Literal["response", "stream", "tag", "validate", "direct"]

# The door that each native function stands behind; what is not here is called directly.
SOURCES: dict[str, Source] = {
    "dumps_response": "response",
    "dump_chunk": "stream",
    "dumps_html": "tag",
    "clean": "validate",
    "clean_rows": "validate",
    "clean_values": "validate",
}
_QUERIES = 5


class Sums(NamedTuple):
    """What calls have cost together; times in nanoseconds."""

    calls: int = 0
    crossings_out: int = 0
    rows: int = 0
    bytes: int = 0
    native_ns: int = 0
    python_ns: int = 0

    @property
    def crossings(self) -> int:
        """Crossings in, of which each call is one, and out."""
        return self.calls + self.crossings_out

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(*map(sum, zip(self, other, strict=True)))


class Call(NamedTuple):
    """One call of a group."""

    group: "Group"
    start_ns: int
    costs: Sums


@dataclass(slots=True)
class Column:
    """How the values of a column were written: natively, by Django's converters, or by them for want of strict form."""

    native: int = 0
    django: int = 0
    rescued: int = 0
    callback_ns: int = 0
    why: str = ""


@dataclass(slots=True, eq=False)
class Group(Tally):
    """Calls that are alike; times in nanoseconds, starts since the collector began. Native code adds the sums."""

    function: str
    source: Source
    # The model, or the type of what is none.
    label: str
    # The type that was given: QuerySet, list, Page, dict ...
    value_type: str
    fields: tuple[str, ...]
    path: str
    why: str
    site: CallSite | None
    template: CallSite | None
    start_ns: int
    stack: tuple[CallSite, ...] = ()
    # Rows of QuerySets that Django has made.
    django_rows: int = 0
    database_ns: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    # Beside those of the QuerySets: their number and time, and the first of them with the number of each.
    query_count: int = 0
    query_ns: int = 0
    queries: dict[str, int] = field(default_factory=dict)

    def add_notes(self, noted: list[Any]) -> None:
        """What the call's own Python code has noted."""
        readings = [note for note in noted if type(note) is RowTrace]
        models = {reading.model for reading in readings if reading.within is None}
        for reading in readings:
            self.database_ns += reading.database_ns
            self.django_rows += reading.rows if reading.path == "django" else 0
            model = f"{reading.model.__name__}." if len(models) > 1 else ""
            self._add_columns(reading, model if reading.within is None else reading.within)
        for note in noted:
            if type(note) is SqlTrace:
                self.query_count += 1
                self.query_ns += note.ns
                if note.sql in self.queries or len(self.queries) < _QUERIES:
                    self.queries[note.sql] = self.queries.get(note.sql, 0) + 1

    def _add_columns(self, reading: RowTrace, prefix: str) -> None:
        django = reading.django()
        for index, name in enumerate(reading.columns):
            if not name:
                continue
            column = self.columns.setdefault(prefix + name, Column(why=django.get(index, "")))
            number, ns = reading.callbacks.get(index, (0, 0))
            column.callback_ns += ns
            if index in django:
                column.django += number
            else:
                column.rescued += number
                column.native += reading.rows - number
