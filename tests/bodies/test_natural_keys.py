"""`lookup=` with keys of other types, and sets of fields that are not kept for ever."""

import pytest
from django.core.exceptions import FieldError

from pyforge_web.validation import payload
from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Item, Linked
from tests.relations.models import Slot

pytestmark = pytest.mark.django_db


@pytest.fixture
def items():
    return [Item.objects.create(name=f"item {number}", price=1, big=number * 10) for number in range(3)]


def clean(values, **options):
    rows = [{"item": value} if not isinstance(value, tuple) else value for value in values]
    return CompiledValidator.for_model(Linked).clean_data_rows(rows, fields=["item"], **options)


@pytest.mark.parametrize("natural", ["big", "count", "uid", "day", "price"])
@pytest.mark.parametrize("value", ["x", [], {}, 10**30, -(2**70), float("inf"), "\0"], ids=repr)
def test_natural_key_that_no_row_can_have(natural, value, items):
    result = clean([value], lookup={"item": natural})
    (error,) = result.errors[0].error_dict["item"]
    assert error.code == "invalid"


def test_natural_key_that_is_a_number(items):
    result = clean([10, "20", 10**30, 11], lookup={"item": "big"})
    assert [row and row.get("item_id") for row in result.rows[:2]] == [items[1].pk, items[2].pk]
    assert list(result.errors) == [2, 3]


def test_row_that_is_not_an_object_has_no_natural_key(items):
    result = clean([10, (), 20], lookup={"item": "big"})
    assert list(result.errors) == [1]
    assert [result.rows[row]["item_id"] for row in (0, 2)] == [items[1].pk, items[2].pk]


def test_errors_are_described_without_being_built(items):
    result = clean([10, 11], lookup={"item": "big"})
    assert repr(result.errors) == f"<{type(result.errors).__name__} of 1 rows>"


def test_key_of_several_columns_is_named_by_its_columns():
    with pytest.raises(FieldError, match=r"several columns: name \['tenant', 'number'\]"):
        CompiledValidator.for_model(Slot).clean_data({"pk": [1, 2]}, fields=["pk"])


def test_sets_of_fields_are_bounded(monkeypatch):
    monkeypatch.setattr(payload, "_REMEMBERED_SETS", 2)
    validator = CompiledValidator.for_model(Item)
    validator._writable.clear()  # what other tests have asked for
    for name in ("name", "slug", "big", "note"):
        validator.clean_data({name: "1"}, fields=[name], partial=True)
        assert len(validator._writable) <= 2


@pytest.mark.parametrize(
    "given", [Item(), Item.objects, object(), None, int], ids=["instance", "manager", "object", "None", "int"]
)
def test_validator_needs_a_model(given):
    with pytest.raises(TypeError):
        CompiledValidator.for_model(given)
