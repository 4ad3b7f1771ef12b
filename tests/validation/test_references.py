"""References: every object has as many after hundreds of validations as before, whichever way they end."""

import contextlib
import gc
import re
import sys
import tracemalloc
import weakref

import pytest
from django.core import validators as v
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web.validators import CompiledValidator
from tests.tables import cases, rows
from tests.validation import own, tables
from tests.validation.odd import BoomError
from tests.validation.values import MADE, NUMBERS, OTHERS, TIMES

ROUNDS = 50
LIMIT = 10**12
PATTERN = v.RegexValidator("^[a-z]+$")


def refuse(value):
    raise ValidationError("refused %(value)s", params={"value": value})


FIELDS = {
    "Char": lambda: models.CharField(max_length=5, validators=[PATTERN, v.ProhibitNullCharactersValidator()]),
    "Char, called": lambda: models.CharField(validators=[lambda value: None, PATTERN, refuse]),
    "Char with choices": lambda: models.CharField(choices=[("a", "A"), ("Group", [("abc", "ABC")])]),
    "Email": models.EmailField,
    "URL": models.URLField,
    "Integer": lambda: models.IntegerField(validators=[v.MaxValueValidator(LIMIT), v.StepValueValidator(2)]),
    "Float": lambda: models.FloatField(null=True, blank=True),
    "Decimal": lambda: models.DecimalField(max_digits=5, decimal_places=2),
    "Boolean": models.BooleanField,
    "Date": models.DateField,
    "DateTime": models.DateTimeField,
    "Time": models.TimeField,
    "Duration": models.DurationField,
    "UUID": models.UUIDField,
    "IP": models.GenericIPAddressField,
    "JSON": models.JSONField,
    "Binary": lambda: models.BinaryField(editable=True),
    "File": lambda: models.FileField(validators=[v.FileExtensionValidator(["txt"])]),
}


def fresh(text):
    """A str that nobody else shares."""
    return "".join([text[:1], text[1:]])


TEXTS = ("abc", "abcdef", "a@example.com", "http://a.com", "123456789012", "1.5", "2024-02-29", "2024-02-29T12:00",
    "12:30",
         "1 12:30:00", "12345678-9abc-def0-1234-56789abcdef0", "1.2.3.4", "2001:db8::1", "caf\u00e9", "\ud800",
         "a.txt")  # fmt: skip
VALUES = {
    **{f"text {text!a}": lambda text=text: fresh(text) for text in TEXTS},
    "number": lambda: 10**11,
    "large": lambda: 10**30,
    "float": lambda: float("1.25"),
    "numbers": lambda: NUMBERS[-1],
    "moment": lambda: TIMES[2],
    "other": lambda: OTHERS[5],
    "list": lambda: [1, {"a": [None]}],
    "object": MADE["Raising str"],
}


def holding(model, value):
    instance = model.__new__(model)
    vars(instance).update(_state=models.base.ModelState(), id=None, value=value)
    return instance


def clean_all(model, values, compiled):
    """Alone, in a batch, and with an exception in the middle."""
    for value in values:
        for clean in (compiled.clean, compiled.clean_rows):
            row = holding(model, value)
            with contextlib.suppress(ValidationError, TypeError, ValueError, OverflowError, BoomError, AttributeError):
                clean(row if clean == compiled.clean else [row, row])


@pytest.mark.parametrize("make_field", cases(FIELDS))
def test_clean_reference_counts(make_field):
    model = tables.model_of(value=make_field())
    field = model._meta.get_field("value")
    compiled = CompiledValidator.for_model(model)
    values = [make() for make in VALUES.values()]
    shared = [None, True, "", (), "value", "id", PATTERN, LIMIT, model, compiled, field, vars(field), field.validators]
    watched = [*values, *shared, *field.validators, *map(type, values)]
    clean_all(model, values, compiled)
    gc.collect()
    before = [sys.getrefcount(x) for x in watched]
    for _ in range(ROUNDS):
        clean_all(model, values, compiled)
    gc.collect()
    after = [sys.getrefcount(x) for x in watched]
    moved = [b - a for a, b in zip(before, after, strict=True)]
    # A leak of one a call would be a hundred; what others hold too moves by itself, a little.
    limits = [0 if index < len(values) else 20 for index in range(len(watched))]
    assert not [(x, by) for x, by, limit in zip(watched, moved, limits, strict=True) if abs(by) > limit]


