"""Foreign keys with validation of their own, of their class or put on the field: it is never left out."""

import pytest
from django.core.exceptions import ValidationError

from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Item, Linked, Strict
from tests.bodies.oracle import ended

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def items():
    return {name: Item.objects.create(name=name, price=1, maybe=True).pk for name in ("one", "two", "three")}


def clean_alone(model, values):
    instance = model(**values)
    instance.clean_fields(exclude={field.name for field in model._meta.fields if field.attname not in values})
    return {name: getattr(instance, name) for name in values}


def row_of(result, row):
    if row in result.errors:
        raise result.errors[row]
    return result.rows[row]


@pytest.mark.parametrize("title", ["abc", "too long"])
@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("other", [None, "two", "three"])
def test_natural_key_of_a_strict_field(items, title, name, other):
    expected = ended(
        lambda: clean_alone(Strict, {"title": title, "item_id": items[name], "other_id": items.get(other)})
    )
    payload = {"title": title, "item": name, "other": other}
    options = {"fields": ["title", "item", "other"], "lookup": {"item": "name", "other": "name"}}
    check = CompiledValidator.for_model(Strict)
    assert ended(lambda: check.clean_data(payload, **options)) == expected
    result = check.clean_data_rows([{**payload, "item": "none"}, payload, payload], **options)
    assert 0 in result.errors
    for row in (1, 2):
        assert ended(lambda row=row: row_of(result, row)) == expected


def refuse(value, model_instance):
    raise ValidationError("Own: %(key)s", code="own", params={"key": value})


CHANGES = {
    "validate": refuse,
    "clean": lambda value, model_instance: value and int(value) + 1,
    "to_python": lambda value: value and int(value) + 1,
    "run_validators": lambda value: refuse(value, None),
    "get_limit_choices_to": lambda: {"name": "two"},
    "empty_values": [None, 1],
}


@pytest.mark.parametrize("name", CHANGES)
def test_method_put_on_the_field(items, name):
    """After its validator was compiled and used."""
    field = Linked._meta.get_field("optional")
    check = CompiledValidator.for_model(Linked)
    keys = [*items.values(), None, 999, "1"]

    def clean_rows():
        return check.clean_data_rows([{"optional": key} for key in keys], fields=["optional"])

    clean_rows()
    setattr(field, name, CHANGES[name])
    try:
        result = clean_rows()
        for row, key in enumerate(keys):
            expected = ended(lambda key=key: clean_alone(Linked, {"optional_id": key}))
            assert ended(lambda row=row: row_of(result, row)) == expected, key
    finally:
        delattr(field, name)
