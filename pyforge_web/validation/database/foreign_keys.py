"""The targets of foreign keys: which of many keys have none, in one query."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connections

from pyforge_web.validation.database.bulk_queries import Rows, stored
from pyforge_web.validation.database.comparable_columns import exact_type, integer_range, plain_type

# Values that are one question when they are equal and of one type.
HASHED = (int, str, uuid.UUID)


class Missing(NamedTuple):
    """A foreign key to a row that is not there."""

    field: Any
    value: Any

    @property
    def code(self) -> str:
        return "invalid"

    def error_list(self) -> list[ValidationError]:
        """The error of `django.db.models.fields.related.ForeignKey.validate`."""
        remote = self.field.remote_field
        params = {
            "model": remote.model._meta.verbose_name,
            "pk": self.value,
            "field": remote.field_name,
            "value": self.value,
        }
        return [ValidationError(self.field.error_messages["invalid"], code="invalid", params=params)]


class Looked(NamedTuple):
    """The rows that were asked for, those of them without a target; whether with one query, and why."""

    rows: list[int]
    missing: list[int]
    together: bool
    reason: str


def look_up(field: Any, alias: str, limit: Any, keys: Mapping[int, Any]) -> Iterator[Looked]:
    """Looks for the targets of keys by row, all of them converted and none of them None.

    `limit` is what `field.get_limit_choices_to()` gives. Equal keys are looked for once, keys of odd types each on its
    own. Source: `django.db.models.fields.related.ForeignKey.validate`.
    """
    queryset = field.remote_field.model._base_manager.using(alias).complex_filter(limit)
    # By type: 1, True and 1.0 are one member of a set, and not one question to every column.
    for kind in {type(key) for key in keys.values()}:
        alike = [row for row, key in keys.items() if type(key) is kind]
        if kind in HASHED:
            missing = _missing(queryset, field, {keys[row] for row in alike})
            refused = [row for row in alike if keys[row] in missing] if missing else []
            yield Looked(alike, refused, True, "equal keys are looked for once")
        else:
            refused = [row for row in alike if not _exists(queryset, field, keys[row])]
            yield Looked(alike, refused, False, f"a query for each key that is a {kind.__qualname__}")


def _missing(queryset: Rows, field: Any, values: set[Any]) -> set[Any]:
    """Those of the values, all of one type, for which there is no row."""
    connection = connections[queryset.db]
    target = field.target_field
    if queryset.query.distinct_fields:  # such a query shows one row of many
        return _each(queryset, field, values)
    strange: set[Any] = set()
    if type(next(iter(values))) is int:
        low, high = integer_range(target, connection) if plain_type(target) is int else (-(2**63), 2**63 - 1)
        strange = {value for value in values if not low <= value <= high}
    values = values - strange
    missing = _each(queryset, field, strange)
    found = list(stored(queryset.distinct(), [target], list(values)))
    if not found:
        return missing | values
    if exact_type(target, connection) is not None:
        return missing | values.difference(found)
    if len(found) == len(values):
        return missing
    # Only the database knows which of the values its rows are equal to; equal texts are equal in any collation.
    return missing | _each(queryset, field, values if plain_type(target) is None else values.difference(found))


def _each(queryset: Rows, field: Any, values: Iterable[Any]) -> set[Any]:
    return {value for value in values if not _exists(queryset, field, value)}


def _exists(queryset: Rows, field: Any, value: Any) -> bool:
    return queryset.filter(**{field.remote_field.field_name: value}).exists()
