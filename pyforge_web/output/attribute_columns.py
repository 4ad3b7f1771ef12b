"""The columns of the instances that an `Attribute` is read of: their keys, and those of their relations to many."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.conf import with_docs
from pyforge_web.output.grammar import KeyedExpression
from pyforge_web.output.model_names import NamePath, Relation, find_column, find_relation, source_field, unknown_column
from pyforge_web.output.shown_secrets import refuse_secret
from pyforge_web.output.tree import Leaf
from pyforge_web.secrets import public_columns


def find_relation_key_name(model: type[Model], name: str) -> str:
    """Return the column by which the rows of a relation to many name the instance."""
    relation = cast(Relation, find_relation(model, name))
    if relation.sort == "reverse":
        return str(relation.field.foreign_related_fields[0].attname)
    if relation.sort == "many_to_many":
        return str(source_field(relation, model).foreign_related_fields[0].attname)
    return str(model._meta.pk.attname)


def find_related_columns(
    model: type[Model], path: NamePath, item: KeyedExpression, name: str, columns: list[str]
) -> tuple[str, ...]:
    """Return the columns of a relation to many that an `Attribute` reads: those named, or all that are public."""
    relation = cast(Relation, find_relation(model, name))
    if relation.model is None or relation.doubt is not None:
        raise with_docs(ValueError(f"{item.expression!r}: {name!r} cannot be loaded with few columns"), "expression")
    for column in columns:
        field = find_column(relation.model, column)
        if field is None:
            raise unknown_column(relation.model, column, (*path, name))
        refuse_secret(relation.model, Leaf(column, field.attname, field), item)
    return tuple(columns) or tuple(public_columns(relation.model))


def key_sources(model: type[Model], sources: Iterable[Leaf]) -> Iterator[Leaf]:
    """Yield the keys of the instances that an `Attribute` is read of, as far as its columns do not have them."""
    paths = {source.path[:count]: None for source in sources for count in range(len(source.path) + 1)}
    known = {(source.path, source.attname) for source in sources}
    for path in paths or {(): None}:
        yield from key_source(model, path, known)


def key_source(model: type[Model], path: tuple[Relation, ...], known: set[Any]) -> Iterator[Leaf]:
    """Yield the columns of the key of the instances that a path leads to, if they are not among those known."""
    for key in cast("type[Model]", path[-1].model if path else model)._meta.pk_fields:
        if key.column is not None and (path, key.attname) not in known:
            yield Leaf(LOOKUP_SEP.join([*(relation.name for relation in path), key.attname]), key.attname, key, path)
