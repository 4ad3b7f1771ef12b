"""Drivers and managers with code of the project: the database compares, and `full_clean` is the oracle."""

import sqlite3

import pytest
from django.db import connections, models

from pyforge_web import validate_many
from pyforge_web.validation.database.bulk_queries import find_stored
from tests.bulk.models import Maker, Uniques
from tests.bulk.oracle import assert_like_django

pytestmark = pytest.mark.django_db(databases="__all__")


def make():
    rows = [("one", 1, 1), ("new", 99, 2), ("new", 1, 5), ("two", None, 2)]
    return [Uniques(sku=sku, maker_id=maker, number=number) for sku, maker, number in rows]


@pytest.fixture
def there(alias):
    Maker.objects.create(id=1, name="m")
    Uniques.objects.create(sku="one", number=5)
    connections[alias].ensure_connection()
    return alias


def assert_by_database(alias, reason):
    result, _ = assert_like_django(make, alias)
    assert list(result.errors) == [0, 1, 2, 3]
    reasons = {path.step: path.reason for path in result.paths}
    assert reason in reasons["unique: sku"]
    assert reason in reasons["maker"]


def test_text_factory(sqlite, monkeypatch):
    Maker.objects.create(id=1, name="m")
    Uniques.objects.create(sku="one", number=5)
    connection = connections[sqlite].connection
    monkeypatch.setattr(connection, "text_factory", bytes)
    assert_by_database(sqlite, "text_factory")


def test_row_factory(sqlite, monkeypatch):
    Maker.objects.create(id=1, name="m")
    Uniques.objects.create(sku="one", number=5)
    connection = connections[sqlite].connection
    monkeypatch.setattr(connection, "row_factory", sqlite3.Row)
    result = validate_many(make())
    assert list(result.errors) == [0, 1, 2, 3]
    reasons = {path.step: path.reason for path in result.paths}
    assert "row_factory" in reasons["unique: sku"]
    assert "row_factory" in reasons["maker"]


def test_sqlite_converter(sqlite, monkeypatch):
    Maker.objects.create(id=1, name="m")
    Uniques.objects.create(sku="one", number=5)
    monkeypatch.setitem(sqlite3.converters, "VARCHAR", lambda value: value.decode().upper())
    assert_by_database(sqlite, "converter for varchar")


def test_sqlite_converter_of_a_date(sqlite, monkeypatch):
    monkeypatch.setitem(sqlite3.converters, "DATE", lambda value: value.decode())
    Uniques.objects.create(sku="one")
    result = validate_many([Uniques(sku="two", maker_id=None)])
    assert result.ok
    assert any("converter for date" in path.reason for path in result.paths)


def test_postgresql_loader(postgresql):
    from psycopg.adapt import Loader

    class Upper(Loader):
        def load(self, data):
            return bytes(data).decode().upper()

    Maker.objects.create(id=1, name="m")
    Uniques.objects.create(sku="one", number=5)
    connection = connections[postgresql].connection
    usual = connection.adapters.get_loader(1043, 0)
    connection.adapters.register_loader("varchar", Upper)
    try:
        assert_by_database(postgresql, "psycopg's loader of varchar")
    finally:
        connection.adapters.register_loader("varchar", usual)


def test_engine_with_own_converters(there, monkeypatch):
    operations = connections[there].ops

    class Own(type(operations)):
        def get_db_converters(self, expression):
            return [*super().get_db_converters(expression), lambda value, *rest: None]

    monkeypatch.setattr(operations, "__class__", Own)
    assert_by_database(there, "Own.get_db_converters is not Django's")


def test_engine_that_only_subclasses(there, monkeypatch):
    operations = connections[there].ops
    monkeypatch.setattr(operations, "__class__", type("Own", (type(operations),), {}))
    result, _ = assert_like_django(make, there)
    assert {path.path for path in result.paths} == {"batch"}


def test_converter_put_on_a_field(there, monkeypatch):
    """As `Field.get_db_converters` reads it at each query."""
    field = Uniques._meta.get_field("sku")
    assert_like_django(make, there)
    monkeypatch.setattr(field, "from_db_value", lambda value, *rest: value and value.upper(), raising=False)
    result, _ = assert_like_django(make, there)
    assert list(result.errors) == [0, 1, 2, 3]


class Hiding(models.QuerySet):
    """Shows nothing when it is iterated."""

    def __iter__(self):
        return iter(())


class HidingModel(Uniques):
    objects = models.Manager.from_queryset(Hiding)()

    class Meta:
        app_label = "bulk"
        proxy = True


def test_queryset_with_own_iteration(there):
    def proxies():
        return [HidingModel(sku="one"), HidingModel(sku="new"), HidingModel(sku="new")]

    result, _ = assert_like_django(proxies, there)
    assert list(result.errors) == [0, 2]


def test_getlimit_may_be_missing(sqlite, monkeypatch):
    """As in pysqlite3."""
    Uniques.objects.create(sku="one")
    wrapper = connections[sqlite]

    class Connection:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            if name == "getlimit":
                raise AttributeError(name)
            return getattr(self._inner, name)

    # Django 6.1 asks for the limit itself.
    monkeypatch.setattr(type(wrapper.features), "max_query_params", 999)
    inner = wrapper.connection
    wrapper.connection = Connection(inner)
    try:
        found = list(find_stored(Uniques.objects.all(), [Uniques._meta.get_field("sku")], ["one", "two"]))
        result = validate_many([Uniques(sku="one"), Uniques(sku="two")])
    finally:
        wrapper.connection = inner
    assert found == ["one"]
    assert list(result.errors) == [0]
    assert {path.path for path in result.paths} == {"batch"}
