"""The foreign keys of a batch: Django's `ForeignKey.clean`, with one query for the targets of all rows."""

import contextlib
import inspect
import uuid
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, ForeignKey
from django.db.models.expressions import DatabaseDefault

from pyforge_web.bulk.batch import Batch
from pyforge_web.validation.database.comparable_columns import plain_type
from pyforge_web.validation.database.foreign_keys import HASHED, Missing, look_up

# What a subclass may not have made its own, so that the steps below are its `clean`.
_OWN = ("clean", "to_python", "validate", "run_validators", "validators", "get_limit_choices_to", "empty_values")
# In the place of a value: nothing more is to be done for the row.
_DONE: Any = object()


def is_batched(field: Any) -> bool:
    """Whether this is a foreign key whose validation is Django's own."""
    return isinstance(field, ForeignKey) and all(
        getattr(type(field), name) is getattr(ForeignKey, name) for name in _OWN
    )


def clean_relation(batch: Batch, field: Any, existing: bool) -> None:
    """Converts, judges and writes back the keys of all rows; `existing` asks whether their targets exist.

    Source: `django.db.models.base.Model.clean_fields`, `django.db.models.fields.related.ForeignKey.validate`.
    """
    plain = _is_plain(batch, field)
    raws = _read(batch, field, plain)
    values = _converted(batch, field, raws)
    if not field.remote_field.parent_link:
        if field.choices is not None or not set(map(type, values)) <= {int, uuid.UUID}:
            _judge(batch, field, values)
        if existing:
            _find_targets(batch, field, values)
    if field.validators:
        _run_validators(batch, field, values)
    if not (plain and values is raws):
        _write(batch, field, raws, values, plain)


def _is_plain(batch: Batch, field: Any) -> bool:
    """Whether a key is read from and written to the instance's `__dict__`, and nothing else happens."""
    return (
        type(inspect.getattr_static(batch.model, field.attname)) is ForeignKey.descriptor_class
        and batch.model.__setattr__ is object.__setattr__
        and batch.model.__getattribute__ is object.__getattribute__
    )


def _read(batch: Batch, field: Any, plain: bool) -> list[Any]:
    name = field.attname
    if plain:
        with contextlib.suppress(KeyError):  # of a deferred field, which is queried for as Django does
            return [instance.__dict__[name] for instance in batch.rows]
    return list(map(attrgetter(name), batch.rows))


def _converted(batch: Batch, field: Any, raws: list[Any]) -> list[Any]:
    """The values of `to_python`, which is called once for equal keys of a plain type."""
    taken_as_is = plain_type(field)
    if set(map(type, raws)) == {taken_as_is} and not (taken_as_is is str and "" in raws):
        return raws
    known: dict[tuple[type, Any], Any] = {}
    values = list(raws)
    for row, raw in enumerate(raws):
        if (field.blank and raw in field.empty_values) or isinstance(raw, DatabaseDefault):
            values[row] = _DONE
            continue
        key = (type(raw), raw) if type(raw) in HASHED else None
        try:
            values[row] = known[key] if key in known else field.to_python(raw)
            if key is not None:
                known[key] = values[row]
        except ValidationError as error:
            _refuse(batch, field, row, error, values)
    return values


def _judge(batch: Batch, field: Any, values: list[Any]) -> None:
    """`Field.validate`: null, blank and choices."""
    for row, value in enumerate(values):
        if value is _DONE or (field.choices is None and value not in field.empty_values):
            continue
        try:
            Field.validate(field, value, batch.rows[row])
        except ValidationError as error:
            _refuse(batch, field, row, error, values)


def _find_targets(batch: Batch, field: Any, values: list[Any]) -> None:
    """Refuses the keys without a target; equal keys are looked for once, keys of odd types each on their own."""
    waiting = [row for row, value in enumerate(values) if value is not _DONE and value is not None]
    if not waiting:
        return
    remote = field.remote_field
    limit = field.get_limit_choices_to()
    for alias, rows in batch.by_database("db_for_read", remote.model):
        chosen = waiting if len(rows) == len(values) else sorted(set(waiting).intersection(rows))
        for looked in look_up(field, alias, limit, {row: values[row] for row in chosen}):
            batch.took(field.name, "batch" if looked.together else "django", len(looked.rows), looked.reason)
            for row in looked.missing:
                batch.add(row, field.name, Missing(field, values[row]))
                values[row] = _DONE


def _run_validators(batch: Batch, field: Any, values: list[Any]) -> None:
    for row, value in enumerate(values):
        if value is _DONE:
            continue
        try:
            field.run_validators(value)
        except ValidationError as error:
            _refuse(batch, field, row, error, values)


def _write(batch: Batch, field: Any, raws: list[Any], values: list[Any], plain: bool) -> None:
    """`setattr` as Django does; what is the same object need not be set where that does nothing else."""
    for instance, raw, value in zip(batch.rows, raws, values, strict=True):
        if value is not _DONE and not (plain and value is raw):
            setattr(instance, field.attname, value)


def _refuse(batch: Batch, field: Any, row: int, error: ValidationError, values: list[Any]) -> None:
    for leaf in error.error_list:
        batch.add(row, field.name, leaf)
    values[row] = _DONE
