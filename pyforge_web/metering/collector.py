"""Collectors: what gathers the crossings between Python and Rust while it is open.

One `ContextVar` holds an immutable tuple of mutable collectors: tasks and threads that copy the context add to the
same collectors, and a collector opened in one of them is not seen by the others. Sums are added by native code; a
collector that asks for details hears of each call (`recording.py`).
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from time import perf_counter_ns
from typing import Any, ParamSpec, TypeVar

from pyforge_web._native import Counters, listen
from pyforge_web.metering.call_groups import SOURCES, Call, Group, Source, Sums
from pyforge_web.metering.call_sites import CallSite, caller, origin, place
from pyforge_web.metering.compilations import Compilation, Kind, compiled
from pyforge_web.metering.recorder import Recording
from pyforge_web.metering.row_traces import RowTrace, notes
from pyforge_web.metering.sql_traces import watch_queries

__all__ = [
    "SOURCES",
    "Call",
    "CallSite",
    "Collector",
    "Compilation",
    "Group",
    "RowTrace",
    "Source",
    "Sums",
    "active",
    "at",
    "collect",
    "compiled",
    "count_columns",
    "count_compiled",
    "count_django_rows",
    "count_failures",
    "count_rescued",
    "find_origin",
    "from_origin",
    "in_database",
    "notes",
]

Given = ParamSpec("Given")
Result = TypeVar("Result")

_GROUPS, _LANE = 200, 300
_KEPT = 100  # compile events, and failing fields, that one collector keeps


class Collector(Counters):
    """Sums over the native calls of a stretch of code, and with any argument the groups of calls that are alike.

    `groups` are kept by what was written and how; `sites` tells them apart by the line that called, `stacks` keeps the
    first stack of the first groups, `hashes` finds outputs that were written before, `queries` notes the SQL that runs
    inside of a call beside that of the QuerySets written, `calls` keeps so many single calls, and no
    more groups than `max_groups` are begun, by default 200.
    """

    # Little is done until it is needed: each request has one.
    recording: Recording | None = None

    def __init__(
        self,
        *,
        groups: bool = False,
        sites: bool = False,
        stacks: bool = False,
        hashes: bool = False,
        queries: bool = False,
        calls: int = 0,
        max_groups: int = 0,
    ) -> None:
        self.started_ns = perf_counter_ns()
        if groups or sites or stacks or hashes or queries or calls or max_groups:
            self.recording = Recording(sites or stacks, stacks, max_groups or _GROUPS)
            self.record = self.recording.find
            self._most_calls = calls
        if queries:
            watch_queries()

    def keep(self, group: Group, start_ns: int, costs: tuple[int, int, int, int, int, int]) -> bool:
        """Native code gives each call here while `calls=` wants more."""
        if self.recording is None or len(self.recording.calls) >= self._most_calls:
            return False
        self.recording.keep(group, start_ns, costs)
        return True

    @cached_property
    def failures(self) -> dict[tuple[str, str, str], int]:
        """How often each model's field failed with each code."""
        return {}

    @cached_property
    def compiled(self) -> list[Compilation]:
        """What was compiled meanwhile."""
        return []

    @property
    def functions(self) -> dict[str, Sums]:
        """The sums of each native function that was called."""
        return {name: Sums(*sums) for name, sums in self.by_function().items()}

    @property
    def sources(self) -> dict[Source, Sums]:
        """The sums of each source that there was."""
        found: dict[Source, Sums] = {}
        for name, sums in self.by_function().items():
            source = SOURCES.get(name, "direct")
            found[source] = found.get(source, Sums()).plus(Sums(*sums))
        return found

    @property
    def lanes(self) -> dict[Source, list[tuple[int, int]]]:
        """The timeline: start and duration of the first calls of each source, where calls are grouped."""
        lanes: dict[Source, list[tuple[int, int]]] = {}
        for name, calls in self.by_time():
            lanes.setdefault(SOURCES.get(name, "direct"), []).extend(calls)
        return {source: sorted(calls)[:_LANE] for source, calls in lanes.items()}

    @property
    def groups(self) -> list[Group]:
        """The groups of calls that are alike, in the order of their first calls."""
        return [] if self.recording is None else list(self.recording.groups.values())


active: ContextVar[tuple[Collector, ...]] = ContextVar("pyforge_web_collectors", default=())


@contextmanager
def collect(**details: Any) -> Iterator[Collector]:
    """Opens a collector for the block: `with collect() as crossings: ...`; the arguments are those of `Collector`."""
    listen()
    collector = Collector(**details)
    token = active.set((*active.get(), collector))
    try:
        yield collector
    finally:
        active.reset(token)


def at(where: CallSite, call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Makes a call on behalf of a place in a template, which the collectors are told."""
    if not active.get():
        return call(*args, **kwargs)
    token = place.set(where)
    try:
        return call(*args, **kwargs)
    finally:
        place.reset(token)


def find_origin() -> CallSite | None:
    """The line of the site that calls now, if a collector wants to know lines."""
    if not any(collector.recording is not None and collector.recording.sites for collector in active.get()):
        return None
    frame = caller(sys._getframe(1))
    return None if frame is None else CallSite.of(frame)


def from_origin(
    line: CallSite | None, call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """Makes a call for a stream that a line began, which the collectors are told."""
    if line is None:
        return call(*args, **kwargs)
    token = origin.set(line)
    try:
        return call(*args, **kwargs)
    finally:
        origin.reset(token)


def in_database(call: Callable[Given, Result], reading: RowTrace | None = None) -> Callable[Given, Result]:
    """The call with its time counted as the database's; the call itself where nobody listens."""
    collectors = active.get()
    if not collectors:
        return call

    def timed(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        started = perf_counter_ns()
        try:
            return call(*args, **kwargs)
        finally:
            taken = perf_counter_ns() - started
            for collector in collectors:
                collector.count_database(taken)
            if reading is not None:
                reading.waited(taken)

    return timed


def count_columns(django: int, total: int) -> None:
    """A query was planned: so many of its columns go through Django's converters."""
    for collector in active.get():
        collector.count_columns(total - django, django)


def count_django_rows(rows: int) -> None:
    """A QuerySet took Django's path, whole: so many rows."""
    for collector in active.get():
        collector.count_django_rows(rows)


def count_rescued() -> None:
    """A value of a native column was not of the strict form and went through Django's converters."""
    for collector in active.get():
        collector.count_rescued()


def count_failures(model: str, failures: Mapping[tuple[str, str], int]) -> None:
    """A validator refused values: how often each field failed with each code. The values are nobody's business."""
    for collector in active.get():
        for (field, code), number in failures.items():
            key = model, field, code
            if key in collector.failures or len(collector.failures) < _KEPT:
                collector.failures[key] = collector.failures.get(key, 0) + number


def count_compiled(label: str, kind: Kind, ns: int, native: int, django: int) -> None:
    """Something was compiled in `ns` nanoseconds, with so many native parts and so many that are Django's."""
    collectors = active.get()
    event = compiled.add(label, kind, ns, native, django, in_request=bool(collectors))
    for collector in collectors:
        if len(collector.compiled) < _KEPT:
            collector.compiled.append(event)
