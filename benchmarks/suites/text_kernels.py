"""Each text kernel of this processor on the same texts, and the plain loop (native/benches/text_kernels.rs)."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Effort
from benchmarks.report import Report, table

PROJECT = Path(__file__).parents[2]


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Text kernels: 100,000 code points, nanoseconds each")
    measured = _measure()
    kernels = list(next(iter(measured.values())))
    rows = [(text, *(times[kernel] for kernel in kernels)) for text, times in measured.items() if only in text]
    report.add(table(["text", *kernels], rows))
    report.add("No Python object is read. `plain` is the loop that the tests compare with; no processor uses it.")
    return report


def _measure() -> dict[str, dict[str, str]]:
    """Nanoseconds for a code point, by text and kernel."""
    environment = {"PYO3_PYTHON": sys.executable, **os.environ}
    command = ["cargo", "bench", "--quiet", "--locked", "--bench", "text_kernels"]
    child = subprocess.run(command, cwd=PROJECT, env=environment, check=False, capture_output=True, text=True)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{child.stderr}")
    measured: dict[str, dict[str, str]] = {}
    for text, kernel, nanoseconds in (line.split("\t") for line in child.stdout.splitlines() if "\t" in line):
        measured.setdefault(text, {})[kernel] = nanoseconds
    return measured
