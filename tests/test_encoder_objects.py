"""Objects: what Django takes, what we take beyond it, and the refusals that say what to do."""

import array
import collections
import dataclasses
import enum
import ipaddress
import itertools
import pathlib
import re
import types
import uuid
import zoneinfo
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http.request import HttpHeaders
from django.utils.datastructures import CaseInsensitiveMapping
from django.utils.functional import SimpleLazyObject

import pyforge_web
from tests.app.models import Article, Everything
from tests.oracle import Listed, Mapped, assert_like_django, assert_text, django_text, encode
from tests.tables import cases, rows

UUID = uuid.UUID("6f1e5a0e-3d5b-4c6a-9f6e-0d2b8f3a1c4d")


class Token(uuid.UUID):
    def __str__(self):
        return "a t\u00f6ken"


class Plain(uuid.UUID):
    """A subclass that overrides nothing."""


LIKE_DJANGO = {
    "UUID": [UUID, uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)],
    "UUID subclass": Plain(UUID.hex),
    "UUID subclass with __str__": Token(UUID.hex),
    "SimpleLazyObject of a Decimal": SimpleLazyObject(lambda: Decimal("1.50")),
    "SimpleLazyObject of a UUID": SimpleLazyObject(lambda: UUID),
}


@pytest.mark.parametrize("value", cases(LIKE_DJANGO))
def test_like_django(value, form):
    assert_like_django(value, form)


class Colour(enum.Enum):
    RED = "red"
    NUMBER = 1.5
    NOTHING = None
    MANY = ({"nested": [1, 2]}, "and more")
    EXACT = Decimal("1.50")
    INNER = UUID


class Computed(enum.Enum):
    ONE = 1

    @property
    def value(self):
        return f"computed from {self._value_}"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Size(models.Choices):
    SMALL = "s", "Small"
    LARGE = 10, "Large"


LETTERS = {"a": 1, "b": [2]}

# Django refuses these; each is written as the value beside it.
SUPERSETS = {
    "range": (range(1, 10, 3), [1, 4, 7]),
    "range, empty and backwards": ([range(0), range(3, 0, -1)], [[], [3, 2, 1]]),
    "range beyond 64 bit": (range(2**64, 2**64 + 2), [2**64, 2**64 + 1]),
    "dict views": ([LETTERS.keys(), LETTERS.values(), LETTERS.items()], [["a", "b"], [1, [2]], [["a", 1], ["b", [2]]]]),
    "dict views, empty": ([{}.keys(), {}.values(), {}.items()], [[], [], []]),
    "OrderedDict views": (list(map(collections.OrderedDict.keys, [collections.OrderedDict(b=1, a=2)])), [["b", "a"]]),
    "MappingProxyType": (types.MappingProxyType({"a": 1, 2: [3]}), {"a": 1, 2: [3]}),
    "MappingProxyType, empty": (types.MappingProxyType({}), {}),
    "MappingProxyType in MappingProxyType": (
        types.MappingProxyType({"in": types.MappingProxyType(LETTERS)}),
        {"in": LETTERS},
    ),
    "MappingProxyType of an OrderedDict": (types.MappingProxyType(collections.OrderedDict(b=1, a=2)), {"b": 1, "a": 2}),
    "plain Enum": (list(Colour), [member.value for member in Colour]),
    "plain Enum with a value of its own making": (Computed.ONE, "computed from 1"),
    "Flag": (Access.READ | Access.WRITE, 3),
    "models.Choices": (list(Size), [member.value for member in Size]),
    "IPv4": ([ipaddress.IPv4Address("192.0.2.1"), ipaddress.ip_network("10.0.0.0/8")], ["192.0.2.1", "10.0.0.0/8"]),
    "IPv6": (
        [ipaddress.IPv6Address("2001:DB8::1"), ipaddress.ip_address("fe80::1%eth0")],
        ["2001:db8::1", "fe80::1%eth0"],
    ),
    "IP interface": (
        [ipaddress.ip_interface("192.0.2.1/24"), ipaddress.ip_interface("::1/64")],
        ["192.0.2.1/24", "::1/64"],
    ),
    "SimpleLazyObject of a dict": (SimpleLazyObject(lambda: {"a": [1]}), {"a": [1]}),
    "SimpleLazyObject of a str": (SimpleLazyObject(lambda: "te\u00dft"), "te\u00dft"),
    "SimpleLazyObject of a list": (SimpleLazyObject(lambda: [1, 2]), [1, 2]),
}


@pytest.mark.parametrize(("value", "like"), rows(SUPERSETS))
def test_values_beyond_django(value, like, form):
    with pytest.raises(TypeError, match=r"is not JSON serializable|must be a string|must be str"):
        django_text(value)
    for shape, same in (
        (value, like),
        ([value, 1], [like, 1]),
        ({"k": value}, {"k": like}),
        (Mapped(k=Listed([value])), {"k": [like]}),
    ):
        assert_text(encode(shape, form), same, form)


@dataclasses.dataclass
class Record:
    name: str = "x"
    _password: str = "not for the world"


