"""`python -m benchmarks.encoder_child ROUNDS`: the encoder beside orjson in one process, a line for each workload.

Where libraries are mapped decides for the life of a process how well branches are predicted, so that one process says
little: `benchmarks/suites/encoder_processes.py` runs many.
"""

import json
import os
import sys

from benchmarks.measure import Effort, Timed, interleave


def main(rounds: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    django.setup()
    from benchmarks.peers import DJANGO_TYPES, PLAIN

    for name, value in make_workloads().items():
        peers = [peer for peer in (DJANGO_TYPES if "Django" in name else PLAIN) if peer.name in ("ours", "orjson")]
        for peer in peers:
            peer.check(f"{name}, {peer.name}", value, peer.encode(value))

        def take(count: int, value: object = value) -> list[object]:
            return [value] * count

        timed = {peer.name: Timed(peer.call, peer.names, take, None) for peer in peers}
        timing = interleave(timed, Effort(rounds=rounds, seconds=0.0005))
        print(json.dumps([name, timing["ours"].best, timing["orjson"].best]))


def make_workloads() -> dict[str, object]:
    """Return the values by name; those of files that are not there are left out."""
    from benchmarks import corpora
    from benchmarks.rows import django_rows
    from benchmarks.texts import text

    present = [name for name in corpora.SHA256 if name not in corpora.missing()]
    return {
        **{name: corpora.load(name) for name in present},
        '{"ok": true, "id": 5}': {"ok": True, "id": 5},
        "1 MB of ASCII": text("ASCII", 1_000_000),
        "200 B of ASCII": text("ASCII", 200),
        "100 texts of 20 B": [text("ASCII", 20, seed) for seed in range(100)],
        "100 texts of 200 B": [text("ASCII", 200, seed) for seed in range(100)],
        "1,000 small integers": list(range(1000)),
        "1,000 Django rows": django_rows(1000),
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
