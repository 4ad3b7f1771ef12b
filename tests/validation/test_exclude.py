"""`exclude`, in every form that `name in exclude` takes."""

import collections

import pytest
from django.db import models
from django.db.models import F, GeneratedField

from tests.tables import cases
from tests.validation import oracle, own, tables
from tests.validation.odd import BoomError, Raising
from tests.validation.record import called


class Names:
    """Only `__contains__`."""

    def __init__(self, *names):
        self.names = names

    def __contains__(self, name):
        called("in", name)
        return name in self.names


class Falsy(Names):
    def __bool__(self):
        called("bool")
        return False


class Iterated:
    """Only `__iter__`."""

    def __iter__(self):
        called("iter")
        return iter(["second", "first"])


class Indexed:
    """Only `__getitem__`."""

    def __getitem__(self, index):
        called("[]", index)
        return ["first", "third"][index]


class Refusing:
    def __contains__(self, name):
        called("in", name)
        if name == "third":
            raise BoomError("third")
        return name == "first"


class Odd(Names):
    """Answers with something that has no truth value for one name."""

    def __contains__(self, name):
        return [] if name == "first" else Raising("bool")


class Matching(str):
    """Is equal to every name that begins like it."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        called("==", other)
        return other.startswith(self)


EXCLUDED = {
    "None": lambda: None,
    "a set": lambda: {"first", "third"},
    "an empty set": set,
    "a frozenset": lambda: frozenset({"second"}),
    "a list": lambda: ["first", "first", "unknown"],
    "a tuple": lambda: ("id", "third"),
    "an empty tuple": tuple,
    "a dict": lambda: {"second": False},
    "keys of a dict": lambda: {"second": 1, "computed": 2}.keys(),
    "a text": lambda: "first, thirdly",
    "an empty text": str,
    "an iterator": lambda: iter(["first", "third", "second"]),
    "an iterator in order": lambda: iter(["id", "first", "second"]),
    "a generator": lambda: (name for name in ("computed", "third")),
    "a deque": lambda: collections.deque(["first"]),
    "a Counter": lambda: collections.Counter(["first"]),
    "a range": lambda: range(5),
    "Names": lambda: Names("first"),
    "Falsy": lambda: Falsy("first"),
    "Iterated": Iterated,
    "Indexed": Indexed,
    "Refusing": Refusing,
    "Odd": Odd,
    "Matching": lambda: [Matching("fi"), Matching("th")],
    "bytes": lambda: b"first",
    "zero": lambda: 0,
    "a number": lambda: 5,
    "False": lambda: False,
    "a type": lambda: list,
    "an object": object,
    "lists in a list": lambda: [["first"], None, 5],
    "everything": lambda: ["id", "first", "second", "third", "computed"],
    "attribute names": lambda: ["owner_id", "owner"],
}


def make_model():
    return tables.model_of(
        first=models.CharField(max_length=3, validators=[own.accept]),
        computed=GeneratedField(expression=F("second"), output_field=models.IntegerField(), db_persist=True),
        second=models.IntegerField(),
        third=models.DateField(blank=True),
    )


MODELS = make_model(), make_model()
CONTENTS = (
    {"first": "abc", "second": "5", "third": "2024-02-29"},
    {"first": "abcd", "second": "x", "third": "x"},
    {"first": "", "second": None, "third": None},
)


@pytest.mark.parametrize("make_exclude", cases(EXCLUDED))
@pytest.mark.parametrize("contents", CONTENTS, ids=repr)
def test_clean_exclude(make_exclude, contents):
    makes = [lambda model=model: model(**contents) for model in MODELS]
    oracle.assert_same(
        *makes,
        ours=lambda instance: oracle.our_clean(instance, exclude=make_exclude()),
        django=lambda instance: oracle.django_clean(instance, exclude=make_exclude()),
    )


@pytest.mark.parametrize("make_exclude", cases(EXCLUDED))
def test_clean_rows_exclude(make_exclude):
    """One `exclude` for all rows: an iterator is used up by the first of them."""
    makes = [[lambda model=model, contents=contents: model(**contents) for contents in CONTENTS] for model in MODELS]
    found = list(oracle.rows_differences(*makes, make_exclude=make_exclude))
    assert not found, "\n".join(found)
