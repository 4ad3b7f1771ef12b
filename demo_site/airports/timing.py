"""Times calls in turn, and tells SQL, conversion and encoding of a QuerySet apart."""

import random
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter, perf_counter_ns

from demo_site.airports.cases import Case, Rows
from pyforge_web import PyForgeJsonResponse
from pyforge_web.metering import Collector, collect

RUNS_MIN = 3

Key = tuple[str, str]
"""What is timed, and of which side."""

Measure = Callable[[], dict[Key, int]]
"""Makes a call and gives its nanoseconds, by what they were spent on."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of one thing, in microseconds."""

    best: float
    median: float


def in_turn(measures: Sequence[Measure], *, runs: int, budget: float) -> tuple[int, dict[Key, Timing]]:
    """Give how many runs were made, and the times found.

    A run makes every measure once, in random order, so that a busy moment of the machine falls on every side alike.
    Fewer than `runs` runs are made (but at least three) when `budget` seconds are used up.
    """
    samples: defaultdict[Key, list[int]] = defaultdict(list)
    end = perf_counter() + budget
    done = 0
    while done < runs and (done < RUNS_MIN or perf_counter() < end):
        for measure in random.sample(measures, len(measures)):
            for key, ns in measure().items():
                samples[key].append(ns)
        done += 1
    return done, {key: Timing(min(ns) / 1000, statistics.median(ns) / 1000) for key, ns in samples.items()}


def timed(key: Key, work: Callable[[], object]) -> Measure:
    """Give the measure of a whole call; what `work` gives is thrown away."""

    def measure() -> dict[Key, int]:
        start = perf_counter_ns()
        work()
        return {key: perf_counter_ns() - start}

    return measure


def part_measures(case: Case) -> list[Measure]:
    """Give what is measured beside the stages to tell the parts of a case apart; nothing where it has no QuerySet."""
    if (queryset := case.queryset) is None:
        return []
    return [lambda: _django_parts(queryset), lambda: _pyforge_parts(case)[0]]


def parts(timings: Mapping[Key, Timing], side: str) -> dict[str, Timing] | None:
    """Give the times of the parts of one side, in their order; None where they were not measured."""
    slugs = ("sql", "conversion", "encoding") if side == "django" else ("sql", "native")
    return {slug: timings[slug, side] for slug in slugs} if ("sql", side) in timings else None


def columns(case: Case) -> dict[str, int]:
    """Give what one call of PyForge counts: rows, columns on either path, and values rescued by Django's."""
    found = _pyforge_parts(case)[1]
    return {name: getattr(found, name) for name in ("rows", "native_columns", "django_columns", "rescued")}


def _django_parts(make: Callable[[], Rows]) -> dict[Key, int]:
    """Give the time of `list(queryset)` in two: until the driver's rows are fetched, and from there to the dicts."""
    start = perf_counter_ns()
    queryset = make()
    compiler = queryset.query.get_compiler(queryset.db)
    rows = compiler.execute_sql(chunked_fetch=False)
    fetched = perf_counter_ns()
    # Django's own code goes on, over the rows that are there.
    compiler.execute_sql = lambda *_, **__: rows
    queryset.query.get_compiler = lambda *_, **__: compiler
    list(queryset)
    return {("sql", "django"): fetched - start, ("conversion", "django"): perf_counter_ns() - fetched}


def _pyforge_parts(case: Case) -> tuple[dict[Key, int], Collector]:
    """Give the time of a call in two, and what the call counted.

    SQL is the building of the QuerySet and the time that native code waits for Python: Django's compiler, the
    cursor, and Django's converters for what is not read natively. The rest is one pass of conversion and encoding,
    and the response object.
    """
    with collect() as collector:
        start = perf_counter_ns()
        data = case.native()
        built = perf_counter_ns()
        PyForgeJsonResponse(data, fields=case.fields, safe=False)
        end = perf_counter_ns()
    sql = built - start + collector.python_ns
    return {("sql", "pyforge"): sql, ("native", "pyforge"): end - start - sql}, collector
