"""What it costs that each call counts itself, and what a listening collector adds.

Counting cannot be turned off: the same core is built once more without it, and both are timed side by side.
"""

from contextvars import Context, copy_context

from benchmarks import uncounted
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.report import Report, table
from pyforge_web import bridge, metering

COUNTING = Goal(5)  # ns a call
VALUES = {"1": 1, '{"ok": true, "id": 5}': {"ok": True, "id": 5}}


def run(effort: Effort, only: str = "") -> Report:
    report = Report("The price of counting, ns a call")
    bare = uncounted.load()
    effort = Effort(effort.rounds * 10, effort.seconds / 5)  # a difference of a few ns wants many short samples
    rows = [_row(report, name, value, bare, effort) for name, value in VALUES.items() if only in name]
    names = ["without counting", "counted", "one collector", "two collectors"]
    report.add(table(["encoded", *names, "counting", "timing and one collector"], rows))
    report.add(
        "`without counting`: a build whose meter does nothing; `counted`: ours, no collector open; best times.",
        "The last two columns are medians of the differences within each round.",
    )
    return report


def _row(report: Report, name: str, value: object, bare: object, effort: Effort) -> list[str]:
    contestants = {
        "without": (bare, _listening(0)),
        "counted": (bridge.dumps, _listening(0)),
        "one": (bridge.dumps, _listening(1)),
        "two": (bridge.dumps, _listening(2)),
    }
    timings = interleave(
        {
            title: Timed("dumps(value)", {"dumps": dumps}, lambda count: [value] * count, context=context)
            for title, (dumps, context) in contestants.items()
        },
        effort,
    )
    without, counted, one, _ = timings.values()
    verdict = report.judge(f"{name}, counting, ns", COUNTING, counted.above_by_round(without) * 1e9)
    nanoseconds = [f"{timing.best * 1e9:.1f}" for timing in timings.values()]
    return [name, *nanoseconds, verdict, f"{one.above_by_round(counted) * 1e9:.1f}"]


def _listening(collectors: int) -> Context:
    """A context in which so many collectors are open."""
    context = copy_context()
    context.run(metering.active.set, tuple(metering.Collector() for _ in range(collectors)))
    return context
