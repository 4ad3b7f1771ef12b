"""Collectors: what gathers the crossings between Python and Rust while it is open.

One `ContextVar` holds an immutable tuple of mutable collectors: tasks and threads that copy the context add to the
same collectors, and a collector opened in one of them is not seen by the others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from .bridge import listen


@dataclass(slots=True)
class Collector:
    """Sums over the native calls of a stretch of code; all times in nanoseconds."""

    calls: int = 0
    crossings_in: int = 0
    crossings_out: int = 0
    rows: int = 0
    bytes: int = 0
    native_ns: int = 0
    python_ns: int = 0
    native_columns: int = 0
    django_columns: int = 0
    rescued: int = 0

    def add(self, function: str, crossings_out: int, rows: int, size: int, native_ns: int, python_ns: int) -> None:
        """One call of a native function ended; native code calls this.

        `crossings_out` calls went back to Python and took `python_ns`; `size` bytes were written, for `rows` rows of
        queries.
        """
        self.calls += 1
        self.crossings_in += 1
        self.crossings_out += crossings_out
        self.rows += rows
        self.bytes += size
        self.native_ns += native_ns
        self.python_ns += python_ns


active: ContextVar[tuple[Collector, ...]] = ContextVar("pyforge_web_collectors", default=())


@contextmanager
def collect() -> Iterator[Collector]:
    """Opens a collector for the block: `with collect() as crossings: ...`."""
    listen()
    collector = Collector()
    token = active.set((*active.get(), collector))
    try:
        yield collector
    finally:
        active.reset(token)


def count_columns(django: int, total: int) -> None:
    """A query was planned: so many of its columns go through Django's converters."""
    for collector in active.get():
        collector.django_columns += django
        collector.native_columns += total - django


def count_rescued() -> None:
    """A value of a native column was not of the strict form and went through Django's converters."""
    for collector in active.get():
        collector.rescued += 1
