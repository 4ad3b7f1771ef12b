"""`PyForgeJSONRenderer` writes the bytes of DRF's `JSONRenderer`, and raises what it raises."""

import datetime
import decimal
import enum
import ipaddress
import uuid
from collections import OrderedDict, UserDict, UserList, namedtuple
from functools import wraps

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from pyforge_web.rest_framework import PyForgeJSONRenderer


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Letter(enum.StrEnum):
    A = "a"


Pair = namedtuple("Pair", "a b")
UTC = datetime.UTC
VALUES = [
    None,
    True,
    [],
    {},
    "",
    "text \u2028 and \u2029 \U0001f600 \x7f \x00",
    "lone \ud800",
    r"a \ud800 of letters",
    0.1,
    1e300,
    float("nan"),
    float("inf"),
    10**40,
    {"\u2028": ["\u2029"]},
    {2: 1, 1.5: 2, None: 3, True: 4},
    {(1, 2): 3},
    (1, [2, (3,)]),
    {1, 2},
    b"bytes",
    b"\xff",
    decimal.Decimal("1.10"),
    decimal.Decimal("NaN"),
    datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    datetime.datetime(2026, 1, 2, 3, 4, 5),
    datetime.date(2026, 1, 2),
    datetime.time(1, 2, 3, 4),
    datetime.time(1, 2, tzinfo=UTC),
    datetime.timedelta(days=1, microseconds=3),
    uuid.UUID(int=7),
    ipaddress.ip_address("::1"),
    gettext_lazy("This field is required."),
    Colour.RED,
    Number.ONE,
    Letter.A,
    Pair(1, 2),
    OrderedDict(a=1),
    UserDict(a=1),
    UserList([1, 2]),
    range(3),
    {"a": 1}.keys(),
    memoryview(b"ab"),
    object(),
    ErrorDetail("wrong", code="invalid"),
    {"detail": ErrorDetail("wrong", code="invalid")},
    ReturnList([{"a": 1}], serializer=None),
    ReturnDict({"a": [1]}, serializer=None),
    {"count": 1, "results": ReturnList([{"a": 1}], serializer=None)},
    {"results": {"deeper": ReturnList([{"a": 1}], serializer=None)}},
]
SETTINGS = [
    {},
    {"compact": False},
    {"ensure_ascii": True},
    {"compact": False, "ensure_ascii": True},
    {"strict": False},
]


def render(renderer, data, *args, **attributes):
    made = type("Renderer", (renderer,), attributes)()
    try:
        return made.render(data, *args)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("attributes", SETTINGS, ids=str)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value).partition(" at 0x")[0][:40])
def test_bytes_are_those_of_drf(value, attributes):
    for data in (value, [value], {"a": value}, {"results": [{"a": value}]}):
        assert render(PyForgeJSONRenderer, data, **attributes) == render(JSONRenderer, data, **attributes)


@pytest.mark.parametrize("accepted", ["application/json; indent=4", "application/json; indent=0", "application/json"])
def test_indent_is_that_of_drf(accepted):
    data = {"a": [1, {"b": "\u2028"}]}
    assert render(PyForgeJSONRenderer, data, accepted) == render(JSONRenderer, data, accepted)
    assert render(PyForgeJSONRenderer, data, None, {"indent": 2}) == render(JSONRenderer, data, None, {"indent": 2})


def test_own_encoder_is_obeyed():
    class Encoder(JSONEncoder):
        def default(self, obj):
            return "mine"

    assert render(PyForgeJSONRenderer, [object()], encoder_class=Encoder) == b'["mine"]'


def test_patched_encoder_is_obeyed(monkeypatch):
    monkeypatch.setattr(JSONEncoder, "default", lambda self, obj: "patched")
    assert render(PyForgeJSONRenderer, [object()]) == b'["patched"]'


def test_cycle_raises_what_drf_raises():
    cycle = []
    cycle.append(cycle)
    cycle.append(cycle)
    assert render(PyForgeJSONRenderer, cycle)[0] is render(JSONRenderer, cycle)[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda children: (
        st.lists(children) | st.dictionaries(st.text() | st.integers() | st.floats() | st.none(), children)
    ),
    max_leaves=20,
)


@given(json_values)
def test_bytes_of_any_data(data):
    assert render(PyForgeJSONRenderer, data) == render(JSONRenderer, data)


class Shouting(JSONRenderer):
    """A renderer as other packages have it."""

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return super().render({"DATA": data}, accepted_media_type, renderer_context)


@pytest.mark.parametrize("data", [None, {"a": 1}, []])
def test_renderer_behind_ours(data):
    assert type("Both", (PyForgeJSONRenderer, Shouting), {})().render(data) == Shouting().render(data)


@pytest.mark.parametrize("data", [None, {"a": 1}])
@pytest.mark.parametrize("wrap", [lambda changed: changed, wraps(JSONRenderer.render)], ids=["", "wraps"])
def test_patched_renderer(monkeypatch, wrap, data):
    monkeypatch.setattr(JSONRenderer, "render", wrap(lambda self, *args, **kwargs: b"patched"))
    assert PyForgeJSONRenderer().render(data) == JSONRenderer().render(data)
