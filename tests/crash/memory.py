"""How much memory a call takes at its peak, and what of it stays."""

import contextlib
import gc
import math
import pathlib
import resource
import sys

from pyforge_web import dumps
from tests.callbacks import CALLBACKS

MB = 1024 * 1024
SIZE = 64 * MB
SCENARIOS = {}


def status(name):
    """A line of /proc/self/status, in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {name} in /proc/self/status")


def forget_peak():
    pathlib.Path("/proc/self/clear_refs").write_text("5")


def repeated(item):
    """A list of `item` whose text has 64 MB."""
    return [item] * (SIZE // (len(dumps(item)) + 1))


SHAPES = {
    "one_giant_string": lambda: "x" * SIZE,
    "strings_of_1_MB": lambda: [chr(65 + n % 26) * MB for n in range(64)],
    "short_strings": lambda: repeated("a short string"),
    "ints": lambda: repeated(1234567),
    "floats": lambda: repeated(0.1234567890123),
    "small_dicts": lambda: repeated({"id": 5, "ok": True, "name": "x"}),
    "dict_of_ints": lambda: [{f"key {n}": n for n in range(40_000)}] * 80,
    "French": lambda: "d\u00e9j\u00e0 vu, \u00e9l\u00e8ve ! " * (SIZE // 23),
    "Japanese": lambda: "\u65e5\u672c\u8a9e\u306e\u6587" * (SIZE // 15),
    "emoji": lambda: "emoji \U0001f600" * (SIZE // 10),
    "emoji_as_escapes": lambda: "\U0001f600" * (SIZE // 12),
    "French_strings_of_1_MB": lambda: [f"{n} d\u00e9j\u00e0 vu" * 80_000 for n in range(64)],
    "quotes": lambda: '"' * (SIZE // 2),
    "control_characters": lambda: "\x01" * (SIZE // 6),
}


def peak(name, make):
    data = make()
    options = {"django_bytes": True} if name == "emoji_as_escapes" else {}
    dumps([1])
    gc.collect()
    forget_peak()
    before = status("VmRSS")
    size = len(dumps(data, **options))
    grown = status("VmHWM") - before
    print(f"{name}: {size / MB:.0f} MB of output, {grown / size:.2f} times that at the peak")
    assert 0.75 * SIZE < size < 1.5 * SIZE, size / MB
    assert 0.9 * size < grown <= 2.2 * size, grown / size


for shape, make in SHAPES.items():
    SCENARIOS[f"peak_{shape}"] = lambda shape=shape, make=make: peak(shape, make)


def boom():
    raise LookupError("boom")


ROWS = [{"id": n, "text": "d\u00e9j\u00e0" * 100, "price": 0.5} for n in range(1000)]


def changing_dict():
    data = {"a": 1}
    data["b"] = CALLBACKS["isoformat of a date"](lambda: data.setdefault("d", 1))
    data["c"] = 1
    return data


def cycle():
    data = []
    data.append(data)
    return data


ENDS = {
    "success": lambda: 1,
    "refused": lambda: {1},
    "not_a_number": lambda: math.nan,
    "a_callback_that_raises": lambda: CALLBACKS["isoformat of a date"](boom),
    "a_refused_key": lambda: {(1,): 1},
    "a_changed_dict": changing_dict,
    "a_cycle": cycle,
}


def stays(make):
    """Two hundred calls that write some hundred MB in all keep none of it."""

    def call():
        with contextlib.suppress(TypeError, ValueError, LookupError, RuntimeError):
            dumps([ROWS, make()])

    for _ in range(20):
        call()
    gc.collect()
    before, blocks = status("VmRSS"), sys.getallocatedblocks()
    for _ in range(200):
        call()
    gc.collect()
    assert status("VmRSS") - before < 8 * MB, (status("VmRSS") - before) / MB
    assert sys.getallocatedblocks() - blocks < 150, sys.getallocatedblocks() - blocks


def out_of_memory():
    """Where memory ends, a MemoryError: the process lives on."""
    parts = ["x" * MB] * 2000, "\x01" * 400 * MB, {"k": ["\u00e9" * MB] * 2000}
    resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + 600 * MB,) * 2)
    for data in (*parts, [parts[1]]):
        try:
            size = len(dumps(data))
        except MemoryError:
            assert dumps([1]) == b"[1]"
        else:
            raise AssertionError(f"{size} bytes in 600 MB of memory")


SCENARIOS["out_of_memory"] = out_of_memory

for name, make in ENDS.items():
    SCENARIOS[f"nothing_stays_after_{name}"] = lambda make=make: stays(make)
