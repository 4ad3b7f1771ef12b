"""What a value is, strictly: tells 1 from 1.0 and True, 0.0 from -0.0, one time zone class from another.

Nothing here calls a method that a subclass may have overridden: an odd value cannot lie about itself, and is not asked.
"""

import array
import datetime
import decimal
import enum
import re
import uuid

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.db.models.expressions import BaseExpression
from django.db.models.fields.files import FieldFile
from django.utils import translation
from django.utils.functional import LazyObject, Promise

from tests.oracle import LANGUAGES

DEEPEST = 40
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def without_addresses(text):
    """The text without the addresses of objects in it, which differ between two equal objects."""
    return _ADDRESS.sub("", text) if " at 0x" in text else text


def describe(value, inside=()):
    """The value as nested tuples that are equal only for values that are the same to the last detail."""
    kind = type(value)
    if kind is str:
        return kind, without_addresses(value)
    if kind in _AS_IS:
        return kind, value
    if kind in _EXACT:
        return kind, _EXACT[kind](value)
    if id(value) in inside or len(inside) > DEEPEST:
        return kind, "again"
    return kind, _parts(value, kind, (*inside, id(value)))


def _parts(value, kind, inside):
    if isinstance(value, type) or kind in _FUNCTIONS:
        return id(value)
    if isinstance(value, BaseException):
        return describe_error(value, inside)
    if issubclass(kind, Promise):
        return _lazily(value)
    if issubclass(kind, (LazyObject, BaseExpression)):
        return without_addresses(repr(value))
    if issubclass(kind, FieldFile):
        return describe(value.name), value.field.name, value._committed, "_file" in vars(value)
    if issubclass(kind, Model):
        return describe(vars(value).get(value._meta.pk.attname))
    if issubclass(kind, enum.Enum):
        return id(value)
    return _builtin(value, kind, inside), _attributes(value, inside)


def _builtin(value, kind, inside):
    """What the builtin class below a subclass keeps, read with that class's own methods."""
    if issubclass(kind, dict):
        return tuple((describe(key, inside), describe(item, inside)) for key, item in dict.items(value))
    for base, read in _SEQUENCES.items():
        if issubclass(kind, base):
            return tuple(describe(item, inside) for item in read(value))
    if issubclass(kind, (set, frozenset)):
        return tuple(sorted(repr(describe(item, inside)) for item in set.union(set(), value)))
    for base, read in _EXACT.items():
        if issubclass(kind, base):
            return read(value)
    return None if hasattr(value, "__dict__") else without_addresses(repr(value))


def _attributes(value, inside):
    attributes = getattr(value, "__dict__", None)
    if not isinstance(attributes, dict):
        return None
    return tuple((name, describe(item, inside)) for name, item in attributes.items())


def _lazily(value):
    try:
        return str(value)
    except (TypeError, ValueError, KeyError) as error:  # a plural that waits for its number
        return type(error)


def _moment(value):
    naive = datetime.datetime.replace(value, tzinfo=None)
    return datetime.datetime.isoformat(naive), value.fold, zone(value.tzinfo)


def _clock(value):
    return datetime.time.isoformat(datetime.time.replace(value, tzinfo=None)), value.fold, zone(value.tzinfo)


def zone(tzinfo):
    return type(tzinfo), repr(tzinfo), tzinfo is datetime.UTC


_AS_IS = {int, bool, type(None), bytes, type(...), range}
# bool is absent: it has no subclasses.
_EXACT = {
    str: lambda value: str.__getitem__(value, slice(None)),
    int: lambda value: int.__add__(value, 0),
    float: float.__repr__,
    complex: complex.__repr__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: lambda value: bytes(bytearray.__getitem__(value, slice(None))),
    decimal.Decimal: decimal.Decimal.as_tuple,
    datetime.datetime: _moment,
    datetime.date: datetime.date.isoformat,
    datetime.time: _clock,
    datetime.timedelta: lambda value: (value.days, value.seconds, value.microseconds),
    uuid.UUID: lambda value: (uuid.UUID.int.__get__(value), value.is_safe),
    memoryview: lambda value: (bytes(value), value.format, value.shape, value.readonly, type(value.obj)),
    array.array: repr,
}
_SEQUENCES = {list: list.__iter__, tuple: tuple.__iter__}
_FUNCTIONS = {type(describe), type(len), type(_ADDRESS), property, staticmethod, classmethod}


class Message:
    """The message of an error: the same object, or one of the same class with the same texts in all languages."""

    __slots__ = ("message", "params")

    def __init__(self, message, params):
        self.message = message
        self.params = params

    def __eq__(self, other):
        if self.message is other.message:
            return True
        # Django makes a new class for each plural.
        return type(self.message).__qualname__ == type(other.message).__qualname__ and self.texts() == other.texts()

    __hash__ = None

    def __repr__(self):
        return f"<{type(self.message).__name__} {self.texts()[0]!r}>"

    def texts(self):
        return [text_in(language, self._text) for language in LANGUAGES]

    def _text(self):
        return str(self.message % self.params if self.params else self.message)


def text_in(language, read):
    """The text that `read` gives, or how it fails, with `language` active."""
    with translation.override(language):
        try:
            return without_addresses(read())
        except Exception as error:
            return type(error), str(error)


def describe_error(error, inside=()):
    """An exception to the last detail; for a ValidationError its form, and all errors inside."""
    chain = (_class_of(error.__cause__), _class_of(error.__context__), error.__suppress_context__)
    notes = tuple(getattr(error, "__notes__", ()))
    if not isinstance(error, ValidationError):
        return type(error), tuple(describe(argument, inside) for argument in error.args), chain, notes
    return type(error), tuple(vars(error)), _form(error, inside), _given(error.args), chain, notes


def _class_of(error):
    return None if error is None else type(error)


def _form(error, inside):
    if hasattr(error, "error_dict"):
        return tuple(
            (name, tuple(describe_error(item, inside) for item in errors)) for name, errors in error.error_dict.items()
        )
    if hasattr(error, "message"):
        own = len(error.error_list) == 1 and error.error_list[0] is error
        return Message(error.message, error.params), describe(error.code), describe(error.params, inside), own
    return tuple(describe_error(item, inside) for item in error.error_list)


def _given(arguments):
    """What the constructor was given, in outline: the errors are compared as what became of them."""
    first, *others = arguments
    outline = len(first) if isinstance(first, (dict, list)) else None
    return type(first).__qualname__, outline, tuple(type(argument) for argument in others)
