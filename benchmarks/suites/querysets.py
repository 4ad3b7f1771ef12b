"""From a fresh QuerySet to bytes, and what our own planning of a query costs."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from django.db import connections
from django.db.models import Model, QuerySet

from benchmarks import databases, encoding, tables
from benchmarks.databases import Database
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.models import Document, Narrow, Wide
from benchmarks.report import Report, duration, table
from benchmarks.row_peers import FLOOR, contestants

SHAPES = {"narrow": Narrow, "wide": Wide, "JSON": Document}
ROUNDS = {25: 1.0, 1_000: 0.4, 10_000: 0.2}  # rows read: the share of all rounds
RATIOS: tuple[Pair, ...] = tuple(
    ("ours", peer) for peer in (FLOOR, "Django", "orjson", "msgspec", "serializers", "DRF", "ninja")
)
# Times the driver's time, at 10,000 rows; at 1,000 rows 0.8 more.
OVER_FLOOR = {
    "SQLite": {"narrow": 1.3, "wide": 1.3, "JSON": 1.6},
    "PostgreSQL": {"narrow": 1.25, "wide": 1.5, "JSON": 1.15},
    "MariaDB": {"narrow": 1.3, "wide": 1.6, "JSON": 1.7},
}
MORE_OVER_FLOOR = {1_000: 0.8, 10_000: 0.0}
# Times faster than Django, at least.
FASTER = {
    ("SQLite", 25): {"narrow": 1.1, "wide": 1.6, "JSON": 2},
    ("SQLite", 10_000): {"narrow": 2.5, "wide": 6, "JSON": 15},
    ("PostgreSQL", 25): {"narrow": 1.1, "wide": 1.4, "JSON": 1.7},
    ("PostgreSQL", 10_000): {"narrow": 2.5, "wide": 4.5, "JSON": 6},
    ("MariaDB", 25): {"narrow": 1.1, "wide": 1.4, "JSON": 1.7},
    ("MariaDB", 10_000): {"narrow": 2.5, "wide": 1 / 0.17, "JSON": 1 / 0.06},
}
PLANNING = Goal(25)  # us a query

Query = QuerySet[Any, Any]


def run(effort: Effort, only: str = "") -> Report:
    report = Report("QuerySets: from a fresh QuerySet to bytes")
    with contextlib.ExitStack() as stack:
        opened = list(_opened(report, stack))
        report.add(f"{', '.join(database.version for database in opened)}; both on this machine, in memory's cache.")
        encoding.run(report, [each for each in _workloads(opened) if only in each.name], effort, RATIOS)
        _planning(report, opened, effort, only)
    return report


def page(model: type[Model], alias: str, count: int) -> Query:
    """A fresh QuerySet, as a view makes it."""
    return model._default_manager.using(alias).order_by("pk")[:count]


def _opened(report: Report, stack: contextlib.ExitStack) -> Iterator[Database]:
    for database in databases.each(report, stack, databases.ALL_TITLES):
        for model in SHAPES.values():
            tables.fill(database.alias, model, max(ROUNDS))
        yield database


def _workloads(opened: Sequence[Database]) -> Iterator[Workload]:
    for database in opened:
        driver = databases.driver(database)
        for shape, model in SHAPES.items():
            for count, share in ROUNDS.items():
                yield Workload(
                    f"{database.title}, {shape}, {count:,} rows",
                    [None],
                    _goals(database.title, shape, count),
                    contestants(partial(page, model, database.alias, count), driver),
                    clock=perf_counter,
                    share=share,
                )


def _goals(title: str, shape: str, count: int) -> dict[Pair, Goal]:
    goals = {}
    if count in MORE_OVER_FLOOR:
        goals["ours", FLOOR] = Goal(OVER_FLOOR[title][shape] + MORE_OVER_FLOOR[count])
    if (title, count) in FASTER:
        goals["ours", "Django"] = Goal(1 / FASTER[title, count][shape])
    return goals


def _planning(report: Report, opened: Sequence[Database], effort: Effort, only: str) -> None:
    """A query that finds no row: all that is left is the building of it, Django's share and ours."""
    rows = []
    for database in opened:
        for shape, model in SHAPES.items():
            for found, fresh in _EMPTY.items():
                name = f"{database.title}, {shape}, {found}"
                if only in name:
                    rows.append(
                        _plan(report, name, partial(fresh, model._default_manager.using(database.alias)), effort)
                    )
    report.add(
        "## Planning: a query without rows",
        table(["workload", "SQL and cursor", "ours", "own planning, us", "Django"], rows),
        "`SQL and cursor`: the QuerySet built, compiled by Django and run on Django's cursor, no more."
        " `own planning`: the median of our differences from it within each round."
        " CPU time of this thread, best times: the server's is not in it.",
    )


def _no_row(manager: Any) -> Query:
    return manager.filter(pk=-1)


def _none(manager: Any) -> Query:
    return manager.none()


_EMPTY: dict[str, Callable[[Any], Query]] = {"no row found": _no_row, "none()": _none}


def _plan(report: Report, name: str, queryset: Callable[[], Query], effort: Effort) -> list[str]:
    from benchmarks.peers import DJANGO, OURS

    calls = {
        "SQL and cursor": ("run(queryset())", {"run": _bare}),
        "ours": ("dumps(queryset())", OURS.names),
        "Django": ("dumps(list(queryset().values()), cls=Encoder).encode()", DJANGO.names),
    }
    if queryset().query.is_empty():
        del calls["SQL and cursor"]  # there is none
    timings = interleave(
        {
            who: Timed(call, {**names, "queryset": queryset}, lambda count: [None] * count)
            for who, (call, names) in calls.items()
        },
        Effort(effort.rounds * 3, effort.seconds),
    )
    own = "none needed"
    if bare := timings.get("SQL and cursor"):
        own = report.judge(f"{name}, own planning, us", PLANNING, timings["ours"].above_by_round(bare) * 1e6)
    print(f"  {name}: own planning {own}", flush=True)
    best = {who: duration(timing.best) for who, timing in timings.items()}
    return [name, best.get("SQL and cursor", "none"), best["ours"], own, best["Django"]]


def _bare(queryset: Query) -> list[tuple[Any, ...]]:
    """The least that Django's own code needs to get at raw rows: its cursor, no conversion."""
    sql, parameters = queryset.values().query.get_compiler(queryset.db).as_sql()
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchmany(200)
