"""The lookups of `prefetch_related`: which of them answers for a relation of a tree.

The order in which lookups count is that of `django.db.models.query.prefetch_related_objects`.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import Model, Prefetch
from django.db.models.constants import LOOKUP_SEP
from django.utils.functional import cached_property

from pyforge_web.output.managers import has_own_base_manager
from pyforge_web.output.model_names import NamePath, Relation, find_relation
from pyforge_web.output.tree import Branch, Tree, UntypedQuerySet


class Lookup(NamedTuple):
    """A `prefetch_related` lookup, seen from the model that its first step is an attribute of."""

    through: NamePath
    to: NamePath
    queryset: UntypedQuerySet | None


class ParentContext(NamedTuple):
    """The rows around those of a relation: where these lead back, Django has that very instance, and loads no other.

    `loaded` are the relations that the QuerySet of a reverse key has loaded before it is told of them.
    """

    relation: Relation
    lookups: list[Lookup]
    loaded: frozenset[str]
    around: "ParentContext | None"

    def is_behind(self, relation: Relation) -> bool:
        """Return whether a relation of the related rows leads back to them."""
        if relation.field is not self.relation.field or relation.name in self.loaded:
            return False
        if relation.sort == "forward":
            return self.relation.sort in ("reverse", "backward")
        return relation.sort == "backward" and self.relation.sort == "forward"

    def lead_back(self, lookup: Lookup) -> Lookup:
        """Return a lookup of the relation that leads back, as one of these rows.

        What an earlier lookup has loaded of them is not loaded again: Django ignores the QuerySet of a later
        `Prefetch`, since `is_fetched` is true. It raises "already seen" only for the same path from the outermost rows.
        """
        through, to = lookup.through[1:], lookup.to[1:]
        for earlier in self.lookups:
            if earlier.to[: len(to)] == to:
                return Lookup(through, to, None)
            if earlier.to[1:] == lookup.to and earlier.queryset is lookup.queryset:
                break  # the lookup itself: those behind it come too late
        return Lookup(through, to, lookup.queryset)


def find_inner_lookups(mine: list[Lookup], queryset: UntypedQuerySet | None, path: NamePath) -> list[Lookup]:
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
            rest += read_lookups(queryset._prefetch_related_lookups)
    return rest if mine or queryset is None else read_lookups(queryset._prefetch_related_lookups)


def read_lookups(given: Iterable[Any]) -> list[Lookup]:
    found = (lookup if isinstance(lookup, Prefetch) else Prefetch(lookup) for lookup in given if is_djangos(lookup))
    return [
        Lookup(
            tuple(lookup.prefetch_through.split(LOOKUP_SEP)),
            tuple(lookup.prefetch_to.split(LOOKUP_SEP)),
            lookup.queryset,
        )
        for lookup in found
    ]


def is_djangos(lookup: object) -> bool:
    """Return whether a lookup of `prefetch_related` is of a class whose meaning is known."""
    return type(lookup) in (str, Prefetch)


def find_unknown_name(model: Any, lookups: Iterable[Any]) -> str | None:
    """Return a name in the lookups of a QuerySet, or of the QuerySets in them, that Django may refuse.

    Those are names that no relation has, and names behind what is not a relation to one model: only the objects tell.
    """
    work = [(model, tuple(lookups))]
    while work:
        owner, given = work.pop()
        named = {getattr(lookup, "to_attr", None) for lookup in given}
        for lookup in given:
            if (name := _find_unknown_step(owner, str(getattr(lookup, "prefetch_through", lookup)), named)) is not None:
                return name
            if (queryset := getattr(lookup, "queryset", None)) is not None:
                work.append((queryset.model, queryset._prefetch_related_lookups))
    return None


def _find_unknown_step(owner: Any, path: str, named: set[Any]) -> str | None:
    for name in path.split(LOOKUP_SEP):
        if owner is None:
            return name
        relation = find_relation(owner, name)
        # A name that a `Prefetch` gives its list, or an attribute that another package loads.
        if relation is None and name not in named and not _is_prefetched(getattr(owner, name, None)):
            return name
        owner = None if relation is None else relation.model
    return None


def _is_prefetched(attribute: Any) -> bool:
    """Return whether an attribute of a model loads what it stands for: `get_prefetcher` of django.db.models.query."""
    return hasattr(attribute, "get_prefetch_querysets") or hasattr(attribute, "get_prefetch_queryset")


def is_loaded_by_manager(relation: Relation) -> bool:
    """Return whether a relation to one is loaded by a base manager of the project's: a join may find other rows.

    A parent link needs no manager: Django makes the parent of the child's own columns.
    """
    if relation.many or relation.model is None or not has_own_base_manager(relation.model):
        return False
    return not (relation.sort == "forward" and relation.field.remote_field.parent_link)


def may_be_there(model: type[Model], to_attr: str) -> bool:
    """Return whether instances may have the attribute of a `to_attr` before anything is loaded.

    Django loads nothing then; only a `cached_property` of its own is looked at. Source: `get_prefetcher` of
    django.db.models.query.
    """
    if hasattr(model, "__getattr__"):
        return True
    return hasattr(model, to_attr) and not isinstance(getattr(model, to_attr), cached_property)


def make_prefetches(tree: Tree, path: NamePath = ()) -> "Iterator[Prefetch[Any]]":
    """Yield the `Prefetch`es of a tree, at all its levels, for Django's own path."""
    for item in tree.items:
        if isinstance(item, Branch):
            renamed = item.name != item.relation.name
            if item.queryset is not None or renamed:
                queryset = None if item.queryset is None else item.queryset.prefetch_related(None)
                through = LOOKUP_SEP.join((*path, item.relation.name))
                yield Prefetch(through, queryset, to_attr=item.name if renamed else None)
            yield from make_prefetches(item.tree, (*path, item.name))
        else:
            for lookup in (*item.lookups, *(lookup for source in item.sources for lookup in source.lookups)):
                to_attr = lookup.to[-1] if lookup.to[-1] != lookup.through[-1] else None
                yield Prefetch(LOOKUP_SEP.join((*path, *lookup.to[:-1], lookup.through[-1])), lookup.queryset, to_attr)
