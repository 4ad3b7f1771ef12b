"""Instances with few columns, for properties and methods: what is not there raises, and nothing is ever queried."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NoReturn

from django.db import connections
from django.db.models import Model

from pyforge_web.output.model_names import find_relation


def make_instance(model: type[Model], values: dict[str, Any], using: str, owner: str) -> Model:
    """Return an instance with these columns, by their attributes or paths: `title`, `author__name`.

    The instances of the relations on the paths are there too, with their columns. Any other column raises `ValueError`
    with its name when it is read; `owner` says which output field did not name it.
    """
    own: dict[str, Any] = {}
    below: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        first, _, rest = name.partition("__")
        relation = find_relation(model, first) if rest else None
        if relation is None:
            own[name] = value
        else:
            below.setdefault(first, {})[rest] = value
    columns = [field.attname for field in model._meta.concrete_fields if field.attname in own]
    instance = model.from_db(using, columns, [own[name] for name in columns])
    instance.__dict__.update({name: value for name, value in own.items() if name not in columns})
    for name, inner in below.items():
        relation = find_relation(model, name)
        if relation is None or relation.model is None:
            continue
        related = None
        if any(value is not None for value in inner.values()):
            related = make_instance(relation.model, inner, using, owner)
        instance._state.fields_cache[_relation_cache_name(relation)] = related
    instance.__dict__["refresh_from_db"] = _refuse_columns(owner)
    return instance


def _relation_cache_name(relation: Any) -> str:
    field = relation.field if relation.sort == "forward" else relation.field.remote_field
    return str(getattr(field, "cache_name", None) or field.get_cache_name())


def _refuse_columns(owner: str) -> Callable[..., NoReturn]:
    def refuse_column(using: Any = None, fields: Any = None, **options: Any) -> NoReturn:
        names = ", ".join(map(repr, fields or ()))
        raise ValueError(f"{owner} reads {names}, which is not among its columns: name it in reads=[...]")

    return refuse_column


def read_attribute(instance: Model, name: str, owner: str) -> Any:
    """Return an attribute of an instance, called without arguments where it is a method, as in templates.

    Raises `ValueError` for a query: nothing is asked for that `reads=` does not name.
    """

    def refuse_query(execute: Any, sql: str, params: Any, many: bool, context: Any) -> NoReturn:
        raise ValueError(f"{owner} sends a query, which reads=[...] does not name: {sql[:200]}")

    with ExitStack() as stack:
        for connection in connections.all(initialized_only=True):
            stack.enter_context(connection.execute_wrapper(refuse_query))
        value = getattr(instance, name)
        if not callable(value):
            return value
        if getattr(value, "alters_data", False):
            raise ValueError(f"{owner}: {name}() changes data and is not called for output")
        return value()
