"""Many threads encode what another changes."""

import json
import sys
import threading
import time

from pyforge_web import dumps
from tests.callbacks import CALLBACKS

SECONDS = 1.5
SCENARIOS = {}


def race(data, change, make):
    """Three threads encode `data` and what is in it while this one changes it; whatever comes out is whole JSON."""
    stop, failures, done = threading.Event(), [], []

    def encode():
        try:
            while not stop.is_set():
                try:
                    json.loads(dumps(data))
                except RuntimeError as error:
                    if "changed" not in str(error):
                        raise
                done.append(1)
        except BaseException as error:
            failures.append(error)
            raise

    sys.setswitchinterval(1e-5)
    workers = [threading.Thread(target=encode) for _ in range(3)]
    for worker in workers:
        worker.start()
    end = time.monotonic() + SECONDS
    turn = 0
    while time.monotonic() < end and not failures:
        turn += 1
        change(turn)
    stop.set()
    for worker in workers:
        worker.join()
    assert not failures, failures
    assert len(done) > 10, len(done)


def yielding(seen):
    """A value whose callback lets the other threads run."""
    return CALLBACKS["isoformat of a date"](lambda: seen.append(1) or time.sleep(0))


def lists():
    seen = []
    data = [[n, yielding(seen), ["x" * 50] * 3] for n in range(30)]

    def change(turn):
        if turn % 3 == 0:
            data.append([turn, yielding(seen), [[]]])
        elif turn % 3 == 1 and len(data) > 5:
            data.pop(turn % len(data)).clear()
        else:
            data[turn % len(data)] = {"replaced": [turn, yielding(seen)]}

    race(data, change, list)
    assert seen


def dicts():
    seen = []
    data = {f"key {n}": {"n": n, "v": yielding(seen), "t": ["x" * 50]} for n in range(30)}

    def change(turn):
        key = f"key {turn % 30}"
        if turn % 4 == 0:
            data.pop(key, None)
        else:
            data[key] = {"n": turn, "v": yielding(seen), "t": [turn] * (turn % 7)}

    race(data, change, dict)
    assert seen


def plain_data():
    """No callback at all: nobody can come in between."""
    data = {"rows": [{"id": n, "name": f"name {n}", "tags": ["a", "b"]} for n in range(200)]}

    def change(turn):
        row = data["rows"][turn % 200]
        row["name"] = f"name {turn}" * (turn % 5)
        row["tags"] = ["c"] * (turn % 9)

    race(data, change, dict)


def same_results_in_all_threads():
    data = {"rows": [{"id": n, "name": f"n\u00e4me {n}", "price": n / 7} for n in range(500)]}
    expected, wrong = dumps(data), []

    def encode():
        wrong.extend(1 for _ in range(50) if dumps(data) != expected)

    workers = [threading.Thread(target=encode) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


for scenario in (lists, dicts, plain_data, same_results_in_all_threads):
    SCENARIOS[scenario.__name__] = scenario
