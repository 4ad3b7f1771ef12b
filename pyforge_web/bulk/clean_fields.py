"""`Model.clean_fields` and `Model.clean` of a batch, and `full_clean` where a model has its own."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model

from pyforge_web.bulk.batch import VALUE_ERRORS, InstanceBatch, has_django_methods
from pyforge_web.bulk.foreign_keys import clean_keys
from pyforge_web.stock import is_django_function
from pyforge_web.validation.attributes import intercepts_attributes
from pyforge_web.validation.database.foreign_keys import is_django_key
from pyforge_web.validation.errors import drop_tracebacks
from pyforge_web.validators import CompiledValidator, uses_django_clean_fields


def run_clean_fields(batch: InstanceBatch, foreign_keys: bool) -> None:
    """Clean the fields of all rows: the compiled validator, then the foreign keys."""
    if not uses_django_clean_fields(batch.model):
        _run_own_clean_fields(batch)
        return
    batch.add_path("fields", "batch", len(batch.rows), "the compiled validator")
    compiled = CompiledValidator.for_model(batch.model)
    for excluded, keys in _field_groups(batch):
        rows = batch.open_rows()
        exceptions: dict[int, Exception] = {}
        found = compiled.clean_rows([batch.rows[row] for row in rows], excluded, exceptions)
        for place, errors in found.items():
            for name, parts in errors.items():
                listed: list[Any] = list(parts) if isinstance(parts, list) else [parts]
                for part in listed:
                    if isinstance(part, ValidationError):
                        drop_tracebacks(part)
                batch.errors.setdefault(rows[place], {})[name] = listed
        # Filed after the errors: they are those of fields that were cleaned before the exception.
        for place, exception in exceptions.items():
            _end_row(batch, rows[place], exception)
        for field in keys:
            clean_keys(batch, field, foreign_keys)
    _sort_errors(batch)


def run_clean(batch: InstanceBatch) -> None:
    """Call `Model.clean` of each row, if the model has its own. It sees its row converted.

    Errors of a row's fields do not keep it from being called, as in `full_clean`.
    """
    if has_django_methods(batch.model, "clean"):
        return
    for row in batch.open_rows():
        try:
            batch.rows[row].clean()
        except ValidationError as error:
            batch.merge(row, error)
        except VALUE_ERRORS as error:
            batch.end_row(row, error)
    batch.add_path("clean", "django", len(batch.rows), "the model has its own")


def run_own_full_clean(batch: InstanceBatch, exclude: Collection[str] | None, options: dict[str, bool]) -> None:
    """Call the model's own `full_clean` of each row.

    Only what is switched off is passed: an override may lack an argument that Django's method has.
    """
    switched_off = {name: False for name, wanted in options.items() if not wanted}
    for row in batch.open_rows():
        try:
            batch.rows[row].full_clean(exclude=exclude, **switched_off)
        except ValidationError as error:
            batch.merge(row, error)
        except VALUE_ERRORS as error:
            batch.end_row(row, error)
    batch.add_path("full_clean", "django", len(batch.rows), "the model has its own")


def _run_own_clean_fields(batch: InstanceBatch) -> None:
    """Call the model's own `clean_fields` of each row."""
    for row in batch.open_rows():
        # A set of its own: `full_clean` hands one set on to all its steps, and an override may add to it.
        exclude = set(batch.exclude)
        try:
            batch.rows[row].clean_fields(exclude=exclude)
        except ValidationError as error:
            batch.merge(row, error)
        except VALUE_ERRORS as error:
            batch.end_row(row, error)
        if exclude != batch.exclude:
            batch.own_excludes[row] = exclude
    batch.add_path("fields", "django", len(batch.rows), "the model has its own clean_fields")


def _end_row(batch: InstanceBatch, row: int, exception: Exception) -> None:
    if not isinstance(exception, VALUE_ERRORS):
        raise exception
    batch.end_row(row, exception)


def _field_groups(batch: InstanceBatch) -> list[tuple[set[str], list[Any]]]:
    """Return what is cleaned in turn: the names that the compiled validator leaves out, and the keys after it.

    There is one group, unless somebody can see the order: a field of the project that reads the instance, or a model
    with its own `__setattr__`. Then each foreign key is cleaned in its place.
    """
    # `Model.clean_fields` skips generated fields: the database computes them.
    fields = [field for field in batch.model._meta.fields if not field.generated and field.name not in batch.exclude]
    every = {field.name for field in fields}
    keys = [field for field in fields if is_django_key(field)]
    if not keys or not _shows_order(batch.model, fields):
        return [(batch.exclude | {field.name for field in keys}, keys)]
    groups: list[tuple[set[str], list[Any]]] = []
    start = 0
    for end, field in enumerate(fields):
        if field in keys:
            groups.append((batch.exclude | every.difference(one.name for one in fields[start:end]), [field]))
            start = end + 1
    groups.append((batch.exclude | every.difference(one.name for one in fields[start:]), []))
    return groups


def _shows_order(model: type[Model], fields: list[Any]) -> bool:
    """Return whether code of the project runs with an instance whose fields are partly cleaned."""
    # `clean` and `validate` are given the instance; `to_python` and the validators see the value alone.
    methods = [getattr(field, name) for field in fields for name in ("clean", "validate")]
    return intercepts_attributes(model) or not all(map(is_django_function, methods))


def _sort_errors(batch: InstanceBatch) -> None:
    """Put the errors of each row in the order of the fields. Those of foreign keys were found last."""
    places = {field.name: place for place, field in enumerate(batch.model._meta.fields)}
    for row, errors in batch.errors.items():
        if len(errors) > 1:
            # An error of the whole row comes last, as `full_clean` would raise it.
            batch.errors[row] = dict(sorted(errors.items(), key=lambda item: places.get(item[0], len(places))))
