"""Instances that are in memory: native code reads their `__dict__`, as `.values()` would name its content.

A column that is not loaded (deferred, or computed by the database) is left out, or refused where it is named: nothing
is ever queried for an instance.
"""

from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from time import perf_counter_ns
from typing import Any, cast

from django.core.exceptions import FieldError
from django.core.signals import setting_changed
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile

from pyforge_web import fields, metering
from pyforge_web._native import ModelInstances, RowColumns

# The columns of each model class whose bare instances were written before: native code looks here first.
compiled: dict[type[Model], RowColumns] = {}


def bare(instance: Model) -> ModelInstances:
    """An instance with all its columns; the caller has asked whether one of them is secret."""
    model = type(instance)
    columns = compiled[model] = columns_of(cast(Hashable, model), None)
    return ModelInstances(columns, instance, many=False, required=False)


def chosen(instance: Model, names: Sequence[str]) -> ModelInstances | dict[str, Any]:
    """An instance with these columns."""
    if _has_composite_key(type(instance), names):
        return plain(instance, names)
    return ModelInstances(columns_of(cast(Hashable, type(instance)), tuple(names)), instance, many=False, required=True)


def chosen_list(instances: Sequence[Model], names: Sequence[str]) -> list[ModelInstances | dict[str, Any]]:
    """Instances of one model, or of several, with these columns."""
    return [chosen(instance, names) for instance in instances]


def evaluated(queryset: "QuerySet[Any, Any]", names: tuple[str, ...] | None = None) -> ModelInstances | None:
    """The instances of an evaluated model QuerySet as they are now, with what the query added to them.

    None where a name is neither a column nor such an addition: only a query can tell its value.
    """
    columns = evaluated_columns(queryset, names)
    return columns and ModelInstances(columns, list(queryset), many=True, required=names is not None)


def evaluated_each(
    queryset: "QuerySet[Any, Any]", names: tuple[str, ...] | None = None
) -> Iterator[ModelInstances] | None:
    """The same one by one, for a stream."""
    columns = evaluated_columns(queryset, names)
    if columns is None:
        return None
    return (ModelInstances(columns, instance, many=False, required=names is not None) for instance in queryset)


def evaluated_columns(queryset: "QuerySet[Any, Any]", names: tuple[str, ...] | None) -> RowColumns | None:
    """What the instances of an evaluated QuerySet have under these names, or in all; None where one is unknown."""
    query = queryset.query
    extra, annotations = tuple(query.extra_select), tuple(query.annotation_select)
    return _evaluated_columns(cast(Hashable, queryset.model), names, extra, annotations)


@lru_cache(maxsize=1024)
def _evaluated_columns(
    model: Any, names: tuple[str, ...] | None, extra: tuple[str, ...], annotations: tuple[str, ...]
) -> RowColumns | None:
    if names is None:
        return _compile([*_added(extra), *_found(model, None), *_added(annotations)])
    try:
        chosen = [_added((name,)) if name in extra + annotations else _found(model, (name,)) for name in names]
    except FieldError:
        return None
    return None if _has_composite_key(model, names) else _compile(list(chain.from_iterable(chosen)))


def _has_composite_key(model: type[Model], names: Sequence[str]) -> bool:
    """Whether a key of several columns is among the names: no `__dict__` has it."""
    return "pk" in names and model._meta.pk not in model._meta.concrete_fields


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
def columns_of(model: Any, names: tuple[str, ...] | None) -> RowColumns:
    """The columns of a model's instances: these, or all.

    Raises `FieldError` for a name that the model does not have.
    """
    started = perf_counter_ns()
    columns = _compile(found := _found(model, names))
    metering.count_compiled(model._meta.label, "serializer", perf_counter_ns() - started, len(found), 0)
    return columns


def _found(model: type[Model], names: tuple[str, ...] | None) -> list[tuple[str, str, str]]:
    """Key, attribute and reader of each column of a model."""
    if names is None:
        found = [(field.attname, field) for field in model._meta.concrete_fields]
    else:
        found = [(name, fields.find_field(model, name)) for name in names]
    # Only a file is not what it is written as; everything else is written by its type, for anything may be assigned.
    return [(name, field.attname, "file" if fields.kind_of(field) == "file" else "value") for name, field in found]


def _added(names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """The same for what a query has added to the instances."""
    return [(name, name, "value") for name in names]


def _compile(columns: list[tuple[str, str, str]]) -> RowColumns:
    return RowColumns([(*column, "naive", False, 0, 0) for column in columns], "object")


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "PYFORGE_WEB":
        compiled.clear()  # other columns may be secret now


setting_changed.connect(_forget, dispatch_uid="pyforge_web.instances")
