"""Validating rows: `CompiledValidator` beside `Model.clean_fields`, on the same rows, one at a time and in a batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import models

from benchmarks import cleaning
from benchmarks.cleaning import Clean, Values
from benchmarks.compare import DifferentOutputError
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.memory_child import run_child
from benchmarks.models import Alien, Checked, Foreign, Single, Thorough
from benchmarks.report import Report, duration, table

ROWS = 200


@dataclass(frozen=True)
class Case:
    """Rows of one sort, and who validates them; goals are how many times faster than Django."""

    name: str
    model: type[models.Model]
    make: Callable[[int], Values]
    goals: dict[Clean, float | None]
    aims: dict[Clean, float] = field(default_factory=dict)


def _foreign(number: int) -> Values:
    return {"name": f"n{number}", "city": "Rome"}


CASES = [
    Case("12 fields, valid", Checked, cleaning.checked, {cleaning.by_validator: 40, cleaning.by_batch: 50}),
    Case(
        "28 fields of all kinds, valid",
        Thorough,
        cleaning.thorough,
        {cleaning.by_validator: 8, cleaning.by_batch: 8},
        {cleaning.by_validator: 20, cleaning.by_batch: 20},
    ),
    Case(
        "12 fields as JSON has them, converted",
        Checked,
        lambda number: cleaning.as_json(cleaning.checked(number)),
        {cleaning.by_validator: 20, cleaning.by_batch: 20},
    ),
    Case(
        "12 fields, 10 % bad",
        Checked,
        cleaning.spoilt,
        {cleaning.by_validator: None, cleaning.by_batch_read: 4, cleaning.by_batch: 10},
    ),
    Case("1 field, through the mixin", Single, lambda number: {"name": f"n{number}"}, {cleaning.by_method: 4}),
    Case("no native field but the key, through the mixin", Foreign, _foreign, {cleaning.by_method: 1}),
    Case("no native field, through the mixin", Alien, _foreign, {cleaning.by_method: 1}),
]


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Validation of model instances")
    lines = [line for case in CASES if only in case.name for line in _measure(report, case, effort)]
    report.add(table(["rows", "who", "a row", "x Django", "by round", "goal"], lines))
    if not only:
        report.add(_first(report))
    report.add("`clean`: a call for each instance. `clean_rows`: one for all. Rows are made anew for each sample.")
    return report


def _first(report: Report) -> str:
    """The first validation of a process, best of five, in milliseconds; compiled at start-up."""
    times = {who: [run_child("benchmarks.first_clean_child", who) for _ in range(5)] for who in ("ours", "Django")}
    if any(errors for runs in times.values() for _, errors in runs):
        raise DifferentOutputError("the row of the first validation is valid")
    ours, django = (min(taken for taken, _ in runs) / 1e6 for runs in times.values())
    verdict = report.judge("the first validation of a process, in ms", Goal(2), ours * 1e3)
    return f"The first validation of a process, 12 fields: Django {duration(django)}, ours in ms {verdict}."


def _measure(report: Report, case: Case, effort: Effort) -> list[Sequence[str]]:
    values = [case.make(number) for number in range(ROWS)]
    for clean in case.goals:
        cleaning.check_equal(case.model, values, clean)
    names = {clean.__name__: clean for clean in (cleaning.by_django, *case.goals)}
    timed = {name: _timed(clean, case.model, values) for name, clean in names.items()}
    timings = interleave(timed, effort)
    django = timings["by_django"]
    lines: list[Sequence[str]] = [(case.name, "Django", duration(django.best / ROWS), "", "", "")]
    for clean, least in case.goals.items():
        timing = timings[clean.__name__]
        goal = None if least is None else Goal(1 / least, 1 / case.aims[clean] if clean in case.aims else None)
        who = LABELS[clean]
        ratio = timing.over(django)
        if clean is cleaning.by_method and case.model.clean_fields is models.Model.clean_fields:
            who, ratio = f"{who}, which is Django's own", 1.0  # the same function: what differs is noise
        verdict = report.judge(f"{case.name}, {who}", goal, ratio) if goal else ""
        faster, by_round = 1 / timing.over(django), 1 / timing.over_by_round(django)
        lines.append(("", who, duration(timing.best / ROWS), f"{faster:.1f}", f"{by_round:.1f}", verdict))
    return lines


def _timed(clean: Clean, model: type[models.Model], rows: Sequence[Values]) -> Timed:
    make: Callable[[int], list[Any]] = partial(_batches, model, rows)
    return Timed("clean(value)", {"clean": clean}, make, count=5)


def _batches(model: type[models.Model], rows: Sequence[Values], count: int) -> list[Any]:
    return [cleaning.instances(model, rows) for _ in range(count)]


LABELS: dict[Clean, str] = {
    cleaning.by_validator: "clean",
    cleaning.by_method: "clean_fields",
    cleaning.by_batch: "clean_rows",
    cleaning.by_batch_read: "clean_rows, all errors read",
}
