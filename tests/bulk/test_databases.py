"""Which database is asked, and how: routers, `using`, statements with a limit, managers that hide rows."""

import sqlite3

import pytest
from django.db import connections
from django.test import override_settings

from pyforge_web import validate_many
from pyforge_web.bulk import equality
from pyforge_web.bulk import unique_sets as uniqueness
from pyforge_web.validation.database import bulk_queries as asking
from pyforge_web.validation.database import comparable_columns as columns
from tests.bulk.models import Collated, Country, Maker, Odd, Relations, Uniques
from tests.bulk.oracle import assert_like_django

pytestmark = pytest.mark.django_db(databases="__all__")


class ByInstance:
    """Sends a question where the instance says."""

    asked = ()

    def db_for_read(self, model, **hints):
        ByInstance.asked = (*ByInstance.asked, model)
        instance = hints.get("instance")
        return getattr(instance, "home", None)


@pytest.fixture
def two(tables):
    for number, alias in enumerate((tables["sqlite"], tables["postgresql"]), 1):
        Country.objects.using(alias).create(id=number, code=alias[:3])
    return tables


def test_foreign_keys_with_a_router(two):
    def make():
        rows = [Maker(name="m", country_id=code) for code in ("def", "pos") for _ in range(2)]
        for row, home in zip(rows, ("default", "postgres") * 2, strict=True):
            row.home = home
        return rows

    with override_settings(DATABASE_ROUTERS=["tests.bulk.test_databases.ByInstance"]):
        assert_like_django(make, "default")
        ByInstance.asked = ()
        result = validate_many(make())
    assert list(result.errors) == [1, 2]
    assert ByInstance.asked.count(Country) == 4


def test_foreign_keys_of_instances_from_two_databases(two):
    def make():
        rows = [Maker(name="m", country_id=code) for code in ("def", "pos") for _ in range(2)]
        rows[1]._state.db = rows[3]._state.db = "postgres"
        return rows

    result, _ = assert_like_django(make, "default")
    assert list(result.errors) == [1, 2]


def test_using_names_the_database(two):
    rows = [Country(code="def"), Country(code="pos"), Country(code="new")]
    assert list(validate_many(rows).errors) == [0]
    assert list(validate_many(rows, using="postgres").errors) == [1]
    assert list(validate_many([Maker(name="m", country_id="pos")], using="postgres").errors) == []


def test_unique_in_several_statements(alias, monkeypatch):
    monkeypatch.setattr(asking, "ROWS_IN_LIST", 3)
    monkeypatch.setattr(asking, "_ROWS_IN_OR", 3)
    monkeypatch.setattr(equality, "_COMPARED_ROWS", 5)
    Maker.objects.bulk_create(Maker(id=number, name="m") for number in range(1, 9))
    Uniques.objects.bulk_create(Uniques(sku=f"s{at}", maker_id=at, day="2026-01-01") for at in range(1, 9, 3))
    Odd.objects.bulk_create(Odd(folded=f"s{at}", place=None) for at in range(0, 12, 5))

    def uniques():
        return [Uniques(sku=f"s{at % 13}", maker_id=at % 11, day="2026-01-01", kind="ab"[at % 2]) for at in range(30)]

    assert_like_django(uniques, alias)
    assert_like_django(lambda: [Odd(folded=f"{'sS'[at % 2]}{at % 13}", price=at % 7) for at in range(30)], alias)


def test_unique_on_an_unknown_database(alias, monkeypatch):
    """All texts are compared by the database then, in the words of standard SQL."""
    for module in (columns, equality):
        monkeypatch.setattr(module, "TEXT_BY_BYTES", ())
    Maker.objects.bulk_create(Maker(id=number, name="m") for number in (1, 2))
    Uniques.objects.bulk_create([Uniques(sku="one", email="a@b.de"), Uniques(sku="two", maker_id=1, day="2026-01-01")])

    def make():
        rows = [("one", None), ("One", 1), ("one ", 1), ("new", 2), ("new", 2), ("", 2), ("b", 99), ("B", 99)]
        return [Uniques(sku=sku, maker_id=maker, day="2026-01-01", email=f"{sku}@b.de") for sku, maker in rows]

    result, _ = assert_like_django(make, alias)
    (path,) = [path for path in result.paths if path.step == "unique: sku"]
    assert path.reason == uniqueness.BY_COLLATION


def test_unique_with_few_parameters(sqlite):
    connection = connections[sqlite]
    usual = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 250)
    try:
        rows = [Uniques(sku=f"s{at}", maker_id=at, number=at) for at in range(400)]
        result = validate_many(rows)
        collated = validate_many([Collated(name=f"{'nN'[at % 2]}{at // 2}") for at in range(300)], constraints=False)
    finally:
        connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, usual)
    assert len(result.errors) == 400
    assert list(collated.errors) == list(range(1, 300, 2))


def test_batch_with_deferred_fields(alias):
    Maker.objects.bulk_create(Maker(id=number, name="m") for number in (1, 2))
    Uniques.objects.bulk_create(Uniques(id=at, sku=f"s{at}", maker_id=1) for at in (901, 902))

    def make():
        rows = list(Uniques.objects.only("sku").order_by("pk"))
        rows[0].sku = "s902"
        rows[1].maker_id = 99
        return rows

    result, _ = assert_like_django(make, alias)
    assert list(result.errors) == [0, 1]


def test_foreign_keys_through_the_base_manager(alias):
    Maker.objects.create(id=1, name="m", live=False)
    rows = [Relations(title="t", maker_id=1, must_id=1)]
    assert list(validate_many(rows).errors[0].error_dict) == ["maker"]
