"""Peak memory of one QuerySet of 100,000 wide rows, over the size of its output."""

import json
from collections.abc import Iterator

from benchmarks import databases, tables
from benchmarks.databases import Database
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.memory_child import STATUS, run_child
from benchmarks.models import Wide
from benchmarks.report import Report, size, table

ROWS = 100_000
GOALS = {"SQLite": Goal(1.2), "PostgreSQL": Goal(1.1)}
CONTESTANTS = ("ours", "orjson", "Django")


def run(effort: Effort, only: str = "") -> Report:
    report = Report(f"Peak memory of a QuerySet of {ROWS:,} wide rows, over the size of its output")
    if not STATUS.exists():
        report.add("LEFT OUT: this machine has no /proc/self/status to read the peak from.")
        return report
    rows = list(_rows(report, only))
    report.add(table(["database", "output of ours", *CONTESTANTS], rows))
    report.add("Growth of the resident set from QuerySet to bytes, divided by the contestant's own output.")
    return report


def _rows(report: Report, only: str) -> Iterator[list[str]]:
    for title in databases.TITLES:
        if only not in title:
            continue
        try:
            with databases.opened(title) as database:
                tables.fill(database.alias, Wide, ROWS)
                yield _row(report, database)
        except FileNotFoundError as error:
            report.add(f"LEFT OUT: {title}: {error}")


def _row(report: Report, database: Database) -> list[str]:
    child = "benchmarks.queryset_memory_child"
    measured = {name: run_child(child, json.dumps(database.settings), name) for name in CONTESTANTS}
    ratios = {name: grown / output for name, (grown, output) in measured.items()}
    verdict = report.judge(database.title, GOALS[database.title], ratios["ours"])
    print(f"  {database.title}: ours {verdict}", flush=True)
    cells = [verdict if name == "ours" else f"{ratio:.2f}" for name, ratio in ratios.items()]
    return [database.title, size(measured["ours"][1]), *cells]
