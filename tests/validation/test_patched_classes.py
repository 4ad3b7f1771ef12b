"""A method that is put on a class of fields or validators after a model was compiled is noticed at the next call."""

import json

import pytest
from django.core import validators
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web import CompiledValidator, validate_many
from tests.app.models import Article


def refuse(self, *args, **kwargs):
    raise ValidationError("patched", code="patched")


def shout(self, value):
    return value if value is None else f"{value}!"


def set_and_shout(self, name, value):
    object.__setattr__(self, name, f"{value}!" if name == "title" else value)


CHANGES = {
    "Field.clean": (models.Field, "clean", refuse),
    "Field.validate": (models.Field, "validate", refuse),
    "Field.run_validators": (models.Field, "run_validators", refuse),
    "Field.to_python": (models.Field, "to_python", shout),
    "Field.validators": (models.Field, "validators", property(lambda self: [refuse])),
    "Field.empty_values": (models.Field, "empty_values", [None, "", "title"]),
    "Field.__getattr__": (models.Field, "__getattr__", lambda self, name: getattr(type(self), name)),
    "CharField.to_python": (models.CharField, "to_python", shout),
    "IntegerField.to_python": (models.IntegerField, "to_python", shout),
    "DecimalField.to_python": (models.DecimalField, "to_python", refuse),
    "MaxLengthValidator.__call__": (validators.MaxLengthValidator, "__call__", refuse),
    "BaseValidator.__call__": (validators.BaseValidator, "__call__", refuse),
    "BaseValidator.message": (validators.BaseValidator, "message", "other words"),
    "Article.__setattr__": (Article, "__setattr__", set_and_shout),
}


def make():
    return [Article(title=title, author_id=1, price=price) for title in ("title", "", "x" * 200) for price in (1, "no")]


def outcome(clean):
    """Return what a call leaves of each row: its errors, and its values."""
    found = []
    for row in make():
        try:
            clean(row)
            errors = {}
        except ValidationError as error:
            errors = json.loads(json.dumps(error.message_dict))
        found.append((errors, str(row.title), str(row.price)))
    return found


EXCLUDED = {"author", "editor"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_patched_class_is_noticed(name, monkeypatch):
    validator = CompiledValidator.for_model(Article)
    before = outcome(lambda row: row.clean_fields(EXCLUDED))
    assert outcome(lambda row: validator.clean(row, EXCLUDED)) == before
    monkeypatch.setattr(*CHANGES[name], raising=False)
    patched = outcome(lambda row: row.clean_fields(EXCLUDED))
    assert outcome(lambda row: validator.clean(row, EXCLUDED)) == patched
    rows = make()
    errors = validator.clean_rows(rows, EXCLUDED)
    assert [index in errors for index in range(len(rows))] == [bool(found[0]) for found in patched]
    assert [(str(row.title), str(row.price)) for row in rows] == [found[1:] for found in patched]
    monkeypatch.undo()
    assert outcome(lambda row: validator.clean(row, EXCLUDED)) == before


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Field.clean", "CharField.to_python"])
def test_batches_notice_it(name, monkeypatch):
    validate_many(make(), exclude=EXCLUDED)
    monkeypatch.setattr(*CHANGES[name], raising=False)
    expected = []
    for row in make():
        try:
            row.full_clean(exclude=EXCLUDED)
            expected.append({})
        except ValidationError as error:
            expected.append(error.message_dict)
    found = validate_many(make(), exclude=EXCLUDED)
    assert [found.errors[index].message_dict if index in found.errors else {} for index in range(6)] == expected


def test_a_change_that_decides_nothing_does_not_compile_again(monkeypatch):
    validator = CompiledValidator.for_model(Article)
    outcome(lambda row: validator.clean(row, EXCLUDED))
    native = validator._native
    for value in range(3):
        monkeypatch.setattr(models.Field, "a_new_attribute", value, raising=False)
        outcome(lambda row: validator.clean(row, EXCLUDED))
    assert validator._native is native
