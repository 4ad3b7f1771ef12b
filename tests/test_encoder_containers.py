"""Containers: exact ones as they are stored, every subclass through its own protocol."""

import collections
import json
import typing
from functools import partial

import pytest
from django import forms
from django.forms.utils import ErrorDict, ErrorList
from django.http import QueryDict
from django.utils.datastructures import ImmutableList, MultiValueDict, OrderedSet
from django.utils.functional import lazystr

import pyforge_web
from tests.oracle import assert_like_django, assert_text, django_text, encode
from tests.tables import cases, rows


class Point(typing.NamedTuple):
    x: float
    y: object


class Nothing(typing.NamedTuple):
    """A namedtuple without fields."""


class ReturnDict(dict):
    """A dict that carries its serializer along, in the manner of REST framework."""

    def __init__(self, *args, serializer=None, **kwargs):
        self.serializer = serializer
        super().__init__(*args, **kwargs)


class Doubled(list):
    def __iter__(self):
        return iter([2 * item for item in super().__iter__()])


class Stored(collections.UserList, list):
    """A list whose own storage is empty, in the manner of ErrorList."""


class SaysEmpty(list):
    def __len__(self):
        return 0

    def __bool__(self):
        return False


class SaysLong(list):
    def __len__(self):
        return 1000

    def __getitem__(self, index):
        raise AssertionError("items are not asked by index")


class Backwards(tuple):
    __slots__ = ()

    def __iter__(self):
        return iter(self[::-1])


class Upper(dict):
    def items(self):
        return [(key.upper(), value) for key, value in super().items()]


class Generated(dict):
    def items(self):
        yield from (("generated", key) for key in self)


class Hidden(dict):
    """Stores nothing, has items."""

    def items(self):
        return [("hidden", 1)]


class Silent(dict):
    """Stores something, has no items."""

    def items(self):
        return []


class LiesAboutLength(dict):
    def __len__(self):
        return 0

    def __iter__(self):
        raise AssertionError("keys are not asked")

    keys = __getitem__ = __iter__


class NamedPairs(dict):
    def items(self):
        return (Point(key, value) for key, value in super().items())


class SignUp(forms.Form):
    name = forms.CharField()
    age = forms.IntegerField(min_value=18)

    def clean(self):
        raise forms.ValidationError(["Not today.", "Nor <tomorrow>."])


def moved(key, *, last):
    ordered = collections.OrderedDict(a=1, b=2, c=3)
    ordered.move_to_end(key, last=last)
    return ordered


def one_by_one(kind, items):
    made = kind()
    for key, value in items:
        made[key] = value
    return made


SHARED = {"shared": [1, 2]}

LIKE_DJANGO = {
    "empty": [[], (), {}],
    "nested empties": [[[]], [()], ({},), {"a": {}, "b": [], "c": ()}],
    "the same object twice": [SHARED, SHARED, {"again": SHARED, "inside": [SHARED["shared"]]}],
    "one hundred levels": json.loads("[" * 100 + "1" + "]" * 100),
    "wide list": list(range(10_000)),
    "wide dict": {f"key {n}": n for n in range(3_000)},
    "namedtuple": [Point(1, 2), Point(0.5, Point([], {})), Nothing()],
    "ImmutableList": ImmutableList([1, 2], warning="no"),
    "OrderedDict": collections.OrderedDict([("b", 1), ("a", 2)]),
    "OrderedDict after move_to_end": [moved("a", last=True), moved("c", last=False)],
    "defaultdict": one_by_one(lambda: collections.defaultdict(list), [("x", 1), ("y", [])]),
    "Counter": collections.Counter("hello"),
    "ReturnDict": ReturnDict(a=1, serializer=object()),
    "QueryDict": [QueryDict("a=1&a=2&b=&c=x"), QueryDict("")],
    "MultiValueDict": [MultiValueDict({"a": [1, 2], "none": [], "text": ["x"]}), MultiValueDict()],
    "ErrorList": [ErrorList(["bad", lazystr("worse")]), ErrorList()],
    "ErrorDict": [ErrorDict({"name": ErrorList(["bad"])}), ErrorDict()],
    "form.errors": [SignUp({"age": "7"}).errors, SignUp({"name": "x", "age": "x"}).errors],
    "form.errors.get_json_data()": SignUp({"age": "7"}).errors.get_json_data(),
    "list subclass, __iter__ overridden": [Doubled([1, 2]), Doubled()],
    "list subclass, own storage empty": [Stored([1, 2]), Stored()],
    "list subclass that says it is empty": SaysEmpty([1]),
    "list subclass that says it is long": SaysLong([1]),
    "tuple subclass, __iter__ overridden": [Backwards([1, 2]), Backwards()],
    "dict subclass, items() overridden": Upper(a=1, b=[2]),
    "dict subclass, items() a generator": Generated(a=1, b=2),
    "dict subclass, storage empty": Hidden(),
    "dict subclass, items() empty": Silent(a=1),
    "dict subclass that lies about its length": LiesAboutLength(a=1),
    "dict subclass whose pairs are namedtuples": NamedPairs(a=1),
}


