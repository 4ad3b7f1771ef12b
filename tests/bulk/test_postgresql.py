"""Columns and constraints that PostgreSQL alone has."""

import json

import pytest

pytest.importorskip("psycopg")

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    IntegerRangeField,
    RangeOperators,
)
from django.core.exceptions import FieldError, ValidationError
from django.db import DataError, models, transaction
from django.db.models import Q, UniqueConstraint

from pyforge_web import CompiledValidator, bulk_create_validated, validate_many
from pyforge_web.bulk import BatchValidationError
from tests.bulk.models import Country, Maker
from tests.bulk.oracle import assert_like_django, assert_same_errors, clean_by_django

pytestmark = pytest.mark.django_db(databases="__all__")


class OfPostgreSQL(models.Model):
    tags = ArrayField(models.CharField(max_length=5), unique=True, null=True, blank=True)
    span = IntegerRangeField(null=True, blank=True)
    data = models.BinaryField(unique=True, null=True, blank=True, editable=True)
    document = models.JSONField(null=True, blank=True)
    number = models.IntegerField(null=True, blank=True)
    held = IntegerRangeField(null=True, blank=True, unique=True)
    kept = IntegerRangeField(null=True, blank=True)

    class Meta:
        app_label = "bulk"
        unique_together = (("number", "tags"),)
        constraints = (
            ExclusionConstraint(name="kept_apart", expressions=[("kept", RangeOperators.OVERLAPS)]),
            ExclusionConstraint(
                name="no_overlap", expressions=[("span", RangeOperators.OVERLAPS)], condition=Q(number=1)
            ),
            UniqueConstraint("document__name", name="name_of_the_document"),
            UniqueConstraint(fields=["span"], name="one_span", nulls_distinct=False, condition=Q(number=2)),
        )

    def __str__(self):
        return str(self.pk)


def test_failed_field_of_a_condition(postgresql):
    """Where Django cannot ask the condition without it, that is an error of the row."""

    def make():
        return [
            OfPostgreSQL(number=number, span=(1, 5), tags=[tag]) for number, tag in ((1, "a"), ("x", "b"), (2, "a"))
        ]

    try:
        make()[1].full_clean()
    except ValidationError as error:
        expected = error
    except FieldError as error:
        expected = error
    result = validate_many(make())
    assert list(result.errors) == [1, 2]
    assert [leaf.code for leaf in result.errors[2].error_dict["tags"]] == ["unique"]
    if isinstance(expected, ValidationError):
        assert result.errors[1].message_dict == expected.message_dict
    else:
        assert type(result.errors[1].error_dict["__all__"][0].__cause__) is FieldError
        assert result.errors[1].error_dict["number"]


def test_excluded_field_of_a_condition(postgresql):
    """Excluded by the caller, it is not the fault of a row."""
    rows = [OfPostgreSQL(number=1, span=(1, 5))]
    try:
        rows[0].full_clean(exclude=["number"])
    except FieldError:
        with pytest.raises(FieldError):
            validate_many(rows, exclude=["number"])
    else:
        assert validate_many(rows, exclude=["number"]).ok


class Newest(models.Manager):
    def get_queryset(self):
        return super().get_queryset().order_by("number", "pk").distinct("number")


class OnePerNumber(models.Model):
    """Its default manager shows one row of each number; its unique field is asked of these alone."""

    name = models.CharField(max_length=9, unique=True)
    number = models.IntegerField()
    target = models.ForeignKey("self", models.CASCADE, null=True, blank=True)

    objects = Newest()

    class Meta:
        app_label = "bulk"
        base_manager_name = "objects"

    def __str__(self):
        return self.name


VALUES = {
    "tags": [["a"], ["a"], ["a", "b"], [], None, ["there"], '["a"]'],
    "span": [(1, 5), (1, 5), "[1,5)", (3, 9), (10, 11), None, (100, 200)],
    "data": [b"x", b"x", memoryview(b"x"), b"", None, b"there"],
    "document": [
        {"name": "a"},
        {"name": "a", "b": 1},
        {"name": "there"},
        {"other": 1},
        {"name": 1},
        {"name": "1"},
        None,
    ],
}


