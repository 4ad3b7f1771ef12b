"""Bare strings, each one a fresh object as it comes from a database."""

from benchmarks import encoding
from benchmarks.encoding import Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.report import Report
from benchmarks.texts import text

LARGE, SMALL = 1_000_000, 200
LARGE_GOALS = {
    "ASCII": Goal(1.6, 1.0),
    "HTML full of quotes": Goal(0.7, 0.5),
    "all quotes": Goal(0.2, 0.1),
    "French": Goal(0.5, 0.4),
    "Japanese": Goal(0.7, 0.5),
    "emoji": Goal(0.7, 0.5),
}
SMALL_GOAL = Goal(1.3, 1.0)
BESIDE = ("ours", "orjson")


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Encoder: text")
    report.add("Each sample gets its own new str objects: orjson keeps the UTF-8 of a str inside it.")
    encoding.run(report, [workload for workload in _workloads() if only in workload.name], effort)
    return report


def _workloads() -> list[Workload]:
    large = [
        Workload(f"1 MB {kind}", [text(kind, LARGE)], {BESIDE: goal}, fresh=8) for kind, goal in LARGE_GOALS.items()
    ]
    small = [Workload(f"200 B {kind}", _small(kind), {BESIDE: SMALL_GOAL}, fresh=2500) for kind in LARGE_GOALS]
    return large + small


def _small(kind: str) -> list[str]:
    return [text(kind, SMALL, seed) for seed in range(50)]
