"""Values at the edges of rules, where a small mistake in native code would accept what Django rejects.

Found by changing native/src/rules/ one condition at a time: see the section Mutants of CONTRIBUTING.md.
"""

import re
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
from django.core import validators as v
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.db.models.fields.files import FieldFile

from pyforge_web.validators import CompiledValidator
from tests.tables import cases
from tests.validation import oracle, sweep, tables
from tests.validation.record import called


def values(*listed):
    return {f"{at} {value!r}": lambda value=value: value for at, value in enumerate(listed)}


class OwnLimit:
    """Says when it is compared."""

    def __lt__(self, other):
        called("<", other)
        return str(other) > "5"


class OwnPattern:
    """Has the method of a pattern."""

    def search(self, text):
        called("search", text)
        return text == "found" or None


BIG = 2**53
LABELS = ".".join(["a" * 63] * 3)
DIGITS = ("99.99", "100", "99.9", "0.01", "0.001", "0", "00.00", "-99.99", "1E+2", "1E-2", "0.10")
EDGES = {
    "float limits that no float holds": (
        partial(models.FloatField, validators=[v.MaxValueValidator(BIG + 3), v.MinValueValidator(-BIG - 3)]),
        values(*(float(sign * (BIG + more)) for sign in (1, -1) for more in (0, 2, 4, 6))),
    ),
    "floats beside the first limit that no float holds": (
        partial(models.FloatField, validators=[v.MinValueValidator(BIG + 1)]),
        values(2.0**53, 2.0**53 + 2),
    ),
    "a limit with a comparison of its own": (
        partial(models.FloatField, validators=[v.MaxValueValidator(OwnLimit())]),
        values(1.0, 7.0),
    ),
    "such a limit beside dates": (
        partial(models.DateField, validators=[v.MaxValueValidator(OwnLimit())]),
        values(date(2026, 1, 1), date(7000, 1, 1)),
    ),
    "such a limit in a list": (
        partial(models.JSONField, validators=[v.MaxValueValidator([OwnLimit()])]),
        values([1], [7]),
    ),
    "integers beside float limits": (
        partial(models.BigIntegerField, validators=[v.MaxValueValidator(2.0**53)]),
        values(BIG - 1, BIG, BIG + 1, BIG + 2, -BIG, 2**63 - 1),
    ),
    "decimals beside integer limits": (
        partial(models.DecimalField, max_digits=20, decimal_places=2, validators=[v.MaxValueValidator(BIG + 1)]),
        values(Decimal(BIG), Decimal(BIG + 1), Decimal(BIG + 2), Decimal("NaN"), Decimal("Infinity"), Decimal("1E+3")),
    ),
    "NaN and infinities beside limits": (
        partial(models.FloatField, validators=[v.MaxValueValidator(5), v.MinValueValidator(1)]),
        values(float("nan"), float("inf"), -float("inf"), 5.0, 5.000000000000001, 1.0, 0.9999999999999999),
    ),
    "steps of integers": (
        partial(models.IntegerField, validators=[v.StepValueValidator(3, offset=1)]),
        values(*range(-7, 8)),
    ),
    "steps of big integers": (
        partial(models.BigIntegerField, validators=[v.StepValueValidator(3)]),
        values(*(sign * (BIG + more) for sign in (1, -1) for more in range(-3, 4))),
    ),
    "steps whose distance no float holds": (
        partial(models.BigIntegerField, validators=[v.StepValueValidator(3, offset=-2)]),
        values(BIG - 1, BIG - 2, BIG - 3, 1 - BIG, BIG, 1, 4),
    ),
    "steps whose distance a float rounds to a step": (
        partial(models.BigIntegerField, validators=[v.StepValueValidator(3, offset=-4)]),
        values(BIG - 1, BIG - 2, BIG - 3, BIG - 4),
    ),
    "a decimal validator on a text": (
        partial(models.CharField, validators=[v.DecimalValidator(3, 1)]),
        values("12.5", "1", "x"),
    ),
    "schemes that are none": (
        partial(models.CharField, validators=[v.URLValidator(schemes=["1http", "http", "a b", "x+y"])]),
        values("1http://a.bc", "http://a.bc", "a b://a.bc", "x+y://a.bc", "X+Y://a.bc"),
    ),
    "steps of floats": (
        partial(models.FloatField, validators=[v.StepValueValidator(0.1)]),
        values(0.3, 0.30000000099, 0.3000000011, 0.300000002, 0.2999999989, float("inf"), float("nan"), 1e300, -0.7),
    ),
    "digits": (
        partial(models.DecimalField, max_digits=4, decimal_places=2),
        values(*(Decimal(text) for text in DIGITS)),
    ),
    "a pattern that must not match": (
        partial(models.CharField, validators=[v.RegexValidator(r"\d", inverse_match=True)]),
        values("abc", "a1", "1", "ä", ""),
    ),
    "a pattern that must match": (
        partial(models.CharField, validators=[v.RegexValidator(r"\A\w+\Z")]),
        values("abc", "a b", "ä", "a\n", "\n", "a-"),
    ),
    "a pattern of bytes": (
        partial(models.BinaryField, editable=True, validators=[v.RegexValidator(re.compile(b"a"))]),
        values(b"a", b"b"),
    ),
    "a pattern of bytes beside texts": (
        partial(models.CharField, validators=[v.RegexValidator(re.compile(b"a"))]),
        values("a", "b"),
    ),
    "lengths of values of JSON": (
        partial(models.JSONField, validators=[v.MaxLengthValidator(1)]),
        values({"a": 1}, {"a": 1, "b": 2}, [1, 2], "ab", 12),
    ),
    "an object that searches": (
        partial(models.CharField, validators=[v.RegexValidator(OwnPattern())]),
        values("found", "lost"),
    ),
    "listed domains": (
        partial(models.CharField, validators=[v.EmailValidator(allowlist=["intern", "A"])]),
        values("x@intern", "x@INTERN", "x@a", "x@A"),
    ),
    "last labels": (
        partial(models.CharField, validators=[v.validate_domain_name]),
        values("a.abcde1", "a.xn--a1", "a.xn--a-1", "a.xn-a1", "a.xn--1", "a.1xn--1"),
    ),
    "lengths of domains": (
        partial(models.CharField, validators=[v.validate_domain_name]),
        values(*(f"{LABELS}.{'a' * length}.aa{dot}" for length in range(58, 63) for dot in ("", "."))),
    ),
    "octets": (
        partial(models.CharField, validators=[v.validate_ipv4_address]),
        values("1.1.1.1111", "1000.1.1.1", "1.1.1.1.1", "1.1.1", "1.1.1.256", "1.1.1.26", "1.1.1.1a", "1.1.1.11a"),
    ),
    "null characters": (
        partial(models.CharField, validators=[v.ProhibitNullCharactersValidator()]),
        values("a", "a\x00", "\x00", "ä\x00", "ä"),
    ),
    "URLs": (
        models.URLField,
        values(
            "http://a.bc:1", "http://a.bc:123456", "http://a.bc:", "http://a.bc/[x]", "http://a.bc/ x",
            "http://a.bc/\x7f", "HTTP://A.BC", "1http://a.bc", "+http://a.bc", "http://" + "a" * 63 + ".bc",
            "http://" + "a" * 64 + ".bc",
            "http://" + "a." * 126 + "bc", "http://" + "a." * 125 + "bc", "http://localhost.",
            "http://1.2.3.4.", "://a.bc",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("edge", cases(EDGES))
@pytest.mark.parametrize("options", [{}, {"blank": True, "null": True}], ids=repr)
def test_rule_at_its_edges(edge, options):
    make_field, listed = edge
    sweep.assert_values(partial(make_field, **options), listed)


NAMES = (
    "a.jpg", "A.JPG", ".jpg", "x/.jpg", "..jpg", "a..jpg", "a.jpg.", "a.jpg/", "a.png", "jpg", "a b.jpg", "ä.jpg",
    "a.j pg", "a.jpg\n", "x.png/a.jpg", "x.jpg/a", "",
)  # fmt: skip


@pytest.mark.parametrize("allowed", [["jpg"], ["JPG", "gif"], [], None], ids=repr)
def test_extension_at_its_edges(allowed):
    def make_field():
        return models.FileField(validators=[v.FileExtensionValidator(allowed)])

    sweep.assert_values(make_field, {f"{at}": lambda name=name: name for at, name in enumerate(NAMES)})
    files = {f"{at} file": lambda name=name: FieldFile(None, make_field(), name) for at, name in enumerate(NAMES)}
    sweep.assert_values(make_field, files)
    uploads = {
        "upload": lambda: SimpleUploadedFile("a.png", b"x"),
        "upload of a jpg": lambda: SimpleUploadedFile("a.jpg", b"x"),
    }
    sweep.assert_values(make_field, uploads)


RAISING = {
    "a limit": partial(models.FloatField, validators=[v.MaxValueValidator(Decimal("NaN"))]),
    "a choice": partial(models.FloatField, choices=[(Decimal("sNaN"), "label")]),
}


@pytest.mark.parametrize("make_field", cases(RAISING))
def test_comparison_that_raises_in_a_batch(make_field):
    model = tables.model_of(value=make_field())
    exceptions = {}
    CompiledValidator.for_model(model)._native.clean_rows([model(value=1.0)], None, exceptions)
    assert type(exceptions[0]) is type(oracle.run(lambda: oracle.django_clean(model(value=1.0))).error)


def test_limit_that_raises_when_validators_are_read():
    """Django raises at the first time alone: behind it stand the validators of `Field`."""
    errors = []
    for clean in (oracle.our_clean, oracle.django_clean):
        listed = [v.MinLengthValidator(0), v.MinValueValidator(Decimal("NaN"))]
        model = tables.model_of(value=models.IntegerField(validators=listed))
        errors.append([type(oracle.run(partial(clean, model(value=5))).error) for _ in range(2)])
    assert errors[0] == errors[1]
