"""What it costs that each call counts itself, and what a listening collector adds.

Counting cannot be turned off: the same core is built once more without it, and both are timed side by side.
"""

from contextvars import Context, copy_context

from benchmarks import uncounted
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, Timing, interleave
from benchmarks.report import Report, table
from pyforge_web import bridge, metering

COUNTING = Goal(5)  # ns a call
VALUES = {"1": 1, '{"ok": true, "id": 5}': {"ok": True, "id": 5}}


def run(effort: Effort, only: str = "") -> Report:
    report = Report("The price of counting, ns a call")
    bare = uncounted.load()
    effort = Effort(effort.rounds * 10, effort.seconds / 5)  # a difference of a few ns wants many short samples
    values = {name: value for name, value in VALUES.items() if only in name}
    counting = [_counting(report, name, value, bare, effort) for name, value in values.items()]
    report.add(table(["encoded", "without counting", "counted", "counting"], counting))
    bridge.listen()  # for good: each call looks for its collectors from here on
    listening = [_collectors(name, value, effort) for name, value in values.items()]
    names = ["no collector open", "one", "two", "timing and one collector"]
    report.add(table(["encoded, once a collector was opened in the process", *names], listening))
    report.add(
        "`without counting`: a build whose meter does nothing; best times.",
        "The last column of each table is the median of the differences within each round.",
    )
    return report


def _counting(report: Report, name: str, value: object, bare: object, effort: Effort) -> list[str]:
    without, counted = _times(value, {"without": (bare, 0), "counted": (bridge.dumps, 0)}, effort)
    verdict = report.judge(f"{name}, counting, ns", COUNTING, counted.above_by_round(without) * 1e9)
    return [name, f"{without.best * 1e9:.1f}", f"{counted.best * 1e9:.1f}", verdict]


def _collectors(name: str, value: object, effort: Effort) -> list[str]:
    none, one, two = _times(value, {str(count): (bridge.dumps, count) for count in range(3)}, effort)
    nanoseconds = [f"{timing.best * 1e9:.1f}" for timing in (none, one, two)]
    return [name, *nanoseconds, f"{one.above_by_round(none) * 1e9:.1f}"]


def _times(value: object, contestants: dict[str, tuple[object, int]], effort: Effort) -> list[Timing]:
    """Times of each contestant, a `dumps` and the number of collectors that are open for it."""
    timings = interleave(
        {
            title: Timed("dumps(value)", {"dumps": dumps}, lambda count: [value] * count, context=_listening(open_))
            for title, (dumps, open_) in contestants.items()
        },
        effort,
    )
    return list(timings.values())


def _listening(collectors: int) -> Context:
    """A context in which so many collectors are open."""
    context = copy_context()
    context.run(metering.active.set, tuple(metering.Collector() for _ in range(collectors)))
    return context
