"""Interleaved timing: every round times every contestant once, in shuffled order.

Machines are shared and noisy. A slow minute falls on all contestants alike; samples are short and many, so that some
are not disturbed, and the best of them is the sounder figure; and the clock is the thread's own CPU time, which stands
still while other programs run.
"""

import gc
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from time import thread_time
from timeit import Timer

Values = Sequence[object]


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float  # that one sample should at least take

    @classmethod
    def full(cls) -> "Effort":
        return cls(rounds=100, seconds=0.001)

    @classmethod
    def quick(cls) -> "Effort":
        return cls(rounds=25, seconds=0.0005)


@dataclass(frozen=True)
class Timing:
    """Seconds for one call, by the number of the round."""

    rounds: Mapping[int, float]

    @property
    def best(self) -> float:
        return min(self.rounds.values())

    @property
    def median(self) -> float:
        return median(self.rounds.values())

    def over(self, other: "Timing") -> float:
        """The ratio of the best times."""
        return self.best / other.best

    def over_by_round(self, other: "Timing") -> float:
        """The median of the ratios within each round: far from the other one, the machine was too noisy."""
        return median(mine / theirs for mine, theirs in self._pairs(other))

    def above_by_round(self, other: "Timing") -> float:
        """The median of the differences within each round, in seconds."""
        return median(mine - theirs for mine, theirs in self._pairs(other))

    def _pairs(self, other: "Timing") -> Iterator[tuple[float, float]]:
        return ((self.rounds[each], other.rounds[each]) for each in self.rounds if each in other.rounds)


@dataclass(frozen=True)
class Timed:
    """What is timed: `call` is evaluated once for each `value` that `values(count)` made.

    The values are made anew for each sample, outside the timed part. A `count` fixes how many; without one as
    many are asked for as fill a sample. `context` is the one the calls run in. What waits for a database needs
    `time.perf_counter` as its clock. `every` 3 sits out two rounds of three: what is slow has no need of many.
    """

    call: str
    names: Mapping[str, object]
    values: Callable[[int], Values]
    count: int | None = None
    context: Context = field(default_factory=copy_context)
    clock: Callable[[], float] = thread_time
    every: int = 1


def interleave(contestants: Mapping[str, Timed], effort: Effort, seed: int = 3) -> dict[str, Timing]:
    """Time all contestants side by side."""
    with _quiet_gc():
        samplers = {name: _sampler(timed, effort) for name, timed in contestants.items()}
        samples: dict[str, dict[int, float]] = {name: {} for name in samplers}
        order = list(samplers)
        shuffle = random.Random(seed).shuffle
        for number in range(effort.rounds):
            shuffle(order)
            for name in order:
                if number % contestants[name].every == 0:
                    samples[name][number] = samplers[name]()
    return {name: Timing(taken) for name, taken in samples.items()}


def _sampler(timed: Timed, effort: Effort) -> Callable[[], float]:
    """Return a function that takes one sample: the seconds of one call, the loop around it subtracted."""
    if timed.count is not None:
        return _compile(timed, timed.count)
    count = 1  # grows until a sample lasts long enough; serves as the warm-up too
    while (taken := _compile(timed, count)() * count) < effort.seconds:
        count = max(count * 2, int(count * 1.2 * effort.seconds / max(taken, 1e-9)) if taken > 1e-5 else 0)
    return _compile(timed, count)


def _compile(timed: Timed, count: int) -> Callable[[], float]:
    names = {**timed.names, "make": timed.values, "count": count}
    timer = Timer(f"for value in values: {timed.call}", "values = make(count)", timed.clock, names)
    timed.context.run(timer.timeit, 1)

    def sample() -> float:
        return timed.context.run(timer.timeit, 1) / count - _loop()

    return sample


@cache
def _loop() -> float:
    """One turn of an empty loop: a few ns, which beside calls of 80 ns would flatter whoever is slower."""
    count = 20_000
    return min(Timer("for value in values: pass", f"values = [None] * {count}", thread_time).repeat(50, 1)) / count


@contextmanager
def _quiet_gc() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
