"""Which of many foreign keys have no target, found with one query."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import ForeignKey

from pyforge_web.validation.attributes import django_base, find_overridden
from pyforge_web.validation.database.bulk_queries import ModelQuerySet, find_stored
from pyforge_web.validation.database.comparable_columns import (
    compares_columns,
    exact_type,
    integer_range,
    plain_type,
)
from pyforge_web.validation.database.stock_drivers import not_stock_reason

# Two keys of one of these types are the same question to the database if they are equal.
HASHABLE_KEYS = (int, str, uuid.UUID)
# With all of these from Django, a foreign key is cleaned by the steps that we know.
_KEY_CLEANING = (
    "clean",
    "to_python",
    "validate",
    "run_validators",
    "validators",
    "get_limit_choices_to",
    "target_field",
    "empty_values",
    "__getattribute__",
    "__getattr__",
)


def is_django_key(field: Any) -> bool:
    """Return whether a field is a foreign key that Django's own methods validate, as it stands.

    A subclass may have its own, and a project may put one on the field itself, or on Django's class.
    """
    if not isinstance(field, ForeignKey) or "empty_values" in vars(field):
        return False
    return django_base(type(field), ForeignKey) is not None and not find_overridden(field, ForeignKey, _KEY_CLEANING)


class TargetLookup(NamedTuple):
    """The rows whose targets were looked up, and those without a target; whether one query did it, and why."""

    rows: list[int]
    missing: list[int]
    in_one_query: bool
    reason: str


def look_up_targets(field: Any, alias: str, limit: Any, keys: Mapping[int, Any]) -> Iterator[TargetLookup]:
    """Look up the targets of keys by row. All keys are converted, none is None.

    `limit` is what `field.get_limit_choices_to()` returns. Equal keys are looked up once, keys of other types one by
    one. Source: `django.db.models.fields.related.ForeignKey.validate`.
    """
    if not keys:
        return  # the database is not even connected to
    queryset = field.remote_field.model._base_manager.using(alias).complex_filter(limit)
    not_stock = not_stock_reason(queryset)
    # By type: 1, True and 1.0 are one member of a set, but not the same question to every column.
    for key_type in {type(key) for key in keys.values()}:
        rows = [row for row, key in keys.items() if type(key) is key_type]
        if key_type in HASHABLE_KEYS and not_stock:
            missing_keys = _ask_one_by_one(queryset, field, {keys[row] for row in rows})
            yield TargetLookup(rows, [row for row in rows if keys[row] in missing_keys], False, not_stock)
        elif key_type in HASHABLE_KEYS:
            missing_keys = _find_missing_keys(queryset, field, {keys[row] for row in rows})
            missing = [row for row in rows if keys[row] in missing_keys] if missing_keys else []
            yield TargetLookup(rows, missing, True, "equal keys are looked up once")
        else:
            missing = [row for row in rows if not _target_exists(queryset, field, keys[row])]
            yield TargetLookup(rows, missing, False, f"one query for each key that is a {key_type.__qualname__}")


def _find_missing_keys(queryset: ModelQuerySet, field: Any, keys: set[Any]) -> set[Any]:
    """Return those of the keys, all of one type, that have no row."""
    connection = connections[queryset.db]
    target = field.target_field
    # DISTINCT ON returns one row of many, so the others would seem to be missing.
    if queryset.query.distinct_fields or not compares_columns(target):
        return _ask_one_by_one(queryset, field, keys)
    out_of_range: set[Any] = set()
    if type(next(iter(keys))) is int:
        low, high = integer_range(target, connection) if plain_type(target) is int else (-(2**63), 2**63 - 1)
        out_of_range = {key for key in keys if not low <= key <= high}
    keys = keys - out_of_range
    missing = _ask_one_by_one(queryset, field, out_of_range)
    # Distinct: `limit_choices_to` may join a relation to many, which gives a key more than once.
    stored_keys = list(find_stored(queryset.distinct(), [target], list(keys)))
    if not stored_keys:
        return missing | keys
    if exact_type(target, connection) is not None:
        return missing | keys.difference(stored_keys)
    if len(stored_keys) == len(keys):
        return missing
    # Only the database knows which keys equal the stored ones. Texts that are equal in Python are equal in every
    # collation.
    doubtful = keys if plain_type(target) is None else keys.difference(stored_keys)
    return missing | _ask_one_by_one(queryset, field, doubtful)


def _ask_one_by_one(queryset: ModelQuerySet, field: Any, keys: Iterable[Any]) -> set[Any]:
    return {key for key in keys if not _target_exists(queryset, field, key)}


def _target_exists(queryset: ModelQuerySet, field: Any, key: Any) -> bool:
    return queryset.filter(**{field.remote_field.field_name: key}).exists()
