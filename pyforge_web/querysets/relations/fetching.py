"""What `fetch=True` asks the database for: what instances in memory lack, all of them in one statement."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import F, Model, prefetch_related_objects
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.output.fields import Flat, OutputField
from pyforge_web.output.grammar import AllColumns, KeyedExpression, NestedFields, ParsedFields
from pyforge_web.output.model_names import Relation, find_column, find_relation, is_generic_key
from pyforge_web.querysets.django_path import why_instances
from pyforge_web.querysets.relations.loaded_relations import is_loaded
from pyforge_web.stock import find_stock

_REFRESH = find_stock(Model, "refresh_from_db")


def fetch_relation(instances: Iterable[Model], name: str) -> None:
    """Load a relation of the instances that do not have it: one statement for each model and database among them.

    Django's own prefetching asks the database of the first instance for all of them.
    """
    missing = []
    for instance in instances:
        relation = find_relation(type(instance), name)
        if relation is not None and not is_loaded(instance, relation):
            missing.append(instance)
    for (model, using), group in group_instances(missing).items():
        field = cast(Relation, find_relation(model, name)).field
        if using is not None and is_generic_key(field):
            _fetch_generic(group, field, using)
        else:
            prefetch_related_objects(group, name)


def group_instances(instances: Iterable[Model]) -> dict[tuple[type[Model], str | None], list[Model]]:
    """Return the instances of each model and database, in their order."""
    groups: dict[tuple[type[Model], str | None], list[Model]] = {}
    for instance in instances:
        groups.setdefault((type(instance), instance._state.db), []).append(instance)
    return groups


def _fetch_generic(instances: list[Model], field: Any, using: str) -> None:
    """Load what a generic foreign key leads to, from the database of its instances.

    Django's prefetching asks the database that a router names for the model.
    """
    attname = field.model._meta.get_field(field.ct_field).attname
    models: dict[Any, type[Model]] = {}
    for key in {getattr(instance, attname) for instance in instances} - {None}:
        model = field.get_content_type(id=key, using=using).model_class()
        # Not of a proxy: a QuerySet of it would be one of its concrete model here.
        if model is not None and field.get_content_type(model=model, using=using).pk == key:
            models[key] = model
    for instance in instances:
        if getattr(instance, attname) not in models:
            getattr(instance, field.name)
    querysets = [model._base_manager.using(using) for model in models.values()]
    prefetch_related_objects(instances, GenericPrefetch(field.name, querysets))


def fetch_deferred(instances: Iterable[Model], fields: ParsedFields) -> None:
    """Load columns of the instances that do not have them: one statement for each model among them."""
    needed: dict[type[Model], set[str]] = {}
    missing: dict[tuple[type[Model], str | None], tuple[set[str], list[Model]]] = {}
    for instance in instances:
        model = type(instance)
        if model not in needed:
            needed[model] = set(_needed_columns(model, fields))
        absent = needed[model] - instance.__dict__.keys()
        if absent and instance.pk is not None:
            names, group = missing.setdefault((model, instance._state.db), (set(), []))
            names.update(absent)
            group.append(instance)
    for (model, _), (names, group) in missing.items():
        # As a deferred attribute does, which asks the routers. Source: `Model.refresh_from_db`.
        manager = model._base_manager.db_manager(hints={"instance": group[0]})
        queryset = manager.filter(pk__in=[instance.pk for instance in group])
        if (is_reloaded := model.refresh_from_db is not _REFRESH) or why_instances(model) is not None:
            _read_deferred(group, names, {} if is_reloaded else {each.pk: each for each in queryset.only(*names)})
            continue
        values = {pk: row for pk, *row in queryset.values_list("pk", *names)}
        for instance in group:
            for name, value in zip(names, values.get(instance.pk, ()), strict=False):
                instance.__dict__.setdefault(name, value)


def _read_deferred(instances: Iterable[Model], names: Iterable[str], loaded: dict[Any, Model]) -> None:
    """Load columns as code of the project's gives them: by instances with these keys, else as the attribute does."""
    for instance in instances:
        source = loaded.get(instance.pk)
        for name in names:
            if name in instance.__dict__:
                continue
            if source is None:
                getattr(instance, name)
            else:
                setattr(instance, name, getattr(source, name))


def _needed_columns(model: type[Model], fields: ParsedFields) -> Iterator[str]:
    """Yield the attributes of the columns that are named, and of the keys of forward relations."""
    for item in fields:
        if isinstance(item, KeyedExpression) and isinstance(item.expression, OutputField):
            names = () if isinstance(item.expression, Flat) else item.expression.names
            yield from _needed_columns(model, names)
        name = _find_item_name(item)
        if name is None or isinstance(item, AllColumns):
            continue
        field = None if isinstance(item, NestedFields) else find_column(model, name)
        relation = find_relation(model, name.split(LOOKUP_SEP)[0]) if field is None else None
        if relation is not None and relation.sort == "forward":
            field = relation.field
        if field is not None and field.column is not None:
            yield field.attname


def find_plain_name(item: KeyedExpression) -> str | None:
    """Return the name that an expression stands for, which instances have loaded; None for any other expression."""
    return cast(Any, item.expression).name if type(item.expression) is F else None


def _find_item_name(item: Any) -> str | None:
    """Return the name that an output field begins with; None for an expression that is more than a name."""
    if isinstance(item, KeyedExpression):
        return find_plain_name(item)
    return cast(str, item if isinstance(item, str) else item.name)
