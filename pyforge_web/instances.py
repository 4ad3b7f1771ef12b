"""Instances that are in memory: native code reads their `__dict__`, as `.values()` would name its content.

A column that is not loaded (deferred, or computed by the database) is left out, or refused where it is named: nothing
is ever queried for an instance.
"""

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, cast

from django.core.signals import setting_changed
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile

from . import fields
from .bridge import Columns, Records

# The columns of each model class whose bare instances were written before: native code looks here first.
compiled: dict[type[Model], Columns] = {}


def bare(instance: Model) -> Records:
    """An instance with all its columns; the caller has asked whether one of them is secret."""
    model = type(instance)
    columns = compiled[model] = columns_of(cast(Hashable, model), None)
    return Records(columns, instance, many=False, required=False)


def chosen(instance: Model, names: Sequence[str]) -> Records:
    """An instance with these columns."""
    return Records(columns_of(cast(Hashable, type(instance)), tuple(names)), instance, many=False, required=True)


def chosen_list(instances: Sequence[Model], names: Sequence[str]) -> list[Records]:
    """Instances of one model, or of several, with these columns."""
    return [chosen(instance, names) for instance in instances]


def evaluated(queryset: "QuerySet[Any, Any]", names: Sequence[str] | None = None) -> Records:
    """The instances of an evaluated model QuerySet as they are now, with its annotations."""
    query = queryset.query
    added = () if names is not None else (*query.extra_select, *query.annotation_select)
    columns = columns_of(cast(Hashable, queryset.model), None if names is None else tuple(names), added)
    return Records(columns, list(queryset), many=True, required=names is not None)


def plain(instance: Model, names: Sequence[str] | None = None) -> dict[str, Any]:
    """An instance as a dict of its values, for an encoder that is not ours."""
    model = type(instance)
    if names is None:
        found = {field.attname: field for field in model._meta.concrete_fields if field.attname in instance.__dict__}
    else:
        found = {name: fields.find_field(model, name) for name in names}
    values = {name: getattr(instance, field.attname) for name, field in found.items()}
    return {name: value.name if isinstance(value, FieldFile) else value for name, value in values.items()}


@lru_cache(maxsize=1024)
def columns_of(model: Any, names: tuple[str, ...] | None, added: tuple[str, ...] = ()) -> Columns:
    """The columns of a model's instances: `names`, or all, and what a query `added`.

    Raises `FieldError` for a name that the model does not have.
    """
    if names is None:
        found = [(field.attname, field) for field in model._meta.concrete_fields]
    else:
        found = [(name, fields.find_field(model, name)) for name in names]
    # Only a file is not what it is written as; everything else is written by its type, for anything may be assigned.
    columns = [(name, field.attname, "file" if fields.kind_of(field) == "file" else "value") for name, field in found]
    columns += [(name, name, "value") for name in added]
    return Columns([(name, attname, reader, "naive", False, 0, 0) for name, attname, reader in columns], "object")


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "PYFORGE_WEB":
        compiled.clear()  # other columns may be secret now


setting_changed.connect(_forget, dispatch_uid="pyforge_web.instances")
