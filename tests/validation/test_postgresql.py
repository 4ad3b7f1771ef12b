"""The fields of django.contrib.postgres: arrays of every kind, hstore, ranges. No server is asked."""

import datetime
import uuid
from decimal import Decimal
from functools import partial

import pytest
from django.contrib.postgres import fields as postgres
from django.contrib.postgres.search import SearchVectorField
from django.contrib.postgres.validators import (
    ArrayMaxLengthValidator,
    ArrayMinLengthValidator,
    KeysValidator,
    RangeMaxValueValidator,
    RangeMinValueValidator,
)
from django.core import validators as v
from django.db import models
from django.db.models import F

from tests.tables import cases
from tests.validation import odd, oracle, own, own_fields, tables
from tests.validation.record import called
from tests.validation.sweep import assert_values
from tests.validation.values import POOL

DAY = datetime.date(2024, 2, 29)


def array(base, **options):
    return lambda: postgres.ArrayField(base(), **options)


def append(value):
    """A validator that changes what it is given."""
    called("append", value)
    if len(value) < 5:
        value.append(value[0])


def integers(**options):
    return lambda: models.IntegerField(**options)


short = partial(models.CharField, max_length=3)
ARRAYS = {
    "integers": array(models.IntegerField),
    "integers, null": array(models.IntegerField, null=True),
    "integers, null and blank": array(models.IntegerField, null=True, blank=True),
    "integers, blank": array(models.IntegerField, blank=True),
    "integers, not editable": array(models.IntegerField, editable=False),
    "two integers": array(models.IntegerField, size=2),
    "nothing": array(models.IntegerField, size=0),
    "small integers": array(models.SmallIntegerField, validators=[ArrayMinLengthValidator(2)]),
    "integers that may be null": array(integers(null=True)),
    "integers that may be blank": array(integers(blank=True)),
    "integers that may be both": array(integers(blank=True, null=True)),
    "integers that are not editable": array(integers(editable=False)),
    "integers with choices": array(integers(choices=[(1, "one"), (2, "two")])),
    "integers with limits": array(integers(validators=[v.MaxValueValidator(2), v.MinValueValidator(1)])),
    "integers with limits that are called": array(integers(validators=[v.MaxValueValidator(own.limit(2))])),
    "integers with validators": array(integers(validators=[own.accept, own.refuse]), validators=[own.accept]),
    "texts": array(short),
    "texts, worded": array(short, error_messages={"item_invalid": "item %(nth)s:", "invalid": "i"}),
    "long texts": array(models.TextField, size=3),
    "texts with choices": array(partial(short, choices=[("a", "A"), ("Group", [("abc", "ABC")])])),
    "texts that may be blank": array(partial(short, blank=True)),
    "slugs": array(models.SlugField),
    "e-mails": array(models.EmailField),
    "decimals": array(partial(models.DecimalField, max_digits=3, decimal_places=1)),
    "reals": array(models.FloatField),
    "flags": array(models.BooleanField),
    "days": array(models.DateField),
    "moments": array(models.DateTimeField),
    "keys": array(models.UUIDField),
    "addresses": array(models.GenericIPAddressField),
    "documents": array(models.JSONField),
    "arrays": array(array(models.IntegerField)),
    "arrays of arrays": array(array(array(short))),
    "arrays of two": array(array(models.IntegerField, size=2), size=2),
    "pairs": array(postgres.HStoreField),
    "fields of projects": array(partial(own_fields.Validating, max_length=3)),
    "fields that convert": array(own_fields.Converting),
    "lengths": array(models.IntegerField, validators=[v.MinLengthValidator(2), ArrayMaxLengthValidator(3)]),
    "lengths, called": array(models.IntegerField, validators=[ArrayMaxLengthValidator(own.limit(2)), own.accept]),
    "a validator that appends": array(models.IntegerField, validators=[append, ArrayMaxLengthValidator(3)]),
    "a validator that appends, last": array(models.IntegerField, size=2, validators=[v.MaxLengthValidator(3), append]),
    "choices": array(models.IntegerField, choices=[([1], "one"), ([1, 2], "two"), ("Group", [((3,), "three")])]),
}
OTHERS = {
    "hstore": postgres.HStoreField,
    "hstore, null": partial(postgres.HStoreField, null=True),
    "hstore, blank": partial(postgres.HStoreField, blank=True),
    "hstore with keys": partial(postgres.HStoreField, validators=[KeysValidator(["a"]),
        KeysValidator(["a"], strict=True)]),
    "hstore with a length": partial(postgres.HStoreField, validators=[v.MaxLengthValidator(1), own.accept]),
    "integer range": postgres.IntegerRangeField,
    "integer range with limits": partial(
        postgres.IntegerRangeField, validators=[RangeMaxValueValidator(5), RangeMinValueValidator(0)], blank=True
    ),
    "big range": partial(postgres.BigIntegerRangeField, null=True),
    "decimal range": partial(postgres.DecimalRangeField, default_bounds="[]"),
    "date range": postgres.DateRangeField,
    "moment range": postgres.DateTimeRangeField,
    "search vector": SearchVectorField,
}  # fmt: skip
CONTAINERS = (
    list, lambda: [1], lambda: [1, 2], lambda: [1, 2, 3], lambda: [1, 2, 3, 4], lambda: [3, 99], lambda: [2**70],
    lambda: ["1"], lambda: ["a", "abc"], lambda: ["a", ""], lambda: ["abcd", "abcde"], lambda: [None],
    lambda: [1, None],
    lambda: ["a@example.com"], lambda: ["a b"], lambda: [1.5], lambda: [True, False], lambda: [Decimal("1.5")],
    lambda: [Decimal("1.55"), Decimal("NaN")], lambda: [DAY], lambda: [datetime.datetime(2024, 1, 1)],
    lambda: ["2024-02-29"],
    lambda: [uuid.UUID(int=1)], lambda: ["1.2.3.4", "::1"], lambda: [b"a"], lambda: [[]], lambda: [[1], [2]],
    lambda: [[1], [2, 3]],
    lambda: [[1, 2], [3, 4]], lambda: [[1, 2, 3], [4, 5, 6], [7, 8, 9]], lambda: [[[]], [["a"]]], lambda: [["a"], 5],
    lambda: [{}],
    lambda: [{"a": 1}], lambda: [{"a": "b"}], lambda: (), lambda: (1, 2), lambda: ("a",), lambda: ([1], [2]),
    lambda: {1: 2},
    lambda: {"a": "b"}, lambda: {"a": None, "b": ""}, lambda: {"a": 1}, lambda: {1: "a"}, lambda: {"a": odd.Text("x")},
    lambda: odd.Rows([1, 2]), lambda: odd.Pairs(a="b"), lambda: {1, 2}, lambda: iter([1, 2]), lambda: range(2),
    lambda: [odd.Text("a")],
    lambda: [odd.Whole(1)], lambda: [odd.LyingText("a")], lambda: [odd.EmptyText("abcd")], lambda: [odd.Traced("a")],
    lambda: [...],
    lambda: "[1, 2]", lambda: '["a", null]', lambda: "[[1], [2]]", lambda: "[]", lambda: "{}", lambda: '{"a": "b"}',
    lambda: "null",
    lambda: "1", lambda: "[1", lambda: "x", lambda: "", lambda: " ", lambda: '{"lower": 1, "upper": 5}',
    lambda: '{"empty": true}',
    lambda: '{"lower": "2024-02-29", "upper": null, "bounds": "[]"}', lambda: (1, 5), lambda: (5, 1), lambda: [None, 5],
    lambda: (DAY, DAY), lambda: list(range(300)), lambda: ["a"] * 300,
)  # fmt: skip
VALUES = {f"container {n} {make()!r:.30}": make for n, make in enumerate(CONTAINERS)}
# Django would look at the items of an expression for ever.
VALUES |= {name: make for n, (name, make) in enumerate(POOL.items()) if n % 7 == 0 and not isinstance(make(), F)}


