"""Interleaved timing: every round times every contestant once, in shuffled order.

Machines are shared and noisy: a slow minute then falls on all alike, and the best of many rounds is the sounder figure.
"""

import gc
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from statistics import median
from timeit import Timer

Values = Sequence[object]


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float  # that one sample should at least take

    @classmethod
    def full(cls) -> "Effort":
        return cls(rounds=40, seconds=0.003)

    @classmethod
    def quick(cls) -> "Effort":
        return cls(rounds=9, seconds=0.001)


@dataclass(frozen=True)
class Timing:
    """Seconds for one call."""

    best: float
    median: float


@dataclass(frozen=True)
class Timed:
    """What is timed: `call` is evaluated once for each `value` that `values(count)` made.

    The values are made anew for each sample, outside the timed part. A `count` fixes how many; without one as many are
    asked for as fill a sample.
    """

    call: str
    names: Mapping[str, object]
    values: Callable[[int], Values]
    count: int | None = None


def interleave(contestants: Mapping[str, Timed], effort: Effort, seed: int = 3) -> dict[str, Timing]:
    """Time all contestants side by side."""
    with _quiet_gc():
        samplers = {name: _sampler(timed, effort) for name, timed in contestants.items()}
        samples: dict[str, list[float]] = {name: [] for name in samplers}
        order = list(samplers)
        shuffle = random.Random(seed).shuffle
        for _ in range(effort.rounds):
            shuffle(order)
            for name in order:
                samples[name].append(samplers[name]())
    return {name: Timing(min(taken), median(taken)) for name, taken in samples.items()}


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
    timer = Timer(f"for value in values: {timed.call}", "values = make(count)", globals=names)
    timer.timeit(1)

    def sample() -> float:
        return timer.timeit(1) / count - _loop()

    return sample


@cache
def _loop() -> float:
    """One turn of an empty loop: a few ns, which beside calls of 80 ns would flatter whoever is slower."""
    count = 20_000
    return min(Timer("for value in values: pass", f"values = [None] * {count}").repeat(50, 1)) / count


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
