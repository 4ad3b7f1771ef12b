"""Numbers and enums: exact digits, the shortest float, the content of an enum that has one."""

import decimal
import enum
import math
import random
import re
import struct
import sys
from decimal import Decimal

import pytest
from django.db import models

import pyforge_web
from tests.oracle import Listed, assert_like_django, assert_text, django_text, django_value, encode, strict
from tests.tables import cases


class Shouting(int):
    def __repr__(self):
        return "loud"

    __str__ = __repr__


class Approximate(float):
    def __repr__(self):
        return "about"

    __str__ = __repr__


class Right(enum.IntFlag):
    READ = 1
    WRITE = 2


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**70


class Suit(models.TextChoices):
    HEARTS = "h", "Hearts"
    SPADES = "\u2660", "Spades"


class Grade(models.IntegerChoices):
    A = 1


class Mixed(str, enum.Enum):  # noqa: UP042
    ONE = "one"


class Otherwise(str, enum.Enum):  # noqa: UP042
    """Content and value differ: JSON has the content."""

    def __new__(cls, content, value):
        member = str.__new__(cls, content)
        member._value_ = value
        return member

    CAT = "content", "value"


class OtherNumber(int, enum.Enum):
    def __new__(cls, content, value):
        member = int.__new__(cls, content)
        member._value_ = value
        return member

    SIX = 6, 9


class Ratio(float, enum.Enum):
    HALF = 0.5


class Price(Decimal):
    def __str__(self):
        return f"{super().__str__()} \u20ac"


LIKE_DJANGO = {
    "zero and minus one": [0, -1],
    "one digit to nineteen": [10**n for n in range(19)] + [10**n - 1 for n in range(20)],
    "negative": [-(10**n) for n in range(19)] + [1 - 10**n for n in range(20)],
    "powers of two and their neighbours": [
        sign * (2**n + d) for n in range(130) for d in (-1, 0, 1) for sign in (1, -1)
    ],
    "-2**63, 2**63, 2**64 - 1, 2**64": [-(2**63), -(2**63) - 1, 2**63, 2**64 - 1, 2**64],
    "100 digits": 10**99 + 7,
    "4300 digits": 10**4299,
    "-4300 digits": -(10**4299),
    "int subclass, repr overridden": Shouting(7),
    "int subclass beyond 64 bit": Shouting(2**80),
    "IntFlag": [Right.READ, Right.READ | Right.WRITE, Right(0)],
    "IntEnum": [Level.LOW, Level.HIGH],
    "bool and None": [True, False, None],
    "floats": [0.1, 1 / 3, 1e16, 1e22, 1e-05, 0.0001, 123456789.123, 2.0**53 + 2, 1e15, 9007199254740993.0],
    "smallest, largest": [
        5e-324,
        2.2250738585072014e-308,
        sys.float_info.max,
        -sys.float_info.max,
        sys.float_info.epsilon,
    ],
    "signs of zero": [0.0, -0.0],
    "whole floats stay floats": [1.0, -1.0, 100.0, 1e100],
    "powers of ten": [float(f"{sign}1e{n}") for n in range(-323, 309) for sign in ("", "-")],
    "powers of two": [math.ldexp(1, n) for n in range(-1074, 1024)],
    "neighbours of powers of ten": [
        math.nextafter(float(f"1e{n}"), to) for n in range(-300, 308) for to in (0, math.inf)
    ],
    "float subclass": Approximate(1.5),
    "float subclass, whole": Approximate(1e16),
    "TextChoices": [Suit.HEARTS, Suit.SPADES],
    "IntegerChoices": Grade.A,
    "str-mixin Enum": Mixed.ONE,
    "str Enum whose value differs": Otherwise.CAT,
    "int Enum whose value differs": OtherNumber.SIX,
    "float-mixin Enum": Ratio.HALF,
    "Decimal": [Decimal("1.50"), Decimal("-1"), Decimal("0"), Decimal("123456789.000000001")],
    "Decimal, minus zero": [Decimal("-0"), Decimal("-0.00")],
    "Decimal with exponent": [
        Decimal("1E+3"),
        Decimal("0E-10"),
        Decimal("1E-7"),
        Decimal("1E-6"),
        Decimal("-1.5E+400"),
    ],
    "Decimal of 60 digits": Decimal("1." + "2" * 60),
    "Decimal, not a number": [Decimal("NaN"), Decimal("-NaN"), Decimal("sNaN"), Decimal("NaN123")],
    "Decimal, infinite": [Decimal("Infinity"), Decimal("-Infinity")],
    "Decimal subclass with __str__": Price("9.99"),
}


@pytest.mark.parametrize("value", cases(LIKE_DJANGO))
def test_like_django(value, form):
    assert_like_django(value, form)


@pytest.mark.parametrize("seed", range(10))
def test_random_floats(seed, form):
    source = random.Random(seed)
    bits = (struct.unpack("<d", source.randbytes(8))[0] for _ in range(1000))
    assert_like_django([x for x in bits if math.isfinite(x)], form)
    assert_like_django([round(source.uniform(-1000, 1000), source.randrange(6)) for _ in range(1000)], form)


@pytest.mark.parametrize("seed", range(10))
def test_random_integers(seed, form):
    source = random.Random(seed)
    assert_like_django([source.randrange(-(2**bits), 2**bits) for bits in range(1, 140) for _ in range(5)], form)


def test_capitals_of_the_decimal_context_are_obeyed(form):
    with decimal.localcontext() as context:
        context.capitals = 0
        assert django_text(Decimal("1E+3")) == '"1e+3"'
        assert_like_django(Decimal("1E+3"), form)


@pytest.mark.parametrize("make", [int, Shouting])
def test_the_limit_of_digits_stays_in_force(make, form):
    with pytest.raises(ValueError, match="Exceeds the limit"):
        encode({"n": make(10**4999)}, form)


def test_the_limit_of_digits_can_be_lifted(form):
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert_like_django(10**4999, form)
    finally:
        sys.set_int_max_str_digits(limit)


NOT_JSON = {
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "NaN of a float subclass": Approximate("nan"),
    "Infinity of a float subclass": Approximate("inf"),
}


@pytest.mark.parametrize("value", cases(NOT_JSON))
class TestNotJson:
    def test_raises_and_says_where_and_what_to_do(self, value, form):
        with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant") as caught:
            encode({"rows": [1, {"price": value}]}, form)
        assert "$.rows[1].price" in str(caught.value)
        assert 'nan="null"' in str(caught.value)

    def test_can_become_null(self, value, form):
        data = {"rows": [1.5, value, {"price": value}], "more": Listed((value,))}
        ours = encode(data, form, nan="null")
        assert strict(ours) == django_value(data, nan="null")
        if form == "django_bytes":
            assert ours.decode() == re.sub("NaN|-?Infinity", "null", django_text(data))


def test_null_is_for_floats_alone(form):
    data = [1, 1.5, "NaN", Decimal("NaN"), {math.nan: "a key is text"}]
    assert_text(encode(data, form, nan="null"), data, form)


@pytest.mark.parametrize("nan", ["ignore", "", None, 5])
def test_an_unknown_choice_for_nan_is_refused(nan):
    with pytest.raises((TypeError, ValueError), match="nan"):
        pyforge_web.dumps([1.5], nan=nan)
