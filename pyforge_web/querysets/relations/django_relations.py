"""Relations by Django's own path: as `select_related` and `prefetch_related` load them."""

from typing import Any

from django.db import connections
from django.db.models import QuerySet
from django.db.models.constants import LOOKUP_SEP

from pyforge_web._native import NestedRows
from pyforge_web.output.lookups import find_unknown_name, is_djangos, make_prefetches
from pyforge_web.output.resolve import added_names, loaded_columns
from pyforge_web.output.tree import Branch, Tree, UntypedQuerySet
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import why_known, why_selected
from pyforge_web.querysets.fallback_rows import django_rows
from pyforge_web.querysets.relations.doubts import defers_joined_star
from pyforge_web.querysets.relations.instances import to_dicts
from pyforge_web.querysets.relations.prefetch import RelationKey
from pyforge_web.querysets.relations.raw_sql import has_bare_columns
from pyforge_web.querysets.relations.routed import find_joined_paths, why_routed
from pyforge_web.querysets.relations.tree_classes import joined_models
from pyforge_web.querysets.rows import compile_layout


def with_relations(queryset: UntypedQuerySet, tree: Tree) -> UntypedQuerySet:
    """Return a QuerySet whose instances have what a tree names, by joins and `Prefetch`es.

    The methods are those of `QuerySet`: in a class of the project they may do more, such as hide rows.
    """
    query, lookups = queryset.query, queryset._prefetch_related_lookups
    if query.combinator or not all(is_djangos(lookup) for lookup in lookups):
        return queryset  # a union takes no more of these, and lookups of others are the user's own
    # Each once: Django refuses a second one with a QuerySet.
    prefetches: dict[str, Any] = {}
    if find_unknown_name(queryset.model, lookups) is not None:  # Django raises for it, or only the objects tell
        prefetches.update((getattr(lookup, "prefetch_to", lookup), lookup) for lookup in lookups)
    for lookup in make_prefetches(tree):
        prefetches.setdefault(lookup.prefetch_to, lookup)
    if lookups or prefetches:
        queryset = QuerySet.prefetch_related(QuerySet.prefetch_related(queryset, None), *prefetches.values())
    known = {field.name for field in queryset._known_related_objects}  # Django leaves what is joined alone
    joined = [path for path in find_joined_paths(tree) if path[0].query_name not in known]
    if joined and (has_bare_columns(query, joined_models(tree)) or why_routed(queryset, joined)):
        return QuerySet.prefetch_related(queryset, *(LOOKUP_SEP.join(each.name for each in path) for path in joined))
    is_refused = why_known(queryset) or why_selected(queryset)
    if joined and not (query.distinct or query.select_for_update or is_refused or defers_joined_star(query, tree)):
        if query.deferred_loading[0]:
            queryset = QuerySet.defer(queryset, None)
        paths = (LOOKUP_SEP.join(each.query_name for each in path) for path in joined)
        queryset = QuerySet.select_related(queryset, *paths)
    return queryset


def _with_parent_key(queryset: UntypedQuerySet, found: RelationKey) -> tuple[UntypedQuerySet, str]:
    """Return a QuerySet whose instances have the key of their parent, and the attribute that has it."""
    name = found.key.attname
    if found.table is None:
        return queryset, name
    quote = connections[queryset.db].ops.quote_name
    name = f"_prefetch_related_val_{name}"
    column = f"{quote(found.table)}.{quote(found.key.column or '')}"
    return queryset.extra(select={name: column}), name  # noqa: S610 - quoted, as Django's manager does


def read_relation(queryset: UntypedQuerySet, branch: Branch, found: RelationKey, why: str) -> tuple[NestedRows, int]:
    """Return the rows of a relation by Django's own path, and the column of their key."""
    loaded = loaded_columns(queryset)
    queryset, name = _with_parent_key(queryset, found)
    objects = django_rows(with_relations(queryset, branch.tree), why)
    rows = to_dicts(objects, branch.fields, fetch=True, added=added_names(queryset), loaded=loaded)
    keys = list(rows[0]) if rows else ["pk"] * branch.keys_only
    tuples = [(*row.values(), getattr(each, name)) for row, each in zip(rows, objects, strict=True)]
    steps = tuple(("column", key, index) for index, key in enumerate(keys))
    readers = (backends.VALUE,) * (len(keys) + 1)
    layout = compile_layout(branch.tree.model._meta.label, readers, steps, branch.keys_only)
    return NestedRows(layout, tuples, _as_it_is, _nothing_to_close, _as_it_is), len(keys)


def _nothing_to_close() -> None:
    """Stand where a cursor is closed: there is none of ours."""


def _as_it_is(number: int, value: Any) -> Any:
    """Return the value: what Django has made of a row needs nothing more."""
    return value
