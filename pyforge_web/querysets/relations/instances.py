"""Instances in memory with their relations, from what `select_related` and `prefetch_related` have loaded of them.

Nothing is queried that was not asked for: what is not loaded is an error. With `fetch=True` a relation costs one
`prefetch_related_objects` for all instances that lack it, and their deferred columns one statement together.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.db.models import Model, prefetch_related_objects
from django.db.models.constants import LOOKUP_SEP
from django.db.models.fields.files import FieldFile

from pyforge_web.querysets.field_selection import Fields, NestedFields
from pyforge_web.querysets.relations.model_relations import (
    Relation,
    find_column,
    find_relation,
    unknown,
    unknown_relation,
)
from pyforge_web.querysets.relations.resolve import AnyQuerySet, Branch, Path, Tree, prefetches

_ABSENT = object()


def to_dicts(
    instances: Sequence[Model], fields: Fields, *, fetch: bool = False, path: Path = ()
) -> list[dict[str, Any]]:
    """The fields of instances, of one model or of several.

    Raises `FieldError` for a name that does not exist, `ValueError` for what is not loaded.
    """
    rows: list[dict[str, Any]] = [{} for _ in instances]
    if fetch:
        _fetch_columns(instances, fields)
    for item in fields:
        if isinstance(item, str):
            for instance, row in zip(instances, rows, strict=True):
                row[item] = _value(instance, item, path)
            continue
        within = (*path, item.name)
        if fetch:
            _fetch(instances, item.name)
        found = [_related(instance, item.name, within) for instance in instances]
        objects = [each for related in found for each in (related if isinstance(related, list) else [related]) if each]
        written = iter(to_dicts(objects, item.fields, fetch=fetch, path=within))
        for related, row in zip(found, rows, strict=True):
            if isinstance(related, list):
                row[item.name] = [next(written) for _ in related]
            else:
                row[item.name] = None if related is None else next(written)
    return rows


def with_relations(queryset: AnyQuerySet, tree: Tree) -> AnyQuerySet:
    """A QuerySet whose instances have what a tree names, by joins and `Prefetch`es."""
    query = queryset.query
    if not query.combinator:  # which takes no more of these
        queryset = queryset.prefetch_related(None).prefetch_related(*prefetches(tree))
        if query.deferred_loading[0]:
            queryset = queryset.defer(None)
        if joined := list(_joined(tree, ())):
            queryset = queryset.select_related(*joined)
    return queryset


def _joined(tree: Tree, path: Path) -> Iterator[str]:
    """What `select_related` loads of a tree."""
    for item in tree.items:
        if isinstance(item, Branch) and item.is_joined and item.relation.doubt is None:
            within = (*path, item.relation.query_name)
            yield LOOKUP_SEP.join(within)
            yield from _joined(item.tree, within)


def _value(instance: Model, name: str, path: Path) -> Any:
    field = find_column(type(instance), name)
    value = instance.__dict__.get(name if field is None else field.attname, _ABSENT)
    if field is None and (value is _ABSENT or name.startswith("_") or _has_models(value)):
        raise unknown(type(instance), name, path)
    if value is _ABSENT:
        if field is not None and field.column is None:  # a key of several columns: no `__dict__` has it
            return getattr(instance, name)
        raise ValueError(
            f"{'.'.join((*path, name))} is not loaded; leave it out of fields=, load it with the QuerySet, or once "
            f"with refresh_from_db(fields=[{name!r}])"
        )
    return value.name if isinstance(value, FieldFile) else value


def _has_models(value: Any) -> bool:
    """Whether an attribute holds instances: nobody has said which of their columns to write."""
    return isinstance(value, Model) or (isinstance(value, list) and any(isinstance(item, Model) for item in value))


def _related(instance: Model, name: str, path: Path) -> Model | list[Model] | None:
    """The objects of a relation that are loaded, those of a `to_attr` among them."""
    relation = find_relation(type(instance), name)
    if relation is None:
        value = instance.__dict__.get(name, _ABSENT)
        if value is None or isinstance(value, Model):
            return value
        if isinstance(value, list) and all(isinstance(item, Model) for item in value):
            return value
        added = () if value is _ABSENT else (name,)
        raise unknown_relation(type(instance), name, path[:-1], added)
    found = _cached(instance, relation)
    if found is _ABSENT:
        method = "prefetch_related" if relation.many or relation.model is None else "select_related"
        raise ValueError(
            f"{'.'.join(path)} is not loaded; add {method}({LOOKUP_SEP.join(path)!r}) to the QuerySet, or pass "
            "fetch=True to load it now"
        )
    return found  # type: ignore[no-any-return]


def _cached(instance: Model, relation: Relation) -> Any:
    """What a relation's cache has; `_ABSENT` where the next access would be a query."""
    if relation.many:
        return _prefetched(instance, relation)
    if relation.sort == "backward":
        rel = relation.field.remote_field
        return rel.get_cached_value(instance, default=None if instance.pk is None else _ABSENT)
    field = relation.field
    if field.is_cached(instance):
        return field.get_cached_value(instance)
    if relation.sort == "forward":
        return _from_own_row(instance, field)
    return _ABSENT


