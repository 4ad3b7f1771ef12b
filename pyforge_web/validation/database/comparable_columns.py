"""The columns whose values Python may compare in place of the database.

Their values are plain: Django compares with the value of the instance as it is, and gives it back as it is.
"""

import datetime
import uuid
from typing import Any

import django
from django.db import models
from django.db.models import ForeignKey
from django.db.models.fields.related_lookups import RelatedExact
from django.db.models.lookups import Exact, IntegerFieldExact

from pyforge_web.stock import StockMethods

# Field class → the type of its values. A value of this type is sent, compared and returned unchanged.
_VALUE_TYPES: dict[type, type] = {
    models.BooleanField: bool,
    models.DateField: datetime.date,
    models.DateTimeField: datetime.datetime,
    models.UUIDField: uuid.UUID,
    **dict.fromkeys((models.AutoField, models.BigAutoField, models.SmallAutoField), int),
    **dict.fromkeys((models.IntegerField, models.BigIntegerField, models.SmallIntegerField), int),
    models.PositiveIntegerField: int,
    models.PositiveBigIntegerField: int,
    models.PositiveSmallIntegerField: int,
    **dict.fromkeys((models.CharField, models.TextField, models.SlugField, models.EmailField, models.URLField), str),
}
# What changes a value on its way to a column and back, as Django has it in each of these classes. `to_python` is called
# by `get_prep_value`.
_COLUMN_METHODS = {
    kind: StockMethods(kind, ("get_db_converters", "get_prep_value", "get_db_prep_value", "to_python"), django)
    for kind in _VALUE_TYPES
}
# Databases that compare text without an explicit collation byte by byte.
TEXT_BY_BYTES = ("sqlite", "postgresql")
_EXACT_LOOKUPS = (Exact, IntegerFieldExact, RelatedExact)
# What a foreign key takes from the field that it refers to, unless a subclass overrides it.
_KEY_METHODS = ("to_python", "get_prep_value", "get_db_prep_value", "target_field")


def column_field(field: Any) -> Any:
    """Return the field itself; for a foreign key, the field that it refers to in the end."""
    while isinstance(field, ForeignKey) and all(
        getattr(type(field), name) is getattr(ForeignKey, name) for name in _KEY_METHODS
    ):
        field = field.target_field
    return field


def plain_type(field: Any) -> type | None:
    """Return the type of the values that a Django field takes and gives unchanged; None for any other field."""
    column = column_field(field)
    kind = type(column)
    methods = _COLUMN_METHODS.get(kind)
    # Converters and methods may be put on the class, or on the field itself: see `Field.get_db_converters`.
    if methods is None or hasattr(column, "from_db_value") or not methods.are_methods_of(kind):
        return None
    if not compares_columns(field) or (column is not field and not compares_columns(column)):
        return None
    return _VALUE_TYPES[kind] if vars(column).keys().isdisjoint(methods.names) else None


def compares_columns(field: Any) -> bool:
    """Return whether a lookup of a value compares it with the column itself: a project may register its own `exact`."""
    # Not by `get_lookup()`, which takes twice as long: this is asked for each column of each check.
    return field.get_lookups().get("exact") in _EXACT_LOOKUPS


def integer_range(field: Any, connection: Any) -> tuple[int, int]:
    """Return the smallest and the largest integer of a column.

    Django's lookups find no row for an integer outside of it, without asking the database (ticket 27397).
    """
    low, high = connection.ops.integer_field_range(column_field(field).get_internal_type())
    return -(2**63) if low is None else low, 2**63 - 1 if high is None else high


def exact_type(field: Any, connection: Any) -> type | None:
    """Return the type of the values if two of them are equal in Python exactly when they are equal in the column.

    Returns None where only the database can tell.
    """
    field = column_field(field)
    value_type = plain_type(field)
    if value_type is None:
        return None
    # A table that Django did not create may have any collation.
    if value_type is str and (
        connection.vendor not in TEXT_BY_BYTES or field.db_collation is not None or not field.model._meta.managed
    ):
        return None
    return value_type
