"""The rows of a tree whose SQL is remembered, by the shortest way: what was found out once is compared, not made.

Taken only where the rows come straight from the driver and no collector listens. On any doubt there is no page, and the
rows are opened as always.
"""

from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Model
from django.db.models.query import ModelIterable

from pyforge_web._native import AttributeWatch
from pyforge_web.conf import get_settings
from pyforge_web.metering.compilations import active_collectors
from pyforge_web.metering.row_traces import call_notes
from pyforge_web.output.options import output_options
from pyforge_web.output.tree import Tree, UntypedQuerySet
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import watch_classes, why_added, why_patched, why_receivers
from pyforge_web.querysets.relations.columns import SelectPlan, find_purpose, select_tree
from pyforge_web.querysets.relations.routed import has_reading_routers
from pyforge_web.querysets.relations.steps import Steps
from pyforge_web.querysets.relations.tree_classes import joined_models, watch_tree_classes
from pyforge_web.querysets.relations.tree_walk import ColumnSlot
from pyforge_web.querysets.sql_cache import sql_memory
from pyforge_web.querysets.sql_cache.recording import RememberedQuery, fill_places
from pyforge_web.querysets.sql_cache.remembered import (
    FoundEntry,
    Prepare,
    RememberedCompiler,
    find_entry,
    is_check_due,
    is_remembering,
)
from pyforge_web.querysets.statement import find_most, fit_at_once

# What is known of trees, in the `__dict__` of the model's `_meta`: by the tree, and the class of the QuerySet.
_PAGES = "_pyforge_pages"
_MOST_PAGES = 256


class KnownPage(NamedTuple):
    """A tree of which Django's path was not needed, and what that depended on."""

    tree: Tree
    purpose: Any
    watch: AttributeWatch
    joined: tuple[type[Model], ...]


class WrittenPage(NamedTuple):
    """What becomes of the rows of remembered SQL for a tree."""

    tree: Tree
    plan: SelectPlan
    indexes: dict[ColumnSlot, int]
    steps: Steps
    keys_only: bool


class PageRows(NamedTuple):
    """All rows of a page, and what reads the values that native code does not."""

    page: WrittenPage
    entry: RememberedQuery
    rows: Any  # a list, or the function that fetches the next
    driver: backends.DriverCursor


def find_page_rows(queryset: UntypedQuerySet, tree: Tree) -> PageRows | None:
    """Return all rows of a QuerySet for a tree; None where they must be opened in the usual way."""
    page = find_page(queryset, tree)
    if page is None or not may_take_entries():
        return None
    connection: Any = connections[queryset.db]
    try:
        found = find_entry(queryset, page.purpose, connection)
        entry = found.entry
        if type(entry) is not RememberedQuery or not entry.evidence.is_valid(connection):
            return None
    except Exception:  # the usual way says it
        return None
    rows = read_page(found, tree, connection, lambda: select_tree(queryset, tree).prepare())
    if rows is not None:
        sql_memory.hits += 1
        entry.hits += 1
    return rows


def may_take_entries() -> bool:
    """Return whether the next use of remembered SQL goes without Django's compiler; else the usual way compares."""
    return is_remembering() and not is_check_due(sql_memory.hits + 1)


def is_unheard() -> bool:
    """Return whether native code may read rows of which nobody is told."""
    return not active_collectors.get() and call_notes.get() is None and get_settings()["NATIVE"]


def find_page(queryset: UntypedQuerySet, tree: Tree) -> KnownPage | None:
    """Return what is known of a tree for such a QuerySet; None where that is not enough, or somebody listens."""
    known = tree.model._meta.__dict__.get(_PAGES)
    if known is None or not is_unheard():
        return None
    query, iterable = queryset.query, queryset._iterable_class
    page: KnownPage | None = known.get((id(tree), type(queryset), type(query), iterable))
    if page is None or query.select_related or query.compiler != "SQLCompiler" or not page.watch.holds():
        return None
    # Relations that somebody has loaded, or that are in memory: the usual way knows what becomes of them.
    if queryset._prefetch_related_lookups or queryset._known_related_objects:
        return None
    if why_patched() or (iterable is ModelIterable and (why_receivers(tree.model) or why_added(tree.model, query))):
        return None
    if page.joined and has_reading_routers():  # which may read what is joined from elsewhere
        return None
    return None if any(map(why_receivers, page.joined)) else page


def read_page(found: FoundEntry, tree: Tree, connection: Any, prepare: Prepare) -> PageRows | None:
    """Return all rows of remembered SQL whose evidence is valid; None where nothing is known of its page.

    `prepare` gives the query, where Django has to read the rows.
    """
    entry = found.entry
    page: WrittenPage | None = entry.memo.get((_PAGES, id(tree)))
    if page is None or not output_options.get().is_row_plain:
        return None
    if not entry.plan_watch.holds() or entry.timezone is not connection.timezone:
        return None
    backend: Any = backends.find_backend(connection)
    most = find_most(*found.marks)
    if backend.why_not(connection) is not None or not (page.plan.relations or fit_at_once(most)):
        return None
    text = backends.find_driver_text(backend, entry.write_sql(found.marks, None, connection), entry.memo)
    plan = plan_page(found, connection, prepare, most)
    driver = backend.execute_direct(plan, text, fill_places(entry.recipe, found.params))
    return None if driver is None else PageRows(page, entry, driver.cursor.fetchall(), driver)


def plan_page(found: FoundEntry, connection: Any, prepare: Prepare, most: int | None) -> backends.StatementPlan:
    """Return what is known of the statement of remembered SQL."""
    entry = found.entry
    compiler = RememberedCompiler(entry, found.kind, connection, prepare)
    return backends.StatementPlan(compiler, list(entry.expressions), entry.plan, most=most)


def keep_page(queryset: UntypedQuerySet, tree: Tree, opened: Any) -> None:
    """Keep what was found out about a query that was opened in the usual way, where the next one may be a page."""
    purpose = None if queryset.query.select_related else find_purpose(queryset, tree)
    if purpose is None or keep_written(tree, opened) is None:
        return
    known = tree.model._meta.__dict__.setdefault(_PAGES, {})
    if len(known) >= _MOST_PAGES:
        known.clear()
    key = id(tree), type(queryset), type(queryset.query), queryset._iterable_class
    if key not in known or not known[key].watch.holds():
        known[key] = KnownPage(tree, purpose, watch_page(queryset, tree), joined_models(tree))


def keep_written(tree: Tree, opened: Any) -> WrittenPage | None:
    """Keep what becomes of the rows of remembered SQL; None where they do not come straight from the driver."""
    entry, statement = opened.entry, opened.statement
    if entry is None or entry.plan_watch is None or not statement.is_direct:
        return None
    if not output_options.get().is_row_plain or backends.DJANGO in statement.readers:
        return None
    page = WrittenPage(tree, opened.plan, opened.indexes, opened.steps, opened.keys_only)
    entry.note((_PAGES, id(tree)), page, opened.steps)
    return page


def watch_page(queryset: UntypedQuerySet, tree: Tree) -> AttributeWatch:
    """Return what compares the classes of a QuerySet and the descriptors of a tree."""
    return AttributeWatch([*watch_classes(queryset), *watch_tree_classes(tree)])
