"""What it costs that each call counts itself, and what a listening collector adds.

Counting cannot be turned off: the same core is built once more without it, and both are timed side by side.
"""

from collections.abc import Mapping
from contextvars import Context, copy_context

from django.utils.functional import lazystr

from benchmarks import uncounted
from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, Timing, interleave
from benchmarks.report import Report, table
from pyforge_web import _native, metering

COUNTING = Goal(5)  # ns a call
LISTENING = {"none": Goal(100), "one": Goal(500), "panel": Goal(2_000)}  # ns a crossing
VALUES = {"1": 1, '{"ok": true, "id": 5}': {"ok": True, "id": 5}}
OUT = 200
CROSSINGS = {f"{OUT} crossings out": [lazystr("x")] * OUT}


def run(effort: Effort, only: str = "") -> Report:
    report = Report("The price of counting, ns a call")
    bare = uncounted.load()
    effort = Effort(effort.rounds * 10, effort.seconds / 5)  # a difference of a few ns wants many short samples
    values = {name: value for name, value in VALUES.items() if only in name}
    counting = [_counting(report, name, value, bare, effort) for name, value in values.items()]
    report.add(table(["encoded", "without counting", "counted", "counting"], counting))
    _native.listen()  # for good: each call looks for its collectors from here on
    crossings = {name: value for name, value in CROSSINGS.items() if only in name}
    rows = [
        *(_listening(report, name, value, 1, bare, effort) for name, value in values.items()),
        *(_listening(report, name, value, OUT, bare, effort) for name, value in crossings.items()),
    ]
    report.add(
        "Once a collector was opened in the process, ns above a build without counting, for each crossing:",
        table(["encoded", "no collector open", "one collector", "two", "one with all details"], rows),
        "`without counting`: a build whose meter does nothing; best times. The last column of the first table, and all"
        " of the second, are medians of the differences within each round.",
    )
    return report


def _counting(report: Report, name: str, value: object, bare: object, effort: Effort) -> list[str]:
    times = _times(value, {"without": (bare, copy_context()), "counted": (_native.dumps, copy_context())}, effort)
    verdict = report.judge(f"{name}, counting, ns", COUNTING, times["counted"].above_by_round(times["without"]) * 1e9)
    return [name, f"{times['without'].best * 1e9:.1f}", f"{times['counted'].best * 1e9:.1f}", verdict]


def _listening(report: Report, name: str, value: object, crossings: int, bare: object, effort: Effort) -> list[str]:
    """The row of a value in whose encode there are so many crossings."""
    listeners = {
        "none": [],
        "one": [metering.Collector()],
        "two": [metering.Collector(), metering.Collector()],
        "panel": [metering.Collector(details=True)],
    }
    contestants = {title: (_native.dumps, _context(open_)) for title, open_ in listeners.items()}
    times = _times(value, {"without": (bare, copy_context()), **contestants}, effort)
    return [name, *(_above(report, name, title, times, crossings) for title in listeners)]


def _above(report: Report, name: str, title: str, times: Mapping[str, Timing], crossings: int) -> str:
    figure = times[title].above_by_round(times["without"]) / crossings * 1e9
    goal = LISTENING.get(title)
    return f"{figure:.1f}" if goal is None else report.judge(f"{name}, collectors: {title}, ns", goal, figure)


def _times(value: object, contestants: Mapping[str, tuple[object, Context]], effort: Effort) -> dict[str, Timing]:
    """Times of each contestant: a `dumps` and the context with its collectors."""
    return interleave(
        {
            title: Timed("dumps(value)", {"dumps": dumps}, lambda count: [value] * count, context=context)
            for title, (dumps, context) in contestants.items()
        },
        effort,
    )


def _context(collectors: list[metering.Collector]) -> Context:
    """A context in which these are open."""
    context = copy_context()
    context.run(metering.active_collectors.set, tuple(collectors))
    return context
