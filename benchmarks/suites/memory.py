"""Peak memory of one encode, over the size of its output. Each case runs in a process of its own."""

from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.memory_child import CONTESTANTS, SHAPES, STATUS, run_child
from benchmarks.report import Report, table

GOAL = Goal(2.2)


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Peak memory of one encode of 64 MB, over the size of its output")
    if not STATUS.exists():
        report.add("LEFT OUT: this machine has no /proc/self/status to read the peak from.")
        return report
    rows = [_row(report, shape) for shape in SHAPES if only in shape]
    report.add(table(["shape", "output of ours", *CONTESTANTS], rows))
    report.add("Growth of the resident set while it encodes, divided by the contestant's own output.")
    return report


def _row(report: Report, shape: str) -> list[str]:
    measured = {name: run_child("benchmarks.memory_child", shape, name) for name in CONTESTANTS}
    ratios = {name: grown / output for name, (grown, output) in measured.items()}
    verdict = report.judge(shape, GOAL, ratios["ours"])
    print(f"  {shape}: ours {ratios['ours']:.2f}", flush=True)
    cells = [verdict if name == "ours" else f"{ratio:.2f}" for name, ratio in ratios.items()]
    return [shape, f"{measured['ours'][1] / 1e6:.0f} MB", *cells]
