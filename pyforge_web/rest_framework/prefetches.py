"""The QuerySets that a list's `prefetch_related` gives for its relations, by their path: `("comments", "writer")`."""

from typing import Any

from pyforge_web.output.grammar import NestedFields, ParsedFields
from pyforge_web.output.model_names import find_relation
from pyforge_web.output.resolve import resolve_fields
from pyforge_web.output.tree import Branch, Tree
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.plan import Level, ManyColumn
from pyforge_web.rest_framework.queries import why_not_read

_MOST_LOOKUPS = 64


def find_prefetches(queryset: Any, level: Level) -> dict[tuple[str, ...], Any]:
    """Return the QuerySets of the `Prefetch` objects that the relations of a plan meet.

    Raises `FallbackError` where a lookup loads a relation to one from other rows than a join has.
    """
    lookups = queryset._prefetch_related_lookups
    if not lookups or lookups in level.plain_lookups:
        return {}
    names: dict[str, Any] = {}
    collect_names(level, names)
    if not names:
        return {}
    tree = resolve_fields(queryset, to_fields(queryset.model, names))
    found: dict[tuple[str, ...], Any] = {}
    work: list[tuple[tuple[str, ...], Tree]] = [((), tree)]
    while work:
        path, branches = work.pop()
        for item in branches.items:
            if isinstance(item, Branch):
                within = (*path, item.name)
                if item.queryset is not None:
                    # Before the rows are asked for: DRF would ask for them again.
                    why = why_not_read(item.queryset) if item.relation.many else "a Prefetch loads this relation"
                    if why is not None:
                        raise FallbackError(f"{'.'.join(within)}: {why}")
                    found[within] = item.queryset
                work.append((within, item.tree))
    if all(type(lookup) is str for lookup in lookups) and len(level.plain_lookups) < _MOST_LOOKUPS:
        level.plain_lookups.add(lookups)
    return found


def collect_names(level: Level, names: dict[str, Any]) -> None:
    """Add the relations of a level, and of those below it, to a tree of names."""
    for path, _ in level.slots:
        inner = names
        for relation in path:
            inner = inner.setdefault(relation.name, {})
    for column in level.columns:
        if isinstance(column, ManyColumn):
            inner = names
            depth = len(column.path) - 1
            for name in column.path[_common(column, level) : depth]:
                inner = inner.setdefault(name, {})
            collect_names(column.level, inner.setdefault(column.relation.name, {}))


def _common(column: ManyColumn, level: Level) -> int:
    """How many names of a path lead to the level itself."""
    return len(column.path) - 1 - len(column.slot[0])


def to_fields(model: Any, names: dict[str, Any]) -> ParsedFields:
    """Return a tree of names as fields: the key stands for the columns, which do not matter here."""
    relations = [(name, find_relation(model, name), inner) for name, inner in names.items()]
    nested = [
        NestedFields(name, to_fields(relation.model, inner) if relation and relation.model else ("pk",))
        for name, relation, inner in relations
    ]
    return (model._meta.pk.attname, *nested)  # by its own name: a key may be secret
