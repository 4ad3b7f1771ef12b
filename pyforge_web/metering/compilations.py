"""What was compiled in this process, and when."""

from collections import deque
from time import perf_counter_ns
from typing import Literal, NamedTuple

from django.apps import apps

_BEGAN = perf_counter_ns()

Kind = Literal["serializer", "validator"]
When = Literal["startup", "request", "lazily"]


class Compilation(NamedTuple):
    """One compilation: of what, when, in how many nanoseconds, into how many native parts and parts that are Django's.

    `when` is `startup` until all applications are ready, `request` while a collector is open, else `lazily`; `after_ns`
    is the time since this module was imported.
    """

    label: str
    kind: Kind
    when: When
    after_ns: int
    ns: int
    native: int
    django: int


class Compilations:
    """The newest compilations of this process, the last of each model's validator, and the sums of all."""

    def __init__(self) -> None:
        self.newest: deque[Compilation] = deque(maxlen=500)
        self.validators: dict[str, Compilation] = {}
        self.count = 0
        self.ns = 0

    def add(self, label: str, kind: Kind, ns: int, native: int, django: int, *, in_request: bool) -> Compilation:
        """One more, that has just ended."""
        when: When = "startup" if not apps.ready else "request" if in_request else "lazily"
        event = Compilation(label, kind, when, perf_counter_ns() - _BEGAN, ns, native, django)
        self.newest.append(event)
        if kind == "validator":
            self.validators[label] = event
        self.count += 1
        self.ns += ns
        return event


compiled = Compilations()
