"""Times two ways to do the same work in turn, and tells the parts of a QuerySet's time apart."""

import os
import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, perf_counter_ns

from django.http import JsonResponse

from demo_site.airports.cases import Case, Rows
from pyforge_web import PyForgeJsonResponse
from pyforge_web.metering import Collector, collect

RUNS_MIN = 3
# For how long the sides of a case are measured. The tests have no budget.
BUDGET_SECONDS = float(os.environ.get("DEMO_MEASURE_SECONDS", "0.8"))

Measure = Callable[[], tuple[dict[str, int], bytes]]
"""Does the work once: gives the nanoseconds of its parts, which add up to the whole, and what was written."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one side, in microseconds: of the best run with its parts, and the median of all."""

    best: float
    median: float
    parts: dict[str, float]


def in_turn(
    measures: Mapping[str, Measure], *, runs: int, budget: float
) -> tuple[int, dict[str, Timing], dict[str, bytes]]:
    """Give how many runs were made, the times of each side, and what each wrote in the last run.

    A run makes every measure once, in random order, so that a busy moment of the machine falls on both sides alike.
    Fewer than `runs` runs are made (but at least three) when `budget` seconds are used up; one without a budget.
    """
    samples: defaultdict[str, list[dict[str, int]]] = defaultdict(list)
    bodies: dict[str, bytes] = {}
    end = perf_counter() + budget
    done = 0
    least = RUNS_MIN if budget else 1
    while done < runs and (done < least or perf_counter() < end):
        for side in random.sample(list(measures), len(measures)):
            parts, bodies[side] = measures[side]()
            samples[side].append(parts)
        done += 1
    return done, {side: _summarize(found) for side, found in samples.items()}, bodies


def _summarize(runs: list[dict[str, int]]) -> Timing:
    best = min(runs, key=lambda run: sum(run.values()))
    median = statistics.median(sum(run.values()) for run in runs)
    return Timing(sum(best.values()) / 1000, median / 1000, {part: ns / 1000 for part, ns in best.items()})


def measures_of(case: Case) -> dict[str, Measure]:
    """Give how each side of a case is measured."""
    if case.ways is not None:
        django, pyforge = case.ways
        return {"django": time_whole(django), "pyforge": time_whole(pyforge)}
    if case.queryset is None:
        return {
            "django": time_whole(lambda: JsonResponse(case.plain(), safe=False).content),
            "pyforge": time_whole(lambda: PyForgeJsonResponse(case.native(), fields=case.fields, safe=False).content),
        }
    queryset = case.queryset
    return {"django": lambda: _django_parts(case, queryset), "pyforge": lambda: _pyforge_parts(case)[:2]}


def count_columns(case: Case) -> dict[str, int]:
    """Give what one call of PyForge counts: rows, columns on either path, and values that fell back to Django."""
    *_, found = _pyforge_parts(case)
    return {name: getattr(found, name) for name in ("rows", "native_columns", "django_columns")}


def time_whole(work: Callable[[], bytes]) -> Measure:
    """Give a measure of the whole of a piece of work."""

    def measure() -> tuple[dict[str, int], bytes]:
        start = perf_counter_ns()
        body = work()
        return {"whole": perf_counter_ns() - start}, body

    return measure


def _django_parts(case: Case, make: Callable[[], Rows]) -> tuple[dict[str, int], bytes]:
    """Give the times of `JsonResponse(list(queryset))`, until rows are fetched, are dicts, are bytes; and its body."""
    start = perf_counter_ns()
    queryset = make()
    compiler = queryset.query.get_compiler(queryset.db)
    rows = compiler.execute_sql(chunked_fetch=False)
    fetched = perf_counter_ns()
    # Django's own code goes on, over the rows that are there.
    compiler.execute_sql = lambda *_, **__: rows
    queryset.query.get_compiler = lambda *_, **__: compiler
    made = list(queryset)
    converted = perf_counter_ns()
    body = JsonResponse(case.wrap(made), safe=False).content
    end = perf_counter_ns()
    return {"sql": fetched - start, "conversion": converted - fetched, "encoding": end - converted}, body


def _pyforge_parts(case: Case) -> tuple[dict[str, int], bytes, Collector]:
    """Give the time of a response in two, its body, and what its call counted.

    SQL is the building of the QuerySet and the time that native code waits for Python: Django's compiler, the
    cursor, and Django's converters for what is not read natively. The rest is one pass of conversion and encoding,
    and the response object.
    """
    with collect() as collector:
        start = perf_counter_ns()
        data = case.native()
        built = perf_counter_ns()
        body = PyForgeJsonResponse(data, fields=case.fields, safe=False).content
        end = perf_counter_ns()
    sql = built - start + collector.python_ns
    return {"sql": sql, "native": end - start - sql}, body, collector
