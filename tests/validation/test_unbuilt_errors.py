"""Errors of a batch that nobody has read yet: what is refused for certain is built by Django when it is read."""

from decimal import Decimal
from functools import partial

import pytest
from django.core import validators as v
from django.db import models

from pyforge_web.validation.errors import RejectedValue
from pyforge_web.validators import CompiledValidator
from tests.oracle import LANGUAGES
from tests.tables import rows
from tests.validation import oracle, own, record, tables
from tests.validation.strict import describe_error, text_in

price = partial(models.DecimalField, max_digits=3, decimal_places=1)
CERTAIN = {
    "null": (models.CharField, None),
    "null, number": (models.IntegerField, None),
    "blank": (models.CharField, ""),
    "length": (partial(models.CharField, max_length=3), "abcd"),
    "min length": (partial(models.TextField, validators=[v.MinLengthValidator(3)]), "ab"),
    "choices": (partial(models.CharField, choices=[("a", "A"), ("G", [("b", "B")])]), "c"),
    "limit": (partial(models.IntegerField, validators=[v.MaxValueValidator(5)]), 6),
    "bound, text": (partial(models.IntegerField, validators=[v.MinValueValidator(5)]), "4"),
    "digits": (price, Decimal("123.4")),
    "digits, text": (price, "1.25"),
}
UNSURE = {
    "a number that is none": (models.IntegerField, "x"),
    "an address": (models.EmailField, "a@b"),
    "a validator that is called": (partial(models.CharField, max_length=3, validators=[own.accept]), "abcd"),
    "choices that are called": (partial(models.CharField, choices=lambda: [("a", "A")]), "b"),
}


def cleaned(make_field, value):
    """The errors of a row with this value, with its model and itself."""
    model = tables.model_of(value=make_field())
    instance = model(value=value)
    found = CompiledValidator.for_model(model).clean_rows([instance])
    return found[0]["value"], model, instance


@pytest.mark.parametrize(("make_field", "value"), rows(CERTAIN))
def test_rejected_value_not_built(make_field, value):
    errors, model, instance = cleaned(make_field, value)
    assert type(errors) is RejectedValue
    assert (errors.field, errors.value, errors.instance) == (model._meta.get_field("value"), value, instance)


@pytest.mark.parametrize(("make_field", "value"), rows(UNSURE))
def test_uncertain_error_built(make_field, value):
    """Django was asked, and is not asked again."""
    errors, _, _ = cleaned(make_field, value)
    assert type(errors) is list
    assert errors


@pytest.mark.parametrize(("make_field", "value"), rows(CERTAIN))
def test_rejected_value_read_often(make_field, value):
    """In any language, also after the instance has got another value."""
    errors, model, instance = cleaned(make_field, value)
    expected = oracle.run(lambda: oracle.django_clean(model(value=value))).error.error_dict["value"]
    instance.value = "something else"
    for language in LANGUAGES:
        texts = [
            text_in(language, lambda found=found: repr([list(error) for error in found]))
            for found in (errors.error_list(), expected)
        ]
        assert texts[0] == texts[1]
    assert [*map(describe_error, errors.error_list())] == [*map(describe_error, expected)]
    assert errors.error_list() is not errors.error_list()


def test_rejected_value_field_changed():
    """Other errors are those of the field as it is; if there are none left, that is said."""
    errors, model, _ = cleaned(partial(models.CharField, max_length=3), "abcd")
    field = model._meta.get_field("value")
    field.validators = [v.MaxLengthValidator(2)]
    assert errors.error_list()[0].params["limit_value"] == 2
    field.validators = []
    with pytest.raises(RuntimeError, match=r"value was changed after the validation and accepts 'abcd' now"):
        errors.error_list()


def test_value_that_may_change_built():
    """The error is about the list as it was, whatever the caller does to it before the error is read."""
    errors, _, instance = cleaned(partial(models.JSONField, validators=[v.MaxLengthValidator(1)]), [1, 2])
    instance.value.clear()
    (error,) = errors
    assert (error.code, error.params["show_value"]) == ("max_length", 2)


def test_rejected_value_calls_no_validator_twice():
    model = tables.model_of(
        first=models.CharField(max_length=3, validators=[own.accept]), second=models.CharField(max_length=3)
    )
    record.start()
    found = CompiledValidator.for_model(model).clean_rows([model(first="abcd", second="abcd")])
    oracle.read_rows(found)
    assert [name for name, _ in record.CALLS] == ["accept"]
    assert list(found[0]) == ["first", "second"]
