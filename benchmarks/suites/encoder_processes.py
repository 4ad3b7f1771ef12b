"""The encoder beside orjson over ten processes: the median of their ratios, and the slowest process beside it."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from benchmarks.goals import Goal, plain
from benchmarks.measure import Effort
from benchmarks.report import Report, table

PROJECT = Path(__file__).parents[2]
GOALS = {
    "canada.json": Goal(0.95, 0.9),
    "citm_catalog.json": Goal(1.0, 0.9),
    '{"ok": true, "id": 5}': Goal(0.92, 0.9),
    "1 MB of ASCII": Goal(1.05, 0.9),
    "200 B of ASCII": Goal(0.95, 0.9),
    "100 texts of 20 B": Goal(1.0, 0.9),
    "100 texts of 200 B": Goal(1.15, 0.9),
    "1,000 small integers": Goal(0.7),
    "1,000 Django rows": Goal(0.45),
}
SLOWEST = Goal(1.2)


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Encoder over processes: the ratio to orjson")
    processes, rounds = (10, 30) if effort.rounds > Effort.quick().rounds else (3, 10)
    ratios: dict[str, list[float]] = {}
    for _ in range(processes):
        for name, ours, orjson in _measure(rounds):
            ratios.setdefault(name, []).append(ours / orjson)
    rows = [_row(report, name, of_processes) for name, of_processes in ratios.items() if only in name]
    report.add(f"{processes} processes, {rounds} rounds each; the best time of each process.")
    report.add(table(["value", "median of the processes", "fastest", "slowest", "slowest / median"], rows))
    return report


def _row(report: Report, name: str, ratios: list[float]) -> list[str]:
    middle, slowest = median(ratios), max(ratios)
    return [
        name,
        report.judge(f"{name}, ours / orjson", GOALS[name], middle),
        plain(min(ratios)),
        plain(slowest),
        report.judge(f"{name}, slowest process / median", SLOWEST, slowest / middle),
    ]


def _measure(rounds: int) -> list[tuple[str, float, float]]:
    """Seconds for one call, ours and orjson's, by workload, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.encoder_child", str(rounds)]
    child = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{child.stderr}")
    return [tuple(json.loads(line)) for line in child.stdout.splitlines() if line.startswith("[")]
