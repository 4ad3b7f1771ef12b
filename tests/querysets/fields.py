"""Custom fields, as projects have them: what they do with a stored value is known from their converters alone."""

import datetime
import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from tests.oracle import Mapped


class BoomError(Exception):
    """What a converter of a project raises."""


class Unchanged(models.CharField):
    """A subclass that changes nothing of the values."""


class Backwards(models.CharField):
    """`from_db_value`: the text backwards."""

    def from_db_value(self, value, expression, connection):
        return None if value is None else value[::-1]


class Angry(models.CharField):
    """`from_db_value` that raises for some values; always the same exception object."""

    boom = BoomError("boom")

    def from_db_value(self, value, expression, connection):
        if value == "boom":
            raise self.boom
        return value


class Loud(models.CharField):
    """`get_db_converters` of its own, in place of the base's."""

    def get_db_converters(self, connection):
        return [lambda value, expression, connection: value and value.upper()]


class Naked(models.DateTimeField):
    """`get_db_converters` that adds nothing: the backend's converters still run."""

    def get_db_converters(self, connection):
        return []


class Borrowed(models.Field):
    """No subclass of DateTimeField, but stored and read as one."""

    def get_internal_type(self):
        return "DateTimeField"


class Lent(models.DateTimeField):
    """A subclass of DateTimeField, but stored and read as a text."""

    def get_internal_type(self):
        return "TextField"

    def get_prep_value(self, value):
        return value

    def get_db_prep_value(self, value, connection, prepared=False):
        return value


class Cents(models.DecimalField):
    """A decimal that is a number of cents in Python."""

    def from_db_value(self, value, expression, connection):
        return None if value is None else int(value * 100)


class Year(models.DateTimeField):
    """A moment of which the year matters."""

    def from_db_value(self, value, expression, connection):
        return None if value is None else {"year": value.year}


class Weekday(datetime.date):
    """A date that is written in its own way."""

    def isoformat(self):
        return f"{self:%A}"


class Weekdays(models.DateField):
    """Dates of a class of the project."""

    def from_db_value(self, value, expression, connection):
        return None if value is None else Weekday(value.year, value.month, value.day)


class Shouting(json.JSONDecoder):
    """A decoder of JSON that reads objects in its own way."""

    def __init__(self, **options):
        super().__init__(object_hook=lambda pairs: {key.upper(): value for key, value in pairs.items()}, **options)


class Document(models.JSONField):
    """A subclass of JSONField that changes nothing."""


class Wrapped(models.JSONField):
    """A subclass of JSONField with a `from_db_value` of its own above the base's."""

    def from_db_value(self, value, expression, connection):
        return Mapped(wrapped=super().from_db_value(value, expression, connection))


class Encoded(DjangoJSONEncoder):
    """An encoder for a JSONField: says how values are stored, not how they are read."""
