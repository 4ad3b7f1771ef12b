"""What validation depends on beside model and value: the backend's ranges, time zones, decimal contexts, limits."""

import contextlib
import datetime
import decimal
import sys
import warnings
import zoneinfo
from datetime import UTC
from decimal import Decimal
from functools import partial

import pytest
from django.core import validators as v
from django.db import connection, models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import override_settings
from django.utils import timezone, translation

from tests.tables import cases
from tests.validation import oracle, tables
from tests.validation.fields import CLASSES
from tests.validation.sweep import assert_values
from tests.validation.values import NUMBERS, TIMES, WHEN, named

INTEGERS = [name for name in CLASSES if "Integer" in name]
AUTOMATIC = (models.AutoField, models.BigAutoField, models.SmallAutoField)
# As the backends have them; `None` for an end is "no limit".
RANGES = {
    "PostgreSQL": BaseDatabaseOperations.integer_field_ranges,
    "MySQL": {**BaseDatabaseOperations.integer_field_ranges, "PositiveSmallIntegerField": (0, 65535),
              "PositiveIntegerField": (0, 4294967295), "PositiveBigIntegerField": (0, 2**64 - 1)},
    "Oracle": dict.fromkeys(BaseDatabaseOperations.integer_field_ranges, (-(10**19) + 1, 10**19 - 1)),
    "no ends": dict.fromkeys(BaseDatabaseOperations.integer_field_ranges, (None, None)),
    "one end": dict.fromkeys(BaseDatabaseOperations.integer_field_ranges, (0, None)),
    "beyond 128 bit": dict.fromkeys(BaseDatabaseOperations.integer_field_ranges, (-(2**130), 2**130)),
}  # fmt: skip
EDGES = sorted({end + by for ranges in RANGES.values() for pair in ranges.values() for end in pair if end is not None
                for by in (-1, 0, 1)})  # fmt: skip


@pytest.mark.parametrize("ranges", cases(RANGES))
def test_clean_backend_ranges(ranges, monkeypatch):
    monkeypatch.setattr(connection.ops, "integer_field_range", ranges.__getitem__, raising=False)
    values = named([*EDGES, *map(str, EDGES), *map(float, EDGES[::4]), *map(Decimal, EDGES[::4])])
    for name in INTEGERS:
        assert_values(CLASSES[name], values)
        assert_values(partial(CLASSES[name], validators=[v.MinValueValidator(5), v.MaxValueValidator(2**31)]), values)
    for kind in AUTOMATIC:
        assert_values(partial(kind, primary_key=True), values)


ZONES = [
    {"USE_TZ": True, "TIME_ZONE": "Europe/Paris"},
    {"USE_TZ": False, "TIME_ZONE": "Europe/Paris"},
    {"USE_TZ": True, "TIME_ZONE": "Pacific/Apia"},
    {"USE_TZ": True, "TIME_ZONE": "UTC"},
]
MOMENTS = [*TIMES, *WHEN, datetime.date(2011, 12, 30), datetime.datetime(2011, 12, 30, 12, tzinfo=UTC)]


@pytest.mark.parametrize("zone", ZONES, ids=repr)
@pytest.mark.parametrize("active", [None, "Asia/Tokyo"])
def test_clean_time_zones(zone, active):
    """Also where a day has no midnight, or is not there at all; the model was compiled under another zone."""
    pairs = {name: [tables.model_of(value=CLASSES[name]()) for _ in range(2)] for name in ("Date", "DateTime", "Time")}
    for pair in pairs.values():
        oracle.assert_same(*(partial(tables.maker(model), lambda: "x") for model in pair))
    override = timezone.override(zoneinfo.ZoneInfo(active)) if active else contextlib.nullcontext()
    with override_settings(**zone), override:
        for pair in pairs.values():
            makers = [tables.maker(model) for model in pair]
            for value in MOMENTS:
                oracle.assert_same(*(partial(make, lambda value=value: value) for make in makers))


