"""When the statement of a QuerySet with output fields takes Django's path, and why."""

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.models.constants import LOOKUP_SEP

from pyforge_web.output.grammar import AllColumns
from pyforge_web.output.lookups import is_djangos
from pyforge_web.output.managers import why_own_all
from pyforge_web.output.tree import Branch, Leaf, Tree, UntypedQuerySet
from pyforge_web.querysets.django_path import has_own_iteration, why_django
from pyforge_web.querysets.relations.flat_plan import find_flat_plan
from pyforge_web.querysets.relations.raw_sql import has_bare_columns
from pyforge_web.querysets.relations.routed import find_joined_paths, find_selected, why_routed
from pyforge_web.querysets.relations.tree_classes import joined_models, why_classes


def why_tree_django(queryset: UntypedQuerySet, tree: Tree, connection: Any = None) -> str | None:
    """Return why the statement of a QuerySet with these fields takes Django's path; None where its columns decide.

    The relations to many are statements of their own.
    """
    if reason := why_django(queryset, connection):
        return reason
    plan = find_flat_plan(tree)
    is_whole = not queryset.query.where.contains_over_clause
    if plan is not None and is_whole and plan.has_stock_descriptors(tree.model):
        return None
    return _why_joined_query(queryset, tree) or why_classes(tree) or _why_iterated(tree)


def _why_iterated(tree: Tree) -> str | None:
    """Return which relation to many is iterated for each of its parents, by code of the project.

    Django iterates the rows of all parents, and then again those that each of them has got. A `to_attr` is a list.
    """
    work = [tree]
    while work:
        branches = work.pop()
        if branches.is_kept:  # the managers of its relations are Django's
            continue
        for item in branches.items:
            if not isinstance(item, Branch):
                continue
            if item.is_joined:
                work.append(item.tree)
            relation: Any = item.relation
            if not relation.many or item.name != relation.name or relation.model is None:
                continue
            if reason := why_own_all(relation.model):
                return f"{item.name}: {reason}"
            queryset = relation.model._default_manager.all() if item.queryset is None else item.queryset
            if has_own_iteration(type(queryset)):
                return f"{item.name}: {type(queryset).__name__} iterates its rows in its own way"
    return None


def _first_relations(tree: Tree) -> Iterator[str]:
    """Yield the names of the relations that joins of ours begin with."""
    for item in tree.items:
        if isinstance(item, Branch):
            yield item.relation.name
        else:
            yield from (leaf.path[0].name for leaf in (item, *item.sources) if leaf.path)


def _why_joined_query(queryset: UntypedQuerySet, tree: Tree) -> str | None:
    """Return what a query has that does not go together with joins and statements of ours."""
    query = queryset.query
    if defers_joined_star(query, tree):
        return "columns that select_related joins are deferred"
    if joined := _find_joined_already(query, tree):
        return f"select_related joins {joined}, which has a query of its own"
    strangers = [lookup for lookup in queryset._prefetch_related_lookups if not is_djangos(lookup)]
    if strangers and any(isinstance(item, Branch) for item in tree.items):
        return f"{type(strangers[0]).__name__} loads relations in its own way"
    if query.combinator and any(isinstance(item, Leaf) and item.expression is not None for item in tree.items):
        return f"a {query.combinator} has no expressions of its own"
    known = {field.name for field in queryset._known_related_objects}
    if known and (given := known.intersection(_first_relations(tree))):
        return f"its rows have the {given.pop()} that is in memory"
    # Those that output fields read are among them: a path of `Link` or `Computed`.
    if joined_models(tree) and (reason := _why_no_joins(queryset, tree)):
        return reason
    if query.where.contains_over_clause:  # of a sliced Prefetch: Django selects from a query of its own there
        if len(queryset.model._meta.pk_fields) > 1:
            return "a part of rows whose key has several columns"
        if query.distinct:
            return "a part of distinct rows"
    return None


def defers_joined_star(query: Any, tree: Tree) -> bool:
    """Return whether a joined relation has `"*"`, and the query may defer columns of it: only its instances tell."""
    if not query.select_related or not any(LOOKUP_SEP in name for name in query.deferred_loading[0]):
        return False
    work = [tree]
    while work:
        for item in work.pop().items:
            if isinstance(item, Branch) and not item.relation.many:
                if any(isinstance(each, AllColumns) for each in item.fields):
                    return True
                work.append(item.tree)
    return False


def _find_joined_already(query: Any, tree: Tree) -> str | None:
    """Return a relation with a query of its own that `select_related` has loaded before that."""
    work = [(tree, query.select_related, 0)]
    while work:
        branches, wanted, depth = work.pop()
        for item in branches.items if wanted and not tree.is_kept else ():
            if not isinstance(item, Branch) or item.relation.many or item.relation.doubt is not None:
                continue
            inner = find_selected(query, item.relation, wanted, depth)
            if inner is not None and item.is_joined:
                work.append((item.tree, inner, depth + 1))
            elif inner is not None and item.name == item.relation.name:
                return item.name
    return None


def _why_no_joins(queryset: UntypedQuerySet, tree: Tree) -> str | None:
    """Return why joins of ours would change a query."""
    query = queryset.query
    if query.combinator:
        return f"a {query.combinator} has no joins of its own"
    if reason := why_routed(queryset, find_joined_paths(tree)):
        return reason
    if has_bare_columns(query, joined_models(tree)):
        return "its raw SQL may name a column that a join of ours would have twice"
    if query.select_for_update:
        features = connections[queryset.db].features
        if query.select_for_update_of or query.select_related or not features.has_select_for_update_of:
            return "rows are locked, and a join of ours would lock others"
    if query.distinct and query.deferred_loading[0]:
        return "distinct rows of some columns have no joins of their own"
    return None