@pytest.mark.parametrize("make_field", cases({**ARRAYS, **OTHERS}))
def test_clean_postgresql_field(make_field):
    assert_values(make_field, VALUES)


CHANGES = {
    "validators of the items": lambda base: base.validators.append(v.MinValueValidator(2)),
    "validators of the items that are called": lambda base: base.validators.append(own.refuse),
    "choices of the items": lambda base: setattr(base, "choices", [(1, "one")]),
    "items that may be null": lambda base: setattr(base, "null", True),
    "items that may be blank": lambda base: setattr(base, "blank", True),
    "items that are not editable": lambda base: setattr(base, "editable", False),
    "clean of the items": lambda base: setattr(base, "validate", lambda value, instance: called("validate", value)),
    "messages of the items": lambda base: base.error_messages.update(null="none", invalid_choice="no"),
    "other items": lambda base: setattr(base, "__class__", models.CharField),
}


@pytest.mark.parametrize("change", cases(CHANGES))
def test_clean_array_items_changed(change):
    pair = [tables.model_of(value=postgres.ArrayField(models.IntegerField(), null=True)) for _ in range(2)]
    makers = [tables.maker(model) for model in pair]

    def assert_all_same():
        for value in ([1], [1, 2], [None], [1, None, 3], None, ["a"]):
            oracle.assert_same(*(partial(make, lambda value=value: list(value or ()) or value) for make in makers))

    assert_all_same()
    for model in pair:
        change(model._meta.get_field("value").base_field)
    assert_all_same()
