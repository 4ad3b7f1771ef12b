"""What a property or method reads of its instance: columns, and relations with theirs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.output.lean_instances import read_attribute, usable_connections
from pyforge_web.output.model_names import NamePath, Relation, find_relation


class AttributeReads(NamedTuple):
    """The paths that an attribute has read, the queries that are not of these, and what it has raised."""

    names: list[str]
    queries: list[str]
    error: Exception | None


def watch_attribute(instance: Model, name: str) -> AttributeReads:
    """Read an attribute of an instance once, and return what it reads.

    Relations are followed: what is read of the instance behind them is `author__name`. Nothing is changed but caches of
    the instance.
    """
    paths: dict[str, None] = {}
    queries: list[str] = []
    error: Exception | None = None
    with _noted_queries(queries):
        watched = _watch_instance(instance, (), paths, queries)
        try:
            read_attribute(watched, name, f"Attribute({name!r})")
        except Exception as raised:  # any code of the project runs here
            error = raised
    return AttributeReads([path for path in paths if not _is_prefix(path, paths)], queries, error)


def _is_prefix(path: str, paths: dict[str, None]) -> bool:
    """Return whether a relation is named by a longer path anyway."""
    return any(other.startswith(f"{path}{LOOKUP_SEP}") for other in paths)


def _watch_instance(instance: Model, path: NamePath, paths: dict[str, None], queries: list[str]) -> Any:
    """Return a copy of an instance that notes what is read of it. Its class is a subclass without a table."""
    model = type(instance)
    columns = {field.attname for field in model._meta.concrete_fields}

    def read(self: Any, name: str) -> Any:
        if name in columns:
            paths[LOOKUP_SEP.join((*path, name))] = None
        elif not name.startswith("_") and (relation := find_relation(model, name)) is not None:
            return _follow(instance, relation, (*path, name), paths, queries)
        return object.__getattribute__(self, name)

    # Made by `type` and not by Django's metaclass, which would register a model.
    watching = type.__new__(type(model), model.__name__, (model,), {"__getattribute__": read, "__module__": __name__})
    # Without `__init__`: the new instance shares the `__dict__` of the one that was given.
    watched = object.__new__(watching)
    object.__setattr__(watched, "__dict__", instance.__dict__)
    return watched


def _follow(instance: Model, relation: Relation, path: NamePath, paths: dict[str, None], queries: list[str]) -> Any:
    """Return what stands behind a relation: an instance that notes, too, or a manager."""
    paths[LOOKUP_SEP.join(path)] = None
    before = len(queries)
    related = getattr(instance, relation.name)
    del queries[before:]  # the relation is named, so that it is loaded with the row
    return _watch_instance(related, path, paths, queries) if isinstance(related, Model) else related


@contextmanager
def _noted_queries(queries: list[str]) -> Iterator[None]:
    def note_query(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append(sql)
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for connection in usable_connections():
            stack.enter_context(connection.execute_wrapper(note_query))
        yield
