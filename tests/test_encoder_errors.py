"""The encoder's own errors: Django's type, Django's first words, and the place (`$.rows[3].price`)."""

import collections
import enum
import itertools
import math
import re
import tracemalloc
import typing
from types import MappingProxyType

import pytest
from django.utils.functional import Promise
from django.utils.safestring import mark_safe

import pyforge_web
from tests.oracle import Listed, Mapped, assert_same, encode, find_depth_limit, find_django_depth
from tests.tables import rows


class Pair(typing.NamedTuple):
    left: object
    right: object


class Holder(enum.Enum):
    HOLDS = [[0, math.nan]]  # noqa: RUF012


BAD = math.nan

PLACES = {
    "the value itself": (BAD, "$"),
    "in a list": ([0, BAD], "$[1]"),
    "in a tuple": ((0, 0, BAD), "$[2]"),
    "in a dict": ({"price": BAD}, "$.price"),
    "rows": ({"rows": [0, 0, 0, {"id": 1, "price": BAD}]}, "$.rows[3].price"),
    "after finished containers": ([[1, [2]], {"a": {"b": []}}, {"c": [[], BAD]}], "$[2].c[1]"),
    "underscore and digits": ({"_a1": {"B2_": BAD}}, "$._a1.B2_"),
    "key with a blank": ({"a b": BAD}, '$["a b"]'),
    "key with a dash": ({"a-b": BAD}, '$["a-b"]'),
    "key with a dot": ({"a.b": [BAD]}, '$["a.b"][0]'),
    "key that begins with a digit": ({"1a": BAD}, '$["1a"]'),
    "empty key": ({"": BAD}, '$[""]'),
    "key with a quote": ({'a"b': BAD}, r'$["a\"b"]'),
    "key with a line end": ({"a\nb": BAD}, r'$["a\nb"]'),
    "int key": ({1: [BAD]}, "$[1][0]"),
    "float key": ({1.5: BAD}, "$[1.5]"),
    "None and bool keys": ({None: {True: BAD}}, "$[None][True]"),
    "str subclass key": ({mark_safe("a b"): BAD}, '$["a b"]'),
    "namedtuple": (Pair(1, Pair(1, BAD)), "$[1][1]"),
    "list subclass": (Listed([1, Listed([BAD])]), "$[1][0]"),
    "dict subclass": (Mapped(a=Mapped(b=BAD)), "$.a.b"),
    "OrderedDict": (collections.OrderedDict(a=1, b=BAD), "$.b"),
    "MappingProxyType": ([MappingProxyType({"a": 1, "b": BAD})], "$[0].b"),
    "dict views": ([{"k": BAD}.values(), 1], "$[0][0]"),
    "value of an Enum": ({"e": Holder.HOLDS}, "$.e[0][1]"),
}


def stands_in(path, message):
    """The path as such, not as the beginning of a longer one."""
    return re.search(re.escape(path) + r"(?![\[\w]|\.\w)", message)


@pytest.mark.parametrize(("value", "path"), rows(PLACES))
def test_the_place_of_a_value(value, path, form):
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant") as caught:
        encode(value, form)
    assert stands_in(path, str(caught.value))


def test_the_place_survives_any_key(form):
    for key in ("\ud800", "\u00e9\u65e5\U0001f600", "\0", "k" * 100_000):
        with pytest.raises(ValueError, match=r"^Out of range float values .*\$") as caught:
            encode({key: {"price": BAD}}, form)
        str(caught.value).encode("utf-8", "surrogatepass")


class SaysItOnce(Promise):
    def __init__(self):
        self.said = []

    def __str__(self):
        assert not self.said, "the text was asked for again"
        self.said.append(1)
        return "once"


def test_no_code_is_run_to_tell_the_place(form):
    with pytest.raises(ValueError, match=r"^Out of range float values .*\$"):
        encode({"rows": [{SaysItOnce(): {"price": BAD}}]}, form)


class Endless(list):
    """Holds a fresh list inside, for ever: deep without a cycle."""

    def __iter__(self):
        yield Endless([1])


def nested(kind, levels):
    value = kind(None)
    for _ in range(levels - 1):
        value = kind(value)
    return value


LIMIT = find_depth_limit()

# name: (one more level around a value, the text before, the text after)
LEVELS = {
    "list": (lambda x: [] if x is None else [x], "[", "]"),
    "tuple": (lambda x: () if x is None else (x,), "[", "]"),
    "dict": (lambda x: {} if x is None else {"k": x}, '{"k":', "}"),
    "list subclass": (lambda x: Listed() if x is None else Listed([x]), "[", "]"),
    "dict subclass": (lambda x: Mapped() if x is None else Mapped(k=x), '{"k":', "}"),
    "OrderedDict": (lambda x: collections.OrderedDict({} if x is None else {"k": x}), '{"k":', "}"),
    "namedtuple": (lambda x: Pair(1, x), "[1,", "]"),
    "MappingProxyType": (lambda x: MappingProxyType({} if x is None else {"k": x}), '{"k":', "}"),
    "dict values": (lambda x: {}.values() if x is None else {"k": x}.values(), "[", "]"),
}


