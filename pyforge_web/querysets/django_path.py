"""When Django reads a QuerySet itself, and why: whatever decides its rows is not Django's own code.

What is asked here is asked at each use, by identity. A class, a manager or a tool may be changed at any time.
"""

from operator import attrgetter
from typing import Any

import django
from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.expressions import ColPairs
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
)
from django.db.models.signals import post_init, pre_init
from django.db.models.sql import Query

from pyforge_web._native import AttributeWatch
from pyforge_web.conf import get_settings
from pyforge_web.output.lookups import find_unknown_name
from pyforge_web.output.model_names import (
    classes_behind_model,
    find_changed_read,
    has_stock_descriptor,
    is_set_by_class,
    own_inits,
)
from pyforge_web.querysets import backends
from pyforge_web.querysets.instance_code import why_changed
from pyforge_web.stock import find_stock, is_own_function

AnyQuerySet = QuerySet[Any, Any]

# What a row of each iterable is.
SHAPES = {
    ModelIterable: "object",
    ValuesIterable: "object",
    ValuesListIterable: "array",
    NamedValuesListIterable: "array",
    FlatValuesListIterable: "scalar",
}
# What decides which rows there are when a QuerySet is iterated or cloned.
_GET_COMPILER = find_stock(Query, "get_compiler")
_OWN_ROWS = (
    "__iter__", "__getitem__", "_chain", "_clone", "_fetch_all", "_iterator", "_prefetch_related_objects", "db",
    "iterator", "query",
)  # fmt: skip
_OWN_INSTANCES = ("__getattribute__", "__new__", "__setattr__")
_find_row_methods, _find_instance_methods = attrgetter(*_OWN_ROWS), attrgetter(*_OWN_INSTANCES)
# Django's `Model` has none of these of its own.
_ROW_METHODS, _INSTANCE_METHODS = _find_row_methods(QuerySet), _find_instance_methods(object)
_find_iteration = attrgetter("__iter__", "_fetch_all")
_DJANGOS_FROM_DB = find_stock(Model, "from_db")
# What of a model's class makes its instances. `from_db` is another object at each look: the class's version counts.
_OWN_CREATION = ("__init__", "from_db", *_OWN_INSTANCES)
# What is known of the classes of QuerySets is kept in the `__dict__` of the model's `_meta`, and ends with the model.
_VERIFIED = "_pyforge_verified"
_MOST_VERIFIED = 64
# The same of Django's own classes, which a tool may patch for a whole process, before this module is imported or later.
_PATCHABLE: tuple[tuple[type, tuple[str, ...]], ...] = (
    (QuerySet, _OWN_ROWS),
    *((iterable, ("__init__", "__iter__")) for iterable in SHAPES),
)
_PATCH_WATCH = AttributeWatch([(kind, names, False) for kind, names in _PATCHABLE])


def _find_patched() -> str | None:
    """Return the first method of Django's QuerySets or iterables that is not Django's own."""
    for kind, names in _PATCHABLE:
        for name in names:
            method = getattr(kind, name)
            if not is_own_function(getattr(method, "fget", method), django):
                return f"{kind.__name__}.{name} is not Django's"
    return None


_FOUND_PATCHED = _find_patched()


def has_own_rows(kind: type[AnyQuerySet]) -> bool:
    """Return whether a class has rows of its own, other ones than Django's QuerySet as it is now."""
    return bool(_find_row_methods(kind) != _find_row_methods(QuerySet))


def fetches_as_django(kind: type[AnyQuerySet]) -> bool:
    """Return whether a class fetches its rows as Django's own QuerySet: no subclass and no tool has changed that."""
    return bool(_find_row_methods(kind) == _ROW_METHODS)


def has_own_iteration(kind: type[AnyQuerySet]) -> bool:
    """Return whether rows that a QuerySet of this class has in its cache are iterated by code of the project."""
    return bool(_find_iteration(kind) != _find_iteration(QuerySet))


