"""Validators, limits and choices of the project's own, as public code has them; each tells of its calls."""

import datetime
import functools
from decimal import Decimal
from typing import ClassVar

from django.core import validators
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy, ngettext_lazy

from tests.validation.odd import BoomError
from tests.validation.record import called, put_back


def accept(value):
    called("accept", value)
    return "ignored"


def accept_both(value, instance):
    """A `clean` of a field."""
    called("accept both", value)
    return value


def refuse(value):
    called("refuse", value)
    raise ValidationError("refused %(value)s", code="refused", params={"value": value})


def refuse_plainly(value):
    called("refuse plainly")
    raise ValidationError("refused")


def refuse_lazily(value):
    called("refuse lazily")
    raise ValidationError(format_lazy("{} {}", gettext_lazy("Enter a number."), 5), params={"a": 1})


def refuse_in_plural(value):
    called("refuse in plural")
    raise ValidationError(ngettext_lazy("%(n)d item", "%(n)d items", "n"), code="plural", params={"n": 2})


def refuse_as(code, **params):
    """A validator whose error has a code that the field's own messages may replace."""

    def validator(value):
        called("refuse as", code)
        raise ValidationError("own text %(a)s", code=code, params={"a": 1, **params})

    return validator


def refuse_with_a_list(value):
    called("refuse with a list")
    raise ValidationError([ValidationError("one", code="invalid"), "two", ValidationError(["three", "four"])])


def refuse_with_a_dict(value):
    called("refuse with a dict")
    raise ValidationError({"other": ["one", "two"], "__all__": "three"})


def refuse_with_nothing(value):
    called("refuse with nothing")
    raise ValidationError([])


class SharedError:
    """Raises one and the same error each time: what Django does to it stays."""

    def __init__(self, *arguments):
        self.arguments = arguments
        self.renew()

    def renew(self):
        self.error = ValidationError(*self.arguments)

    def __call__(self, value):
        called("shared error", self.error.message)
        put_back(self.renew)
        raise self.error


class OwnError(ValidationError):
    """A subclass."""


def refuse_with_a_subclass(value):
    called("refuse with a subclass")
    raise OwnError("own", code="invalid")


def refuse_twice_wrapped(value):
    called("refuse twice wrapped")
    try:
        raise ValueError("inner")
    except ValueError as error:
        raise ValidationError(ValidationError("wrapped", code="null", params={"x": 1})) from error


def refuse_with_odd_params(value):
    raise ValidationError("%(missing)s", code="odd", params={"a": 1})


def raising(error):
    def validator(value):
        called("raising", type(error))
        raise error

    return validator


def unless(limit, value):
    called("partial", limit, value)
    if value != limit:
        raise ValidationError("not %(limit)s", params={"limit": limit})


class Even:
    """An object to call."""

    def __call__(self, value):
        called("even", value)
        if len(str(value)) % 2:
            raise ValidationError("odd", code="odd")

    def method(self, value):
        called("method", value)


class Constructed:
    """A class to call: a validator by its constructor."""

    def __init__(self, value):
        called("constructed", value)
        if value == "abc":
            raise ValidationError("constructed", code="invalid")


def limit(value):
    """A limit to call."""

    def give():
        called("limit", value)
        return value

    return give


class Unchanged(validators.MinLengthValidator):
    """A subclass that changes nothing."""


class Worded(validators.MaxLengthValidator):
    message = "at most %(limit_value)d, not %(show_value)d"
    code = "worded"


class Words(validators.MinLengthValidator):
    """Counts words."""

    def clean(self, value):
        called("words", value)
        return len(value.split())


class Strictly(validators.MaxValueValidator):
    def compare(self, a, b):
        called("strictly", a, b)
        return a >= b


class Quiet(validators.RegexValidator):
    def __call__(self, value):
        called("quiet", value)


class Loud(validators.EmailValidator):
    def __call__(self, value):
        called("loud", value)
        super().__call__(value)


class Companies(validators.EmailValidator):
    def validate_domain_part(self, domain_part):
        called("companies", domain_part)
        return domain_part == "example.com"


class Loose(validators.URLValidator):
    schemes = ("x", "http")
    max_length = 20


class Slugs(validators.RegexValidator):
    regex = r"^[a-z]+\Z"
    message = "slugs"
    code = "slugs"
    inverse_match = True


class Moving(validators.MaxLengthValidator):
    """Its limit is another one each time."""

    @property
    def limit_value(self):
        called("moving limit")
        return 3

    @limit_value.setter
    def limit_value(self, value):
        pass


class Digits(validators.DecimalValidator):
    messages: ClassVar = {**validators.DecimalValidator.messages, "max_digits": "too many of %(max)s"}


def changed(validator, **attributes):
    """A validator of Django's with attributes of its own on the object."""
    for name, value in attributes.items():
        setattr(validator, name, value)
    return validator


METHOD = Even().method
PARTIAL = functools.partial(unless, "abc")
NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
BOOM = BoomError("boom")
INTERRUPT = KeyboardInterrupt("stop")
HALF = Decimal("0.5")
