"""The rows of a relation to many by the shortest way: no QuerySet is built, the keys are written into remembered SQL.

Only where the QuerySet is the same each time: that of Django's own manager, without a `Prefetch`.
"""

from typing import Any, NamedTuple

from django.db import connections, router
from django.db.models import Model, QuerySet

from pyforge_web._native import AttributeWatch
from pyforge_web.output.options import OutputOptions
from pyforge_web.output.tree import Branch, UntypedQuerySet
from pyforge_web.output.tree_watch import watch_manager
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import why_patched, why_receivers
from pyforge_web.querysets.relations.columns import select_tree
from pyforge_web.querysets.relations.prefetch import RelationKey, related_rows, stand_in
from pyforge_web.querysets.relations.remembered_pages import (
    PageRows,
    WrittenPage,
    is_unheard,
    keep_written,
    may_take_entries,
    plan_page,
    watch_page,
)
from pyforge_web.querysets.relations.routed import has_reading_routers
from pyforge_web.querysets.relations.tree_classes import joined_models
from pyforge_web.querysets.sql_cache import KeyNumbers, sql_memory
from pyforge_web.querysets.sql_cache.fingerprint import Fingerprint
from pyforge_web.querysets.sql_cache.recording import RememberedQuery
from pyforge_web.querysets.sql_cache.remembered import DatabaseState, FoundEntry, read_database_state
from pyforge_web.querysets.statement import ROWS_AT_ONCE, fetch_chunks

# What is known of relations, in the `__dict__` of the `_meta` of the model that has them.
_RELATED = "_pyforge_related"
_MOST_RELATED = 256


class RelatedPage(NamedTuple):
    """The remembered SQL of a relation's rows, and what the QuerySet of it was made of."""

    branch: Branch
    entry: RememberedQuery
    state: DatabaseState
    written: WrittenPage
    # The field that the keys are compared with, and the class of its lookup `in`.
    field: Any
    lookup: Any
    managers: AttributeWatch
    watch: AttributeWatch
    parts: tuple[str, str]
    joined: tuple[type[Model], ...]


def read_related(
    model: type[Model], branch: Branch, key: RelationKey, keys: list[Any], using: str, options: OutputOptions
) -> PageRows | None:
    """Return what belongs to the parents with these keys; None where a QuerySet has to be built for them."""
    page = _find_related(model, branch, keys, using, options)
    if page is None:
        return None
    entry, related = page.entry, page.branch.tree.model
    database = using
    if router.routers:
        database = router.db_for_read(related, instance=_make_parent(model, key, keys, using))
    connection: Any = connections[database]
    backend: Any = backends.find_backend(connection)
    if not _is_related_same(page, connection, backend):
        return None

    def prepare() -> tuple[Any, Any]:
        return select_tree(related_rows(model, branch, keys, using), branch.tree, key).prepare()

    found = FoundEntry(entry, page.state.compiler, (), (0, None))
    text = f"{page.parts[0]}{KeyNumbers.write(keys)}{page.parts[1]}"
    driver = backend.execute_direct(plan_page(found, connection, prepare, None), text, ())
    if driver is None:
        return None
    sql_memory.hits += 1
    entry.hits += 1
    cursor = driver.cursor
    if page.written.plan.relations or len(keys) <= ROWS_AT_ONCE or backends.DJANGO in driver.readers:
        return PageRows(page.written, entry, cursor.fetchall(), driver)
    return PageRows(page.written, entry, fetch_chunks(cursor.fetchmany), driver)


def _find_related(
    model: type[Model], branch: Branch, keys: list[Any], using: str, options: OutputOptions
) -> RelatedPage | None:
    """Return what is known of a relation; None where that is not enough, or somebody listens."""
    known = model._meta.__dict__.get(_RELATED)
    page: RelatedPage | None = known and known.get((id(branch), using))
    if page is None or not (is_unheard() and may_take_entries() and options.is_row_plain):
        return None
    if set(map(type, keys)) != {int} or (page.joined and has_reading_routers()):  # which may read it from elsewhere
        return None
    models = page.branch.tree.model, *page.joined
    is_known = (
        not why_patched() and page.managers.holds() and page.watch.holds() and not any(map(why_receivers, models))
    )
    return page if is_known else None


def _is_related_same(page: RelatedPage, connection: Any, backend: Any) -> bool:
    """Return whether the SQL of a relation would be the same now, and its rows read in the same way."""
    entry: Any = page.entry
    return bool(
        page.state == read_database_state(connection)
        and page.field.get_lookup("in") is page.lookup
        and backend.why_not(connection) is None
        and entry.evidence.is_valid(connection)
        and entry.plan_watch.holds()
        and entry.timezone is connection.timezone
    )


def keep_related(
    model: type[Model], branch: Branch, key: RelationKey, using: str, queryset: UntypedQuerySet, opened: Any
) -> None:
    """Keep what was found out about the statement of a relation, where the next one is the same but for the keys."""
    relation, entry = branch.relation, opened.entry
    is_same = branch.queryset is None and branch.tree.is_kept and relation.sort in ("reverse", "many_to_many")
    if not is_same or type(queryset) is not QuerySet or entry is None or len(entry.recipe.parts) != 2:
        return
    managers = watch_manager(relation)
    if managers is None or why_receivers(branch.tree.model):
        return
    printed = Fingerprint(queryset.query)
    printed.read()
    if len(printed.leaves) != 1 or type(printed.leaves[0].rhs) is not KeyNumbers or entry.recipe.places:
        return
    written = keep_written(branch.tree, opened)
    if written is None:
        return
    connection: Any = connections[opened.plan.using]
    backend: Any = backends.find_backend(connection)
    leaf = printed.leaves[0]
    known = model._meta.__dict__.setdefault(_RELATED, {})
    if len(known) >= _MOST_RELATED:
        known.clear()
    descriptor = relation.descriptor
    watched = [*managers, (model, (relation.name,), False), (descriptor, ("related_manager_cls",), True)]
    known[id(branch), using] = RelatedPage(
        branch,
        entry,
        read_database_state(connection),
        written,
        leaf.lhs.output_field,
        type(leaf),
        AttributeWatch(watched),
        watch_page(queryset, branch.tree),
        tuple(map(backend.write_driver_sql, entry.recipe.parts)),
        joined_models(branch.tree),
    )


def _make_parent(model: type[Model], key: RelationKey, keys: list[Any], using: str) -> Model:
    """Return what routers get for one of the parents."""
    return stand_in(model, using, **{model._meta.pk.attname: keys[0], key.column: keys[0]})
