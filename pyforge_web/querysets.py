"""QuerySets, instances and pages: the plain data that JSON is written from.

A model gives what `.values()` gives: attribute names of the concrete columns, in their order.
"""

from collections.abc import Sequence
from typing import Any, cast

from django.core.paginator import Page
from django.db.models import Model, QuerySet
from django.db.models.fields.files import FieldFile
from django.db.models.query import ModelIterable, ValuesIterable

from . import fields as model_fields

Record = dict[str, Any]


def is_model_data(data: object) -> bool:
    """Whether this is input of ours that `JsonResponse` does not take: it needs no `safe=False`."""
    if issubclass(type(data), (list, tuple)):  # isinstance would believe a `__class__` that lies
        items = cast("list[object]", data)
        return bool(items) and all(isinstance(item, Model) for item in items)
    return isinstance(data, QuerySet | Model | Page)


def rows(queryset: "QuerySet[Any, Any]", names: Sequence[str] | None = None) -> list[Any]:
    """The rows of a QuerySet: dicts for model and `values()` QuerySets, lists or values for `values_list()`.

    An evaluated model QuerySet is written from its instances, as they are now, without a query.
    """
    if queryset._iterable_class is ModelIterable:
        if queryset._result_cache is not None:
            query = queryset.query
            added = [*query.extra_select, *query.annotation_select] if names is None else []
            return [
                record(instance, names) | {name: getattr(instance, name) for name in added} for instance in queryset
            ]
        return list(queryset.values(*names or ()))
    if names is None:
        return list(queryset)
    if queryset._iterable_class is not ValuesIterable:
        raise TypeError("fields= chooses columns of models and of values(): name them in values_list() itself")
    return list(queryset.values(*names))


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
