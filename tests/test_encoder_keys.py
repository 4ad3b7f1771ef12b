"""Keys: Django's texts, the few kinds we take beyond it, and the refusals."""

import datetime
import enum
import json
import math
import uuid
from decimal import Decimal
from functools import partial

import pytest
from django.contrib.auth.models import Group
from django.db import models
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy, override

from tests.oracle import assert_like_django, assert_text, django_text, encode
from tests.tables import cases, rows


class Name(str):
    def __str__(self):
        return "not asked"


class Loud(int):
    def __repr__(self):
        return "loud"

    __str__ = __repr__


class About(float):
    def __repr__(self):
        return "about"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**70


class Suit(models.TextChoices):
    HEARTS = "h", "Hearts"


class Pet(str, enum.Enum):  # noqa: UP042
    def __new__(cls, content, value):
        member = str.__new__(cls, content)
        member._value_ = value
        return member

    CAT = "content", "value"


class Half(float, enum.Enum):
    HALF = 0.5


LIKE_DJANGO = {
    "str": {"": 1, "a": 2, "a b": 3, "\u00e9": 4},
    "int": {0: "a", -1: "b", 10**18: "c"},
    "int beyond 64 bit": {2**63: "a", 2**64: "b", -(2**70): "c", 10**4299: "d"},
    "float": {1.5: "a", 1e16: "b", 1e-05: "c", 1.5e-07: "g", 0.1: "d", -0.0: "e", 1.0: "f"},
    "float, not JSON as a value": {math.nan: "a", math.inf: "b", -math.inf: "c"},
    "bool": {True: "a", False: "b"},
    "None": {None: "a"},
    "mixed": {"a": 1, 2: 2, 2.5: 3, None: 4, True: 5},
    "str subclass": {Name("content"): 1},
    "SafeString": {mark_safe("<b>"): 1},
    "TextChoices": {Suit.HEARTS: 1},
    "str Enum whose value differs": {Pet.CAT: 1},
    "IntEnum": {Level.LOW: 1, Level.HIGH: 2},
    "int subclass": {Loud(7): 1, Loud(2**80): 2},
    "float subclass": {About(1.5): 1, About("nan"): 2},
    "float-mixin Enum": {Half.HALF: 1},
    "duplicates after conversion: both are written": {2: "a", "2": "b", True: "c", "true": "d", None: "e", "null": "f"},
    "a thousand ints": dict.fromkeys(range(1000)),
}


@pytest.mark.parametrize("value", cases(LIKE_DJANGO))
def test_like_django(value, form):
    assert_like_django(value, form)


class Colour(enum.Enum):
    RED = "red"
    ONE = 1
    DAY = datetime.date(2026, 1, 1)


class Token(uuid.UUID):
    def __str__(self):
        return "a token"


MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, datetime.UTC)
UUID = uuid.UUID("6f1e5a0e-3d5b-4c6a-9f6e-0d2b8f3a1c4d")

# Django refuses these; we write the text that the same value would have outside a key.
SUPERSETS = {
    "UUID": (UUID, UUID),
    "UUID subclass with __str__": (Token(UUID.hex), Token(UUID.hex)),
    "date": (datetime.date(2026, 1, 2), datetime.date(2026, 1, 2)),
    "datetime, truncated as a value is": (MOMENT, MOMENT),
    "datetime, naive": (MOMENT.replace(tzinfo=None), MOMENT.replace(tzinfo=None)),
    "Decimal": (Decimal("1.50"), Decimal("1.50")),
    "Decimal, not a number": (Decimal("NaN"), Decimal("NaN")),
    "plain Enum of text": (Colour.RED, "red"),
    "plain Enum of a number": (Colour.ONE, "1"),
    "plain Enum of a date": (Colour.DAY, "2026-01-01"),
    "lazy text": (lazystr('la"zy'), 'la"zy'),
    "lazy translation": (gettext_lazy("March"), "March"),
}


@pytest.mark.parametrize(("key", "same_text"), rows(SUPERSETS))
def test_keys_beyond_django(key, same_text, form):
    with pytest.raises(TypeError, match="keys must be str, int, float, bool or None"):
        django_text({key: 1})
    text = json.loads(django_text(same_text))
    for value, like in (({key: 1}, {text: 1}), ([{"a": 1, key: [2], "b": 3}], [{"a": 1, text: [2], "b": 3}])):
        assert_text(encode(value, form), like, form)


def test_a_lazy_key_speaks_the_active_language(form):
    with override("de"):
        ours = encode({gettext_lazy("March"): 1}, form)
    assert_text(ours, {"M\u00e4rz": 1}, form)


class NoRepr:
    def __repr__(self):
        raise LookupError("nobody asked for this")


REFUSED = {
    "tuple": (1, 2),
    "bytes": b"a",
    "frozenset": frozenset(),
    "model": Group(pk=1),
    "object": object(),
    "object whose repr raises": NoRepr(),
    "type": int,
    "range": range(3),
}


@pytest.mark.parametrize("key", cases(REFUSED))
def test_other_keys_are_refused_with_their_place(key, form):
    words = f"^keys must be str, int, float, bool or None, not {type(key).__name__}"
    with pytest.raises(TypeError, match=words):
        django_text({key: 1})
    with pytest.raises(TypeError, match=words) as caught:
        encode({"rows": [{"a": 1, key: 1}]}, form)
    assert "$.rows[0]" in str(caught.value)


def test_an_int_key_beyond_the_limit_of_digits(form):
    for write in (django_text, partial(encode, form=form)):
        with pytest.raises(ValueError, match="Exceeds the limit"):
            write({10**4999: 1})
