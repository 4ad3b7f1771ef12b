"""Encode a value with every contestant: check, time, and lay out. The encoder's suites are lists of `Workload`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice

from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, Timing, Values, interleave
from benchmarks.peers import DJANGO_TYPES, PLAIN, Contestant
from benchmarks.report import Report, duration, size, table
from benchmarks.texts import fresh

RATIOS = (
    ("ours", "orjson"),
    ("ours", "orjson as Django"),
    ("ours", "msgspec"),
    ("ours", "Django"),
    ("ours, Django's bytes", "Django"),
)
"""Who is divided by whom."""

NAMES = tuple(dict.fromkeys(contestant.name for contestant in (*PLAIN, *DJANGO_TYPES)))


@dataclass(frozen=True)
class Workload:
    """What is encoded, and what the ratios must reach: one goal for each name of RATIOS that has one."""

    name: str
    values: Sequence[object]
    goals: Mapping[tuple[str, str], Goal] = field(default_factory=dict)
    peers: Sequence[Contestant] = PLAIN
    fresh: int | None = None  # so many new str objects for each sample, instead of the same value again

    def timed(self, contestant: Contestant) -> Timed:
        return Timed(contestant.call, contestant.names, self._take, self.fresh)

    def _take(self, count: int) -> Values:
        values = list(islice(cycle(self.values), count))
        return values if self.fresh is None else [fresh(str(value)) for value in values]


def goals(
    orjson: Goal, as_django: Goal | None = None, django: Goal | None = None
) -> dict[tuple[str, str], Goal]:
    """The usual goals of ours, by peer."""
    by_peer = {"orjson": orjson, "orjson as Django": as_django, "Django": django}
    return {("ours", peer): goal for peer, goal in by_peer.items() if goal}


def run(report: Report, workloads: Sequence[Workload], effort: Effort) -> None:
    """Check and time the workloads and add the tables."""
    for workload in workloads:
        check(workload)
    timings: dict[str, dict[str, Timing]] = {}
    for workload in workloads:
        timings[workload.name] = interleave(
            {peer.name: workload.timed(peer) for peer in workload.peers}, effort
        )
        print(f"  {workload.name}: ours {duration(timings[workload.name]['ours'].best)}", flush=True)
    report.add("## Ratios of the best times", _ratios(report, workloads, timings))
    report.add("## Times: best / median of all rounds", _times(workloads, timings), _notes(workloads))


def check(workload: Workload) -> None:
    """Refuse to time a contestant whose output is not what it claims."""
    for peer in workload.peers:
        for value in workload.values:
            peer.check(f"{workload.name}, {peer.name}", value, peer.encode(value))


def _ratios(
    report: Report, workloads: Sequence[Workload], timings: Mapping[str, Mapping[str, Timing]]
) -> str:
    def cell(workload: Workload, pair: tuple[str, str]) -> str:
        mine, peer = (timings[workload.name][name] for name in pair)
        ratio = mine.best / peer.best
        goal = workload.goals.get(pair)
        if goal is None:
            return f"{ratio:.2f}"
        report.judge(f"{workload.name}, {' / '.join(pair)}: {goal.verdict(ratio)}", goal.met(ratio))
        return goal.verdict(ratio)

    headers = ["workload", *(" / ".join(pair) for pair in RATIOS)]
    return table(
        headers, [[workload.name, *(cell(workload, pair) for pair in RATIOS)] for workload in workloads]
    )


def _times(workloads: Sequence[Workload], timings: Mapping[str, Mapping[str, Timing]]) -> str:
    def cell(workload: Workload, name: str) -> str:
        timing = timings[workload.name].get(name)
        if timing is None:
            return "cannot"
        mark = " *" if any(peer.name == name and peer.note == "own dates" for peer in workload.peers) else ""
        return f"{duration(timing.best)} / {duration(timing.median)}{mark}"

    rows = [
        [workload.name, _output_size(workload), *(cell(workload, name) for name in NAMES)]
        for workload in workloads
    ]
    return table(["workload", "our output", *NAMES], rows)


def _output_size(workload: Workload) -> str:
    ours = next(peer for peer in workload.peers if peer.name == "ours")
    return size(len(ours.encode(workload.values[0])))


def _notes(workloads: Sequence[Workload]) -> str:
    peers = dict.fromkeys(peer for workload in workloads for peer in workload.peers)
    lines = {
        f"- {peer.name}: `{peer.call}`" + (f" ({peer.note})" if peer.note else ""): None for peer in peers
    }
    marked = "\n\n`*` writes dates its own way, with microseconds: less work, and other values than Django's."
    return "\n".join(lines) + (marked if any(peer.note == "own dates" for peer in peers) else "")
