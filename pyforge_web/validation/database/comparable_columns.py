"""The columns whose values are plain: what is in the instance is what Django compares with and gives back."""

import datetime
import uuid
from typing import Any

from django.db import models
from django.db.models import ForeignKey
from django.db.models.lookups import Exact, IntegerFieldExact

# Field class → the one type of its values that it takes, compares with and gives back as they are.
_TYPES: dict[type, type] = {
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
# Databases where text without a collation of its own is compared byte by byte.
TEXT_BY_BYTES = ("sqlite", "postgresql")
# What a foreign key has from its target, unless a subclass has its own.
_OF_KEY = ("to_python", "get_prep_value", "get_db_prep_value", "target_field")


def column_field(field: Any) -> Any:
    """The field itself, or what a foreign key refers to in the end."""
    while isinstance(field, ForeignKey) and all(
        getattr(type(field), name) is getattr(ForeignKey, name) for name in _OF_KEY
    ):
        field = field.target_field
    return field


def plain_type(field: Any) -> type | None:
    """The type of the values that a field of Django's takes as they are; None for a field of any other class."""
    return _TYPES.get(type(column_field(field)))


def integer_range(field: Any, connection: Any) -> tuple[int, int]:
    """The integers that a column can hold: of others Django's lookups say that no row has them."""
    low, high = connection.ops.integer_field_range(column_field(field).get_internal_type())
    return -(2**63) if low is None else low, 2**63 - 1 if high is None else high


def exact_type(field: Any, connection: Any) -> type | None:
    """The type of the values if the equality of the values in Python is that of the column; otherwise None."""
    field = column_field(field)
    found = plain_type(field)
    if found is None or field.get_lookup("exact") not in (Exact, IntegerFieldExact):
        return None
    if found is str and (
        connection.vendor not in TEXT_BY_BYTES or field.db_collation is not None or not field.model._meta.managed
    ):
        return None
    return found
