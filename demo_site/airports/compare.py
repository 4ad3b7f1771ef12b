"""Measures two ways to do the same work, after checking that they agree."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, JsonResponse

from demo_site.airports.cases import Case
from demo_site.airports.timing import BUDGET_SECONDS, Timing, count_columns, in_turn, measures_of
from pyforge_web import PyForgeJsonResponse

RUNS = 11
SIDES = ("django", "pyforge")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the way from the view to the bytes."""

    slug: str
    title: str
    what: str


# Django has the first three, PyForge the first and the last.
PARTS = (
    Part(
        "sql",
        "SQL",
        "Building the QuerySet and its SQL, running it, and the driver fetching raw rows. For Django: its compiler's "
        "execute_sql() alone. For PyForge: the time its call spends in Python, where the same compiler and cursor "
        "work, and where Django's converters take any value that is not read natively.",
    ),
    Part("conversion", "Conversion", "From raw rows to dicts of Python objects: the rest of Django's list(queryset)."),
    Part("encoding", "Encoding", "From those dicts to bytes."),
    Part("native", "Rust", "Conversion and encoding in one pass over the raw rows, without dicts."),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One way to do the work."""

    size: int
    """Bytes of the body."""
    timing: Timing


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was found for one case."""

    case: str
    runs: int
    difference: str | None
    """Where the two bodies first differ in value; None where they are equal."""
    same_bytes: bool
    """Whether PyForge's body, with `django_bytes=True` for a response, is the other one, byte for byte."""
    sides: dict[str, Side]
    columns: dict[str, int] | None
    """What PyForge's call counted, where the case has a QuerySet: rows, and their columns by path."""


def respond(case: Case, side: str) -> HttpResponse:
    """Give the response of one side to one case, from a fresh QuerySet."""
    if case.ways is not None:
        return HttpResponse(case.ways[SIDES.index(side)](), content_type=case.content_type)
    if side == "django":
        return JsonResponse(case.plain(), safe=False)
    return PyForgeJsonResponse(case.native(), fields=case.fields, safe=False)


def compare(case: Case, *, runs: int = RUNS, budget: float = BUDGET_SECONDS) -> Comparison:
    """Compare the two sides on one case: the times, and whether what was measured is equal in value."""
    # The work of a case may take a second: what was measured is also what is compared.
    done, timings, bodies = in_turn(measures_of(case), runs=runs, budget=budget)
    exact = bodies["pyforge"]
    if case.ways is None:
        exact = PyForgeJsonResponse(case.native(), fields=case.fields, safe=False, django_bytes=True).content
    return Comparison(
        case.slug,
        done,
        first_difference(*(case.read(bodies[side]) for side in SIDES)),
        exact == bodies["django"],
        {side: Side(len(bodies[side]), timings[side]) for side in SIDES},
        count_columns(case) if case.queryset else None,
    )


def first_difference(one: Any, other: Any, path: str = "$") -> str | None:
    """Give the path of the first difference between two values read from JSON, or None.

    Types, the order of keys and the sign of zero count.
    """
    # Values of JSON that print alike are alike, and this is the usual case: no walk over millions of values.
    if repr(one) == repr(other):
        return None
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
        return path
    return next(filter(None, (first_difference(a, b, at) for at, a, b in inner)), None)
