"""The table of fields: every field class of Django's, crossed with options, choices and validators."""

from functools import partial

from django.core import validators as v
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from tests.validation import own
from tests.validation.options import CHOICES, COMMON, COMPARED, TEMPORAL, TEXTUAL

CLASSES = {
    "Char": partial(models.CharField, max_length=10),
    "Char without an end": models.CharField,
    "Text": models.TextField,
    "Slug": models.SlugField,
    "Slug in Unicode": partial(models.SlugField, allow_unicode=True),
    "Email": models.EmailField,
    "URL": models.URLField,
    "Commas": partial(models.CommaSeparatedIntegerField, max_length=20),
    "FilePath": models.FilePathField,
    "File": models.FileField,
    "Integer": models.IntegerField,
    "BigInteger": models.BigIntegerField,
    "SmallInteger": models.SmallIntegerField,
    "PositiveInteger": models.PositiveIntegerField,
    "PositiveBigInteger": models.PositiveBigIntegerField,
    "PositiveSmallInteger": models.PositiveSmallIntegerField,
    "Float": models.FloatField,
    "Decimal": partial(models.DecimalField, max_digits=5, decimal_places=2),
    "Decimal, whole": partial(models.DecimalField, max_digits=3, decimal_places=0),
    "Decimal, all places": partial(models.DecimalField, max_digits=4, decimal_places=4),
    "Decimal, wide": partial(models.DecimalField, max_digits=40, decimal_places=12),
    "Boolean": models.BooleanField,
    "NullBoolean": models.NullBooleanField,
    "Date": models.DateField,
    "DateTime": models.DateTimeField,
    "Time": models.TimeField,
    "Duration": models.DurationField,
    "UUID": models.UUIDField,
    "IP": models.GenericIPAddressField,
    "IPv4": partial(models.GenericIPAddressField, protocol="IPv4"),
    "IPv6": partial(models.GenericIPAddressField, protocol="ipv6"),
    "IP unpacked": partial(models.GenericIPAddressField, unpack_ipv4=True),
    "old IP": models.IPAddressField,
    "JSON": models.JSONField,
    "JSON, encoder": partial(models.JSONField, encoder=DjangoJSONEncoder),
    "Binary": partial(models.BinaryField, editable=True),
    "Binary, short": partial(models.BinaryField, max_length=4),
    "plain Field": models.Field,
}
KEYS = {
    "Auto": models.AutoField,
    "BigAuto": models.BigAutoField,
    "SmallAuto": models.SmallAutoField,
    "Auto, limited": partial(models.AutoField, validators=[v.MaxValueValidator(7), own.accept]),
    "Auto with choices": partial(models.AutoField, choices=[(1, "one")]),
    "Char key": partial(models.CharField, max_length=3),
    "UUID key": models.UUIDField,
    "Integer key": partial(models.IntegerField, blank=True),
}
CHOSEN = ("Char", "Text", "Integer", "Float", "Decimal", "Boolean", "Date", "UUID", "JSON", "IP")
NUMERIC = ("Integer", "Float", "Decimal")
TIMED = ("Date", "DateTime", "Time", "Duration")
WORDED = ("Char", "Text")
# Options that not every class takes.
_OF_THEIR_OWN = {("NullBoolean", "null"), ("NullBoolean", "blank"), ("NullBoolean", "blank, own validator")}


def rows():
    """`(name, function that makes the field)`."""
    for kind, make in CLASSES.items():
        for name, options in COMMON.items():
            if (kind, name) not in _OF_THEIR_OWN:
                yield f"{kind}: {name}" if name else kind, partial(make, **options)
    for kind, make in KEYS.items():
        yield kind, partial(make, primary_key=True)
    for kind in CHOSEN:
        for name, choices in CHOICES.items():
            yield f"{kind} with choices: {name}", partial(CLASSES[kind], choices=choices)
        hidden = partial(CLASSES[kind], choices=CHOICES["flat"], editable=False)
        yield f"{kind} with choices, not editable", hidden
        yield (
            f"{kind} with choices, all else",
            partial(CLASSES[kind], choices=CHOICES["mixed"], null=True, blank=True, validators=[own.refuse]),
        )
    for kinds, table in ((WORDED, TEXTUAL), (NUMERIC, COMPARED), (TIMED, TEMPORAL)):
        for kind in kinds:
            for name, rules in table.items():
                yield f"{kind} with {name}", partial(CLASSES[kind], validators=rules)


FIELDS = dict(rows())
