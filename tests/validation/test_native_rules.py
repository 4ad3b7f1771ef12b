"""Values that each rule decides alone: native code accepts and rejects them as Django does, without a call to Python.

The other tests compare results, which are right as well if native code leaves every value to Django.
"""

import datetime
from decimal import Decimal
from functools import partial

import pytest
from django.core import validators as v
from django.db import models

from pyforge_web.metering import collect
from pyforge_web.validation.errors import RejectedValue
from pyforge_web.validators import CompiledValidator
from tests.tables import rows
from tests.validation import oracle, tables

BIG = 2**53
DAY = datetime.date(2026, 1, 1)
NOON = datetime.datetime(2026, 1, 1, 12)
KEYS = ("a", "ä", 1, 2**70, 1.5, True, None, Decimal("2.5"), DAY, datetime.timedelta(1))
MIXED = [(key, "label") for key in KEYS]
GROUPS = [("first", [("a", "A"), ["b", "B"]]), ("second", (("c", "C"),)), ["d", "D"]]


def text(*validators):
    return partial(models.TextField, validators=validators)


def number(make_field, *validators):
    return partial(make_field, validators=validators)


decimal = partial(models.DecimalField, max_digits=4, decimal_places=2)
wide = partial(models.DecimalField, max_digits=40, decimal_places=10)
at_most, at_least, step = v.MaxValueValidator, v.MinValueValidator, v.StepValueValidator
labels = ".".join(["a" * 63] * 3)

# A field, values that it accepts, values that it rejects.
CERTAIN = {
    "no choices": (models.TextField, ["a", "ä"], [""]),
    "choices of texts": (partial(models.TextField, choices=MIXED), ["a", "ä"], ["b", "é", "A"]),
    "choices of integers": (partial(models.IntegerField, choices=MIXED), [1], [2, -1]),
    "choices of floats": (partial(models.FloatField, choices=MIXED), [1.5, 1.0], [2.0]),
    "choices of booleans": (partial(models.BooleanField, choices=MIXED), [True], [False]),
    "choices of decimals": (partial(decimal, choices=MIXED), [Decimal("2.50"), Decimal(1)], [Decimal("3.5")]),
    "choices of dates": (partial(models.DateField, choices=MIXED), [DAY], [DAY.replace(day=2)]),
    "choices of durations": (
        partial(models.DurationField, choices=MIXED),
        [datetime.timedelta(1)],
        [datetime.timedelta(2)],
    ),
    "choices in groups": (partial(models.TextField, choices=GROUPS), ["a", "b", "c", "d"], ["A", "first", "z"]),
    "digits": (
        decimal,
        [Decimal(value) for value in ("12.34", "-12.34", "0", "0.05", "99", "0.00")],
        [Decimal(value) for value in ("100", "1.234", "123.45", "0.001")],
    ),
    "digits in all": (number(wide, v.DecimalValidator(3, None)), [Decimal("1.23")], [Decimal("1.234"), Decimal(1234)]),
    "digits behind the point": (number(wide, v.DecimalValidator(None, 1)), [Decimal("12.3")], [Decimal("1.23")]),
    "longest text": (text(v.MaxLengthValidator(2)), ["ab", "ää"], ["abc", "äää"]),
    "shortest text": (text(v.MinLengthValidator(2)), ["ab", "ää"], ["a", "ä"]),
    "longest bytes": (partial(models.BinaryField, editable=True, max_length=2), [b"ab"], [b"abc"]),
    "longest list": (partial(models.JSONField, validators=[v.MaxLengthValidator(2)]), [[1, 2]], []),
    "integers and an integer": (number(models.IntegerField, at_most(5), at_least(3)), [3, 5], [2, 6]),
    "integers and a float": (number(models.IntegerField, at_most(5.0), at_least(3.0)), [3, 5], []),
    "floats and an integer": (number(models.FloatField, at_most(5), at_least(3)), [3.0, 5.0, float("nan")], [2.5, 6.0]),
    "floats and a float": (number(models.FloatField, at_most(5.5), at_least(3.5)), [3.5, 5.5], [3.0, 6.0]),
    "floats and the largest exact integer": (number(models.FloatField, at_most(BIG)), [2.0**53], [2.0**53 + 2]),
    "decimals and numbers": (number(wide, at_most(5), at_least(3.5), at_most(Decimal("4.5"))), [Decimal(4)], []),
    "dates": (number(models.DateField, at_most(DAY), at_least(DAY)), [DAY], []),
    "datetimes": (number(models.DateTimeField, at_most(NOON), at_least(NOON)), [NOON], []),
    "times": (number(models.TimeField, at_most(datetime.time(12))), [datetime.time(12)], []),
    "durations": (number(models.DurationField, at_most(datetime.timedelta(1))), [datetime.timedelta(1)], []),
    "steps of integers": (number(models.BigIntegerField, step(3, offset=1)), [1, 4, -2, BIG - 1], []),
    "steps of floats": (number(models.FloatField, step(0.5, offset=0.25)), [0.75, -0.25, 1e6 + 0.25], []),
    "steps of floats and integers": (number(models.FloatField, step(3)), [3.0, -6.0, 1e-9], []),
    "steps of integers and floats": (number(models.IntegerField, step(0.5)), [3, -6], []),
    "pattern": (text(v.RegexValidator("b")), ["ab", "äb"], []),
    "inverse pattern": (text(v.RegexValidator("b", inverse_match=True)), ["a", "ä"], []),
    "slug": (models.SlugField, ["aZ09-_"], ["a.b", "a b"]),
    "email": (
        models.EmailField,
        ["aZ09@a.bc", "a.b@a-b.c-d", "-!#$%&'*+/=?^_`{}|~@a.bc", "a@localhost", "a@a.xn--p1ai", "a@a.XN--P1AI"],
        ["a"],
    ),
    "listed domains": (text(v.EmailValidator(allowlist=["intern"])), ["a@intern", "a@a.bc"], ["intern"]),
    "longest email": (text(v.validate_email), ["a" * (320 - 5) + "@a.bc"], []),
    "URL": (
        models.URLField,
        [
            *("http://a.bc", "HTTPS://a.bc.", "ftp://a.bc:1", "ftps://a.bc:12345/a/?b=c#d", "http://a.bc?b", "http://a.bc#b"),
            *("http://localhost", "http://LOCALHOST", "http://1.2.3.4:80/", "http://a.bc/://", "http://a.bc/a:b"),
            *("http://a.bc/[x]", "http://a.bc?a[]=1&b[=2#]"),
        ],
        [],
    ),
    "schemes": (
        text(v.URLValidator(["a+b", "a-b", "a.b", "a1"])),
        ["a+b://a.bc", "a-b://a.bc", "a.b://a.bc", "a1://a.bc"],
        [],
    ),
    "longest URL": (text(v.URLValidator()), ["http://a.bc/" + "a" * (2048 - 12)], []),
    "longest host": (text(v.URLValidator()), [f"http://{labels}.{'a' * 61}"], []),
    "domain": (text(v.validate_domain_name), ["a.bc", "a-1.b-c.", "a.xn--p1ai", f"{labels}.{'a' * 62}."], []),
    "domain in ASCII": (text(v.DomainNameValidator(accept_idna=False)), ["a.bc", "a.b1", "a-1.b-c."], []),
    "IPv4": (text(v.validate_ipv4_address), ["1.20.255.0", "0.9.10.99"], []),
    "IPv6": (text(v.validate_ipv6_address), ["2001:db8::1"], []),
    "IPv4 and IPv6": (text(v.validate_ipv46_address), ["1.2.3.4", "2001:db8::1"], []),
    "integers": (text(v.validate_comma_separated_integer_list), ["1", "1,23,0"], []),
    "no null characters": (text(v.ProhibitNullCharactersValidator()), ["a", "\x01"], []),
}  # fmt: skip


