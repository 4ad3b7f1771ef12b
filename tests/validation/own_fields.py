"""Fields of projects: each replaces one thing of Django's, in its class or on the object."""

import functools

from django.core import validators
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from tests.validation import own
from tests.validation.record import called


class Unchanged(models.CharField):
    """A subclass that changes nothing."""


class Cleaning(models.CharField):
    def clean(self, value, model_instance):
        called("clean", value, sorted(vars(model_instance)))
        return super().clean(value, model_instance).upper()


class Converting(models.IntegerField):
    def to_python(self, value):
        called("to_python", value)
        return super().to_python(value.replace(",", "") if isinstance(value, str) else value)


class Validating(models.CharField):
    def validate(self, value, model_instance):
        called("validate", value, sorted(vars(model_instance)))
        super().validate(value, model_instance)
        if value == "abc":
            raise ValidationError(["one", ValidationError("two", code="two")])


class Running(models.CharField):
    def run_validators(self, value):
        called("run_validators", value)
        if value != "a":
            super().run_validators(value)


class Listing(models.CharField):
    """Other validators each time."""

    @property
    def validators(self):
        called("validators")
        return [own.accept, validators.MinLengthValidator(2)]

    @validators.setter
    def validators(self, value):
        pass


class Inherited(models.CharField):
    """The class's own validators and messages."""

    default_validators = [validators.validate_slug, own.accept]  # noqa: RUF012
    default_error_messages = {"invalid": "own", "blank": gettext_lazy("Enter a number.")}  # noqa: RUF012


class Emptied(models.CharField):
    empty_values = (None, "", "a", "abc")


class NothingEmpty(models.CharField):
    empty_values = ()


class Typed(models.IntegerField):
    """Its range is another one."""

    def get_internal_type(self):
        return "SmallIntegerField"


class Unbounded(models.IntegerField):
    validators = cached_property(lambda self: [])


class Worded(models.CharField):
    @property
    def error_messages(self):
        called("error_messages")
        return {"null": "none", "blank": "blank", "invalid_choice": "choice", "max_length": "long"}


class Blank(models.CharField):
    """Its options are computed."""

    @property
    def blank(self):
        called("blank")
        return True

    @blank.setter
    def blank(self, value):
        pass


class Nullable(models.CharField):
    null = property(lambda self: called("null") or True, lambda self, value: None)


class Fixed(models.CharField):
    editable = property(lambda self: called("editable") or False, lambda self, value: None)


class Choosing(models.CharField):
    @property
    def choices(self):
        called("choices")
        return [("a", "A"), ("abc", "ABC")]

    @choices.setter
    def choices(self, value):
        pass


class Secretive(models.CharField):
    """Looks at who asks."""

    def __getattribute__(self, name):
        if name in ("validators", "clean"):
            called("getattribute", name)
        return super().__getattribute__(name)


class Elsewhere(models.CharField):
    """Its value stands under another name."""

    def get_attname(self):
        return f"stored_{self.name}"


class Computed(models.CharField):
    generated = True


class Upper:
    """A descriptor of a project's own."""

    def __init__(self, field):
        self.field = field

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        called("get")
        return vars(instance).get(self.field.attname)

    def __set__(self, instance, value):
        called("set", value)
        vars(instance)[self.field.attname] = value.upper() if isinstance(value, str) else value


class Described(models.CharField):
    descriptor_class = Upper


class LoudDeferred(models.query_utils.DeferredAttribute):
    """A subclass of Django's own descriptor."""

    def __get__(self, instance, owner=None):
        called("deferred")
        return super().__get__(instance, owner)


class Deferring(models.IntegerField):
    descriptor_class = LoudDeferred


class Decimals(models.DecimalField):
    @cached_property
    def validators(self):
        return super().validators[:-1]


class Slugs(models.SlugField):
    default_validators = ()


class Key(models.AutoField):
    def validate(self, value, model_instance):
        called("validate", value)


class Json(models.JSONField):
    def to_python(self, value):
        return {"was": value}


CLASSES = {
    found.__name__: functools.partial(found, max_length=4) if issubclass(found, models.CharField) else found
    for found in list(globals().values())
    if isinstance(found, type) and issubclass(found, models.Field)
}
CLASSES["Decimals"] = functools.partial(Decimals, max_digits=3, decimal_places=1)


def bound(method, value=None):
    """A method on the object, in place of the class's."""

    def patch(field):
        before = getattr(field, method)

        def patched(*arguments):
            called(method, *arguments[:1])
            return before(*arguments) if value is None else value

        setattr(field, method, patched)

    return patch


def put(name, value):
    return lambda field: setattr(field, name, value)


PATCHES = {
    "clean": bound("clean"),
    "clean, None": bound("clean", "cleaned"),
    "to_python": bound("to_python"),
    "to_python, other": bound("to_python", "5"),
    "validate": bound("validate"),
    "run_validators": bound("run_validators"),
    "run_validators, none": bound("run_validators", ()),
    "get_internal_type": bound("get_internal_type", "SmallIntegerField"),
    "empty_values": put("empty_values", [None, "a", 5]),
    "empty_values, a set": put("empty_values", {None, "", "5"}),
    "error_messages": put("error_messages", {"null": "n", "blank": "b", "invalid": "i", "invalid_choice": "c"}),
    "no error_messages": put("error_messages", {}),
    "validators": put("validators", [own.accept, validators.MinLengthValidator(3)]),
    "validators, a tuple": put("validators", (own.accept, own.refuse)),
    "validators, a set": put("validators", {own.refuse}),
    "validators, an iterator": lambda field: setattr(field, "validators", iter([own.refuse])),
    "validators, none": put("validators", []),
    "validators, None": put("validators", None),
    "blank": put("blank", True),
    "blank, a number": put("blank", 1),
    "blank, a text": put("blank", "no"),
    "null": put("null", True),
    "null, a list": put("null", [0]),
    "editable": put("editable", False),
    "editable, None": put("editable", None),
    "editable, a number": put("editable", 1),
    "choices": put("choices", [("a", "A"), (5, "five")]),
    "_choices": put("_choices", (("a", "A"), (5, "five"))),
    "_choices, an iterator": lambda field: setattr(field, "_choices", iter([("a", "A"), (5, "five")])),
    "_choices, a text": put("_choices", "ab"),
    "max_length": put("max_length", 1),
    "unknown": put("something", 1),
}
