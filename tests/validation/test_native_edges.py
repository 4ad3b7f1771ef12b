"""What native code must leave to Django, at the edges of the compiled validator."""

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models

from pyforge_web import CompiledValidator
from pyforge_web.validation.errors import RejectedValue
from tests.validation import tables


class OwnEmptyField(models.CharField):
    empty_values = ("none of them",)

    def clean(self, value, model_instance):
        return f"cleaned {value}"


def refuse(value):
    raise ValidationError("never", code="never")


class UnequalList(list):
    __hash__ = None

    def __eq__(self, other):
        return False


VALUES = {
    "an empty text of a duration": (models.DurationField, {}, ""),
    "empty bytes": (models.BinaryField, {"editable": True}, b""),
    "an empty tuple of JSON": (models.JSONField, {}, ()),
    "an empty list that equals none": (models.JSONField, {"blank": True, "validators": [refuse]}, UnequalList()),
    "no choice of a field that is not editable": (models.CharField, {"choices": [("a", "A")], "editable": False}, "z"),
    "null of a field with empty values of its own": (OwnEmptyField, {"null": True, "blank": True}, None),
}


def codes(errors):
    built = {name: found.error_list() if type(found) is RejectedValue else found for name, found in errors.items()}
    return {name: [error.code for error in found] for name, found in built.items()}


def clean(instance):
    """The codes of the errors of a row, whose values are cleaned in place."""
    found = CompiledValidator.for_model(type(instance)).clean_rows([instance])
    return codes(found[0]) if found else {}


def django_clean(instance):
    try:
        instance.clean_fields()
    except ValidationError as error:
        return codes(error.error_dict)
    return {}


@pytest.mark.parametrize("case", VALUES)
def test_value_between_empty_and_not(case):
    make_field, options, value = VALUES[case]
    model = tables.model_of(value=make_field(**options))
    ours, djangos = model(value=value), model(value=value)
    assert clean(ours) == django_clean(djangos)
    assert ours.value == djangos.value or ours.value is value is djangos.value


def test_automatic_key_that_is_not_blank():
    model = tables.model_of(value=models.TextField())
    model._meta.pk.blank = False
    assert clean(model(value="x")) == django_clean(model(value="x"))


def test_interrupt_is_no_error_of_a_row():
    def stop(value):
        raise KeyboardInterrupt

    model = tables.model_of(value=models.TextField(validators=[stop]))
    exceptions = {}
    with pytest.raises(KeyboardInterrupt):
        CompiledValidator.for_model(model)._native.clean_rows([model(value="x")], None, exceptions)
    assert not exceptions


def test_instance_of_another_model():
    model = tables.model_of(value=models.TextField())
    other = tables.model_of(value=models.TextField())(value="x")
    with pytest.raises(TypeError, match="an instance of Row is needed, not Row"):
        CompiledValidator.for_model(model).clean_rows([other])


def test_one_instance_is_made_for_all_fields():
    seen = []

    class LookingField(models.TextField):
        def clean(self, value, model_instance):
            seen.append(model_instance)
            return value

    model = tables.model_of(first=LookingField(), second=LookingField())
    CompiledValidator.for_model(model)._native.clean_values({"first": "a", "second": "b"}, model)
    assert len(seen) == 2
    assert seen[0] is seen[1]


class Watched:
    """A descriptor in the place of Django's: what it was asked for and given."""

    def __init__(self, name, on_read):
        self.name, self.on_read, self.given = name, on_read, []

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        self.on_read()
        return vars(instance)[self.name]

    def __set__(self, instance, value):
        self.given.append(value)
        vars(instance)[self.name] = value


def test_descriptor_is_given_the_cleaned_value():
    given = []
    for run in (clean, django_clean):
        model = tables.model_of(first=models.TextField())
        model.first = Watched("first", lambda: None)
        instance = model(first="x")
        assert run(instance) == {}
        given.append(model.first.given)
    assert given == [["x", "x"], ["x", "x"]]


def test_descriptor_that_changes_a_later_field():
    found = []
    for run in (clean, django_clean):
        model = tables.model_of(first=models.TextField(blank=True), second=models.TextField(max_length=9))
        validators = model._meta.get_field("second").validators
        model.first = Watched("first", lambda validators=validators: validators.__setitem__(0, MaxLengthValidator(1)))
        validators.append(MaxLengthValidator(5))
        found.append(run(model(first="", second="yyy")))
    assert found == [{"second": ["max_length"]}] * 2


def test_field_that_was_added():
    model = tables.model_of(value=models.TextField())
    native = CompiledValidator.for_model(model)._native
    models.TextField().contribute_to_class(model, "late")
    answers = (
        native.clean(model(value="x"), None),
        native.clean_rows([model(value="x")]),
        native.clean_values({"value": "x"}, model),
    )
    assert answers == (NotImplemented,) * 3


def test_validator_that_puts_another_dict_in_place():
    found = []
    for run in (clean, django_clean):
        rows = []

        def swap(value, rows=rows):
            rows[0].__dict__ = {**vars(rows[0]), "second": "too long"}

        model = tables.model_of(first=models.TextField(validators=[swap]), second=models.CharField(max_length=3))
        rows.append(model(first="x", second="y"))
        found.append(run(rows[0]))
    assert found == [{"second": ["max_length"]}] * 2


def test_proxy_with_attributes_of_its_own():
    model = tables.model_of(value=models.CharField(max_length=3))

    def read(self, name):
        return "too long" if name == "value" else object.__getattribute__(self, name)

    proxy = tables.model_of(bases=(model,), meta={"proxy": True}, __getattribute__=read)
    found = CompiledValidator.for_model(model)._native.clean_rows([proxy(value="x")])
    assert codes(found[0]) == django_clean(proxy(value="x"))