@pytest.mark.parametrize("number", [1, 2, None])
@pytest.mark.parametrize("name", VALUES)
def test_unique_postgresql_columns(postgresql, name, number):
    stored = {"tags": ["there"], "span": (150, 160), "data": b"there", "document": {"name": "there"}, "number": 1}
    OfPostgreSQL.objects.create(**stored)

    def make():
        return [
            OfPostgreSQL(number=number, **{name: value}) for value in VALUES[name] if name != "span" or value != "[1,5)"
        ]

    # Rows of one batch are not compared by an exclusion constraint: the database does it when they are written.
    assert_like_django(make, postgresql, rows=None, exclude=["span"] if name == "span" and number == 1 else None)


def test_exclusion_constraint(postgresql):
    OfPostgreSQL.objects.create(span=(150, 160), number=1)
    rows = [((100, 200), 1), ((1, 2), 1), ((150, 151), 2)]
    assert_like_django(lambda: [OfPostgreSQL(span=span, number=number) for span, number in rows], postgresql)


def test_manager_with_distinct_on(postgresql):
    OnePerNumber._meta.default_manager.bulk_create(
        OnePerNumber(id=at, name=f"n{at}", number=at // 3) for at in range(1, 9)
    )

    def make():
        return [OnePerNumber(name=f"n{at}", number=100 + at, target_id=at) for at in range(9)]

    assert_like_django(make, postgresql)


REFUSED = {
    "exclusion": {"number": 1, "span": (5, 1)},
    "unique with a condition": {"number": 2, "span": (5, 1)},
    "unique expression": {"document": {"name": "\0"}},
    "a field that is unique": {"number": 4, "held": (5, 1)},
    "exclusion without a condition": {"number": 4, "kept": (5, 1)},
}


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("name", REFUSED)
def test_value_that_the_server_refuses(postgresql, name, place):
    """PostgreSQL ends the transaction in which it refuses a value; the other rows are validated all the same."""
    OfPostgreSQL.objects.create(number=1, span=(1, 5), tags=["there"], document={"name": "there"})

    def good():
        return [
            OfPostgreSQL(number=1, span=(3, 9), tags=["a"]),
            OfPostgreSQL(number=2, span=(3, 9), tags=["there"]),
            OfPostgreSQL(number=3, document={"name": "there"}),
        ]

    _, expected = clean_by_django(good, postgresql)
    try:
        with transaction.atomic(using=postgresql):
            OfPostgreSQL(**REFUSED[name]).full_clean()
    except (DataError, ValidationError) as error:
        djangos = error
    rows = good()
    rows.insert(place, OfPostgreSQL(**REFUSED[name]))
    with transaction.atomic(using=postgresql):
        result = validate_many(rows)
        assert OfPostgreSQL.objects.count() == 1
    errors = [result.errors.get(row) for row in range(len(rows))]
    refused = errors.pop(place)
    assert_same_errors({row: error for row, error in enumerate(errors) if error}, expected)
    if isinstance(djangos, DataError):
        (whole,) = refused.error_dict["__all__"]
        assert (whole.code, type(whole.__cause__)) == ("invalid", DataError)
    else:  # `Q.check` takes an error of the database for a yes
        assert_same_errors({0: refused}, {0: djangos})
    with pytest.raises(BatchValidationError):
        bulk_create_validated(OfPostgreSQL.objects, rows)
    assert OfPostgreSQL.objects.count() == 1


@pytest.mark.parametrize("code", ["a\0b", "\ud800", "x", 5])
@pytest.mark.parametrize("lookup", [None, {"country": "code"}], ids=["key", "natural key"])
def test_text_of_a_key_that_no_row_can_have(alias, code, lookup):
    """A client may send U+0000, which the driver of PostgreSQL refuses with an error of the database."""
    Country.objects.create(code="de")
    rows = [{"name": "a", "country": code}, {"name": "b", "country": "de"}]
    validator, options = CompiledValidator.for_model(Maker), {"fields": ["name", "country"], "lookup": lookup}
    with transaction.atomic(using=alias):
        with pytest.raises(ValidationError) as caught:
            validator.clean_json(json.dumps(rows[0]), **options)
        result = validator.clean_json_rows(json.dumps(rows), **options)
        assert Country.objects.count() == 1
    assert [error.code for error in caught.value.error_dict["country"]] == ["invalid"]
    assert {row: error.messages for row, error in result.errors.items()} == {0: caught.value.messages}
