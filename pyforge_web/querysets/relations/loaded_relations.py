"""The relations of instances that are in memory: what `select_related` and `prefetch_related` have loaded of them."""

from inspect import getattr_static
from types import NoneType
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.conf import with_docs
from pyforge_web.output.managers import why_own_all
from pyforge_web.output.model_names import NamePath, Relation, find_relation, is_generic_key, unknown_relation

ABSENT = object()  # what the next access would query for


def find_related(instance: Model, name: str, path: NamePath) -> Model | list[Model] | None:
    """Return the objects of a relation that are loaded, those of a `to_attr` among them."""
    relation = find_relation(type(instance), name)
    if relation is None:
        value = instance.__dict__.get(name, ABSENT)
        if value is ABSENT and type(shared := getattr_static(type(instance), name, ABSENT)) in (list, NoneType):
            value = shared  # Django loads no `to_attr` that the class has
        if value is None or isinstance(value, Model):
            return value
        if isinstance(value, list):
            value = list(value)  # once: a class of its own may give other objects each time
            if all(isinstance(item, Model) for item in value):
                return value
        added = () if value is ABSENT else (name,)
        raise unknown_relation(type(instance), name, path[:-1], added)
    objects = read_relation_cache(instance, relation)
    if objects is not ABSENT:
        return objects  # type: ignore[no-any-return]
    raise _not_loaded(relation, path)


def find_loaded_queryset(instance: Model, name: str, path: NamePath) -> Any:
    """Return the QuerySet of a relation to many that is loaded."""
    relation: Any = find_relation(type(instance), name)
    queryset = find_prefetched(instance, relation)
    if queryset is None:
        raise _not_loaded(relation, path)
    return queryset


def _not_loaded(relation: Relation, path: NamePath) -> ValueError:
    method = "prefetch_related" if relation.many or relation.model is None else "select_related"
    return with_docs(
        ValueError(
            f"{'.'.join(path)} is not loaded; add {method}({LOOKUP_SEP.join(path)!r}) to the QuerySet, or pass "
            "fetch=True to load it now"
        ),
        "not-loaded",
    )


def is_loaded(instance: Model, relation: Relation) -> bool:
    """Return whether a relation's cache has its objects; the rows of a QuerySet there are not iterated."""
    if relation.many:
        return find_prefetched(instance, relation) is not None
    return read_relation_cache(instance, relation) is not ABSENT


def read_relation_cache(instance: Model, relation: Relation) -> Any:
    """Return what a relation's cache has; `ABSENT` where the next access would be a query."""
    if relation.many:
        queryset = find_prefetched(instance, relation)
        if queryset is not None and (relation.sort == "other" or why_own_all(cast(Any, relation.model))):
            queryset = getattr(instance, relation.name).all()
        # Iterated: a class of its own may give other rows than its cache has.
        return ABSENT if queryset is None else list(queryset)
    if relation.sort == "backward":
        rel = relation.field.remote_field
        return rel.get_cached_value(instance, default=None if instance.pk is None else ABSENT)
    field = relation.field
    if field.is_cached(instance):
        return _ask_descriptor(instance, relation) if relation.sort == "other" else field.get_cached_value(instance)
    if relation.sort == "forward":
        return _read_own_row(instance, field)
    return ABSENT


def _ask_descriptor(instance: Model, relation: Relation) -> Any:
    """Return what a descriptor that is not Django's makes of the object in the cache."""
    if is_generic_key(relation.field):
        return relation.field.get_cached_value(instance)
    try:
        return getattr(instance, relation.name)
    except ObjectDoesNotExist:
        return None


def _read_own_row(instance: Model, field: Any) -> Any:
    """Return what a forward descriptor gives without a query: nothing behind a null, or the parent whose row it has."""
    if any(column.attname not in instance.__dict__ for column in field.local_related_fields):
        return ABSENT
    if None in field.get_local_related_value(instance):
        return None
    ancestor: Any = instance
    while ancestor is not None and (link := ancestor._meta.get_ancestor_link(field.model)) is not None:
        ancestor = link.get_cached_value(ancestor, default=None)
        if ancestor is not None and (cached := field.get_cached_value(ancestor, default=None)) is not None:
            return cached
    if field.remote_field.parent_link:
        columns = [column.attname for column in field.remote_field.model._meta.concrete_fields]
        if all(name in instance.__dict__ for name in columns):
            return getattr(instance, field.name)  # makes it of them
    return ABSENT


def find_prefetched(instance: Model, relation: Relation) -> Any:
    """Return the QuerySet that `prefetch_related` has left of a relation to many; None where there is none."""
    if instance.pk is None:
        return None
    queryset = instance.__dict__.get("_prefetched_objects_cache", {}).get(relation.name)
    if queryset is None:  # the cache has its own name for some relations; a new QuerySet has no result
        queryset = getattr(instance, relation.name).all()
    return None if getattr(queryset, "_result_cache", None) is None else queryset