def copy_unread(queryset: AnyQuerySet) -> AnyQuerySet:
    """Return a copy whose rows are asked for anew, as native code does at each writing.

    It is the QuerySet itself where its class or its iterable has rows of its own: they may depend on an attribute that
    a copy does not have.
    """
    if has_own_rows(type(queryset)) or queryset._iterable_class not in SHAPES:
        return queryset
    copied: AnyQuerySet = queryset._chain()  # type: ignore[attr-defined]
    return copied


def why_django(queryset: AnyQuerySet, connection: Any = None) -> str | None:
    """Return why a QuerySet takes Django's path as a whole; None where its columns decide.

    `connection` is that of its database, where the caller has asked for it.
    """
    if not get_settings()["NATIVE"]:
        return "the setting NATIVE is off"
    if patched := why_patched():
        return patched
    query, model = queryset.query, queryset.model
    key = type(queryset), type(query), queryset._iterable_class
    verified: dict[Any, AttributeWatch] = model._meta.__dict__.setdefault(_VERIFIED, {})
    watch = verified.get(key)
    if watch is None or not watch.holds():
        if reason := _why_class(queryset, model):
            return reason
        if not own_inits(model) and len(verified) < _MOST_VERIFIED:
            verified[key] = AttributeWatch(watch_classes(queryset))
    if queryset._iterable_class is ModelIterable and (
        reason := why_receivers(model) or why_added(model, query) or why_known(queryset) or _why_lookups(queryset)
    ):
        return reason
    if query.select_related and (reason := why_selected(queryset)):
        return reason
    if reason := backends.why_no_backend(connections[queryset.db] if connection is None else connection):
        return reason
    if query.compiler != "SQLCompiler":
        return f"{type(query).__name__} has a compiler of its own"
    return None


def why_patched() -> str | None:
    """Return which method of Django's QuerySets, iterables or descriptors is not Django's own."""
    if changed := find_changed_read():
        return f"{changed} is not Django's"
    if _FOUND_PATCHED is not None or not _PATCH_WATCH.holds():
        return _FOUND_PATCHED or _find_patched() or "a method of QuerySet is another one than it was"
    return None


def watch_classes(queryset: AnyQuerySet) -> list[tuple[object, tuple[str, ...], bool]]:
    """Return what a native watch compares of the classes of a QuerySet and its model."""
    return [
        (type(queryset), _OWN_ROWS, False),
        (type(queryset.query), ("get_compiler",), False),
        *watch_instances(queryset.model),
    ]


def watch_instances(model: Any) -> list[tuple[object, tuple[str, ...], bool]]:
    """Return what a native watch compares of how a model's instances are made."""
    return [
        (model, _OWN_CREATION, False),
        (type(model), ("__call__",), False),
        *((kind, ("__init__",), False) for kind in classes_behind_model(model)),
    ]


def _why_class(queryset: AnyQuerySet, model: Any) -> str | None:
    """Return what the classes of a QuerySet and its model do in their own way."""
    kind, query = type(queryset), queryset.query
    if kind is not QuerySet and has_own_rows(kind):
        return f"{kind.__name__} fetches its rows in its own way"
    if type(query).get_compiler is not _GET_COMPILER:
        return f"{type(query).__name__} chooses its compiler in its own way"
    if queryset._iterable_class not in SHAPES:
        return f"{queryset._iterable_class.__name__} makes rows in its own way"
    return why_instances(model) if queryset._iterable_class is ModelIterable else None


def why_instances(model: Any) -> str | None:
    """Return why a model's instances may have other values than their rows."""
    if (methods := _find_instance_methods(model)) != _INSTANCE_METHODS:
        name = next(pair[0] for pair in zip(_OWN_INSTANCES, methods, strict=True) if pair[1] not in _INSTANCE_METHODS)
        return f"{model.__name__} has its own {name}"
    if type(model).__call__ is not type.__call__:
        return f"{type(model).__name__}, the class of {model.__name__}, makes instances in its own way"
    if getattr(model.from_db, "__func__", None) is not _DJANGOS_FROM_DB:
        return f"{model.__name__} has its own from_db"
    for init in own_inits(model):
        if reason := why_changed(model, init):
            return reason
    return why_receivers(model)


