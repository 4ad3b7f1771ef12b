"""What a project may replace: a field's methods, in its class or on the object; how an instance is read and written."""

from functools import partial

import pytest
from django.db import models

from pyforge_web.validators import CompiledValidator
from tests.tables import cases
from tests.validation import oracle, own, own_fields, tables
from tests.validation.record import called
from tests.validation.sweep import assert_values
from tests.validation.values import named

VALUES = named((None, "", "a", "abc", "abcde", "5", "1,5", 5, 40_000, 2**70, 5.5, True, "a b", "\u0665", b"a", (), [1]))
PATCHED = {
    "Char": lambda: models.CharField(max_length=4),
    "Integer": models.IntegerField,
    "Boolean": models.BooleanField,
}


@pytest.mark.parametrize("make_field", cases(own_fields.CLASSES))
@pytest.mark.parametrize("options", [{}, {"blank": True}, {"null": True, "choices": [("a", "A")]}], ids=repr)
def test_clean_project_fields(make_field, options):
    if make_field is own_fields.Key:
        options = {"primary_key": True}
    assert_values(lambda: make_field(**options), VALUES)


@pytest.mark.parametrize("make_field", cases(PATCHED))
@pytest.mark.parametrize("patch", cases(own_fields.PATCHES))
def test_clean_methods_on_the_field(make_field, patch):
    def patched():
        field = make_field()
        patch(field)
        return field

    assert_values(patched, VALUES)


def getting(self):
    called("property get")
    return vars(self).get("hidden")


def setting(self, value):
    called("property set", value)
    vars(self)["hidden"] = value


def set_any(self, name, value):
    called("__setattr__", name, value)
    models.Model.__setattr__(self, name, value)


def set_nothing(self, name, value):
    called("__setattr__", name, value)


def get_any(self, name):
    if not name.startswith("_"):
        called("__getattribute__", name)
    return models.Model.__getattribute__(self, name)


def get_missing(self, name):
    called("__getattr__", name)
    raise AttributeError(name)


def raise_at_writing(self, name, value):
    if name == "second" and value == 5:
        raise AttributeError("second cannot be set")
    models.Model.__setattr__(self, name, value)


class DescribedInTheClass:
    """A data descriptor in a base of the model, below the field's own."""

    first = property(getting, setting)


FIELDS = {
    "first": lambda: models.CharField(max_length=4),
    "second": lambda: models.IntegerField(validators=[own.accept]),
    "third": lambda: models.DateField(null=True),
}
MODELS = {
    "plain": {},
    "__setattr__": {"__setattr__": set_any},
    "__setattr__ that forgets": {"__setattr__": set_nothing},
    "__setattr__ that raises": {"__setattr__": raise_at_writing},
    "__getattribute__": {"__getattribute__": get_any},
    "__getattr__": {"__getattr__": get_missing},
    "a base with a descriptor": {"bases": (DescribedInTheClass, models.Model)},
    "slots": {"__slots__": ("extra",)},
}
# Put into the class when it is made.
LATER = {
    "a property": ("first", property(getting, setting)),
    "a property that is only read": ("second", property(lambda self: "5")),
    "a value in the class": ("second", 5),
    "a function": ("first", lambda self: "x"),
    "nothing": ("third", None),
}
CONTENTS = (
    {"first": "abc", "second": 5, "third": None},
    {"first": "abcde", "second": "5", "third": "2024-02-29"},
    {"first": "", "second": "x", "third": "x"},
    {"first": None, "second": None, "third": 5},
)


def loaded(model, contents):
    """An instance without the class's own ideas of assignment."""
    made = model.__new__(model)
    vars(made).update(_state=models.base.ModelState(), id=None, **contents)
    return made


def pair(make_model):
    theirs, mine = make_model(), make_model()
    for contents in CONTENTS:
        yield [partial(loaded, model, contents) for model in (theirs, mine)]


def fields():
    return {name: make() for name, make in FIELDS.items()}


@pytest.mark.parametrize("attributes", cases(MODELS))
def test_clean_models_that_intercept_attributes(attributes):
    for makes in pair(lambda: tables.model_of(**fields(), **attributes)):
        oracle.assert_same(*makes)
        assert not list(oracle.rows_differences(*([make] * 3 for make in makes)))


@pytest.mark.parametrize("later", cases(LATER))
def test_clean_patched_class(later):
    name, value = later

    def make_model():
        model = tables.model_of(**fields())
        setattr(model, name, value)
        return model

    theirs, mine = make_model(), make_model()
    for contents in CONTENTS:
        makes = [partial(loaded, model, contents) for model in (theirs, mine)]
        oracle.assert_same(*makes)
        assert not list(oracle.rows_differences(*([make] * 3 for make in makes)))


def other_order(instance):
    contents = dict(vars(instance))
    vars(instance).clear()
    vars(instance).update({name: contents[name] for name in reversed(contents)})


def with_more(instance):
    vars(instance).update({"extra": 1, 5: "a number for a name", "zzz": object})


def with_less(instance):
    del vars(instance)["third"]
    vars(instance)["third"] = "2024-02-29"


def of_another_dict(instance):
    instance.__dict__ = Contents(vars(instance))


class Contents(dict):
    """The attributes of an instance, in a dict that looks."""

    def __setitem__(self, name, value):
        called("Contents.__setitem__", name)
        super().__setitem__(name, value)

    def __getitem__(self, name):
        called("Contents.__getitem__", name)
        return super().__getitem__(name)

    def __missing__(self, name):
        called("Contents.__missing__", name)
        return "missing"


@pytest.mark.parametrize("change", [other_order, with_more, with_less, of_another_dict])
def test_clean_unusual_instances(change):
    for makes in pair(lambda: tables.model_of(**fields())):

        def shaped(make):
            instance = make()
            change(instance)
            return instance

        oracle.assert_same(*(lambda make=make: shaped(make) for make in makes))


def test_clean_proxy_instance():
    """Validated by the validator of its own class, and by that of its parent."""
    theirs, mine = (tables.model_of(value=models.IntegerField()) for _ in range(2))
    proxies = [tables.model_of(bases=(model,), meta={"proxy": True}) for model in (theirs, mine)]
    for value in ("5", "x", None):
        makes = [lambda proxy=proxy, value=value: proxy(value=value) for proxy in proxies]
        oracle.assert_same(*makes)
        oracle.assert_same(*makes, ours=lambda instance: CompiledValidator.for_model(mine).clean(instance))
