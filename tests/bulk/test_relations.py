"""Foreign keys: existence, limits, targets of every sort, conversion, and the steps around them."""

import datetime
import decimal
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, models
from django.utils.functional import lazystr

from pyforge_web import validate_many
from tests.bulk.models import (
    Base,
    Child,
    Country,
    Grandchild,
    Maker,
    Ordered,
    Proxy,
    Relations,
    Shelf,
    Token,
    Word,
    limits,
)
from tests.bulk.oracle import assert_like_django

pytestmark = pytest.mark.django_db(databases="__all__")
TOKEN = uuid.UUID("6c8a2c0e-7a13-4b65-9d53-0d9d7a5d1a10")


@pytest.fixture
def there(alias):
    """Rows to refer to, and the alias."""
    Country.objects.bulk_create(Country(id=number, code=code) for number, code in enumerate(("de", "fr", "DE"), 1))
    Maker.objects.bulk_create(
        Maker(id=number, name=name, live=live, country_id=country)
        for number, name, live, country in (
            (1, "m1", True, "de"),
            (2, "m2", True, "fr"),
            (3, "m3", False, "de"),
            (4, "x4", True, "de"),
            (5, "m5", True, None),
        )
    )
    Token.objects.create(id=TOKEN)
    Word.objects.bulk_create(Word(text=text) for text in ("Able", "baker"))
    Shelf.objects.bulk_create(Shelf(code=code) for code in ("A1", "B2"))
    Relations.objects.create(id=50, title="t", maker_id=1, must_id=1)
    return alias


# Field → values of it; those of `Relations` that are not named are valid.
KEYS = {
    "maker": [1, 3, 99, None, "", "1", " 2 ", "99", "x", True, 1.0, 2.5, 10**30, -1, 2**63, decimal.Decimal(1), b"1"],
    "german": [1, 2, 4, 99, None, "", "1"],
    "country": ["de", "DE", "fr", "fR", "zz", "", None, 5, lazystr("de")],
    "token": [TOKEN, uuid.UUID(int=5), str(TOKEN), TOKEN.hex, "no", TOKEN.int, None, ""],
    "word": ["Able", "able", "ABLE", "Baker", "charlie", "", None, 7],
    "shelf": ["A1", "a1", "b2", "C3", "", None, 1],
    "parent": [50, 7, "50", None],
    "must": [1, 99, None, "", "x"],
    "proxy": [1, 99, None],
    "hidden": [1, 99, None, "x", ""],
    "chosen": [1, 2, 3, 99, None, ""],
    "judged": [1, 2, 4, 99, None],
    "strict": [1, 2, 99, None, "2"],
    "named": [1, 99, None, "x"],
}


def test_relations_table_is_complete():
    assert KEYS.keys() == {field.name for field in Relations._meta.fields if isinstance(field, models.ForeignKey)}


@pytest.mark.parametrize("name", KEYS)
def test_foreign_keys_all_values(there, name):
    attname = Relations._meta.get_field(name).attname

    def make():
        return [Relations(**{"title": "t", "maker_id": 1, "must_id": 1, attname: key}) for key in KEYS[name]]

    assert_like_django(make, there)


@pytest.mark.parametrize("name", KEYS)
def test_foreign_keys_single_row(there, name):
    """A batch of one type goes another way than a mixture."""
    attname = Relations._meta.get_field(name).attname
    for key in KEYS[name]:
        kwargs = {"title": "t", "maker_id": 1, "must_id": 1, attname: key}

        def make(kwargs=kwargs):
            return [Relations(**kwargs), Relations(**kwargs)]

        try:
            make()[0].full_clean()
            refused = False
        except Exception:
            refused = True
        assert_like_django(make, there, rows=refused)


def test_foreign_keys_error_order(there):
    def make():
        bad = {f"{name}_id": 99 for name in ("maker", "must", "german", "proxy", "hidden", "chosen", "judged", "named")}
        return [
            Relations(title="much too long", country_id="zz", token_id=uuid.UUID(int=1), word_id="none", **bad),
            Relations(title="", number="x", **bad),
            Relations(title="good", maker_id=1, must_id=1),
            Relations(title="", maker_id="x", must_id=None, number=None),
        ]

    result, statements = assert_like_django(make, there)
    assert len(statements) < 30
    assert list(result.errors[0].error_dict)[:2] == ["title", "maker"]


def test_foreign_keys_one_query(there):
    def make():
        return [Relations(title="t", maker_id=number % 7, must_id=1, token_id=TOKEN) for number in range(40)]

    _, statements = assert_like_django(make, there)
    assert [sum(f'FROM "bulk_{table}"' in sql for sql in statements) for table in ("maker", "token")] == [2, 1]