@pytest.mark.parametrize("action", ["error", "ignore", "once"])
def test_clean_warnings_as_errors(action):
    """A date for a DateTimeField is warned of, naming model and field; or that is what is raised."""
    pair = [tables.model_of(value=models.DateTimeField()) for _ in range(2)]

    def with_filter(clean, instance):
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            clean(instance)

    for _ in range(2):
        makes = [partial(tables.maker(model), lambda: datetime.date(2024, 2, 29)) for model in pair]
        expected = oracle.assert_same(
            *makes, ours=partial(with_filter, oracle.our_clean), django=partial(with_filter, oracle.django_clean)
        )
        assert (type(expected.error) is RuntimeWarning) == (action == "error")


CONTEXTS = {
    "low precision": decimal.Context(prec=2),
    "narrow": decimal.Context(prec=3, Emax=5, Emin=-5, clamp=1),
    "no traps": decimal.Context(traps=[]),
    "all traps": decimal.Context(traps=list(decimal.DefaultContext.flags)),
    "floats trapped": decimal.Context(traps=[decimal.FloatOperation, decimal.InvalidOperation]),
    "small letters": decimal.Context(capitals=0),
    "upwards": decimal.Context(prec=4, rounding=decimal.ROUND_UP),
}
PRICES = named(
    [*NUMBERS, *(text for text in map(str, NUMBERS[:60] + NUMBERS[-20:])), "1.005", "1E+999999999999999999999", 1e15]
)
FIELDS = {
    "Decimal": CLASSES["Decimal"],
    "Decimal, wide": CLASSES["Decimal, wide"],
    "Decimal with limits": partial(CLASSES["Decimal, wide"],
        validators=[v.MinValueValidator(0.5), v.MaxValueValidator(Decimal("99.5"))]),
    "Decimal with choices": partial(CLASSES["Decimal"], choices=[(Decimal("1.50"), "a"), (0.5, "b"), (5, "c")]),
    "Float with limits": partial(models.FloatField, validators=[v.MaxValueValidator(Decimal("99.5")),
        v.StepValueValidator(Decimal("0.5"))]),
}  # fmt: skip


@pytest.mark.parametrize("context", cases(CONTEXTS))
@pytest.mark.parametrize("make_field", cases(FIELDS))
def test_clean_decimal_contexts(context, make_field):
    with decimal.localcontext(context):
        assert_values(make_field, PRICES)


@pytest.mark.parametrize("context", cases(CONTEXTS))
def test_clean_decimal_flags(context):
    """Which signals a validation leaves behind."""
    values = [Decimal("1.005"), "1.005", 5, 1.5, "NaN", "x", Decimal("1E+30")]
    found = []
    for clean in (oracle.django_clean, oracle.our_clean):
        model = tables.model_of(value=FIELDS["Decimal with limits"]())
        with decimal.localcontext(context) as local:
            local.clear_flags()
            for value in values:
                with contextlib.suppress(Exception):
                    clean(model(value=value))
                found.append((clean, value, {signal for signal, raised in local.flags.items() if raised}))
    djangos, ours = ([row[1:] for row in found if row[0] is clean] for clean in (oracle.django_clean, oracle.our_clean))
    assert ours == djangos


@pytest.mark.parametrize("digits", [0, 640, 4300])
def test_clean_limit_of_digits(digits):
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(digits)
    try:
        values = named(["1" * length for length in (639, 640, 641, 4300, 4301, 5000)])
        for name in ("Integer", "Decimal", "Float", "UUID"):
            assert_values(CLASSES[name], values)
    finally:
        sys.set_int_max_str_digits(before)


def test_clean_error_language():
    """Not the one that was active when it was raised."""
    for language in ("de", "ja"):
        with translation.override(language):
            oracle.assert_same(partial(tables.maker(tables.model_of(value=models.IntegerField())), lambda: "x"))
