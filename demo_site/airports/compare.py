"""Measures Django's JsonResponse and PyForgeJsonResponse on the same data, after checking that they agree."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, JsonResponse

from demo_site.airports.cases import Case
from demo_site.airports.timing import Measure, Timing, columns, in_turn, part_measures, parts, timed
from pyforge_web import PyForgeJsonResponse

RUNS = 15
BUDGET_SECONDS = 3.0
SIDES = ("django", "pyforge")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the way from the view to the bytes that is timed by itself."""

    slug: str
    title: str
    what: str


# A further stage is a row here and two measures in `_measures`.
STAGES = (
    Stage("whole", "Query to bytes", "A fresh QuerySet, the database, the conversion and the encoding."),
    Stage("encoding", "Encoding alone", "The same rows, already lists and dicts in memory."),
)

# The first stage in parts, where the case has a QuerySet. PyForge has "sql", and "native" for the other two.
PARTS = (
    Stage(
        "sql",
        "SQL",
        "Building the QuerySet and its SQL, running it, and the driver fetching raw rows. For Django: its compiler's "
        "execute_sql() alone. For PyForge: the time its call spends in Python, where the same compiler and cursor "
        "work, and where Django's converters take any value that is not read natively.",
    ),
    Stage(
        "conversion",
        "Conversion",
        "From raw rows to dicts of Python objects: the rest of Django's list(queryset).",
    ),
    Stage(
        "encoding",
        "Encoding",
        "From those dicts to bytes. PyForge converts and encodes in one pass over the raw rows and makes no dicts, so "
        "it has one time for both: all of its call outside the SQL part.",
    ),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One response class on one case."""

    size: int
    """Bytes of the body."""
    stages: dict[str, Timing]
    parts: dict[str, Timing] | None
    """By PARTS, where the case has a QuerySet."""


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
    columns: dict[str, int]
    """What PyForge's call counted: rows, and their columns and values by path."""


def respond(case: Case, side: str) -> HttpResponse:
    """Give the response of one side to one case, from a fresh QuerySet."""
    if side == "django":
        return JsonResponse(case.plain(), safe=False)
    return PyForgeJsonResponse(case.native(), fields=case.fields, safe=False)


def compare(case: Case, *, runs: int = RUNS, budget: float = BUDGET_SECONDS) -> Comparison:
    """Compare the two sides on one case: the values first, then sizes and times."""
    bodies = {side: respond(case, side).content for side in SIDES}
    exact = PyForgeJsonResponse(case.native(), fields=case.fields, safe=False, django_bytes=True).content
    done, timings = in_turn([*_measures(case), *part_measures(case)], runs=runs, budget=budget)
    sides = {
        side: Side(len(bodies[side]), {stage.slug: timings[stage.slug, side] for stage in STAGES}, parts(timings, side))
        for side in SIDES
    }
    difference = first_difference(*(json.loads(bodies[side]) for side in SIDES))
    return Comparison(case.slug, done, difference, exact == bodies["django"], sides, columns(case))


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


def _measures(case: Case) -> list[Measure]:
    """Give what is measured for the stages."""
    data = case.plain()
    return [
        timed(("whole", "django"), lambda: respond(case, "django")),
        timed(("whole", "pyforge"), lambda: respond(case, "pyforge")),
        timed(("encoding", "django"), lambda: JsonResponse(data, safe=False)),
        timed(("encoding", "pyforge"), lambda: PyForgeJsonResponse(data, safe=False)),
    ]