@pytest.mark.parametrize("value", cases(LIKE_DJANGO))
def test_like_django(value, form):
    assert_like_django(value, form)


def test_form_errors_keep_their_messages():
    """The one that other fast encoders lose: pinned by text, not by the oracle alone."""
    assert b"This field is required." in pyforge_web.dumps(SignUp({}).errors)


@pytest.mark.parametrize("removed", [["a"], ["b"], ["a", "c"], ["a", "b", "c"]], ids=str)
def test_dicts_with_removed_keys(removed, form):
    for kind in (dict, collections.OrderedDict):
        data = kind(a=1, b=2, c=3, d=4)
        for key in removed:
            del data[key]
        data["a"] = "again"
        assert_like_django(data, form)


class Items(dict):
    """A dict subclass whose items() answers with what it was given."""

    def __init__(self, answer):
        super().__init__(stored=1)
        self.answer = answer

    def items(self):
        return self.answer


class Iterates(list):
    def __init__(self, answer):
        super().__init__([1])
        self.answer = answer

    def __iter__(self):
        return self.answer


# Each is refused by Django too; the last column is what both say, where both say it in the same words.
REFUSED = {
    "items() of lists": (Items([["a", 1]]), ValueError, "items must return 2-tuples"),
    "items() of text": (Items(["ab"]), ValueError, "items must return 2-tuples"),
    "items() of three": (Items([("a", 1, 2)]), ValueError, "items must return 2-tuples"),
    "items() of none": (Items([()]), ValueError, "items must return 2-tuples"),
    "items() right, then wrong": (Items([("a", 1), None]), ValueError, "items must return 2-tuples"),
    "items() None": (Items(None), TypeError, None),
    "items() a number": (Items(5), TypeError, None),
    "__iter__ gives a list": (Iterates([1]), TypeError, None),
    "__iter__ gives None": (Iterates(None), TypeError, None),
}


@pytest.mark.parametrize(("value", "error", "words"), rows(REFUSED))
def test_a_broken_protocol_is_refused_as_in_django(value, error, words, form):
    for write in (django_text, partial(encode, form=form)):
        with pytest.raises(error, match=words):
            write({"data": [value]})


class Grows:
    """Lengthens a list whenever its text is asked for."""

    def __init__(self, data):
        self.data = data

    def __str__(self):
        self.data.append(4)
        return "grown"


def test_list_that_grows_while_it_is_read(form):
    """An exact list is read as `for` reads it: its length is asked again at each step."""
    data = [1]
    data += [lazystr(Grows(data)), 3]
    ours = encode(data, form)
    assert_text(ours, [1, "grown", 3, 4], form)


def test_ordered_set_is_no_list():
    with pytest.raises(TypeError, match=r"^Object of type OrderedSet is not JSON serializable"):
        pyforge_web.dumps(OrderedSet([1]))