class Slotted:
    __slots__ = ("_p",)


class Speaks:
    def __json__(self):
        return {}

    to_json = for_json = toJSON = tolist = dict = asdict = model_dump = __json__  # noqa: N815


class Indexed:
    def __getitem__(self, index):
        return index


class NoRepr:
    def __repr__(self):
        raise LookupError("nobody asked for this")

    __str__ = __repr__


def lying(kind):
    """An object that says to be of a class it is not of, as mocks do."""

    class Liar:
        __class__ = property(lambda self: kind)

    return Liar()


class Iterable:
    def __iter__(self):
        return itertools.count()


def generator():
    yield 1


# name: (maker of the value, how Django calls its type, what the message must offer or "")
REFUSED = {
    "set": (lambda: {1}, "set", "sorted("),
    "frozenset": (lambda: frozenset([1]), "frozenset", "sorted("),
    "generator": (generator, "generator", "list("),
    "map": (lambda: map(str, [1]), "map", "list("),
    "iterator": (lambda: iter([1]), "list_iterator", "list("),
    "deque": (collections.deque, "deque", ""),
    "UserList": (collections.UserList, "UserList", ""),
    "keys of a UserDict": (lambda: collections.UserDict(a=1).keys(), "KeysView", ""),
    "UserDict": (collections.UserDict, "UserDict", ""),
    "UserString": (lambda: collections.UserString("x"), "UserString", ""),
    "array": (lambda: array.array("i", [1]), "array", ""),
    "ChainMap": (collections.ChainMap, "ChainMap", ""),
    "CaseInsensitiveMapping": (lambda: CaseInsensitiveMapping({}), "CaseInsensitiveMapping", ""),
    "request.headers": (lambda: HttpHeaders({}), "HttpHeaders", ""),
    "bytes": (lambda: b"x", "bytes", "decode("),
    "bytearray": (lambda: bytearray(b"x"), "bytearray", ""),
    "memoryview": (lambda: memoryview(b"x"), "memoryview", ""),
    "Fraction": (lambda: Fraction(1, 3), "Fraction", ""),
    "complex": (lambda: 1j, "complex", ""),
    "ZoneInfo": (lambda: zoneinfo.ZoneInfo("UTC"), "ZoneInfo", ""),
    "Path": (lambda: pathlib.PurePosixPath("/etc"), "PurePosixPath", ""),
    "Exception": (lambda: ValueError("x"), "ValueError", ""),
    "ValidationError": (lambda: ValidationError({"a": ["bad"]}), "ValidationError", "message_dict"),
    "type": (lambda: int, "type", ""),
    "function": (lambda: generator, "function", ""),
    "object": (object, "object", ""),
    "Ellipsis": (lambda: ..., "ellipsis", ""),
    "pattern": (lambda: re.compile("x"), "Pattern", ""),
    "dataclass": (Record, "Record", ""),
    "slots": (Slotted, "Slotted", ""),
    "methods that speak JSON": (Speaks, "Speaks", ""),
    "__getitem__": (Indexed, "Indexed", ""),
    "repr and str that raise": (NoRepr, "NoRepr", ""),
    **{
        f"lying __class__: {kind.__name__}": (lambda kind=kind: lying(kind), "", "")
        for kind in (dict, list, range, enum.Enum, Article, QuerySet)
    },
    "endless iterable": (Iterable, "Iterable", ""),
    "model class": (lambda: Article, "ModelBase", ""),
    "Manager": (lambda: Article.objects, "Manager", ".all()"),
    "Paginator": (lambda: Paginator([1], 1), "Paginator", "page"),
    "model field": (lambda: Article._meta.get_field("title"), "CharField", ""),
    "FieldFile": (lambda: Everything(file="files/secret.txt").file, "FieldFile", ".url"),
    "FieldFile, empty": (lambda: Everything().file, "FieldFile", ".name"),
}


@pytest.mark.parametrize(("make", "name", "hint"), rows(REFUSED))
class TestRefused:
    def test_like_django_with_place_and_hint(self, make, name, hint, form):
        begins = rf"^Object of type {name or '[a-zA-Z]+'} is not JSON serializable"
        with pytest.raises(TypeError, match=begins):
            django_text(make())
        with pytest.raises(TypeError, match=begins) as caught:
            encode({"rows": [0, {"a b": make()}]}, form)
        message = str(caught.value)
        assert '$.rows[1]["a b"]' in message
        said = re.sub(begins, "", message).replace('$.rows[1]["a b"]', "")
        assert len(re.findall(r"[a-zA-Z]{2,}", said)) >= 3, "no hint what to do"
        assert hint in said

    def test_alone_and_in_subclasses(self, make, name, hint, form):
        for shape in (make(), Listed([make()]), Mapped(k=make()), (1, make())):
            with pytest.raises(TypeError, match="is not JSON serializable"):
                encode(shape, form)


def test_a_refused_iterator_is_not_consumed():
    iterator = iter([1, 2])
    with pytest.raises(TypeError, match="list_iterator"):
        pyforge_web.dumps([iterator])
    assert list(iterator) == [1, 2]
