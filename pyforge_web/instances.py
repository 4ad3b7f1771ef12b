"""Instances that are in memory: what their `__dict__` has, as `.values()` would name it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile

from . import fields as model_fields

Record = dict[str, Any]


def records(queryset: "QuerySet[Any, Any]", names: Sequence[str] | None = None) -> list[Record]:
    """The rows of an evaluated model QuerySet: its instances as they are now, with their annotations."""
    query = queryset.query
    added = [*query.extra_select, *query.annotation_select] if names is None else []
    instances: Iterable[Model] = queryset
    return [
        record(instance, names) | {name: instance.__dict__[name] for name in added if name in instance.__dict__}
        for instance in instances
    ]


def record(instance: Model, names: Sequence[str] | None = None) -> Record:
    """One instance as `.values()` would give its row; a column that is not loaded is left out unless it is named."""
    model = type(instance)
    if names is None:
        loaded = [field.attname for field in model._meta.concrete_fields if field.attname in instance.__dict__]
        return {name: _column(instance, name) for name in loaded}
    return {name: _column(instance, model_fields.find_field(model, name).attname) for name in names}


def _column(instance: Model, attname: str) -> Any:
    try:
        value = instance.__dict__[attname]
    except KeyError:
        raise ValueError(
            f"{type(instance).__name__}.{attname} is not loaded: leave it out of fields=, load it with the QuerySet, "
            f"or once with refresh_from_db(fields=[{attname!r}])"
        ) from None
    return value.name if isinstance(value, FieldFile) else value
