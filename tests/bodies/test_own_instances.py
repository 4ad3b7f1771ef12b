"""Payloads of models whose instances a project makes in its own way, and fields that a ModelForm leaves out."""

from functools import partial, wraps

import pytest
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.base import ModelBase
from django.db.models.fields import AutoFieldMixin
from django.db.models.signals import post_init, pre_init
from django.forms.models import fields_for_model

from pyforge_web import CompiledValidator
from tests.bodies.models import Shelf
from tests.bodies.oracle import django_clean, ended
from tests.validation.tables import model_of

pytestmark = pytest.mark.django_db
FIELDS = ["name", "number"]
PAYLOADS = [
    {"name": "__abcde__", "number": "4"},
    {"name": "abc", "number": "x"},
    {"name": "_____a_", "number": None},
    {"name": "abcdefg", "number": 1},
]


def make_model(*bases):
    columns = {"name": models.CharField(max_length=5), "number": models.IntegerField()}
    return model_of(bases=bases or (models.Model,), **columns)


def strip_name(instance):
    instance.name = instance.name.strip("_")


def wrap(owner, name):
    """What a tool puts in the place of a method: it has the name and the module of that method."""
    original = getattr(owner, name)

    @wraps(original)
    def wrapped(self, *args, **kwargs):
        if name == "clean_fields":
            strip_name(self)
        original(self, *args, **kwargs)
        if name == "__init__":
            strip_name(self)

    return wrapped


class Calling(ModelBase):
    def __call__(self, *args, **kwargs):
        instance = super().__call__(*args, **kwargs)
        strip_name(instance)
        return instance


class Called(models.Model, metaclass=Calling):
    class Meta:
        abstract = True


class Refusing:
    def __new__(cls, *args, **kwargs):
        if kwargs.get("name") == "abc":
            raise ValueError("not abc")
        return super().__new__(cls)


class Behind:
    def __init__(self):
        super().__init__()
        strip_name(self)


def assert_same(model):
    validator = CompiledValidator.for_model(model)

    def clean_row(payload):
        """The first of many; what is not a ValidationError comes out, because code of the project raised it."""
        result = validator.clean_data_rows([payload], fields=FIELDS)
        if not result.ok:
            raise result.errors[0]
        return result.rows[0]

    for payload in PAYLOADS:
        wanted = ended(partial(django_clean, model, payload, FIELDS))
        assert ended(partial(validator.clean_data, payload, fields=FIELDS)) == wanted
        assert ended(partial(clean_row, payload)) == wanted


@pytest.mark.parametrize("bases", [(Refusing, models.Model), (models.Model, Behind), (Called,)], ids=str)
def test_classes_that_make_instances(bases):
    assert_same(make_model(*bases))


@pytest.mark.parametrize("name", ["__init__", "clean_fields"])
@pytest.mark.parametrize("owner", ["model", "Django"])
def test_wrapped_method(name, owner, monkeypatch):
    model = make_model()
    owner = model if owner == "model" else models.Model
    monkeypatch.setattr(owner, name, wrap(owner, name))
    assert_same(model)


@pytest.mark.parametrize("signal", [pre_init, post_init], ids=["pre_init", "post_init"])
def test_receiver_that_comes_and_goes(signal):
    model = make_model()

    def receive(sender, **given):
        if signal is post_init:
            strip_name(given["instance"])
        elif given["kwargs"].get("name") == "abc":
            raise ValueError("not abc")

    assert_same(model)
    signal.connect(receive, sender=model)
    assert_same(model)
    signal.disconnect(receive, sender=model)
    assert_same(model)


class OwnAuto(AutoFieldMixin, models.IntegerField):
    """An automatic key that is none of Django's three."""


class Formless(models.CharField):
    def formfield(self, **kwargs):
        return None


def test_all_fields_are_those_of_a_form():
    formless = models.CharField(max_length=5)
    formless.formfield = lambda **kwargs: None
    model = model_of(key=OwnAuto(primary_key=True), first=Formless(max_length=5), second=formless, rest=Formed())
    accepted = CompiledValidator.for_model(model).clean_data({}, fields="__all__", partial=True)
    assert accepted == {}
    with pytest.raises(ValidationError) as caught:
        CompiledValidator.for_model(model).clean_data(dict.fromkeys(model_names(model)), fields="__all__")
    assert list(caught.value.error_dict) == list(fields_for_model(model)) == ["rest"]


class Formed(models.IntegerField):
    def formfield(self, **kwargs):
        return super().formfield(**kwargs)


def model_names(model):
    return [field.name for field in model._meta.concrete_fields]


@pytest.mark.parametrize("option", ["rename", "lookup"])
@pytest.mark.parametrize("value", ["name", ["name"], 5], ids=repr)
def test_options_that_are_no_mappings(option, value):
    with pytest.raises(TypeError, match=f"^{option} must be a mapping"):
        CompiledValidator.for_model(make_model()).clean_data({}, fields=FIELDS, **{option: value})


ORDER = {"first": "abc", "number": "5", "second": "abc", "last": "6"}


class Watching:
    """A router that looks at the instance whose foreign keys are looked up."""

    def __init__(self):
        self.seen = []

    def db_for_read(self, model, instance=None, **hints):
        if model is Shelf and instance is not None:
            self.seen.append({name: getattr(instance, name) for name in ("number", "last")})


def test_router_sees_what_was_cleaned_before(settings):
    Shelf.objects.create(code="abc")
    key = partial(models.ForeignKey, Shelf, models.CASCADE, related_name="+")
    model = model_of(first=key(), number=models.IntegerField(), second=key(), last=models.IntegerField())
    clean = CompiledValidator.for_model(model).clean_data
    seen = []
    for call in (partial(django_clean, model, ORDER, list(ORDER)), partial(clean, ORDER, fields=list(ORDER))):
        router = Watching()
        settings.DATABASE_ROUTERS = [router]
        call()
        seen.append(router.seen)
    assert seen[0] == seen[1]
    assert [row["number"] for row in seen[0]] == ["5", 5]


def test_method_put_on_a_field_sees_what_was_cleaned_before():
    first, number = models.CharField(max_length=9), models.IntegerField()
    model = model_of(first=first, number=number, second=models.CharField(max_length=9), last=models.IntegerField())
    seen = []
    for name in ("first", "second", "last"):
        field = model._meta.get_field(name)
        field.validate = lambda value, instance: seen.append((instance.first, instance.number))
    django_clean(model, ORDER, list(ORDER))
    expected, seen[:] = seen[:], []
    CompiledValidator.for_model(model).clean_data(ORDER, fields=list(ORDER))
    assert seen == expected