def test_foreign_keys_several_queries(there):
    Country.objects.bulk_create(Country(id=number, code=f"{number:x}") for number in range(0x1000, 0x1000 + 6000))
    rows = [Maker(name="m", country_id=f"{number:x}") for number in range(0x1000, 0x1000 + 6100)]
    result = validate_many(rows)
    assert list(result.errors) == list(range(6000, 6100))


def test_limit_choices_to_called_once(there):
    limits.clear()
    validate_many([Relations(title="t", maker_id=1, must_id=1, german_id=key) for key in (1, 2, 99)])
    assert limits == [1]


def test_foreign_keys_assigned_instances(there):
    """A key that comes with its instance, which is forgotten when the key changes."""

    def make():
        maker, gone = Maker.objects.get(pk=1), Maker(pk=99, name="gone")
        rows = [Relations(title="t", maker=maker, must=gone), Relations(title="t", maker=maker, must=maker)]
        rows[1].__dict__["must_id"] = "2"
        return rows

    assert_like_django(make, there)


def test_foreign_keys_inheritance(there):
    """With keys that no sequence has reached."""
    Base.objects.create(id=90_007, plate="p7", owner_id=1)
    Child.objects.create(id=90_008, plate="p8", owner_id=1, seats=8)

    def children():
        return [
            Child(plate="p7", owner_id=1, seats=1),
            Child(plate="new", owner_id=9, seats=8, spare_id=90_007),
            Child(plate="n2", owner_id=1, seats=2, spare_id=90_099),
            Child(plate="n3", owner_id=1, seats=2, base_ptr_id=90_007),
            Child(plate="n3", owner_id="1", seats=3, base_ptr_id=90_700, id=90_700),
        ]

    assert_like_django(children, there)
    assert_like_django(lambda: [Grandchild(child_id=key) for key in (90_008, 90_007, 90_099, "90008", None)], there)
    assert_like_django(lambda: [Proxy(name="p", country_id=key) for key in ("de", "xx")], there)


def test_foreign_keys_field_reads_the_row(there):
    def make():
        return [
            Ordered(before_id="1", witness="w", after_id="2", number="3"),
            Ordered(before_id="99", witness="w", after_id="98", number=3),
            Ordered(before_id=1, witness="", after_id="2", number="x"),
        ]

    result, _ = assert_like_django(make, there)
    assert list(result.errors) == [1, 2]


@pytest.mark.parametrize("exclude", [["maker"], {"maker", "title"}, ("must", "number"), {"maker": 1}, "maker"])
def test_foreign_keys_excluded(there, exclude):
    def make():
        return [Relations(title="too long", maker_id=99, must_id="x", number="y"), Relations(title="t", maker_id="1")]

    assert_like_django(make, there, exclude=exclude)


def test_foreign_keys_switched_off(there):
    rows = [Relations(title="t", maker_id=key, must_id=1, judged_id=3) for key in ("99", "x", None, "")]
    with connections[there].execute_wrapper(_no_query):
        result = validate_many(rows, foreign_keys=False, exclude=["strict", "id"])
    assert rows[0].maker_id == 99
    assert {row: list(error.error_dict) for row, error in result.errors.items()} == {
        0: ["judged"],
        1: ["maker", "judged"],
        2: ["maker", "judged"],
        3: ["maker", "judged"],
    }


def _no_query(execute, sql, params, many, context):
    raise AssertionError(f"a query: {sql}")


@pytest.mark.parametrize("key", [float("inf"), float("nan"), [], datetime.date(2026, 1, 1)], ids=repr)
def test_foreign_keys_of_impossible_values(there, key):
    """`full_clean` raises something else than a ValidationError. The other rows are validated all the same."""
    with pytest.raises(Exception) as expected:  # noqa: PT011 - Django's, whatever it is
        Relations(title="t", maker_id=key, must_id=1).full_clean()
    bad = [Relations(title="t", maker_id=key, must_id=1), Relations(title="t", maker_id=99, must_id=1)]
    result = validate_many(bad)
    if isinstance(expected.value, ValidationError):
        assert result.errors[0].message_dict == expected.value.message_dict
        return
    (whole,) = result.errors[0].error_dict["__all__"]
    assert (type(whole.__cause__), str(whole.__cause__)) == (type(expected.value), str(expected.value))
    assert whole.__cause__.__traceback__ is None
    assert list(result.errors[1].error_dict) == ["maker"]