@pytest.mark.parametrize("make_field", cases(FIELDS))
def test_clean_error_frees_everything(make_field):
    class Row(list):
        """A value that can be watched."""

    def attempt():
        model = tables.model_of(value=make_field())
        value = Row([1, object()])
        instance = holding(model, value)
        compiled = CompiledValidator(model)
        found = compiled.clean_rows([instance] * 2) if not raises(compiled, instance) else None
        del found
        return weakref.ref(instance), weakref.ref(value)

    def raises(compiled, instance):
        try:
            compiled.clean(instance)
        except ValidationError:
            return False
        except Exception:
            return True
        return False

    references = attempt()
    gc.collect()
    assert [reference() for reference in references] == [None, None]


class Number(float):
    """A limit with attributes."""


class Source(str):
    """The text of a pattern, with attributes."""


HELD = {
    "a limit": (models.FloatField, v.MaxValueValidator, lambda: Number(5), 1.0),
    "the text of a pattern": (models.TextField, v.RegexValidator, lambda: Source("^[a-z]+$"), "a"),
}


@pytest.mark.parametrize(("make_field", "validator", "make", "value"), rows(HELD))
def test_model_that_its_rule_refers_to_is_freed(make_field, validator, make, value):
    def attempt():
        held = make()
        held.model = tables.model_of(value=make_field(validators=[validator(held)]))
        CompiledValidator.for_model(held.model).clean(held.model(value=value))
        return weakref.ref(held.model)

    model = attempt()
    re.purge()  # it keeps the text
    gc.collect()
    assert model() is None


def test_clean_raises_the_same_exception():
    error = BoomError("boom")
    model = tables.model_of(value=models.CharField(validators=[own.raising(error)]))
    for clean in (
        CompiledValidator.for_model(model).clean,
        lambda row: CompiledValidator.for_model(model).clean_rows([row]),
    ):
        with pytest.raises(BoomError) as caught:
            clean(model(value="a"))
        assert caught.value is error
        assert not getattr(error, "__notes__", None)


def growth(act, turns, count):
    """By how much Python's memory grows in so many turns, after as many that fill the interpreter's own pools."""

    def counted():
        for _ in range(turns):
            act()
        gc.collect()
        return count()

    return -counted() + counted()


def growth_in_bytes(act, turns):
    """The same in bytes: each allocation is traced, which takes five times as long."""
    tracemalloc.start()
    try:
        return growth(act, turns, lambda: tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()


def model_of_all():
    makes = {name: make for name, make in FIELDS.items() if name != "Binary"}  # which raises for bad base64
    return tables.model_of(**{f"field_{n}": make() for n, make in enumerate(makes.values())})


def test_clean_memory():
    """Neither by validation, nor by errors that nobody reads."""
    model = model_of_all()
    compiled = CompiledValidator.for_model(model)
    names = [field.name for field in model._meta.fields][1:]

    def validate():
        compiled.clean_rows([model(**dict.fromkeys(names, text)) for text in ("a", "1", "2024-02-29")])

    # One small object for each validation would be 5,000.
    assert growth_in_bytes(validate, 100) < 4096


def test_recompile_memory():
    compiled = CompiledValidator.for_model(model_of_all())
    for _ in range(400):
        compiled.recompile()  # CPython's cache of attributes comes to hold up to 4,096 names
    # One small object for each field would be 1,800 blocks.
    assert growth(compiled.recompile, 100, sys.getallocatedblocks) < 900
    # An object of more than 512 bytes is no block: one for each field would be 276,000 bytes.
    assert growth_in_bytes(compiled.recompile, 30) < 250_000
