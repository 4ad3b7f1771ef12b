"""Conflicts that `bulk_create` settles itself: with `ignore_conflicts`, and with `update_conflicts`."""

import contextlib
import copy
import datetime
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Model, UniqueConstraint

from pyforge_web.bulk.batch import VALUE_ERRORS, InstanceBatch
from pyforge_web.validation.database.bulk_queries import ModelQuerySet, filter_by_keys, keep_transaction
from pyforge_web.validation.database.comparable_columns import exact_type
from pyforge_web.validation.database.stock_drivers import not_stock_reason

# The codes of Django's errors for what a unique index would refuse. Source: `Model.unique_error_message`.
_DATABASE_CODES = ("unique", "unique_together")


class ConflictRules(NamedTuple):
    """What becomes of a row that meets a stored row.

    With `ignore` it is left out. Otherwise it updates `update_fields` of the stored row that has the same values in
    `unique_fields`; without those (MySQL) of any stored row.
    """

    ignore: bool
    unique_fields: tuple[Any, ...] = ()
    update_fields: tuple[Any, ...] = ()

    def settles_conflict(self, names: Iterable[str]) -> bool:
        """Return whether a stored row with the same values in these fields is not an error."""
        if self.ignore or not self.unique_fields:
            return True
        return set(names) == {field.name for field in self.unique_fields}

    def settles_constraint(self, constraint: Any) -> bool:
        """Return the same for a constraint. ON CONFLICT covers unique and exclusion constraints only."""
        if isinstance(constraint, UniqueConstraint):
            # Django names the columns in ON CONFLICT, which does not match an index with a condition or of
            # expressions.
            if constraint.condition or not constraint.fields:
                return self.ignore or not self.unique_fields
            return self.settles_conflict(constraint.fields)
        # By its name: django.contrib.postgres cannot be imported without psycopg.
        is_exclusion = any(cls.__qualname__ == "ExclusionConstraint" for cls in type(constraint).__mro__)
        return self.ignore and is_exclusion

    def is_untouched(self, names: Iterable[str]) -> bool:
        """Return whether an update leaves all of these fields as they are stored."""
        return bool(names) and {field.name for field in self.update_fields}.isdisjoint(names)

    def drop_settled(self, error: ValidationError) -> ValidationError | None:
        """Return what is left of the errors of a model's own `validate_unique`; None if nothing is."""
        if not self.ignore:
            return error
        found = error.update_error_dict({})
        left = {name: [leaf for leaf in leaves if leaf.code not in _DATABASE_CODES] for name, leaves in found.items()}
        left = {name: leaves for name, leaves in left.items() if leaves}
        return ValidationError(left) if left else None


def make_rules(
    model: type[Model],
    *,
    ignore: bool,
    update: bool,
    unique_fields: Iterable[str] | None,
    update_fields: Iterable[str] | None,
) -> ConflictRules | None:
    """Return the rules for the arguments of `bulk_create`; None if a conflict is an error."""

    def find_fields(names: Iterable[str] | None) -> tuple[Any, ...]:
        return tuple(model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names or ())

    if not (ignore or update):
        return None
    return ConflictRules(
        ignore, find_fields(unique_fields) if update else (), find_fields(update_fields) if update else ()
    )


def as_updated(batch: InstanceBatch, rules: ConflictRules, alias: str) -> tuple[InstanceBatch, set[int]]:
    """Return the batch with the rows that update a stored row as that row will be, and which rows these are.

    Such a row is the stored one with its new values in `update_fields`. So Django's checks do not compare it with
    itself, and see the values that will be stored. The errors go to the same places.
    """
    rows = list(batch.rows)
    updating: set[int] = set()
    for row, stored in _find_updated(batch, rules, alias).items():
        for field in rules.update_fields:
            setattr(stored, field.attname, getattr(rows[row], field.attname))
        rows[row] = stored
        updating.add(row)
    # Not a deep copy: both batches file their errors in the same dict.
    changed = copy.copy(batch)
    changed.rows = rows
    return changed, updating


def _find_updated(batch: InstanceBatch, rules: ConflictRules, alias: str) -> dict[int, Any]:
    """Return the stored row that each row of the batch updates, by the number of the row."""
    fields = rules.unique_fields
    keys = {row: tuple(getattr(batch.rows[row], field.attname) for field in fields) for row in batch.open_rows()}
    keys = {row: key for row, key in keys.items() if None not in key}  # NULL conflicts with nothing
    # The index covers all rows of the table, also those that the default manager hides.
    queryset = batch.model._base_manager.using(alias)
    if not fields or not keys:
        return {}
    # Only of these types is a value equal in Python if, and only if, it is equal in the database.
    types = [exact_type(field, connections[alias]) for field in fields]
    in_python = not not_stock_reason(queryset.all()) and all(
        type(value) is expected for key in keys.values() for value, expected in zip(key, types, strict=True)
    )
    if in_python:
        with contextlib.suppress(ValidationError, *VALUE_ERRORS):  # one of the values cannot be sent: ask one by one
            wanted = list(dict.fromkeys(keys.values()))
            found = {_key_in_utc(key): stored for key, stored in _fetch_by_keys(queryset.all(), fields, wanted).items()}
            in_utc = {row: _key_in_utc(key) for row, key in keys.items()}
            return {row: copy.copy(found[key]) for row, key in in_utc.items() if key in found}
    updated: dict[int, Any] = {}
    with keep_transaction(alias) as restore:
        for row, key in keys.items():
            try:
                lookup = {field.name: value for field, value in zip(fields, key, strict=True)}
                stored = queryset.filter(**lookup).first()
            except (ValidationError, *VALUE_ERRORS):  # no stored row has such a value
                restore()
                continue
            if stored is not None:
                updated[row] = stored
    return updated


def _key_in_utc(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a key with its times in one zone: Python finds an hour that comes twice in a year unequal in two zones."""
    return tuple(
        value.astimezone(datetime.UTC) if isinstance(value, datetime.datetime) and value.tzinfo else value
        for value in key
    )


def _fetch_by_keys(queryset: ModelQuerySet, fields: tuple[Any, ...], keys: list[tuple[Any, ...]]) -> dict[Any, Any]:
    listed: list[Any] = [key[0] for key in keys] if len(fields) == 1 else keys
    return {
        tuple(getattr(stored, field.attname) for field in fields): stored
        for rows in filter_by_keys(queryset, fields, listed)
        for stored in rows
    }
