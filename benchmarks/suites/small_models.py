"""A page of 25 rows of each model of the tests, SQL cache off: which models are slower than with Django."""

from statistics import median
from typing import Any

from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.memory_child import run_child
from benchmarks.report import Report, table


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Small pages: 25 rows of each model of the tests")
    found: list[tuple[str, int, str, Any]] = [
        tuple(row) for row in run_child("benchmarks.small_models_child", str(effort.rounds)) if only in row[0]
    ]
    timed = sorted((row for row in found if not isinstance(row[3], str)), key=lambda row: row[3], reverse=True)
    lines = []
    for name in ("values()", "instances"):
        ratios = [ratio for _, _, theirs, ratio in timed if theirs == name]
        if ratios:
            slower = report.judge(f"models slower than {name} and json", Goal(0), sum(ratio > 1 for ratio in ratios))
            lines.append([name, f"{len(ratios)}", f"{median(ratios):.2f}", f"{max(ratios):.2f}", slower])
    report.add(
        table(["beside json and", "models", "median of ours / Django", "slowest", "slower than Django"], lines),
        f"SQLite, SQL cache off; each model beside the faster of the two that gives what iterating its rows gives."
        f" {len(found) - len(timed)} more models have secret columns, bytes, or columns that SQLite or this suite has"
        f" no values for. The ten slowest:",
        table(
            ["model", "columns", "beside json and", "ours / Django"],
            [[label, f"{columns}", theirs, f"{ratio:.2f}"] for label, columns, theirs, ratio in timed[:10]],
        ),
    )
    return report
