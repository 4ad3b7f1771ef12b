"""The log of what this process has compiled, and when.

Validators are compiled while the applications start: this module imports nothing of the collectors.
"""

from collections import deque
from contextvars import ContextVar
from time import perf_counter_ns
from typing import TYPE_CHECKING, Literal, NamedTuple

from django.apps import apps

if TYPE_CHECKING:
    from pyforge_web.metering.collector import Collector

_IMPORTED_NS = perf_counter_ns()

CompilationKind = Literal["serializer", "validator"]
CompilationTime = Literal["startup", "request", "lazily"]


class Compilation(NamedTuple):
    """One compilation: what, when, how many nanoseconds, and the number of native parts and of Django's parts.

    `when` is `startup` until all apps are ready, `request` while a collector is open, and `lazily` otherwise.
    `after_ns` is the time since this module was imported.
    """

    label: str
    kind: CompilationKind
    when: CompilationTime
    after_ns: int
    ns: int
    native: int
    django: int


class CompilationLog:
    """The newest compilations of this process, the last one of each model's validator, and the sums of all."""

    def __init__(self) -> None:
        # Bounded: models that are made at run time are compiled without end.
        self.newest: deque[Compilation] = deque(maxlen=500)
        self.validators: dict[str, Compilation] = {}
        self.count = 0
        self.ns = 0

    def add(
        self, label: str, kind: CompilationKind, ns: int, native: int, django: int, *, in_request: bool
    ) -> Compilation:
        """Add a compilation that has just ended, and return it."""
        # `apps.ready` is set when the last application's `ready()` has returned: `django.apps.registry.Apps.populate`.
        when: CompilationTime = "startup" if not apps.ready else "request" if in_request else "lazily"
        event = Compilation(label, kind, when, perf_counter_ns() - _IMPORTED_NS, ns, native, django)
        self.newest.append(event)
        if kind == "validator":
            self.validators[label] = event
        self.count += 1
        self.ns += ns
        return event


compilation_log = CompilationLog()

# The collectors that are open in this context. Native code reads it, too.
active_collectors: "ContextVar[tuple[Collector, ...]]" = ContextVar("pyforge_web_collectors", default=())

_MAX_EVENTS = 100  # of one collector


def count_compiled(label: str, kind: CompilationKind, ns: int, native: int, django: int) -> None:
    """Log a compilation of `ns` nanoseconds, with the number of its native parts and of Django's parts."""
    collectors = active_collectors.get()
    event = compilation_log.add(label, kind, ns, native, django, in_request=bool(collectors))
    for collector in collectors:
        # A test suite may hold one collector open for thousands of models.
        if len(collector.compiled) < _MAX_EVENTS:
            collector.compiled.append(event)
