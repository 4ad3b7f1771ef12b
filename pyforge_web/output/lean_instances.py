"""Instances with few columns, for properties and methods: what is not there raises, and nothing is ever queried."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import compress, repeat
from operator import itemgetter
from typing import Any, NoReturn, cast

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.models import Model, Prefetch, prefetch_related_objects
from django.db.models.base import ModelState
from django.db.models.constants import LOOKUP_SEP
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_init, pre_init

from pyforge_web.conf import with_docs
from pyforge_web.output.model_names import Relation, find_changed_read, find_relation, has_stock_descriptor, own_inits
from pyforge_web.stock import find_stock

Row = tuple[Any, ...]
# The names of relations to many, each with columns of their rows.
RelatedColumns = tuple[tuple[str, tuple[str, ...]], ...]
LoadRelated = Callable[[Sequence[Model]], None]
MakeInstances = Callable[[Sequence[Row]], list[Model]]

_STOCK_FROM_DB = find_stock(Model, "from_db")


class NotNamedError(ValueError):
    """An output field needs a column, or a query, that it does not name."""


def make_instance(
    model: type[Model], values: dict[str, Any], using: str, owner: str, *, is_loaded: bool = False
) -> Model:
    """Return an instance with these columns, by their attributes or paths: `title`, `author__name`.

    With `is_loaded` they are those of an instance: code of the project that makes instances has seen them.
    """
    rows = [tuple(values.values())]
    if is_loaded:
        return bare_instances(model, list(values), rows, using, _refuse_columns(owner))[0]
    return instance_maker(model, list(values), using, owner)(rows)[0]


def copy_instance(instance: Model, names: set[str], owner: str) -> Model:
    """Return a copy of an instance with these columns, as they are in memory; any other one raises `ValueError`.

    It has what code of the project has given the instance besides, when it was made.
    """
    model = type(instance)
    absent = set() if _is_bare(model, names) else {field.attname for field in model._meta.concrete_fields} - names
    attributes = {
        # A file belongs to its instance, and its descriptor makes another one of the name.
        name: value.name if isinstance(value, FieldFile) else value
        for name, value in instance.__dict__.items()
        if (name not in absent if absent else name in names)
    }
    attributes.pop("_prefetched_objects_cache", None)
    state = attributes["_state"] = ModelState()
    state.db, state.adding = instance._state.db, instance._state.adding
    attributes["refresh_from_db"] = _refuse_columns(owner)
    copied: Model = object.__new__(model)
    copied.__dict__.update(attributes)
    return copied


def instance_maker(model: type[Model], names: Sequence[str], using: str, owner: str) -> MakeInstances:
    """Return the function from rows of values to instances that have these columns: `title`, `author__name`.

    The instances of the relations on the paths are there too, with their columns; None where all of their values are.
    Any other column raises `NotNamedError` with its name when it is read. `owner` is the output field in its words.
    """
    own: list[tuple[str, int]] = []
    behind: dict[str, list[tuple[str, int]]] = {}
    for place, name in enumerate(names):
        first, _, rest = name.partition(LOOKUP_SEP)
        if rest and find_relation(model, first) is not None:
            behind.setdefault(first, []).append((rest, place))
        else:
            own.append((name, place))
    make_own = _own_maker(model, own, using, owner)
    related = [_related_maker(model, name, columns, using, owner) for name, columns in behind.items()]

    def make_instances(rows: Sequence[Row]) -> list[Model]:
        instances = make_own(rows)
        for relation, places, make in related:
            inner = [tuple([row[place] for place in places]) for row in rows]
            # The key is among the columns of a relation, so that a row without values is none.
            exists = [any(value is not None for value in row) for row in inner]
            made = iter(make(list(compress(inner, exists))))
            key = relation_cache_name(relation)
            for instance, has_row in zip(instances, exists, strict=True):
                instance._state.fields_cache[key] = next(made) if has_row else None
        return instances

    return make_instances


def related_loader(model: type[Model], related: RelatedColumns, using: str, owner: str) -> LoadRelated:
    """Return the function that loads relations to many of instances, with these columns: a query for each relation."""
    guard = _refuse_columns(owner)

    def load_related(instances: Sequence[Model]) -> None:
        for name, columns in related:
            relation: Any = find_relation(model, name)
            key = [relation.field.attname] if relation.sort == "reverse" else []
            rows = relation.model._default_manager.using(using).only("pk", *columns, *key)
            prefetch_related_objects(list(instances), Prefetch(name, rows))
            for instance in instances:
                # Not iterated: the rows of a class of its own may be others each time.
                for row in getattr(instance, name).all()._result_cache:
                    row.__dict__["refresh_from_db"] = guard

    return load_related


def attach_related(instance: Model, name: str, objects: list[Model], loaded: Any) -> None:
    """Make these objects what a relation to many of an instance has, as `prefetch_related` does.

    They are in a QuerySet like the one that was loaded.
    """
    manager: Any = getattr(instance, name)
    rows = loaded._chain()
    rows._add_hints(instance=instance)
    rows._result_cache = objects
    rows._prefetch_done = True
    relation = cast(Relation, find_relation(type(instance), name))
    key = getattr(manager, "prefetch_cache_name", None) or relation.field.remote_field.cache_name
    instance.__dict__.setdefault("_prefetched_objects_cache", {})[key] = rows


def _related_maker(
    model: type[Model], name: str, columns: list[tuple[str, int]], using: str, owner: str
) -> tuple[Relation, list[int], MakeInstances]:
    relation = cast(Relation, find_relation(model, name))
    names = [column for column, _ in columns]
    return relation, [place for _, place in columns], instance_maker(cast(Any, relation.model), names, using, owner)


def _own_maker(model: type[Model], columns: list[tuple[str, int]], using: str, owner: str) -> MakeInstances:
    """Return the function to instances without their relations."""
    names, places = [name for name, _ in columns], [place for _, place in columns]
    refuse = _refuse_columns(owner)
    # Code of the project sees how its instances are made: they are made by `from_db`, as Django does.
    if not _is_bare(model, names):
        fields = {field.attname for field in model._meta.concrete_fields}
        in_order = [field.attname for field in model._meta.concrete_fields if field.attname in names]

        def load_instances(rows: Sequence[Row]) -> list[Model]:
            instances = []
            for row in rows:
                values = dict(zip(names, (row[place] for place in places), strict=True))
                instance = model.from_db(using, in_order, [values[name] for name in in_order])
                instance.__dict__.update({name: value for name, value in values.items() if name not in fields})
                instance.__dict__["refresh_from_db"] = refuse
                instances.append(instance)
            return instances

        return load_instances
    choose = None if places == list(range(len(places))) else _row_chooser(places)

    def make_instances(rows: Sequence[Row]) -> list[Model]:
        return bare_instances(model, names, rows if choose is None else map(choose, rows), using, refuse)

    return make_instances


def bare_instances(
    model: type[Model],
    names: Sequence[str],
    rows: Iterable[Row],
    using: str,
    refuse: Callable[..., NoReturn] | None,
) -> list[Model]:
    """Return an instance for each row, with these columns: what `Model.from_db` leaves, in a quarter of its time.

    Neither signals nor `__init__` run. `refuse` is called for a column that is not there; without it that is loaded.
    A row may have more columns behind these.
    """
    make = model.__new__
    instances = []
    for values in rows:
        instance = make(model)
        attributes = instance.__dict__ = dict(zip(names, values, strict=False))
        if refuse is not None:
            attributes["refresh_from_db"] = refuse
        state = attributes["_state"] = ModelState()
        state.db, state.adding = using, False
        instances.append(instance)
    return instances


def _row_chooser(places: Sequence[int]) -> Callable[[Row], Row]:
    """Return the function from a row to some of its values."""
    if len(places) == 1:
        return lambda row: (row[places[0]],)
    return itemgetter(*places) if places else lambda row: ()


def _is_bare(model: type[Model], names: Iterable[str]) -> bool:
    """Return whether `Model.from_db` would do nothing but fill the `__dict__`; that takes a quarter of its time."""
    return (
        getattr(model.from_db, "__func__", None) is _STOCK_FROM_DB
        and not own_inits(model)
        and model.__new__ is object.__new__
        and model.__setattr__ is object.__setattr__
        and not pre_init.has_listeners(model)
        and not post_init.has_listeners(model)
        and find_changed_read() is None
        and all(has_stock_descriptor(model, name) or not hasattr(model, name) for name in names)
    )


def relation_cache_name(relation: Relation) -> str:
    """Return the name under which an instance keeps what is behind a relation to one."""
    field = relation.field if relation.sort == "forward" else relation.field.remote_field
    return str(getattr(field, "cache_name", None) or field.get_cache_name())


def _refuse_columns(owner: str) -> Callable[..., NoReturn]:
    def refuse_column(using: Any = None, fields: Any = None, **options: Any) -> NoReturn:
        names = ", ".join(map(repr, fields or ()))
        hint = "name it in reads=[...]" if owner.startswith("Attribute(") else "write Attribute(..., reads=[...])"
        raise with_docs(
            NotNamedError(f"{owner} reads {names}, which is not among its columns: {hint}"), "column-not-read"
        )

    return refuse_column


def usable_connections() -> Iterator[Any]:
    """Yield the connections of all databases, without those whose engine is not installed: nobody can query them."""
    for alias in connections:
        with suppress(ImproperlyConfigured):
            yield connections[alias]


@contextmanager
def refuse_queries(make_error: Callable[[str], Exception | None]) -> Iterator[None]:
    """Raise an error, made of its SQL, for each query: nothing is asked for that `reads` does not name.

    A query for which there is no error is executed.
    """

    def refuse_query(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        error = make_error(sql[:200])
        if error is None:
            return execute(sql, params, many, context)
        raise error

    # As `execute_wrapper()` does, for a fifth of its time. A connection that nobody has used yet has to refuse, too.
    wrappers = [connection.execute_wrappers for connection in usable_connections()]
    for each in wrappers:
        each.append(refuse_query)
    try:
        yield
    finally:
        for each in wrappers:
            each.remove(refuse_query)


def read_attribute(instance: Model, name: str, owner: str) -> Any:
    """Return an attribute of an instance, called without arguments where it is a method, as in templates."""
    return read_attributes([instance], name, owner)[0]


def read_attributes(instances: Sequence[Model], name: str, owner: str) -> list[Any]:
    """Return the same of all instances, one after the other."""
    values = map(getattr, instances, repeat(name))
    written = [_call_method(value, name, owner) if callable(value) else value for value in values]
    check_all_made(written, instances, owner)
    return written


def check_all_made(made: Sequence[Any], rows: Sequence[Any], owner: str) -> None:
    """Raise `RuntimeError`, as a generator does, where the project's `StopIteration` has ended a list of values."""
    if len(made) < len(rows):
        raise RuntimeError(f"{owner} raised StopIteration")


def _call_method(method: Any, name: str, owner: str) -> Any:
    # As in templates: Django marks `delete()` and `save()` so. Source: `django.template.base.Variable._resolve_lookup`.
    if getattr(method, "alters_data", False):
        raise with_docs(ValueError(f"{owner}: {name}() changes data and is not called for output"), "expression")
    return method()
