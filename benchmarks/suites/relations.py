"""From a fresh QuerySet to bytes with one relation to one and two to many: 3 tags and 4 comments of each article."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from django.db.models import QuerySet

from benchmarks import databases, encoding, tables
from benchmarks.databases import Database
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.models import Article
from benchmarks.relation_peers import contestants
from benchmarks.report import Report

ROUNDS = {25: 1.0, 1_000: 0.4}  # articles read: the share of all rounds
RATIOS: tuple[Pair, ...] = tuple(("ours", peer) for peer in ("Django", "orjson", "values() by hand", "DRF", "ninja"))
# Times faster than each, at least, with 1,000 articles.
FASTER = {"SQLite": {"orjson": 8, "DRF": 15, "ninja": 15}, "PostgreSQL": {"orjson": 6, "DRF": 15, "ninja": 15}}


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Relations: nested output from a fresh QuerySet")
    with contextlib.ExitStack() as stack:
        opened = list(_opened(report, stack))
        report.add(f"{', '.join(database.version for database in opened)}; both on this machine, in memory's cache.")
        encoding.run(report, [each for each in _workloads(opened) if only in each.name], effort, RATIOS)
    return report


def page(alias: str, count: int) -> QuerySet[Any, Any]:
    """A fresh QuerySet, as a view makes it."""
    return Article.objects.using(alias).order_by("pk")[:count]


def _opened(report: Report, stack: contextlib.ExitStack) -> Iterator[Database]:
    for database in databases.each(report, stack):
        tables.fill_articles(database.alias, max(ROUNDS))
        yield database


def _workloads(opened: Sequence[Database]) -> Iterator[Workload]:
    for database in opened:
        for count, share in ROUNDS.items():
            goals = {}
            if count == 1_000:
                goals = {("ours", peer): Goal(1 / times) for peer, times in FASTER[database.title].items()}
            yield Workload(
                f"{database.title}, {count:,} articles",
                [None],
                goals,
                contestants(partial(page, database.alias, count)),
                clock=perf_counter,
                share=share,
            )
