"""200,000 levels of every container in a thread of 128 KB, at every recursion limit."""

import collections
import contextlib
import enum
import sys
import threading
import typing
from types import MappingProxyType

from django.utils.functional import SimpleLazyObject

from pyforge_web import dumps
from tests.oracle import Listed, Mapped, find_depth_limit

SMALL_STACK = 128 * 1024
LEVELS = 200_000
SCENARIOS = {}


class Pair(typing.NamedTuple):
    left: object
    right: object


class Box(enum.Enum):
    BOX = 0


def boxed(value):
    """A member of an Enum with this value, without a class for each."""
    member = object.__new__(Box)
    member._value_ = value
    member._name_ = "BOX"
    return member


KINDS = {
    "list": lambda x: [x],
    "list_with_siblings": lambda x: [1, {}, x, "text", []],
    "tuple": lambda x: (x,),
    "dict": lambda x: {"k": x},
    "list_in_dict": lambda x: {"k": [x]},
    "tuple_in_list": lambda x: [(x,)],
    "list_subclass": lambda x: Listed([x]),
    "dict_subclass": lambda x: Mapped(k=x),
    "namedtuple": lambda x: Pair(x, 1),
    "OrderedDict": lambda x: collections.OrderedDict(k=x),
    "MappingProxyType": lambda x: {"k": MappingProxyType({"k": x})},
    "dict_values": lambda x: {"k": x}.values(),
    "value_of_an_Enum": lambda x: boxed([x]),
    "Enum_in_Enum": boxed,
    "everything": lambda x: [{"k": (Listed([Mapped(k=Pair(collections.OrderedDict(k=x), 0))]),)}],
}


def in_small_thread(work):
    outcome = []

    def run():
        try:
            outcome.append(work())
        except BaseException as error:
            outcome.append(error)

    threading.stack_size(SMALL_STACK)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(0)
    return outcome[0]


def too_deep(wrap):
    value = 1
    for _ in range(LEVELS):
        value = wrap(value)
    for options in ({}, {"django_bytes": True}, {"nan": "null"}):
        found = in_small_thread(lambda options=options: dumps(value, **options))
        assert isinstance(found, RecursionError), repr(found)[:500]
        assert str(found).startswith("maximum recursion depth exceeded")
        assert in_small_thread(lambda: dumps([1])) == b"[1]"


for name, wrap in KINDS.items():
    SCENARIOS[f"deep_{name}"] = lambda wrap=wrap: too_deep(wrap)


def deepest_allowed_in_a_small_thread():
    limit = find_depth_limit()
    for wrap in (KINDS["list"], KINDS["tuple"], KINDS["dict"], KINDS["list_subclass"], KINDS["OrderedDict"]):
        value = wrap(1)
        for _ in range(limit - 1):
            value = wrap(value)
        text = in_small_thread(lambda value=value: dumps(value))
        assert isinstance(text, bytes), repr(text)[:500]
        assert text.count(b"[") + text.count(b"{") == limit


def cycles_in_a_small_thread():
    for make in (list, dict, Listed, Mapped, collections.OrderedDict):
        ring = make()
        if isinstance(ring, dict):
            ring["k"] = ring
        else:
            ring.append(ring)
        found = in_small_thread(lambda ring=ring: dumps(ring))
        assert isinstance(found, ValueError), repr(found)
        assert str(found).startswith("Circular reference detected")


def depth_with_a_high_recursion_limit():
    sys.setrecursionlimit(1_000_000)
    too_deep(KINDS["everything"])


def depth_near_the_recursion_limit():
    """At the end of Python's own stack a callback gets its RecursionError, plain data is written."""
    plain, found = [[[{"k": (1,)}]]], []

    def dive(level):
        found.append(dumps(plain))
        dive(level + 1)

    with contextlib.suppress(RecursionError):
        dive(0)
    assert set(found) == {b'[[[{"k":[1]}]]]'}
    assert dumps(plain) == b'[[[{"k":[1]}]]]'


def lazy_objects_in_lazy_objects():
    value = 1
    for _ in range(3000):
        value = SimpleLazyObject(lambda value=value: value)
    with contextlib.suppress(RecursionError):
        assert dumps([value]) == b"[1]"


for scenario in (
    deepest_allowed_in_a_small_thread,
    cycles_in_a_small_thread,
    depth_with_a_high_recursion_limit,
    depth_near_the_recursion_limit,
    lazy_objects_in_lazy_objects,
):
    SCENARIOS[scenario.__name__] = scenario
