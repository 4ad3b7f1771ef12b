"""Code of the project that raises what a bad value raises: an error of its row, as Django's own would be."""

import contextlib
import datetime
import itertools
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import F, Q, UniqueConstraint
from django.db.models.lookups import GreaterThan

from pyforge_web import validate_many
from tests.bulk.models import Constrained, Maker, Named, OwnClean, Relations, Uniques
from tests.bulk.oracle import assert_like_django, assert_same_errors

pytestmark = pytest.mark.django_db(databases="__all__")
RAISED = {
    "ValueError": ValueError("no number"),
    "DataError": DataError("too long"),
    "ValidationError": ValidationError("Not this one.", code="own"),
}


@pytest.fixture
def there(alias):
    Maker.objects.bulk_create(Maker(id=number, name=f"m{number}") for number in range(1, 4))
    return alias


def assert_rows_like_django(make, method="full_clean", **options):
    """The errors of each row are what Django raises; another exception of its own is an error of the whole row."""
    expected = {}
    for row, instance in enumerate(make()):
        try:
            getattr(instance, method)()
        except Exception as error:
            expected[row] = error
    assert expected
    result = validate_many(make(), **options)
    assert list(result.errors) == list(expected)
    for row, error in expected.items():
        if isinstance(error, ValidationError):
            error = ValidationError(error.update_error_dict({}))
            assert_same_errors({0: result.errors[row]}, {0: error})
        else:
            (whole,) = result.errors[row].error_dict["__all__"]
            assert (whole.code, type(whole.__cause__)) == ("invalid", type(error))


def clean_each(instances):
    for instance in instances:
        with contextlib.suppress(ValidationError):
            instance.full_clean()


def assert_exception_comes_out(make, error):
    """A fault of the project's code ends the batch, as it ends the first row that meets it in Django."""
    if isinstance(error, ValidationError):
        assert_rows_like_django(make)
        return
    with pytest.raises(type(error)) as djangos:
        clean_each(make())
    with pytest.raises(type(error)) as ours:
        validate_many(make())
    assert ours.value is djangos.value


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("step", ["clean", "full_clean", "clean_fields", "validate_unique", "validate_constraints"])
def test_own_method_that_raises(there, step, raised, monkeypatch):
    djangos = getattr(Named, step)

    def own(self, *args, **kwargs):
        if self.name == "bad":
            raise RAISED[raised]
        return djangos(self, *args, **kwargs)

    monkeypatch.setattr(OwnClean, step, own)
    rows = [("new", 1, 1), ("bad", 1, 2), ("", 99, 3), ("other", 2, 4)]

    def make():
        return [OwnClean(name=name, maker_id=key, number=at) for name, key, at in rows]

    assert_exception_comes_out(make, RAISED[raised])


def make_relations():
    return [Relations(title="t", maker_id=1, must_id=1, hidden_id=1, chosen_id=key, judged_id=key) for key in (1, 2, 3)]


def raise_for_two(error):
    def validator(value):
        if value == 2:
            raise error

    return validator


@pytest.mark.parametrize("raised", RAISED)
def test_validator_of_a_key_that_raises(there, raised, monkeypatch):
    field = Relations._meta.get_field("judged")
    monkeypatch.setitem(vars(field), "validators", [*field.validators, raise_for_two(RAISED[raised])])
    assert_exception_comes_out(make_relations, RAISED[raised])


def test_validator_of_a_field_that_is_faulty(there, monkeypatch):
    field = Relations._meta.get_field("number")
    error = KeyError("no such name")
    monkeypatch.setitem(vars(field), "validators", [*field.validators, raise_for_two(error)])
    assert_exception_comes_out(lambda: [*make_relations(), Relations(number=2)], error)


@pytest.mark.parametrize("raised", RAISED)
def test_choices_of_a_key_that_raise(there, raised, monkeypatch):
    """`choices` may be a function, which Django calls for each row."""

    def choices():
        raise RAISED[raised]

    monkeypatch.setattr(Relations._meta.get_field("chosen"), "choices", choices)

    def make():
        return [*make_relations(), Relations(title="t", maker_id=1, must_id=1, hidden_id=1)]

    assert_exception_comes_out(make, RAISED[raised])


