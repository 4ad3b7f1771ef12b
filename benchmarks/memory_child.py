"""`python -m benchmarks.memory_child SHAPE CONTESTANT`: encode once, print the memory and bytes it took.

Not ru_maxrss: a child starts with the peak of the process that started it. The peak of this program's own memory
(VmHWM) can be put back to the present size before the encode: what building the value took is not in it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.rows import django_rows
from benchmarks.texts import fresh, text

STATUS = Path("/proc/self/status")
CONTESTANTS = ("ours", "orjson", "msgspec", "Django")
TOTAL = 64_000_000
FRENCH = [text("French", 200, seed) for seed in range(50)]

SHAPES: dict[str, Callable[[], object]] = {
    "one ASCII string": lambda: text("ASCII", 1_000_000) * (TOTAL // 1_000_000),
    "one Japanese string": lambda: text("Japanese", 999_999) * (TOTAL // 999_999),
    "one French string": lambda: text("French", 1_000_000) * (TOTAL // 1_000_000),
    "one string of quotes": lambda: '"' * (TOTAL // 2),
    "strings of 1 MB": lambda: [text("ASCII", 1_000_000, seed) for seed in range(TOTAL // 1_000_000)],
    "French strings of 200 B": lambda: [fresh(each) for each in FRENCH * (TOTAL // 10_000)],
    "integers": lambda: list(range(10**7, 10**7 + TOTAL // 9)),
    "floats": lambda: [number / 7 for number in range(1, TOTAL // 18)],
    "small dicts": lambda: [{"id": number, "ok": True} for number in range(TOTAL // 24)],
    "Django rows": lambda: django_rows(TOTAL // 570),
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    django.setup()
    from benchmarks.peers import DJANGO_TYPES

    shape, name = sys.argv[1:]
    contestant = next(peer for peer in DJANGO_TYPES if peer.name == name)
    contestant.encode({"warm": "up"})
    value = SHAPES[shape]()
    print(json.dumps(grown(lambda: contestant.encode(value))))


def grown(encode: Callable[[], bytes]) -> tuple[int, int]:
    """Bytes of memory that an encode takes at its peak, and the bytes it gives."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _kilobytes("VmRSS")
    output = encode()
    return (_kilobytes("VmHWM") - before) * 1024, len(output)


def run_child(module: str, *arguments: str) -> tuple[int, ...]:
    """What a process of its own measures."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return tuple(json.loads(done.stdout))


def _kilobytes(name: str) -> int:
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