@pytest.mark.parametrize(("make_field", "accepted", "rejected"), rows(CERTAIN))
def test_value_decided_without_python(make_field, accepted, rejected):
    model = tables.model_of(value=make_field())
    for values, is_accepted in ((accepted, True), (rejected, False)):
        for value in values:
            error = oracle.run(partial(oracle.django_clean, model(value=value))).error
            assert (error is None) is is_accepted, f"{value!r} stands in the wrong list"
            errors, called = clean(model(value=value))
            assert not called, f"{value!r} is left to Django"
            assert [type(error) for row in errors.values() for error in row.values()] == [RejectedValue][is_accepted:]


def clean(instance):
    """The errors of a row, and how many calls to Python its cleaning took."""
    with collect() as found:
        errors = CompiledValidator.for_model(type(instance)).clean_rows([instance])
    return errors, found.crossings_out


@pytest.mark.parametrize("name", ["a.jpg", "a/b-_ 1.GIF", "a.MP3", "a/b/c.jpg"])
@pytest.mark.parametrize("listed", [["gif", "JPG", "mp3"], None], ids=repr)
def test_extension_decided_without_python(name, listed):
    """A file is read and assigned by Django's descriptor: as many calls as without the validator."""
    fields = models.FileField(), models.FileField(validators=[v.FileExtensionValidator(listed)])
    without, ours = (clean(tables.model_of(value=field)(value=name)) for field in fields)
    assert ours == without
    assert oracle.run(partial(oracle.django_clean, tables.model_of(value=fields[1])(value=name))).error is None
