"""Bodies that go deep, in a thread of 128 KB; and bodies read while another is read."""

import gc
import json
import threading

from pyforge_web.parsers import DEEPEST_ALLOWED, loads
from tests.crash.depth import LEVELS, in_small_thread

SCENARIOS = {}
OPENINGS = ("[", '{"a":', '[{"a":[1,')


def endless_nesting():
    for opening in OPENINGS:
        for body in (opening * LEVELS, (opening * LEVELS).encode("utf-16")):
            found = in_small_thread(lambda body=body: loads(body, max_size=10**8, max_depth=DEEPEST_ALLOWED))
            assert isinstance(found, json.JSONDecodeError), repr(found)[:500]
            assert found.msg.startswith(f"More than {DEEPEST_ALLOWED} containers")


def deepest_allowed():
    """A value, and a fault at the bottom, which `json.loads` finds once more."""
    arrays = "[" * DEEPEST_ALLOWED + "]" * DEEPEST_ALLOWED
    objects = '{"a":' * (DEEPEST_ALLOWED - 1) + "[]" + "}" * (DEEPEST_ALLOWED - 1)
    for body in (arrays, objects):
        assert in_small_thread(lambda body=body: loads(body, max_depth=DEEPEST_ALLOWED)) == json.loads(body)
        broken = body.replace("]", "x", 1)
        found = in_small_thread(lambda broken=broken: loads(broken, max_depth=DEEPEST_ALLOWED))
        assert isinstance(found, json.JSONDecodeError), repr(found)[:500]
        assert found.pos == broken.index("x")


def the_garbage_collector_reads_too():
    """Each collection reads a body of its own in the middle of the outer one."""
    seen = []

    def read(phase, info):
        if phase == "start":
            seen.append(loads(b'{"name": "inner", "id": 7}'))

    body = json.dumps([{"name": f"row {n}", "id": n, "tags": [{}, []]} for n in range(500)])
    expected = json.loads(body)
    gc.set_threshold(5)
    gc.callbacks.append(read)
    try:
        for _ in range(20):  # from Python 3.12 on a collection waits until the native call has ended
            assert loads(body) == expected
    finally:
        gc.callbacks.remove(read)
        gc.set_threshold(700)
    assert len(seen) > 10
    assert all(row == {"name": "inner", "id": 7} for row in seen)


def many_threads():
    bodies = [json.dumps([{f"key {n}": n, "name": f"n\u00e4me {n}"} for n in range(m, m + 300)]) for m in range(8)]
    wrong = []

    def work(body):
        expected = json.loads(body)
        wrong.extend(1 for _ in range(50) if loads(body) != expected)

    workers = [threading.Thread(target=work, args=(body,)) for body in bodies]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


for scenario in (endless_nesting, deepest_allowed, the_garbage_collector_reads_too, many_threads):
    SCENARIOS[scenario.__name__] = scenario
