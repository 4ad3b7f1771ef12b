"""Encode a value with every contestant: check, time, lay out. An encoder suite is a list of `Workload`."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from time import thread_time
from typing import Any

from benchmarks.goals import Goal, plain
from benchmarks.measure import Effort, Timed, Timing, Values, interleave
from benchmarks.peers import OWN_DATES, PLAIN, Contestant
from benchmarks.report import Report, duration, size, table
from benchmarks.texts import fresh as fresh_text

Pair = tuple[str, str]
Timings = dict[str, dict[str, Timing]]  # by workload, by contestant

RATIOS: tuple[Pair, ...] = (
    ("ours", "orjson"),
    ("ours", "orjson as Django"),
    ("ours", "msgspec"),
    ("ours", "Django"),
    ("ours, Django's bytes", "Django"),
)
"""Whose time is divided by whose."""


@dataclass(frozen=True)
class Workload:
    """What is encoded by whom, and what some of the ratios must reach."""

    name: str
    values: Sequence[object]
    goals: Mapping[Pair, Goal] = field(default_factory=dict)
    peers: Sequence[Contestant] = PLAIN
    fresh: int | None = None  # so many new objects for each sample, instead of the same ones again
    renew: Callable[[Any], object] = fresh_text
    clock: Callable[[], float] = thread_time
    share: float = 1.0  # of all rounds; where one takes seconds

    def timed(self, contestant: Contestant) -> Timed:
        return Timed(
            contestant.call, contestant.names, self._take, self.fresh, clock=self.clock, every=contestant.every
        )

    def effort(self, effort: Effort) -> Effort:
        return replace(effort, rounds=math.ceil(effort.rounds * self.share))

    def _take(self, count: int) -> Values:
        values = list(islice(cycle(self.values), count))
        return values if self.fresh is None else list(map(self.renew, values))


def run(report: Report, workloads: Sequence[Workload], effort: Effort, ratios: Sequence[Pair] = RATIOS) -> None:
    """Check and time the workloads and add the tables."""
    for workload in workloads:
        check(workload)
    timings: Timings = {}
    for workload in workloads:
        timing = interleave({peer.name: workload.timed(peer) for peer in workload.peers}, workload.effort(effort))
        print(f"  {workload.name}: ours {duration(timing['ours'].best)}", flush=True)
        timings[workload.name] = timing
    report.add("## Ratios of the best times", _ratios(report, workloads, timings, ratios))
    report.add("## Times: best / median of all rounds", _times(workloads, timings), _notes(workloads))


def check(workload: Workload) -> None:
    """Refuse to time a contestant whose output is not what it claims."""
    for peer in workload.peers:
        for value in workload.values:
            peer.check(f"{workload.name}, {peer.name}", value, peer.encode(value))


def _ratios(report: Report, workloads: Sequence[Workload], timings: Timings, ratios: Sequence[Pair]) -> str:
    def cell(workload: Workload, pair: Pair) -> str:
        mine, peer = (timings[workload.name][name] for name in pair)
        by_round = f", by round {plain(mine.over_by_round(peer))}"
        if goal := workload.goals.get(pair):
            return report.judge(f"{workload.name}, {' / '.join(pair)}", goal, mine.over(peer)) + by_round
        return f"{plain(mine.over(peer))}{by_round}"

    rows = [[workload.name, *(cell(workload, pair) for pair in ratios)] for workload in workloads]
    return table(["workload", *map(" / ".join, ratios)], rows)


def _times(workloads: Sequence[Workload], timings: Timings) -> str:
    def cell(workload: Workload, name: str) -> str:
        peer = next((peer for peer in workload.peers if peer.name == name), None)
        if peer is None:
            return "cannot"
        timing = timings[workload.name][name]
        return f"{duration(timing.best)} / {duration(timing.median)}{' *' if peer.note.startswith(OWN_DATES) else ''}"

    fullest_first = sorted(workloads, key=lambda each: -len(each.peers))
    names = list(dict.fromkeys(peer.name for each in fullest_first for peer in each.peers))
    rows = [[each.name, _size(each), *(cell(each, name) for name in names)] for each in workloads]
    return table(["workload", "our output", *names], rows)


def _size(workload: Workload) -> str:
    ours = next(peer for peer in workload.peers if peer.name == "ours")
    return size(len(ours.encode(workload.values[0])))


def _notes(workloads: Sequence[Workload]) -> str:
    peers = [peer for workload in workloads for peer in workload.peers]
    lines = [f"- {peer.name}: `{peer.call}`" + (f" ({peer.note})" if peer.note else "") for peer in peers]
    if any(peer.note.startswith(OWN_DATES) for peer in peers):
        lines.append("- `*` writes dates its own way, with microseconds: less work, and not Django's values")
    return "\n".join(dict.fromkeys(lines))
