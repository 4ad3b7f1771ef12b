"""Conflicts that `bulk_create` settles itself: with `ignore_conflicts`, and with `update_conflicts`."""

import copy
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Model, UniqueConstraint

from pyforge_web.bulk.batch import VALUE_ERRORS, InstanceBatch

_DATABASE_CODES = ("unique", "unique_together")


class ConflictRules(NamedTuple):
    """What becomes of a row that meets a stored row.

    With `ignore` it is left out. Otherwise it updates `update_fields` of the stored row that has the same values in
    `unique_fields`; without those (MySQL) of any stored row.
    """

    ignore: bool
    unique_fields: tuple[Any, ...] = ()
    update_fields: tuple[Any, ...] = ()

    def settles(self, names: Iterable[str]) -> bool:
        """Return whether a stored row with the same values in these fields is not an error."""
        if self.ignore or not self.unique_fields:
            return True
        return set(names) == {field.name for field in self.unique_fields}

    def settles_constraint(self, constraint: Any) -> bool:
        """Return the same for a constraint. ON CONFLICT covers unique and exclusion constraints only."""
        if isinstance(constraint, UniqueConstraint):
            if constraint.condition or not constraint.fields:
                return self.ignore or not self.unique_fields
            return self.settles(constraint.fields)
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

    def find(names: Iterable[str] | None) -> tuple[Any, ...]:
        return tuple(model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names or ())

    if not (ignore or update):
        return None
    return ConflictRules(ignore, find(unique_fields) if update else (), find(update_fields) if update else ())


def as_updated(batch: InstanceBatch, rules: ConflictRules, alias: str) -> tuple[InstanceBatch, set[int]]:
    """Return the batch with the rows that update a stored row as that row will be, and which rows these are.

    Such a row is the stored one with its new values in `update_fields`. So Django's checks do not compare it with
    itself, and see the values that will be stored. The errors go to the same places.
    """
    rows = list(batch.rows)
    updating: set[int] = set()
    queryset = batch.model._base_manager.using(alias)
    for row in batch.open_rows() if rules.unique_fields else ():
        values = {field.name: getattr(rows[row], field.attname) for field in rules.unique_fields}
        if None in values.values():  # NULL conflicts with nothing
            continue
        try:
            stored = queryset.filter(**values).first()
        except (ValidationError, *VALUE_ERRORS):  # no stored row has such a value
            continue
        if stored is None:
            continue
        for field in rules.update_fields:
            setattr(stored, field.attname, getattr(rows[row], field.attname))
        rows[row] = stored
        updating.add(row)
    changed = copy.copy(batch)
    changed.rows = rows
    return changed, updating
