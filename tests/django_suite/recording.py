"""Outcomes of the suite's tests, and of comparisons, in files of `SUITE_OUT`."""

import atexit
import collections
import contextlib
import json
import os
import traceback
import unittest
from collections import deque
from pathlib import Path

from django.db import connections

counts = collections.Counter()
_KEPT = 5  # differences of one kind in one test
_kept = collections.Counter()
# What of a connection hears of queries.
_LISTENERS = ("execute_wrappers", "force_debug_cursor", "queries_log", "run_on_commit")
_state = {"test": "?", "busy": False}
_files = {}


def install():
    """Open the files, and hear of every test that unittest runs."""
    out, process = Path(os.environ["SUITE_OUT"]), os.getpid()
    _files.update({name: (out / f"{name}.jsonl").open("w", buffering=1) for name in ("failed", "differences")})
    (out / "counts.json").unlink(missing_ok=True)

    def finish():
        if os.getpid() == process:
            (out / "counts.json").write_text(json.dumps(counts))

    atexit.register(finish)
    result = unittest.TestResult
    start, subtest = result.startTest, result.addSubTest

    def start_test(self, test):
        _state["test"] = test.id()
        counts["tests"] += 1
        return start(self, test)

    def add_subtest(self, test, part, error):
        if error is not None:
            _fail(test, error)
        return subtest(self, test, part, error)

    result.startTest, result.addSubTest = start_test, add_subtest
    for name in ("addFailure", "addError"):
        setattr(result, name, _hear(getattr(result, name)))


def _hear(add):
    def method(self, test, error):
        _fail(test, error)
        return add(self, test, error)

    return method


def _fail(test, error):
    why = "".join(traceback.format_exception(*error))[-1500:]
    _files["failed"].write(json.dumps([test.id(), why]) + "\n")


def compare(kind, django, ours, **details):
    """Count a comparison of two shown results, and keep it if they differ."""
    counts[kind] += 1
    if django == ours:
        return
    _kept[kind, _state["test"]] += 1
    if _kept[kind, _state["test"]] <= _KEPT:
        shown = {name: str(value)[:2000] for name, value in {"django": django, "ours": ours, **details}.items()}
        _files["differences"].write(json.dumps({"kind": kind, "test": _state["test"], **shown}) + "\n")


@contextlib.contextmanager
def checking():
    """Yield whether a check may run: not inside of another one. Its queries are not counted, and not wrapped."""
    if _state["busy"]:
        yield False
        return
    _state["busy"] = True
    kept = [(c, {name: getattr(c, name) for name in _LISTENERS}) for c in connections.all(initialized_only=True)]
    try:
        for connection, _ in kept:
            # A test with DEBUG logs all queries: these go into a log of their own.
            connection.force_debug_cursor, connection.execute_wrappers, connection.queries_log = False, [], deque()
        yield True
    finally:
        for connection, before in kept:
            vars(connection).update(before)
        _state["busy"] = False
