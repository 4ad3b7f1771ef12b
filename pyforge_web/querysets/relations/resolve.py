"""`fields=` with relations, resolved: what each name is of a QuerySet, and which `Prefetch` answers for a relation.

The order in which lookups count is that of `django.db.models.query.prefetch_related_objects`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Manager, Model, Prefetch
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.querysets.field_selection import Fields, NestedFields
from pyforge_web.querysets.relations.model_relations import (
    Relation,
    find_column,
    find_relation,
    unknown,
    unknown_relation,
)

AnyQuerySet = Any  # a QuerySet: the stubs know nothing of its lookups
Path = tuple[str, ...]


class Leaf(NamedTuple):
    """A value: of a column, or under `field` None of what a query adds to its rows."""

    name: str
    field: "Field[Any, Any] | None"


class Branch(NamedTuple):
    """A relation. `queryset` is what a `Prefetch` gives for it; a relation to one without it is joined."""

    name: str
    relation: Relation
    fields: Fields
    tree: "Tree"
    queryset: AnyQuerySet | None

    @property
    def is_joined(self) -> bool:
        """Whether its columns are columns of the same statement."""
        return not self.relation.many and self.queryset is None


class Tree(NamedTuple):
    """The fields of a model."""

    model: type[Model]
    items: tuple[Leaf | Branch, ...]


class Lookup(NamedTuple):
    """A `prefetch_related` lookup, seen from the model that its first step is an attribute of."""

    through: Path
    to: Path
    queryset: AnyQuerySet | None


class ParentContext(NamedTuple):
    """The rows around those of a relation: where these lead back, Django has that very instance, and loads no other.

    `loaded` are the relations that the QuerySet of a reverse key has loaded before it is told of them.
    """

    relation: Relation
    lookups: list[Lookup]
    loaded: frozenset[str]
    around: "ParentContext | None"

    def is_behind(self, relation: Relation) -> bool:
        """Whether a relation of the related rows leads back to them."""
        if relation.field is not self.relation.field or relation.name in self.loaded:
            return False
        if relation.sort == "forward":
            return self.relation.sort in ("reverse", "backward")
        return relation.sort == "backward" and self.relation.sort == "forward"


def resolve_fields(queryset: AnyQuerySet, fields: Fields, path: Path = ()) -> Tree:
    """The tree of a QuerySet's fields.

    Raises `FieldError` for a name that is neither a column nor a relation nor added by the query, and `ValueError` for
    lookups that Django refuses.
    """
    return _tree(queryset.model, fields, _lookups(queryset._prefetch_related_lookups), _added(queryset), path, None)


def resolve_model_fields(model: type[Model], fields: Fields) -> Tree:
    """The same for a model of which nothing more is known."""
    return _tree(model, fields, [], (), (), None)


def doubts(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """What Django must read of the statement of a tree, joined relations among it, and why."""
    for item in tree.items:
        within = (*path, item.name)
        if isinstance(item, Leaf):
            if item.field is not None and item.field.column is None:
                yield within, "a key of several columns"
        elif item.relation.doubt is not None:
            yield within, item.relation.doubt
        elif item.is_joined:
            yield from doubts(item.tree, within)


def prefetches(tree: Tree, path: Path = ()) -> "Iterator[Prefetch[Any]]":
    """The `Prefetch`es of a tree, at all its levels, for Django's own path."""
    for item in tree.items:
        if isinstance(item, Branch):
            renamed = item.name != item.relation.name
            if item.queryset is not None or renamed:
                queryset = None if item.queryset is None else item.queryset.prefetch_related(None)
                through = LOOKUP_SEP.join((*path, item.relation.name))
                yield Prefetch(through, queryset, to_attr=item.name if renamed else None)
            yield from prefetches(item.tree, (*path, item.name))


