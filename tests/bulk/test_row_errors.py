"""A value that the database or Django cannot take is an error of its row. It never ends the batch."""

import datetime
import itertools
import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from pyforge_web import BatchValidationError, bulk_create_validated, validate_many
from tests.bulk.models import Blankable, Dated, Maker, Token, Uniques
from tests.bulk.oracle import assert_like_django

pytestmark = pytest.mark.django_db(databases="__all__")
ON_MARIADB = True
KEY = uuid.UUID(int=5)
FIELDS = {
    "when": ["", "2026-01-01", None],
    "token_id": ["", str(KEY), None, uuid.UUID(int=9)],
    "key": ["", str(KEY), None],
    "amount": ["", "1.50", None],
    "name": ["", "n", None],
    "number": ["5", None, 7],
}


@pytest.fixture
def there(alias):
    Token.objects.create(id=KEY)
    Blankable.objects.create(when="2026-01-01", token_id=KEY, key=KEY, amount="1.50", name="n", number=5)
    return alias


@pytest.mark.parametrize("name", FIELDS)
def test_blank_values_one_field(there, name):
    def make():
        rows = [Blankable(**{name: value}) for value in FIELDS[name] * 2]
        return [*rows, Blankable(when="2026-01-01"), Blankable(when="2026-01-03"), Blankable(when="2026-01-03")]

    assert_like_django(make, there, rows=None)


@pytest.mark.parametrize("pair", list(itertools.combinations(FIELDS, 2)), ids="-".join)
def test_blank_values_two_fields(there, pair):
    def make():
        values = itertools.product(*(FIELDS[name] for name in pair))
        rows = [dict(zip(pair, one, strict=True)) for one in values]
        return [Blankable(note="x", **row) for row in rows]

    assert_like_django(make, there, rows=None)


def test_blank_values_of_edited_rows(there):
    def make():
        rows = list(Blankable.objects.all()) * 2
        rows[0].when = ""
        rows[1] = Blankable(when="2026-01-01", key="")
        return rows

    assert_like_django(make, there)


