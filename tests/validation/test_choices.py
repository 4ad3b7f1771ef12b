"""Choices of every form, beside Django's own search: groups, odd labels, keys with their own `__eq__`."""

import datetime
from decimal import Decimal
from functools import partial

import pytest
from django.db import models

from tests.tables import cases
from tests.validation import odd, sweep
from tests.validation.record import called


class Key:
    """Equal to nothing; some raise."""

    def __init__(self, raises):
        self.raises = raises

    def __eq__(self, other):
        called("key", type(other))
        if self.raises:
            raise ZeroDivisionError
        return False

    def __hash__(self):
        return 1


class Loud(str):
    """A text that says when it is compared."""

    def __eq__(self, other):
        called("value", type(other))
        return str.__eq__(self, other)

    __hash__ = str.__hash__


CHOICES = {
    "flat": [("a", "A"), ("b", "B")],
    "groups": [("G", [("a", "A")]), ("b", "B"), ("H", (("c", "C"),))],
    "a list as a label inside of a group": [("G", [("a", [("b", "B")]), ("c", ())])],
    "groups in groups": [("G", [("a", [("b", [("c", "C")])])])],
    "an empty group": [("G", []), ("a", "A")],
    "a key that is equal to nothing": [(Key(raises=False), "Z"), ("a", "A")],
    "a key that raises": [(Key(raises=True), "Z"), ("a", "A")],
    "a key that raises behind": [("a", "A"), (Key(raises=True), "Z")],
    "a key that raises in a group": [("G", [(Key(raises=True), "Z")]), ("a", "A")],
    "a tuple": (("a", "A"), ("b", "B")),
    "three items": [("a", "A"), ("b", "B", "")],
    "a group that Django leaves as it is": [("G", (("a", "A"), ("b",))), ("c", "C")],
    "a number that raises": [(Decimal("sNaN"), "Z"), ("a", "A")],
    "an integer with its own comparison": [(odd.LyingWhole(1), "Z"), (2, "two")],
    "numbers and texts": [(1, "one"), ("1", "text"), (True, "yes"), (2.0, "two"), (Decimal("3"), "three")],
    "None": [(None, "-"), ("a", "A")],
    "dates": [(datetime.date(2026, 1, 1), "new year"), (datetime.timedelta(1), "day")],
    "beyond ASCII": [("ä", "A"), ("é", "E")],
}
FIELDS = {
    "text": models.TextField,
    "integer": models.IntegerField,
    "float": models.FloatField,
    "boolean": models.BooleanField,
    "date": models.DateField,
    "duration": models.DurationField,
    "decimal": partial(models.DecimalField, max_digits=5, decimal_places=2),
}
VALUES = {
    f"{at} {value!r}": lambda value=value: value
    for at, value in enumerate(
        (
            *("a", "b", "c", "G", "z", "ä", "1", 1, 2, 3, 1.0, 2.0, True, False, None, Decimal(3), "2026-01-01"),
            *(datetime.date(2026, 1, 1), datetime.timedelta(1), datetime.timedelta(2), Loud("a"), Loud("b")),
        )
    )
}


@pytest.mark.parametrize("make_field", cases(FIELDS))
@pytest.mark.parametrize("choices", cases(CHOICES))
@pytest.mark.parametrize("options", [{}, {"null": True, "blank": True}, {"editable": False}], ids=repr)
def test_choices_of_every_form(make_field, choices, options):
    sweep.assert_values(partial(make_field, choices=choices, **options), VALUES)
