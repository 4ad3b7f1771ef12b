"""References: every object has as many after a thousand calls as before, whichever way the calls end."""

import contextlib
import enum
import gc
import math
import sys
import tracemalloc
import types
import uuid
import weakref
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils.functional import lazystr

import pyforge_web
from tests.callbacks import CALLBACKS
from tests.oracle import Listed, Mapped
from tests.tables import cases

CALLS = 1000


class Colour(enum.Enum):
    RED = uuid.UUID(int=5)


def fresh(text):
    """A str that nobody else shares."""
    return "".join([text[:1], text[1:]])


VALUES = {
    "str": lambda: fresh("some text"),
    "str, not ASCII": lambda: fresh("\u65e5\u672c \ud800"),
    "int": lambda: 10**12,
    "int beyond 64 bit": lambda: 10**30,
    "float": lambda: float("0.1"),
    "datetime": lambda: datetime(2026, 1, 2, tzinfo=UTC),
    "date": lambda: date(2026, 1, 2),
    "time": lambda: time(1, 2),
    "timedelta": lambda: timedelta(days=1),
    "Decimal": lambda: Decimal("1.50"),
    "UUID": lambda: uuid.UUID(int=7),
    "lazy text": lambda: lazystr(fresh("lazy")),
    "Enum": lambda: Colour.RED,
    "range": lambda: range(5),
    "list": lambda: [1, [2]],
    "tuple": lambda: (1, [2]),
    "dict": lambda: {"a": {"b": 1}, 2: 3},
    "list subclass": lambda: Listed([1, [2]]),
    "dict subclass": lambda: Mapped(a=[1]),
    "dict views": lambda: {"a": 1}.items(),
    "MappingProxyType": lambda: types.MappingProxyType({"a": 1}),
    "refused object": object,
    "refused set": lambda: {1},
    "not a number": lambda: float("nan"),
    "aware time": lambda: time(1, tzinfo=UTC),
    **CALLBACKS,
}


def boom():
    raise LookupError("boom")


def encode_all(shapes):
    for shape in shapes:
        for options in ({}, {"django_bytes": True}):
            with contextlib.suppress(TypeError, ValueError, LookupError):
                pyforge_web.dumps(shape, **options)


@pytest.mark.parametrize("make", cases(VALUES))
def test_references_to_a_value(make):
    value = make(boom) if make in CALLBACKS.values() else make()
    row, key = [value], fresh("a key of ours")
    shapes = [row, {key: value}, (value, 1), Listed([value]), Mapped({key: value}), [row, {1}], [row, math.nan]]
    encode_all(shapes)
    watched = [value, row, key, type(value), *shapes]
    gc.collect()
    before = [sys.getrefcount(x) for x in watched]
    for _ in range(CALLS // 10):
        encode_all(shapes)
    gc.collect()
    after = [sys.getrefcount(x) for x in watched]
    # Types are shared with whatever else runs: a leak of one a call is more than the number of rounds.
    assert [
        a - b if abs(a - b) >= CALLS // 10 or x is not type(value) else 0
        for x, a, b in zip(watched, after, before, strict=True)
    ] == [0] * len(watched)


@pytest.mark.parametrize("value", [None, True, False, 1, "", "a", (), b""], ids=repr)
def test_references_to_what_all_share(value):
    data = [value, {"a": value, None: 1, True: 2, "": value}, (value,)]
    options = [{}, {"fields": None}, {"django_bytes": False}, {"django_bytes": True, "nan": "null"}]
    before = sys.getrefcount(value)
    for _ in range(CALLS):
        for given in options:
            try:
                pyforge_web.dumps(data, **given)
            except TypeError:
                assert value == b""
    assert abs(sys.getrefcount(value) - before) < 100


@pytest.mark.parametrize("make", cases(CALLBACKS))
def test_nothing_outlives_an_error(make):
    """Value, containers and exception are gone when the last name is."""

    class OwnError(Exception):
        pass

    def failing():
        raise OwnError

    def attempt():
        outer = Listed([1, make(failing)])
        with pytest.raises(OwnError) as caught:
            pyforge_web.dumps(Mapped(k=outer))
        return weakref.ref(outer), weakref.ref(caught.value)

    references = attempt()
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_python_memory_does_not_grow():
    data = {
        "rows": [
            {"id": n, "t": fresh("text"), "d": date(2026, 1, 2), "p": Decimal(n), "l": lazystr("x")} for n in range(50)
        ]
    }
    bad = {"rows": [data, {"price": math.nan}, {1}]}
    encode_all([data, bad])
    tracemalloc.start()
    try:
        encode_all([data, bad] * 20)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        encode_all([data, bad] * 200)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 4096
    finally:
        tracemalloc.stop()
