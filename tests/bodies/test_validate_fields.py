"""`validate_fields`: one row of values by the descriptors of a model, as Django's `clean_fields` judges it."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from pyforge_web import extract_model_fields, validate_fields
from tests.bodies.models import Crate, Item, Pair, Shelf, Stamped, Stripped
from tests.bodies.oracle import form_errors, typed
from tests.oracle import LANGUAGES
from tests.tables import cases

pytestmark = pytest.mark.django_db
ROWS = {
    "good": (Item, {"name": "x", "price": "1.50", "maybe": True, "count": "7", "day": "2026-01-02", "secret": "s"}),
    "with a key": (Item, {"name": "x", "price": 1, "maybe": True, "shelf": Shelf("ab12")}),
    "errors": (Item, {"name": "admin", "price": "x", "count": 0, "url": "nope", "size": "xl", "shelf_id": "none"}),
    "nothing": (Item, {}),
    "a child": (Crate, {"name": "", "weight": "heavy", "price": 1, "maybe": False}),
    "defaults of the database": (Stamped, {"title": "x" * 11}),
    "a field of the project": (Pair, {"number": 3}),
    "values that change": (Stripped, {"name": "  a  "}),
}


@pytest.fixture(autouse=True)
def shelf():
    Shelf.objects.create(code="ab12")


@pytest.mark.parametrize(("model", "given"), [pytest.param(*row, id=name) for name, row in ROWS.items()])
def test_validate_fields_one_row(model, given):
    instance = model(**given)
    columns = [field for field in model._meta.concrete_fields if not field.generated]
    row = [None if field.generated else getattr(instance, field.attname) for field in model._meta.concrete_fields]
    for language in LANGUAGES:
        with translation.override(language):
            found = validate_fields(extract_model_fields(model), row)
            expected = {}
            try:
                model(**given).clean_fields()
            except ValidationError as error:
                expected = form_errors(error).get_json_data()
            assert found["errors"] == expected
            assert found["is_valid"] == (not expected)
    cleaned = model(**given)
    try:
        cleaned.clean_fields()
    except ValidationError as error:
        columns = [field for field in columns if field.name not in error.error_dict]
    theirs = {
        field.attname: getattr(cleaned, field.attname) for field in columns if field.attname not in ("at", "level")
    }
    assert typed(found["values"]) == typed(theirs)


def test_validate_fields_subset_in_any_order():
    found = {each["attname"]: each for each in extract_model_fields(Item)}
    result = validate_fields([found["price"], found["day"]], ["2.5", "2026-01-02"])
    assert result == {"is_valid": True, "errors": {}, "values": {"price": Decimal("2.5"), "day": dt.date(2026, 1, 2)}}
    assert validate_fields([], []) == {"is_valid": True, "errors": {}, "values": {}}


def test_validate_fields_wrong_number_of_values():
    with pytest.raises(ValueError, match="1 values for 2 descriptors"):
        validate_fields(extract_model_fields(Pair)[:2], [1])


DESCRIPTORS = {
    "changed": [{**extract_model_fields(Item)[1], "max_length": 500}],
    "of no model": [{**extract_model_fields(Item)[1], "model": "bodies.Nothing"}],
    "of no label": [{**extract_model_fields(Item)[1], "model": "nothing"}],
    "by hand": [{"name": "title", "kind": "text", "null": False}],
    "empty": [{}],
    "of two models": [extract_model_fields(Item)[1], extract_model_fields(Pair)[1]],
    "twice": [extract_model_fields(Item)[1]] * 2,
}


@pytest.mark.parametrize("descriptors", cases(DESCRIPTORS))
def test_validate_fields_changed_descriptor(descriptors):
    with pytest.raises(ValueError, match=r"extract_model_fields|twice"):
        validate_fields(descriptors, ["x"] * len(descriptors))


def test_validate_fields_validator_with_a_fault():
    (day,) = [each for each in extract_model_fields(Item) if each["name"] == "day"]
    with pytest.raises(TypeError):
        validate_fields([day], [5])