IMPOSSIBLE = {
    "a date without a day": (Blankable, {"note": "x", "day": ""}),
    "a blank for a number in a set": (Blankable, {"key": KEY, "number": ""}),
    "a list for a number": (Uniques, {"sku": "s", "number": [1]}),
    "infinity for a number": (Uniques, {"sku": "s", "number": float("inf")}),
    "a dict for a date": (Uniques, {"sku": "s", "day": {"a": 1}}),
    "a number for a date": (Uniques, {"sku": "s", "day": 5}),
    "infinity for a key": (Uniques, {"sku": "s", "maker_id": float("inf")}),
    "a list for a key": (Uniques, {"sku": "s", "maker_id": [1]}),
    "a lone surrogate": (Uniques, {"sku": "\ud800"}),
    "a set for a uuid": (Uniques, {"sku": "s", "key": {1}}),
    "NaN for a decimal": (Blankable, {"amount": Decimal("NaN")}),
    "a text with a null": (Uniques, {"sku": "a\x00b"}),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_value_among_other_rows(alias, name):
    """The row has the errors that `full_clean` raises; another exception of Django's is an error of the whole row."""
    model, values = IMPOSSIBLE[name]
    Maker.objects.create(id=1, name="m")

    def good():
        return Uniques(sku="same") if model is Uniques else Blankable(name="same")

    try:
        model(**values).full_clean()
        expected = None
    except Exception as error:
        expected = error
    result = validate_many([good(), model(**values), good()])
    assert "same" not in str(result.errors.get(0))
    (leaf,) = [leaf for leaves in result.errors[2].error_dict.values() for leaf in leaves]
    assert leaf.code == "unique"
    if isinstance(expected, ValidationError):
        assert result.errors[1].message_dict == expected.message_dict
    elif expected is None:
        assert 1 not in result.errors
    else:
        (whole,) = result.errors[1].error_dict["__all__"]
        assert (whole.code, type(whole.__cause__)) == ("invalid", type(expected))
        assert whole.messages == ["Enter a valid value."]


def test_key_without_target_that_a_check_reads(alias):
    """`unique_for_year` of a foreign key reads its instance, which nobody looked up with `foreign_keys=False`."""
    Maker.objects.create(id=1, name="m")
    day = datetime.date(2026, 1, 1)

    def make():
        return [Dated(title=f"{n}", slug="same", maker_id=key, published=day) for n, key in enumerate((1, 99, 1))]

    with pytest.raises(Maker.DoesNotExist) as djangos:
        make()[1].validate_unique()
    result = validate_many(make(), foreign_keys=False)
    assert list(result.errors) == [1, 2]
    (whole,) = result.errors[1].error_dict["__all__"]
    assert (whole.code, type(whole.__cause__)) == ("invalid", djangos.type)
    assert {"slug", "maker"} == result.errors[2].error_dict.keys()


@pytest.mark.parametrize(
    ("moment", "zone"), [(datetime.datetime.min, "America/New_York"), (datetime.datetime.max, "Asia/Tokyo")]
)
def test_moment_that_no_date_of_the_zone_has(moment, zone, alias):
    """It is of one row, and ends no batch; the other rows have what they have without it."""
    Maker.objects.create(id=1, name="m")
    moment = moment.replace(tzinfo=datetime.UTC)

    others = [{"moment": None}, {"moment": "2026-01-01T10:00Z"}, {"moment": "2026-01-01T11:00Z"}, {"slug": "no slug"}]

    def find_errors(rows):
        made = [Dated(**{"slug": "s", "maker_id": 1, "room": 1, **row}) for row in rows]
        return {row: error.message_dict for row, error in validate_many(made).errors.items()}

    with timezone.override(zone):
        expected = find_errors(others)
        errors = find_errors([*others, {"moment": moment}, {"moment": moment}])
    assert expected
    assert {row: error for row, error in errors.items() if row < len(others)} == expected


def test_impossible_value_in_an_import(alias):
    rows = [Uniques(sku="a"), Uniques(sku="b", number=float("inf")), Uniques(sku="a")]
    with pytest.raises(BatchValidationError) as caught:
        bulk_create_validated(Uniques.objects, rows)
    assert list(caught.value.errors) == [1, 2]


class Faulty(Maker):
    """A model with a fault in its own code."""

    class Meta:
        app_label = "bulk"
        proxy = True

    def clean(self):
        return 1 / self.id


def test_fault_of_the_project_comes_out(alias):
    with pytest.raises(ZeroDivisionError):
        validate_many([Faulty(name="a", id=1), Faulty(name="b", id=0)], unique=False)


def test_lost_connection_comes_out(alias):
    from django.db import OperationalError, connections

    def lost(execute, sql, params, many, context):
        raise OperationalError("server closed the connection unexpectedly")

    with connections[alias].execute_wrapper(lost), pytest.raises(OperationalError):
        validate_many([Uniques(sku="a"), Uniques(sku="b")])


def test_errors_keep_no_frames(alias):
    rows = [Uniques(sku="", number="x", maker_id="y", day="z"), Uniques(sku="s", number=float("inf"))]
    result = validate_many(rows)
    for error in result.errors.values():
        for leaves in error.error_dict.values():
            for leaf in leaves:
                while leaf is not None:
                    assert leaf.__traceback__ is None
                    leaf = leaf.__cause__ or leaf.__context__


def test_dates_are_compared_as_dates(alias):
    """A datetime in the place of a date, as `full_clean` converts it."""

    def make():
        moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        return [Blankable(when=moment), Blankable(when="2026-01-01"), Blankable(when=datetime.date(2026, 1, 2))]

    assert_like_django(make, alias)


def test_subclass_of_model_field_types():
    assert {type(field) for field in Blankable._meta.fields} >= {models.DateField, models.UUIDField}
