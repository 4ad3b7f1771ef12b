"""The foreign keys of a batch: Django's `ForeignKey.clean`, with one query for the targets of all rows."""

import contextlib
import uuid
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field
from django.db.models.expressions import DatabaseDefault

from pyforge_web.bulk.batch import VALUE_ERRORS, InstanceBatch
from pyforge_web.validation.attributes import is_plain_attribute
from pyforge_web.validation.database.bulk_queries import keep_transaction
from pyforge_web.validation.database.comparable_columns import plain_type
from pyforge_web.validation.database.foreign_keys import HASHABLE_KEYS, look_up_targets
from pyforge_web.validation.errors import MissingTarget

# Stands in the place of a value if nothing more is to be done for the row.
_SETTLED: Any = object()


def clean_keys(batch: InstanceBatch, field: Any, check_targets: bool) -> None:
    """Convert, validate and write back one foreign key of all rows. `check_targets` looks up whether they exist.

    Source: `django.db.models.base.Model.clean_fields`, `django.db.models.fields.related.ForeignKey.validate`.
    """
    plain = is_plain_attribute(batch.model, field)
    raw_values = _read_known_keys(batch, field, plain)
    values = _convert_keys(batch, field, raw_values)
    # `ForeignKey.validate` returns at once for the link to a parent, which is saved first and has no row yet.
    if not field.remote_field.parent_link:
        # An int or a UUID is never empty, so that only choices could reject it.
        if field.choices is not None or not set(map(type, values)) <= {int, uuid.UUID}:
            _validate_keys(batch, field, values)
        if check_targets:
            _check_targets(batch, field, values)
    if field.validators:
        _run_key_validators(batch, field, values)
    if not (plain and values is raw_values):
        _write_keys(batch, field, raw_values, values, plain)


def _read_known_keys(batch: InstanceBatch, field: Any, plain: bool) -> list[Any]:
    name = field.attname
    if plain:
        with contextlib.suppress(KeyError):  # a deferred field is read below, with a query, as Django does
            return [instance.__dict__[name] for instance in batch.rows]
    return list(map(attrgetter(name), batch.rows))


def _convert_keys(batch: InstanceBatch, field: Any, raw_values: list[Any]) -> list[Any]:
    """Return the values of `to_python`. It is called once for equal keys of a plain type."""
    taken_as_is = plain_type(field)
    if (
        not batch.ended
        and set(map(type, raw_values)) == {taken_as_is}
        and not (taken_as_is is str and "" in raw_values)
    ):
        return raw_values
    known: dict[tuple[type, Any], Any] = {}
    values = list(raw_values)
    for row, raw in enumerate(raw_values):
        if row in batch.ended:
            values[row] = _SETTLED
            continue
        key = (type(raw), raw) if type(raw) in HASHABLE_KEYS else None
        try:
            # What `clean_fields` skips.
            if (field.blank and raw in field.empty_values) or isinstance(raw, DatabaseDefault):
                values[row] = _SETTLED
                continue
            values[row] = known[key] if key in known else field.to_python(raw)
            if key is not None:
                known[key] = values[row]
        except ValidationError as error:
            _reject_key(batch, field, row, error, values)
        except VALUE_ERRORS as error:
            _end_key(batch, row, error, values)
    return values


def _validate_keys(batch: InstanceBatch, field: Any, values: list[Any]) -> None:
    """Call `Field.validate`: null, blank and choices."""
    for row, value in enumerate(values):
        if value is _SETTLED or (field.choices is None and value not in field.empty_values):
            continue
        try:
            Field.validate(field, value, batch.rows[row])
        except ValidationError as error:
            _reject_key(batch, field, row, error, values)
        except VALUE_ERRORS as error:
            _end_key(batch, row, error, values)


def _check_targets(batch: InstanceBatch, field: Any, values: list[Any]) -> None:
    """Reject the keys without a target. Equal keys are looked up once, keys of unusual types one by one."""
    waiting = [row for row, value in enumerate(values) if value is not _SETTLED and value is not None]
    if not waiting:
        return
    remote = field.remote_field
    # Called once. Django calls it for each row, and gets the same for all of them unless it looks at the clock.
    limit = field.get_limit_choices_to()
    for alias, rows in batch.by_database("db_for_read", remote.model):
        chosen = waiting if len(rows) == len(values) else sorted(set(waiting).intersection(rows))
        try:
            _look_up_keys(batch, field, alias, limit, values, chosen)
        except (ValidationError, *VALUE_ERRORS):
            # One of the keys cannot be asked for, and each alone tells which: `ForeignKey.validate` asks for one.
            for row in chosen:
                _look_up_alone(batch, field, alias, limit, values, row)


def _look_up_keys(batch: InstanceBatch, field: Any, alias: str, limit: Any, values: list[Any], rows: list[int]) -> None:
    # As a list: if a later query raises, nothing of the earlier ones is filed yet.
    with keep_transaction(alias, lambda: plain_type(field) is None):
        lookups = list(look_up_targets(field, alias, limit, {row: values[row] for row in rows}))
    for lookup in lookups:
        batch.add_path(field.name, "batch" if lookup.in_one_query else "django", len(lookup.rows), lookup.reason)
        for row in lookup.missing:
            batch.add(row, field.name, MissingTarget(field, values[row]))
            values[row] = _SETTLED


def _look_up_alone(batch: InstanceBatch, field: Any, alias: str, limit: Any, values: list[Any], row: int) -> None:
    try:
        _look_up_keys(batch, field, alias, limit, values, [row])
    except ValidationError as error:
        _reject_key(batch, field, row, error, values)
    except VALUE_ERRORS as error:
        _end_key(batch, row, error, values)


def _run_key_validators(batch: InstanceBatch, field: Any, values: list[Any]) -> None:
    for row, value in enumerate(values):
        if value is _SETTLED:
            continue
        try:
            field.run_validators(value)
        except ValidationError as error:
            _reject_key(batch, field, row, error, values)
        except VALUE_ERRORS as error:
            _end_key(batch, row, error, values)


def _write_keys(batch: InstanceBatch, field: Any, raw_values: list[Any], values: list[Any], plain: bool) -> None:
    """Set the attributes as Django does. Setting the same object again is left out where nobody can see it."""
    for instance, raw, value in zip(batch.rows, raw_values, values, strict=True):
        if value is not _SETTLED and not (plain and value is raw):
            setattr(instance, field.attname, value)


def _reject_key(batch: InstanceBatch, field: Any, row: int, error: ValidationError, values: list[Any]) -> None:
    for leaf in error.error_list:
        batch.add(row, field.name, leaf)
    values[row] = _SETTLED


def _end_key(batch: InstanceBatch, row: int, error: BaseException, values: list[Any]) -> None:
    batch.end_row(row, error)
    values[row] = _SETTLED
