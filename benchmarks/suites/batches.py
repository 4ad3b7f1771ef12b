"""An import of 1,000 rows: `validate_many` beside `full_clean` of each row, on SQLite and PostgreSQL."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, thread_time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Model

from benchmarks import databases
from benchmarks.compare import DifferentOutputError
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.models import Grouped, Imported
from benchmarks.report import Report, duration, table
from pyforge_web import validate_many

ROWS = 1_000
# Django takes part in one round of so many: half a second each.
DJANGO_EVERY = 10

Rows = Sequence[Model]


@dataclass(frozen=True)
class Case:
    """Rows to validate, and how many times faster than Django that must be, on SQLite."""

    name: str
    make: Callable[[int], Model]
    goal: float | None = None
    read: bool = False


def _valid(number: int) -> Model:
    return Imported(author_id=number % 20 + 1, code=f"new {number}", title=f"Title {number}", price="12.50")


def _spoilt(number: int) -> Model:
    """One key of ten has no row, one code of ten is taken."""
    row: Any = _valid(number)
    if number % 10 == 3:
        row.author_id = 9_999
    elif number % 10 == 7:
        row.code = f"old {number}"
    return row


def _grouped(number: int) -> Model:
    return Grouped(author_id=number % 20 + 1, name=f"Name {number}", year=2000 + number % 30)


CASES = (
    Case("valid", _valid, 80),
    Case("10 % bad keys, 10 % duplicates", _spoilt, 15),
    Case("10 % bad keys, 10 % duplicates, all errors read", _spoilt, 15, read=True),
    Case("a set of three columns, and one with an expression", _grouped),
)


def run(effort: Effort, only: str = "") -> Report:
    report = Report("An import of 1,000 rows with a foreign key and a unique column")
    lines: list[Sequence[str]] = []
    for title in databases.TITLES:
        with contextlib.ExitStack() as stack:
            try:
                database = stack.enter_context(databases.opened(title))
            except FileNotFoundError as error:
                report.add(f"LEFT OUT: {title}: {error}")
                continue
            stack.enter_context(databases.by_default(database))
            Imported._default_manager.bulk_create(
                Imported(author_id=number % 20 + 1, code=f"old {number}", title="t", price=1)
                for number in range(10_000)
            )
            report.add(f"{database.version}, on this machine.")
            lines += [_measure(report, title, case, effort) for case in CASES if only in f"{title}, {case.name}"]
    report.add(
        table(["rows", "Django, a row", "ours, a row", "x Django", "by round", "queries: Django, ours", "goal"], lines),
        "Django: `full_clean` of each row. The errors of all rows are compared first.",
    )
    return report


def _measure(report: Report, title: str, case: Case, effort: Effort) -> Sequence[str]:
    rows = [case.make(number) for number in range(ROWS)]
    django_call, our_call = (_messages, _our_messages) if case.read else (_full_clean, validate_many)
    calls: dict[str, tuple[Callable[[Rows], Any], int]] = {"Django": (django_call, DJANGO_EVERY), "ours": (our_call, 1)}
    queries = _compare(case, rows)
    clock = thread_time if title == "SQLite" else perf_counter  # the other one is waited for
    timed = {
        who: Timed("call(value)", {"call": call}, lambda count: [rows] * count, 1, clock=clock, every=every)
        for who, (call, every) in calls.items()
    }
    timings = interleave(timed, effort)
    ours, django = timings["ours"], timings["Django"]
    faster = 1 / ours.over(django)
    verdict = ""
    if case.goal and title == "SQLite":
        verdict = report.judge(f"{title}, {case.name}", Goal(1 / case.goal), ours.over(django))
    return (
        f"{title}, {case.name}",
        duration(django.best / ROWS),
        duration(ours.best / ROWS),
        f"{faster:.0f}",
        f"{1 / ours.over_by_round(django):.0f}",
        f"{queries[0]:,}, {queries[1]}",
        verdict,
    )


def _compare(case: Case, rows: Rows) -> tuple[int, int]:
    """The statements of both. Raises `DifferentOutputError` where they find something else."""
    expected, by_django = _counted(_messages, rows)
    found, by_us = _counted(_our_messages, rows)
    if found != expected:
        raise DifferentOutputError(f"{case.name}: {found} instead of {expected}")
    return by_django, by_us


def _counted(call: Callable[[Rows], Any], rows: Rows) -> tuple[Any, int]:
    statements = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest)

    with connections["default"].execute_wrapper(note):
        return call(rows), len(statements)


def _full_clean(rows: Rows) -> dict[int, ValidationError]:
    errors = {}
    for number, row in enumerate(rows):
        try:
            row.full_clean()
        except ValidationError as error:
            errors[number] = error
    return errors


def _messages(rows: Rows) -> dict[int, dict[str, list[str]]]:
    return {row: error.message_dict for row, error in _full_clean(rows).items()}


def _our_messages(rows: Rows) -> dict[int, dict[str, list[str]]]:
    return {row: error.message_dict for row, error in validate_many(rows).errors.items()}
