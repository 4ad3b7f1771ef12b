"""Measures Django's JsonResponse and PyForgeJsonResponse on the same data, after checking that they agree."""

import json
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, perf_counter_ns
from typing import Any

from django.http import HttpResponse, JsonResponse

from demo_site.airports.cases import Case
from pyforge_web import PyForgeJsonResponse

RUNS = 15
RUNS_MIN = 3
BUDGET_SECONDS = 2.0
SIDES = ("django", "pyforge")


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the way from the view to the bytes that is timed by itself."""

    slug: str
    title: str
    what: str


# A further stage is a row here and two callables in `_work`.
STAGES = (
    Stage("whole", "Query to bytes", "A fresh QuerySet, the database, the conversion and the encoding."),
    Stage("encoding", "Encoding alone", "The same rows, already lists and dicts in memory."),
)


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one stage on one side, in microseconds."""

    best: float
    median: float


@dataclass(frozen=True, slots=True)
class Side:
    """One response class on one case."""

    size: int
    """Bytes of the body."""
    stages: dict[str, Timing]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found for one case."""

    case: str
    runs: int
    difference: str | None
    """Where the two bodies first differ in value; None where they are equal."""
    same_bytes: bool
    """Whether PyForge's body with `django_bytes=True` is Django's, byte for byte."""
    sides: dict[str, Side]


def respond(case: Case, side: str) -> HttpResponse:
    """Give the response of one side to one case, from a fresh QuerySet."""
    if side == "django":
        return JsonResponse(case.plain(), safe=False)
    return PyForgeJsonResponse(case.native(), safe=False)


def compare(case: Case, *, runs: int = RUNS, budget: float = BUDGET_SECONDS) -> Comparison:
    """Compare the two sides on one case: the values first, then sizes and times.

    The four measurements of a run are taken in random order, so that a busy moment of the machine falls on
    every side alike. Fewer than `runs` runs are made (but at least three) when `budget` seconds are used up.
    """
    bodies = {side: respond(case, side).content for side in SIDES}
    exact = PyForgeJsonResponse(case.native(), safe=False, django_bytes=True).content
    work = _work(case)
    times: dict[tuple[str, str], list[int]] = {key: [] for key in work}
    end = perf_counter() + budget
    done = 0
    while done < runs and (done < RUNS_MIN or perf_counter() < end):
        for key in random.sample(list(work), len(work)):
            times[key].append(_time(work[key]))
        done += 1
    sides = {
        side: Side(len(bodies[side]), {stage.slug: _timing(times[stage.slug, side]) for stage in STAGES})
        for side in SIDES
    }
    difference = first_difference(*(json.loads(bodies[side]) for side in SIDES))
    return Comparison(case.slug, done, difference, exact == bodies["django"], sides)


def first_difference(one: Any, other: Any, path: str = "$") -> str | None:
    """Give the path of the first difference between two values read from JSON, or None.

    Types, the order of keys and the sign of zero count.
    """
    if type(one) is not type(other):
        return path
    if isinstance(one, dict):
        if list(one) != list(other):
            return path
        inner = ((f"{path}.{key}", one[key], other[key]) for key in one)
    elif isinstance(one, list):
        if len(one) != len(other):
            return path
        inner = ((f"{path}[{i}]", *pair) for i, pair in enumerate(zip(one, other, strict=True)))
    else:
        return None if repr(one) == repr(other) else path
    return next(filter(None, (first_difference(a, b, at) for at, a, b in inner)), None)


def _work(case: Case) -> dict[tuple[str, str], Callable[[], HttpResponse]]:
    """Give what is timed, by stage and side."""
    data = case.plain()
    return {
        ("whole", "django"): lambda: respond(case, "django"),
        ("whole", "pyforge"): lambda: respond(case, "pyforge"),
        ("encoding", "django"): lambda: JsonResponse(data, safe=False),
        ("encoding", "pyforge"): lambda: PyForgeJsonResponse(data, safe=False),
    }


def _time(work: Callable[[], HttpResponse]) -> int:
    """Give the nanoseconds that one call takes; the response itself is thrown away."""
    start = perf_counter_ns()
    work().content  # noqa: B018 - a response may leave its encoding to the first look at its content
    return perf_counter_ns() - start


def _timing(samples: list[int]) -> Timing:
    """Give the best and the median of some nanoseconds, as microseconds."""
    return Timing(min(samples) / 1000, statistics.median(samples) / 1000)
