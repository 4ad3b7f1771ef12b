"""`bulk_create_validated`: all rows or none, in one transaction, on the database that is written to."""

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import override_settings

from pyforge_web import BatchValidationError, bulk_create_validated
from tests.bulk.models import Constrained, Maker, Soft, Uniques

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def there(alias):
    Maker.objects.create(id=1, name="m")
    return alias


def test_create_valid_rows(there):
    rows = [Uniques(sku=f"s{at}", maker_id="1", number=str(at)) for at in range(5)]
    created = bulk_create_validated(Uniques.objects, (each for each in rows), batch_size=2)
    assert created == rows
    assert list(Uniques.objects.order_by("pk").values_list("sku", "number")) == [(f"s{at}", at) for at in range(5)]
    assert all(row._state.db == there and row.pk for row in created)


def test_create_with_an_invalid_row(there):
    rows = [Uniques(sku="a"), Uniques(sku="b", maker_id=99), Uniques(sku="a")]
    with pytest.raises(BatchValidationError) as caught:
        bulk_create_validated(Uniques.objects, rows)
    assert list(caught.value.errors) == [1, 2]
    assert not Uniques.objects.exists()


def test_create_in_one_transaction(there):
    statements = []

    def note(execute, sql, params, many, context):
        statements.append((sql.split()[0], connections[there].in_atomic_block, len(connections[there].savepoint_ids)))
        return execute(sql, params, many, context)

    with connections[there].execute_wrapper(note):
        bulk_create_validated(Uniques.objects, [Uniques(sku="a", maker_id=1)])
    assert [statement[0] for statement in statements if statement[0] != "SAVEPOINT"] == [
        "SELECT",
        "SELECT",
        "INSERT",
        "RELEASE",
    ]
    assert all(inside for _, inside, _ in statements)


def test_create_with_a_database_error(there):
    Maker.objects.create(id=7, name="seven")
    rows = [Maker(name="new"), Maker(id=7, name="other")]
    with pytest.raises(IntegrityError):
        bulk_create_validated(Maker.objects, rows, unique=False, batch_size=1)
    assert Maker.objects.count() == 2


def test_create_by_queryset_and_options(there):
    Maker.objects.create(id=7, name="seven")
    rows = [Maker(id=7, name="other"), Maker(id=8, name="eight")]
    bulk_create_validated(Maker.objects.filter(live=True), rows, exclude=["id"], ignore_conflicts=True)
    assert list(Maker.objects.order_by("id").values_list("id", "name")) == [(1, "m"), (7, "seven"), (8, "eight")]
    bulk_create_validated(
        Maker.objects, rows, unique=False, update_conflicts=True, update_fields=["name"], unique_fields=["id"]
    )
    assert Maker.objects.get(pk=7).name == "other"


def test_create_no_rows(there):
    assert bulk_create_validated(Soft.objects, []) == []


def test_create_by_own_bulk_create(there):
    class Own(type(Maker.objects.all())):
        def bulk_create(self, objs, **options):
            made.append((list(objs), options["batch_size"]))
            return objs

    made = []
    rows = [Maker(name="x")]
    bulk_create_validated(Own(Maker), rows, batch_size=3)
    assert made == [(rows, 3)]


def test_create_by_related_manager(there):
    maker = Maker.objects.get(pk=1)
    bulk_create_validated(maker.uniques_set, [Uniques(sku="a", maker=maker)])
    assert maker.uniques_set.count() == 1


@pytest.mark.django_db(databases="__all__")
def test_create_asks_the_written_database(tables, postgres):
    """Django's own `validate_unique` would ask the default database."""
    with override_settings(DATABASE_ROUTERS=["tests.bulk.routers.ToPostgreSQL"]):
        Maker.objects.create(id=1, name="m")
        Uniques.objects.create(sku="there", number=1)
        Constrained.objects.create(name="there")
    with pytest.raises(BatchValidationError) as caught:
        bulk_create_validated(Uniques.objects.using("postgres"), [Uniques(sku="there", maker_id=1)])
    assert caught.value.errors[0].message_dict.keys() == {"sku"}
    with pytest.raises(BatchValidationError):
        bulk_create_validated(Constrained.objects.using("postgres"), [Constrained(name="there")])
    assert bulk_create_validated(Uniques.objects.using("postgres"), [Uniques(sku="new", maker_id=1)])
    assert not Uniques.objects.exists()
    with transaction.atomic(using="postgres"):
        assert Uniques.objects.using("postgres").count() == 2
