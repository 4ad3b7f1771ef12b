"""Where output fields are resolved: the rows that they are of, and the columns that paths lead to from there."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.output.lookups import Lookup, ParentContext, is_loaded_by_manager
from pyforge_web.output.model_names import (
    NamePath,
    Relation,
    find_column,
    find_key_relation,
    find_relation,
    many_in_path,
    no_relation_in_path,
    unknown_column,
)
from pyforge_web.output.shown_secrets import refuse_other_name
from pyforge_web.output.tree import Leaf

# Names of a query, and the path of the relation that each stands for; empty where it is an annotation.
AliasedNames = frozenset[tuple[str, str]]


class FieldScope(NamedTuple):
    """What is known of the rows whose fields are resolved: their model, what their query adds and leaves out."""

    model: type[Model]
    lookups: list[Lookup]
    added: NamePath
    loaded: frozenset[str] | None
    path: NamePath
    around: ParentContext | None
    # What expressions may refer to besides: also what `alias()` has added, which is no value of a row.
    aliased: AliasedNames = frozenset()

    def find_filtered(self, name: str) -> str:
        """Return a path with the relation in place of the name that a `FilteredRelation` has given it."""
        first, separator, rest = name.partition(LOOKUP_SEP)
        return (dict(self.aliased).get(first) or first) + separator + rest


def find_path_column(scope: FieldScope, name: str) -> Leaf:
    """Return the column behind relations to one that a path names: `author__name`."""
    *parts, last = name.split(LOOKUP_SEP)
    model, path = scope.model, scope.path
    relations: list[Relation] = []
    for part in parts:
        relation = find_relation(model, part) or find_key_relation(model, part)
        if relation is None and find_column(model, part) is not None:
            raise no_relation_in_path(model, name, part, path)
        if relation is None or (relation.model is None and not relation.many):
            raise unknown_column(model, part if relations else name, path, () if relations else scope.added)
        if relation.many:
            raise many_in_path(model, name, part, path)
        relations.append(relation)
        model, path = cast("type[Model]", relation.model), (*path, part)
    field = find_column(model, last)
    if field is None:
        one = find_key_relation(model, last)
        if one is None or one.model is None:
            relation = find_relation(model, last)
            raise (
                many_in_path(model, name, last, path)
                if relation and relation.many
                else unknown_column(model, last, path)
            )
        relations.append(one)
        model, field = one.model, one.model._meta.pk
    refuse_other_name(model, field, name)
    loading = tuple(lookup for lookup in scope.lookups if lookup.to[0] == parts[0])
    if loading:
        relations[0] = relations[0]._replace(doubt="a lookup of prefetch_related loads it")
    return Leaf(name, field.attname, field, mark_own_bases(scope, relations), lookups=loading)


def mark_own_bases(scope: FieldScope, relations: Sequence[Relation]) -> tuple[Relation, ...]:
    """Return the relations of a path, those marked that a join may find other rows of than their attribute gives."""
    marked = []
    for number, relation in enumerate(relations):
        is_in_memory = number == 0 and scope.around is not None and scope.around.is_behind(relation)
        if relation.doubt is None and not is_in_memory and is_loaded_by_manager(relation):
            relation = relation._replace(doubt=f"{relation.model.__name__} has a base manager of its own")  # type: ignore[union-attr]
        marked.append(relation)
    return tuple(marked)