@pytest.mark.parametrize("limit", [{"live": "no boolean"}, {"id": "no number"}, {"id": [1]}], ids=str)
def test_limits_of_a_key_that_raise(there, limit, monkeypatch):
    monkeypatch.setattr(Relations._meta.get_field("maker").remote_field, "limit_choices_to", limit)
    assert_rows_like_django(make_relations)


ZONE = datetime.timezone(datetime.timedelta(hours=-5))


class Moment(datetime.datetime):
    """As freezegun and pendulum make them."""


class Key(uuid.UUID):
    """A UUID of a project's own."""


class Text(str):
    """A text that is sent in its own way."""

    __slots__ = ()

    def encode(self, *args, **kwargs):
        return super().encode(*args, **kwargs)


class Plain(str):
    """A text of a project's own."""

    __slots__ = ()


UNUSUAL = {
    "moment": [Moment(2026, 1, 1, tzinfo=datetime.UTC), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)],
    "late": [datetime.datetime.max.replace(tzinfo=ZONE), datetime.datetime(2026, 1, 1, tzinfo=ZONE)],
    "key": [Key(int=5), uuid.UUID(int=5)],
    "sku": [Plain("a"), "a"],
    "email": [Text("a@b.example"), "a@b.example"],
}


@pytest.mark.parametrize("name", [name for name in UNUSUAL if name != "late"])
def test_values_of_unusual_types(there, name):
    def make():
        return [Uniques(**{"sku": f"s{at}", "flag": None, name: value}) for at, value in enumerate(UNUSUAL[name] * 2)]

    assert_like_django(make, there)


def test_moment_that_utc_does_not_have(alias):
    """Each row is judged alone: some drivers send it, and others do not."""

    def make():
        return [Uniques(sku=f"s{at}", moment=value) for at, value in enumerate([*UNUSUAL["late"], "no moment"])]

    assert_rows_like_django(make)


def test_key_out_of_range(there):
    """Nobody has looked for its target with `foreign_keys=False`, and the database holds no such number."""

    def make():
        day = datetime.date(2026, 1, 1)
        keys = (2**70, 2**70, 1)
        Uniques.objects.get_or_create(sku="there", maker_id=1, kind="a", day=day)
        return [Uniques(sku=f"s{at}", maker_id=key, day=day) for at, key in enumerate(keys)]

    assert_rows_like_django(make, "validate_unique", foreign_keys=False)


CONDITIONS = {
    "a list": Q(width__in=[1, 2]),
    "a set in a list": Q(width__in=(1, 2)) | Q(live=False),
    "an expression": Q(Q(width__gt=1), live=True),
    "a lookup as an expression": Q(GreaterThan(F("width"), 1), live=True),
    "nothing of the row": Q(number__gt=2, live=True),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_of_unique_constraints(there, name, monkeypatch):
    (filed,) = (one for one in Constrained._meta.constraints if one.name == "filed")
    monkeypatch.setattr(filed, "condition", CONDITIONS[name])

    def make():
        values = itertools.product((1, 2, 3), (True, False, None))
        return [
            Constrained(name=f"n{at}", other=f"o{at}", number=7, width=width, live=live)
            for at, (width, live) in enumerate(values)
        ]

    assert_like_django(make, there)


def test_condition_that_cannot_be_asked_of_a_row(there, monkeypatch):
    """A blank of a number that may be blank is no number to the condition."""
    condition = UniqueConstraint(fields=["width"], condition=Q(number__gt=5), name="blank_number")
    monkeypatch.setattr(Constrained._meta, "constraints", [condition])

    def make():
        values = [("a", 1, ""), ("b", 1, 7), ("c", 2, 3), ("d", 2, ""), ("e", 9, 9)]
        Constrained.objects.get_or_create(name="there", width=9, number=9)
        return [Constrained(name=name, other=name, width=width, number=number) for name, width, number in values]

    assert_rows_like_django(make)
