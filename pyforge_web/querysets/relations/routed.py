"""Relations that a database router reads elsewhere: no join of ours finds their rows."""

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from django.db import router

from pyforge_web.output.model_names import Relation
from pyforge_web.output.tree import Branch, Tree, UntypedQuerySet
from pyforge_web.querysets.relations.prefetch import stand_in

JoinedPath = tuple[Relation, ...]


def find_joined_paths(tree: Tree) -> Iterator[JoinedPath]:
    """Yield the relations to one that joins read for a tree, each behind those that lead to it."""
    work: list[tuple[Tree, JoinedPath]] = [(tree, ())]
    while work:
        branches, path = work.pop(0)
        for item in branches.items:
            if isinstance(item, Branch):
                if item.is_joined and item.relation.doubt is None:
                    within = (*path, item.relation)
                    yield within
                    work.append((item.tree, within))
            else:
                for leaf in (item, *item.sources):
                    if leaf.path and all(relation.doubt is None for relation in leaf.path):
                        yield (*path, *leaf.path)


def has_reading_routers() -> bool:
    """Return whether the project has a router that chooses the databases of reads."""
    return any(hasattr(each, "db_for_read") for each in router.routers)


def why_routed(queryset: UntypedQuerySet, paths: Iterable[JoinedPath]) -> str | None:
    """Return which relation a router reads from another database than the QuerySet; None where joins may be used.

    An attribute of an instance asks the router, with the instance, and `select_related()` does not. Source:
    `ForwardManyToOneDescriptor.get_queryset`.
    """
    if not has_reading_routers():
        return None
    for path in paths:
        model, selected = queryset.model, queryset.query.select_related
        for depth, relation in enumerate(path):
            selected = find_selected(queryset.query, relation, selected, depth)
            if selected is None and not _is_parent_link(relation):
                selected = False
                if _ask_router(model, relation, queryset.db) != queryset.db:
                    return f"{relation.name}: a router reads it from another database"
            model = relation.model or model
    return None


def find_selected(query: Any, relation: Relation, selected: Any, depth: int) -> Any:
    """Return what `select_related()` joins behind a relation, as it has it; None where it does not join the relation.

    `selected` is what it joins behind the relation that leads there. Source: `SQLCompiler.get_related_selections`.
    """
    if isinstance(selected, dict):
        return selected.get(relation.query_name)
    is_joined = selected and relation.sort == "forward" and not relation.field.null and depth < query.max_depth
    return True if is_joined else None


def _is_parent_link(relation: Relation) -> bool:
    """Return whether Django makes the related instance of the columns that the child has."""
    return relation.sort == "forward" and bool(relation.field.remote_field.parent_link)


def _ask_router(model: Any, relation: Any, using: str) -> str | None:
    """Return the database that a router reads a relation from; None where it asks the instance for a column."""
    instance: Any = stand_in(model, using, refresh_from_db=_refuse_column)
    try:
        return str(router.db_for_read(relation.model, instance=instance))
    except Exception:  # whatever a router of the project raises for an instance without columns
        return None


def _refuse_column(*args: Any, **kwargs: Any) -> NoReturn:
    raise LookupError("only a real instance has columns")