def _tree(
    model: type[Model], fields: Fields, lookups: list[Lookup], added: Path, path: Path, around: ParentContext | None
) -> Tree:
    items: list[Leaf | Branch] = []
    for item in fields:
        if isinstance(item, str):
            field = find_column(model, item)
            if field is None and item not in added:
                raise unknown(model, item, path, added)
            items.append(Leaf(item, field))
        else:
            items.append(_branch(model, item, lookups, added, path, around))
    return Tree(model, tuple(items))


def _branch(
    model: type[Model], item: NestedFields, lookups: list[Lookup], added: Path, path: Path, around: ParentContext | None
) -> Branch:
    """A relation, or what a `Prefetch` gives under the name of its `to_attr`."""
    name, fields = item
    mine = [lookup for lookup in lookups if lookup.to[0] == name]
    relation = find_relation(model, mine[0].through[0] if mine else name)
    if relation is None:
        raise unknown_relation(model, name, path, added)
    _refuse_conflict(model, name, relation)
    within = (*path, name)
    if around is not None and relation.model and name == relation.name and around.is_behind(relation):
        onwards = [lookup for lookup in mine if len(lookup.to) > 1]
        rest = [*around.lookups, *(Lookup(each.through[1:], each.to[1:], each.queryset) for each in onwards)]
        return Branch(name, relation, fields, _tree(relation.model, fields, rest, (), within, around.around), None)
    queryset = mine[0].queryset if mine and len(mine[0].to) == 1 else None
    if queryset is None and mine and not relation.many:
        queryset = _base_queryset(relation)
    if relation.model is None:  # of several models: which names there are is known with the objects
        return Branch(name, relation, fields, Tree(Model, ()), queryset)
    source = queryset
    if source is None and relation.many:
        source = relation.model._default_manager.all()
    rest = _rest(mine, source, within)
    own = [] if source is None or relation.sort != "reverse" else _lookups(source._prefetch_related_lookups)
    here = ParentContext(relation, lookups, frozenset(lookup.to[0] for lookup in own), around)
    tree = _tree(relation.model, fields, rest, () if source is None else _added(source), within, here)
    return Branch(name, relation, fields, tree, queryset)


def _rest(mine: list[Lookup], queryset: AnyQuerySet | None, path: Path) -> list[Lookup]:
    """The lookups of a relation's own relations: those of its QuerySet come right after the one that loads it."""
    rest: list[Lookup] = []
    for number, lookup in enumerate(mine):
        if len(lookup.to) > 1:
            rest.append(Lookup(lookup.through[1:], lookup.to[1:], lookup.queryset))
        elif number and lookup.queryset is not None:
            raise ValueError(
                f"{LOOKUP_SEP.join(path)!r} lookup was already seen with a different queryset. "
                "You may need to adjust the ordering of your lookups."
            )
        if number == 0 and queryset is not None:
            rest += _lookups(queryset._prefetch_related_lookups)
    return rest if mine or queryset is None else _lookups(queryset._prefetch_related_lookups)


def _lookups(given: Iterable[Any]) -> list[Lookup]:
    found = (lookup if isinstance(lookup, Prefetch) else Prefetch(lookup) for lookup in given)
    return [
        Lookup(
            tuple(lookup.prefetch_through.split(LOOKUP_SEP)),
            tuple(lookup.prefetch_to.split(LOOKUP_SEP)),
            lookup.queryset,
        )
        for lookup in found
    ]


def _base_queryset(relation: Relation) -> AnyQuerySet | None:
    """What a plain lookup loads a relation to one from, where that may be other rows than a join has."""
    manager = relation.model._base_manager if relation.model else None
    return None if manager is None or type(manager) is Manager else manager.all()


def _added(queryset: AnyQuerySet) -> Path:
    """The names that a query adds to its rows."""
    return (*queryset.query.extra_select, *queryset.query.annotation_select)


def _refuse_conflict(model: type[Model], name: str, relation: Relation) -> None:
    """Raises what `prefetch_one_level` does for a `to_attr` that is a field."""
    if name == relation.name:
        return
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return
    raise ValueError(f"to_attr={name} conflicts with a field on the {model.__name__} model.")