def _from_own_row(instance: Model, field: Any) -> Any:
    """What a forward descriptor finds without a query: nothing behind a null, or the parent whose row it has."""
    if any(column.attname not in instance.__dict__ for column in field.local_related_fields):
        return _ABSENT
    if None in field.get_local_related_value(instance):
        return None
    ancestor: Any = instance
    while ancestor is not None and (link := ancestor._meta.get_ancestor_link(field.model)) is not None:
        ancestor = link.get_cached_value(ancestor, default=None)
        if ancestor is not None and (found := field.get_cached_value(ancestor, default=None)) is not None:
            return found
    if field.remote_field.parent_link:
        columns = [column.attname for column in field.remote_field.model._meta.concrete_fields]
        if all(name in instance.__dict__ for name in columns):
            return getattr(instance, field.name)  # makes it of them
    return _ABSENT


def _prefetched(instance: Model, relation: Relation) -> Any:
    """The objects of a relation to many, as the manager would give them."""
    if instance.pk is None:
        return _ABSENT
    queryset = instance.__dict__.get("_prefetched_objects_cache", {}).get(relation.name)
    if queryset is None:  # the cache has its own name for some relations; a new QuerySet has no result
        queryset = getattr(instance, relation.name).all()
    objects = getattr(queryset, "_result_cache", None)
    return _ABSENT if objects is None else objects


def _fetch(instances: Iterable[Model], name: str) -> None:
    """Loads a relation of the instances that do not have it: one statement for each model among them."""
    missing: dict[type[Model], list[Model]] = {}
    for instance in instances:
        relation = find_relation(type(instance), name)
        if relation is not None and _cached(instance, relation) is _ABSENT:
            missing.setdefault(type(instance), []).append(instance)
    for group in missing.values():
        prefetch_related_objects(group, name)


def _fetch_columns(instances: Iterable[Model], fields: Fields) -> None:
    """Loads columns of the instances that do not have them: one statement for each model among them."""
    missing: dict[tuple[type[Model], str | None], tuple[set[str], list[Model]]] = {}
    for instance in instances:
        absent = set(_needed(type(instance), fields) - instance.__dict__.keys())
        if absent and instance.pk is not None:
            group = missing.setdefault((type(instance), instance._state.db), (set(), []))
            group[0].update(absent)
            group[1].append(instance)
    for (model, using), (absent, group_of) in missing.items():
        found = model._base_manager.using(using).filter(pk__in=[instance.pk for instance in group_of])
        values = {pk: row for pk, *row in found.values_list("pk", *absent)}
        for instance in group_of:
            for name, value in zip(absent, values.get(instance.pk, ()), strict=False):
                instance.__dict__.setdefault(name, value)


@lru_cache(maxsize=1024)
def _needed(model: Any, fields: Fields) -> frozenset[str]:
    """The attributes of the columns that are named, and of the keys of forward relations."""
    keys = {relation.field for item in fields if (relation := _forward(model, item)) is not None}
    columns = {find_column(model, item) for item in fields if isinstance(item, str)} | keys
    return frozenset(column.attname for column in columns if column is not None and column.column is not None)


def _forward(model: Any, item: str | NestedFields) -> Relation | None:
    relation = find_relation(model, item.name) if isinstance(item, NestedFields) else None
    return relation if relation is not None and relation.sort == "forward" else None