@pytest.mark.parametrize(("kind", "before", "after"), rows(LEVELS))
class TestDepth:
    def test_as_deep_as_allowed(self, kind, before, after):
        innermost = pyforge_web.dumps(kind(None)).decode()
        expected = before * (LIMIT - 1) + innermost + after * (LIMIT - 1)
        assert_same(pyforge_web.dumps(nested(kind, LIMIT)), expected.encode())

    @pytest.mark.parametrize("more", [1, 2, 4000])
    def test_deeper_is_refused(self, kind, before, after, more, form):
        with pytest.raises(RecursionError, match=r"^maximum recursion depth exceeded"):
            encode(nested(kind, LIMIT + more), form)
        assert pyforge_web.dumps([1]) == b"[1]"


def test_depth_that_django_writes():
    """Django's own limit: Python's recursion limit in 3.11, one of C code in 3.12 and 3.13, the C stack later."""
    depth = find_django_depth()
    assert depth > 900
    assert_same(pyforge_web.dumps(nested(LEVELS["list"][0], depth)), b"[" * depth + b"]" * depth)


def test_depth_without_end_and_without_a_cycle():
    with pytest.raises(RecursionError, match=r"^maximum recursion depth exceeded"):
        pyforge_web.dumps(Endless())


def test_siblings_do_not_add_up(form):
    assert encode([[[]]] * 5000, form).count(b"[") == 10_001


class MyDict(dict):
    def items(self):
        return [("self", self)]


def ring(kind, length):
    """`length` containers, each inside the one before, the first inside the last."""
    first = kind()
    last = first
    for _ in range(length - 1):
        last = put(kind(), last)
    put(first, last)
    return first


def put(inner, outer):
    if isinstance(outer, dict):
        outer["k"] = inner
    else:
        outer.append(inner)
    return inner


def through(wrap):
    inside = []
    inside.append(wrap(inside))
    return inside


class Loop(enum.Enum):
    LOOP = []  # noqa: RUF012


Loop.LOOP.value.append(Loop.LOOP)


def proxy_in_itself():
    data = {}
    data["k"] = MappingProxyType(data)
    return data["k"]


CYCLES = {
    **{
        f"{kind.__name__}, ring of {n}": (lambda kind=kind, n=n: ring(kind, n),)
        for kind, n in itertools.product([list, dict, Listed, Mapped, collections.OrderedDict], [1, 2, 3, 1000])
    },
    "tuple": (lambda: through(lambda x: (1, x)),),
    "namedtuple": (lambda: through(lambda x: Pair(1, x)),),
    "dict in list": (lambda: through(lambda x: {"a": x}),),
    "MappingProxyType": (proxy_in_itself,),
    "dict values": (lambda: through(lambda x: {"a": x}.values()),),
    "value of an Enum": (lambda: Loop.LOOP,),
    "items() that give the dict itself": (lambda: MyDict(a=1),),
    "a long way to the ring": (lambda: nested(lambda x: ring(list, 2) if x is None else [x], 1000),),
}


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, (make,) in CYCLES.items()])
def test_a_cycle_is_told_from_depth(make, form):
    with pytest.raises(ValueError, match=r"^Circular reference detected") as caught:
        encode(make(), form)
    assert "$" in str(caught.value)
    assert pyforge_web.dumps([1]) == b"[1]"


def test_a_ring_longer_than_the_limit_is_depth():
    with pytest.raises(RecursionError, match=r"^maximum recursion depth exceeded"):
        pyforge_web.dumps(ring(list, 3 * LIMIT))


def test_cycle_of_large_values_ends_soon():
    """The values beside a cycle are not written as often as there may be containers."""
    text = "x" * 1_000_000
    tracemalloc.start()
    try:
        for make in (lambda ring: [text, ring], lambda ring: [text, {"a": (ring,)}]):
            cycle = []
            cycle.extend(make(cycle))
            with pytest.raises(ValueError, match=r"^Circular reference detected"):
                pyforge_web.dumps(cycle)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 300_000_000


def test_options_are_keywords_and_known():
    for wrong in (
        lambda: pyforge_web.dumps([], True),
        lambda: pyforge_web.dumps([], indent=2),
        lambda: pyforge_web.dumps(),
    ):
        with pytest.raises(TypeError, match="argument"):
            wrong()
