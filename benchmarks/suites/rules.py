"""Three forms of a compiled rule: an enum, closures, closures over owned values (native/benches/rules.rs)."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Effort
from benchmarks.report import Report, duration, table

PROJECT = Path(__file__).parents[2]


def run(effort: Effort, only: str = "") -> Report:
    report = Report("The form of a compiled rule: 12 fields, 24 rules, valid rows")
    measured = _measure()
    first = next(iter(measured.values()))
    rows = [(form, duration(seconds), f"{seconds / first:.2f}") for form, seconds in measured.items()]
    report.add(table(["form", "a row", "over the enum"], rows))
    report.add("The reading of the values from a dict is in all three. No Python code runs, and no error is built.")
    return report


def _measure() -> dict[str, float]:
    """Seconds for a row, by form."""
    environment = {"PYO3_PYTHON": sys.executable, **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "rules"]
    child = subprocess.run(command, cwd=PROJECT, env=environment, check=False, capture_output=True, text=True)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{child.stderr}")
    lines = [line.split("\t") for line in child.stdout.splitlines() if "\t" in line]
    return {form: float(nanoseconds) / 1e9 for form, nanoseconds in lines}