def why_receivers(model: Any) -> str | None:
    """Return which receiver of the signals of new instances may change one of a model."""
    for signal in (pre_init, post_init):
        if signal.receivers and signal.has_listeners(model):
            for receiver in signal._live_receivers(model)[0]:
                if reason := why_changed(model, receiver):
                    return reason
    return None


def why_columns(model: type[Model], names: Any) -> str | None:
    """Return which of these columns has a descriptor that may give another value than the row."""
    for name in names:
        if not has_stock_descriptor(model, name):
            kind = type(getattr(model, name, None)).__name__
            return f"{name}: its descriptor {kind} may give another value"
    return None


def _why_lookups(queryset: Any) -> str | None:
    """Return which name in the lookups of `prefetch_related` Django may refuse, when the rows are iterated."""
    lookups = queryset._prefetch_related_lookups
    name = find_unknown_name(queryset.model, lookups) if lookups else None
    return None if name is None else f"prefetch_related() names {name!r}"


def why_selected(queryset: Any) -> str | None:
    """Return what Django refuses of the names in `select_related()`, when the rows are iterated.

    Source: `SQLCompiler.get_related_selections`.
    """
    query = queryset.query
    if not isinstance(query.select_related, dict):
        return None
    work = [(queryset.model, query.select_related, query.get_select_mask() if query.deferred_loading[0] else {})]
    while work:
        model, names, loaded = work.pop()
        fields = {field.name: field for field in model._meta.fields if field.remote_field}
        others = {
            other.field.related_query_name(): other for other in model._meta.related_objects if other.field.unique
        }
        for name, inner in names.items():
            if (field := fields.get(name)) is not None:
                if loaded and field not in loaded:
                    return "columns that select_related joins are deferred"
                work.append((field.remote_field.model, inner, loaded.get(field) or {}))
            elif name in others:
                work.append((others[name].related_model, inner, {}))
            elif name not in query._filtered_relations:
                return f"select_related() names {name!r}"
    return None


def why_known(queryset: Any) -> str | None:
    """Return which key that a related manager knows is deferred: Django's version decides whether its rows get it."""
    if not (queryset._known_related_objects and queryset.query.deferred_loading[0]):
        return None
    loaded = queryset.query.get_select_mask()
    deferred = [field.attname for field in queryset._known_related_objects if field not in loaded]
    return f"{deferred[0]} is deferred, and known from the relation" if deferred else None


def why_added(model: type[Model], query: Any) -> str | None:
    """Return which name that the query adds is no single column, or is set by a property, which may do anything."""
    if not (query.annotations or query.extra):
        return None
    for name, expression in query.annotation_select.items():
        if isinstance(expression, ColPairs):  # the places of the columns behind it are others, too
            return f"{name} is a key of several columns"
    for name in (*query.extra_select, *query.annotation_select):
        if is_set_by_class(model, name):
            return f"{name} is set by a {type(getattr(model, name, None)).__name__} of {model.__name__}"
    return None


def joins_unconstrained(query: Any) -> bool:
    """Return whether `select_related` joins what may lose a row, or give it twice: not only keys with a constraint."""
    work: list[tuple[Any, Any, int]] = [(query.model, query.select_related, 0)]
    while work:
        model, wanted, depth = work.pop()
        if isinstance(wanted, dict) and not wanted.keys() <= {field.name for field in model._meta.fields}:
            return True  # a relation from the other side, or a `FilteredRelation`: it may give a row more than once
        for field in model._meta.fields:
            is_joined = field.name in wanted if isinstance(wanted, dict) else not field.null and depth < query.max_depth
            if field.remote_field and is_joined:
                if not getattr(field, "db_constraint", False):  # a ForeignObject never has one
                    return True
                inner = wanted[field.name] if isinstance(wanted, dict) else wanted
                work.append((field.remote_field.model, inner, depth + 1))
    return False
