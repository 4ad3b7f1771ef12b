"""`collect()`: count the native calls that a block of code makes.

One `ContextVar` holds an immutable tuple of mutable collectors. Tasks and threads that copy the context add to the same
collectors, and the others do not see a collector that was opened in one of them. Native code adds the sums; a collector
with `details=True` is also told about each call (`recorder.py`).
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from time import perf_counter_ns
from typing import ParamSpec

from pyforge_web._native import Counters, listen
from pyforge_web.metering.call_groups import CALL_SOURCES, CallGroup, CallSource, CallSums
from pyforge_web.metering.call_sites import CallSite, find_calling_frame, stream_origin, template_site
from pyforge_web.metering.compilations import Compilation, active_collectors
from pyforge_web.metering.recorder import CallRecorder
from pyforge_web.metering.row_traces import ReturnValue, RowTrace
from pyforge_web.metering.sql_traces import watch_queries

Given = ParamSpec("Given")

_MAX_MARKS = 300  # of the timeline, for each source
_MAX_FAILURES = 100  # failed fields


class Collector(Counters):
    """The sums of the native calls of a block of code.

    With `details=True` it also groups calls that are alike: by what they wrote, how, and by the line of code that made
    them. `groups` then has the first stack of the first groups, the SQL that ran inside of a call beside that of its
    QuerySets, and how often the same bytes were written again.
    """

    # Groups beyond this number are in the sums alone.
    max_groups = 200
    # None without details. Each request has a collector, so that little is done before it is needed.
    recorder: CallRecorder | None = None

    def __init__(self, *, details: bool = False) -> None:
        self.started_ns = perf_counter_ns()
        if details:
            self.recorder = CallRecorder(self.max_groups)
            self.find_group = self.recorder.find_group
            watch_queries()

    def keep_call(self, group: CallGroup, start_ns: int, costs: tuple[int, int, int, int, int, int]) -> bool:
        """Return whether native code should pass the next call here, too. A subclass may keep single calls."""
        return False

    @cached_property
    def failures(self) -> dict[tuple[str, str, str], int]:
        """Return how often each model's field failed with each code."""
        return {}

    @cached_property
    def compiled(self) -> list[Compilation]:
        """Return what was compiled while the collector was open."""
        return []

    @property
    def functions(self) -> dict[str, CallSums]:
        """Return the sums of each native function that was called."""
        return {name: CallSums(*sums) for name, sums in self.by_function().items()}

    @property
    def sources(self) -> dict[CallSource, CallSums]:
        """Return the sums of each source that made calls."""
        sources: dict[CallSource, CallSums] = {}
        for name, sums in self.by_function().items():
            source = CALL_SOURCES.get(name, "direct")
            sources[source] = sources.get(source, CallSums()).plus(CallSums(*sums))
        return sources

    @property
    def lanes(self) -> dict[CallSource, list[tuple[int, int]]]:
        """Return the timeline: start and duration of the first calls of each source; empty without details."""
        lanes: dict[CallSource, list[tuple[int, int]]] = {}
        for name, calls in self.by_time():
            lanes.setdefault(CALL_SOURCES.get(name, "direct"), []).extend(calls)
        # Sorted, because several functions make up a source, and each has its own list.
        return {source: sorted(calls)[:_MAX_MARKS] for source, calls in lanes.items()}

    @property
    def groups(self) -> list[CallGroup]:
        """Return the groups of calls that are alike, in the order of their first calls; empty without details."""
        return [] if self.recorder is None else list(self.recorder.groups.values())


@contextmanager
def collect(*, details: bool = False) -> Iterator[Collector]:
    """Open a collector for the block: `with collect() as crossings: ...`."""
    # Native code looks for collectors only from the first one on: without, metering costs nothing.
    listen()
    collector = Collector(details=details)
    active_collectors.set((*active_collectors.get(), collector))
    try:
        yield collector
    finally:
        # Not by a token: the end may come in another context, as a generator's does, or before that of an inner block.
        active_collectors.set(tuple(one for one in active_collectors.get() if one is not collector))


def call_from_template(
    where: CallSite, call: Callable[Given, ReturnValue], *args: Given.args, **kwargs: Given.kwargs
) -> ReturnValue:
    """Make a call, and tell the collectors which template tag it is for."""
    if not active_collectors.get():
        return call(*args, **kwargs)
    # Reset at the end, and not set to None: a tag may include a template with another tag.
    token = template_site.set(where)
    try:
        return call(*args, **kwargs)
    finally:
        template_site.reset(token)


def find_stream_origin() -> CallSite | None:
    """Return the project's line that is calling now, or None if no collector asks for lines."""
    if not any(collector.recorder is not None for collector in active_collectors.get()):
        return None
    # 1: the caller of this function, which is our own code and passed over by its module.
    frame = find_calling_frame(sys._getframe(1))
    return None if frame is None else CallSite.of(frame)


def call_from_stream(
    line: CallSite | None, call: Callable[Given, ReturnValue], *args: Given.args, **kwargs: Given.kwargs
) -> ReturnValue:
    """Make a call, and tell the collectors which line created the stream it is for."""
    if line is None:
        return call(*args, **kwargs)
    token = stream_origin.set(line)
    try:
        return call(*args, **kwargs)
    finally:
        stream_origin.reset(token)


def time_database(call: Callable[Given, ReturnValue], trace: RowTrace | None = None) -> Callable[Given, ReturnValue]:
    """Return a call whose time counts as the database's, or the same call if no collector is open."""
    collectors = active_collectors.get()
    if not collectors:
        return call

    def call_timed(*args: Given.args, **kwargs: Given.kwargs) -> ReturnValue:
        started = perf_counter_ns()
        try:
            return call(*args, **kwargs)
        finally:
            taken = perf_counter_ns() - started
            for collector in collectors:
                collector.count_database(taken)
            if trace is not None:
                trace.add_database_time(taken)

    return call_timed


def count_columns(django: int, total: int) -> None:
    """Count the columns of a query that was planned, and how many of them Django converts."""
    for collector in active_collectors.get():
        collector.count_columns(total - django, django)


def count_django_rows(rows: int) -> None:
    """Count the rows of a QuerySet that was left to Django as a whole."""
    for collector in active_collectors.get():
        collector.count_django_rows(rows)


def count_failures(model: str, failures: Mapping[tuple[str, str], int]) -> None:
    """Count the values that a validator rejected: how often each field failed with each code.

    The values themselves are never kept.
    """
    for collector in active_collectors.get():
        for (field, code), number in failures.items():
            key = model, field, code
            if key in collector.failures or len(collector.failures) < _MAX_FAILURES:
                collector.failures[key] = collector.failures.get(key, 0) + number
