"""Subclasses of Django's fields, validators and encoders: native where all that validates is Django's own."""

import json
from functools import partial, wraps

import pytest
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core import validators as v
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from pyforge_web.validation.validator_rules import find_rule
from pyforge_web.validators import CompiledValidator
from tests.tables import cases
from tests.validation import oracle, sweep, tables
from tests.validation.own import accept

VALUES = {
    f"{at} {type(value).__name__}": lambda value=value: value
    for at, value in enumerate(
        [None, "", "a", "abc", "abcdef", " a", "7", "x y", 7, 7.5, -1, True, b"a", [], [1], {}, {"a": [1, None]}, "ä"]
    )
}


class Title(models.CharField):
    """Only its options are its own."""

    description = "A title"

    def __init__(self, *args, **kwargs):
        kwargs["max_length"] = 5
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def formfield(self, **kwargs):
        return super().formfield(**kwargs)

    def db_type(self, connection):
        return "varchar(5)"


class ShortTitle(Title):
    """A subclass of a subclass."""


class Worded(models.IntegerField):
    default_error_messages = {"invalid": "A number, please."}  # noqa: RUF012
    default_validators = [v.MinValueValidator(3)]  # noqa: RUF012


class Loaded(models.TextField):
    """Reads and writes otherwise; its validation is Django's."""

    def from_db_value(self, value, expression, connection):
        return value

    def get_prep_value(self, value):
        return super().get_prep_value(value)


class Plain:
    """A mixin in front."""


class Mixed(Plain, models.EmailField):
    pass


class Data(models.JSONField):
    pass


class Encoder(json.JSONEncoder):
    def default(self, value):
        return str(value)


class DjangoEncoder(DjangoJSONEncoder):
    def default(self, value):
        return str(value)


NATIVE = {
    "options": Title,
    "options of a subclass": ShortTitle,
    "messages and validators": Worded,
    "from_db_value": Loaded,
    "a mixin in front": Mixed,
    "json": Data,
    "json with an encoder": partial(models.JSONField, encoder=Encoder),
    "json with Django's encoder extended": partial(models.JSONField, encoder=DjangoEncoder),
    "a validator whose words are its own": partial(
        models.CharField, validators=[type("Own", (v.MaxLengthValidator,), {"message": "Too long."})(2)]
    ),
    "a regex of its own": partial(models.CharField, validators=[UnicodeUsernameValidator()]),
}


@pytest.mark.parametrize("make_field", cases(NATIVE))
@pytest.mark.parametrize("options", [{}, {"blank": True, "null": True}], ids=repr)
def test_subclass_is_native(make_field, options):
    model = tables.model_of(value=make_field(**options))
    (found,) = [row for row in CompiledValidator.for_model(model).explain() if row.name == "value"]
    assert (found.path, found.called) == ("native", ()), found.reason
    sweep.assert_values(partial(make_field, **options), VALUES)


class Stripping(models.CharField):
    def to_python(self, value):
        return super().to_python(value).strip() if isinstance(value, str) else super().to_python(value)


class Behind:
    """Stands behind Django's class, where a `super()` of Django's may call it."""

    def to_python(self, value):
        return value


class Mangled(models.CharField, Behind):
    pass


class Strict(json.JSONEncoder):
    def encode(self, value):
        if value == {}:
            raise TypeError("nothing in it")
        return super().encode(value)


class Opened(DjangoJSONEncoder):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.allow_nan = False


class Called(v.MaxLengthValidator):
    def clean(self, value):
        return len(value) - 1


class Limited(v.MaxLengthValidator):
    @property
    def code(self):
        return "own"


OWN = {
    "to_python": Stripping,
    "a base behind": Mangled,
    "an encoder with its own encode": partial(models.JSONField, encoder=Strict),
    "an encoder with its own __init__": partial(models.JSONField, encoder=Opened),
}


@pytest.mark.parametrize("make_field", cases(OWN))
def test_subclass_with_own_validation(make_field):
    model = tables.model_of(value=make_field())
    (found,) = [row for row in CompiledValidator.for_model(model).explain() if row.name == "value"]
    assert found.path == "django"
    sweep.assert_values(make_field, VALUES)


@pytest.mark.parametrize("validator", [Called(2), accept], ids=["a method of its own", "a function"])
def test_validator_that_is_called(validator):
    assert find_rule(validator) is None
    sweep.assert_values(partial(models.CharField, validators=[validator]), VALUES)


def test_validator_with_a_computed_option():
    """Its options are not read when the model is compiled: a property is code of the project."""

    class Computed(v.MaxValueValidator):
        max_length = property(lambda self: 1 / 0)

    assert find_rule(Computed(3)) is None


@pytest.mark.parametrize("wrap", [lambda changed: changed, wraps(models.CharField.to_python)], ids=["", "wraps"])
def test_patched_method_on_django_class(monkeypatch, wrap):
    """What `functools.wraps` has made has the name of Django's module."""
    monkeypatch.setattr(models.CharField, "to_python", wrap(lambda self, value: value))
    model = tables.model_of(value=models.CharField(max_length=3))
    (found,) = [row for row in CompiledValidator.for_model(model).explain() if row.name == "value"]
    assert found.reason == "its to_python is not Django's"


@pytest.mark.parametrize("name", ["__init__", "encode", "iterencode"])
@pytest.mark.parametrize("owner", [json.JSONEncoder, DjangoJSONEncoder])
def test_patched_method_of_an_encoder(monkeypatch, owner, name):
    original = getattr(owner, name)

    @wraps(original)
    def refuse(self, *args, **kwargs):
        if name == "__init__" or args[0] == [1]:
            raise TypeError("refused")
        return original(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, refuse)
    model = tables.model_of(value=models.JSONField(encoder=DjangoJSONEncoder))
    for value in ([1], [2], {"a": 1}):
        oracle.assert_same(
            partial(model, value=value),
            partial(model, value=value),
            ours=lambda instance: CompiledValidator.for_model(model).clean(instance, {"id"}),
            django=lambda instance: instance.clean_fields({"id"}),
        )
