"""The queries of a plan: the rows of its level, and the related rows of all of them at once."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from pyforge_web.metering.row_traces import trace_rows
from pyforge_web.output.tree import Branch, Tree
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import has_own_rows, why_django
from pyforge_web.querysets.relations.columns import JOIN_KEY, as_scanned
from pyforge_web.querysets.relations.prefetch import RelationKey, find_relation_key, related_rows
from pyforge_web.querysets.relations.routed import why_routed
from pyforge_web.querysets.relations.tree_walk import ColumnSlot
from pyforge_web.querysets.statement import compile_query, execute_query
from pyforge_web.rest_framework.fetched_query import FetchedQuery
from pyforge_web.rest_framework.level_rows import LevelRows, ParentRows
from pyforge_web.rest_framework.live import LiveFields
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.pagination import PageWindow
from pyforge_web.rest_framework.plan import Level, ManyColumn
from pyforge_web.rest_framework.selections import select_level


class PlanRun:
    """One use of a plan: the serializer whose fields are asked, the QuerySets of `Prefetch` objects, the time zone.

    With `is_streamed` rows may be written while they are fetched.
    """

    def __init__(self, live: LiveFields, prefetches: dict[tuple[str, ...], Any], *, is_streamed: bool) -> None:
        self.live, self.is_streamed = live, is_streamed
        self.prefetches = prefetches
        self.zone: Any = None

    def fetch(self, queryset: Any, level: Level, window: PageWindow | None = None) -> LevelRows | None:
        """Return the rows of a QuerySet, and those of its relations; None where there are none.

        `window` is the page of a cursor, which reads where the next page begins.
        """
        if level.has_datetimes and settings.USE_TZ:
            self.zone = timezone.get_current_timezone()
        rows = self._fetch_linked(as_scanned(queryset), [level], None, "", window)
        return None if rows is None else rows[0]

    def _fetch_linked(
        self,
        queryset: Any,
        levels: list[Level],
        found: RelationKey | None,
        within: str,
        window: PageWindow | None = None,
    ) -> list[LevelRows] | None:
        """The rows of one query, for each of the levels that are made of them; None where there are none."""
        level = levels[0]
        # A copy: what is added below is of this call, and the level is kept for all.
        slots = list(dict.fromkeys(slot for one in levels for slot in one.slots))
        if window is not None and ((), window.name) not in slots:
            slots.append(((), window.name))
        key = None if found is None else ((), found.key.attname if found.table is None else JOIN_KEY)
        if key is not None and key not in slots:
            slots.append(key)
        if found is None and not queryset.ordered and queryset.query.where:
            slots.extend(_unindexed(queryset, slots))
        if why := why_routed(queryset, (path for path, _ in slots)):
            raise FallbackError(why)
        queryset, names = select_level(queryset, level, slots, found)
        statement = execute_level(queryset, within, names)
        if window is not None:
            _cut_page(statement, window)
        if statement is None or (not (self.is_streamed and level.is_streamed) and not statement.rows):
            return None
        rows = [LevelRows(one, statement, self.live, self.zone, queryset.db) for one in levels]
        if found is not None and key is not None:
            for one in rows:
                one.name_parents(statement.indexes[key], found)
        self._fetch_relations(queryset, rows)
        return rows

    def _fetch_relations(self, queryset: Any, rows: list[LevelRows]) -> None:
        """Read the relations to many of some rows. Fields of the same relation, keys and objects, share one query."""
        shared: dict[Any, list[tuple[LevelRows, int, ManyColumn]]] = {}
        for one in rows:
            for number, column in enumerate(one.level.columns):
                if isinstance(column, ManyColumn):
                    shared.setdefault((column.slot, column.path), []).append((one, number, column))
        for users in shared.values():
            first, _, column = users[0]
            related = self._related(queryset, column, [user.level for _, _, user in users], first.keys(column.slot))
            for (one, number, _), parent_rows in zip(users, related, strict=True):
                one.related[number] = parent_rows

    def _related(self, queryset: Any, column: ManyColumn, levels: list[Level], parents: list[Any]) -> list[ParentRows]:
        """The related rows of the parents with these keys, for each of the levels."""
        # Each once, in the order of the rows: as `prefetch_related` asks for them.
        keys = [value for value in dict.fromkeys(parents) if value is not None]
        if not keys:
            return [ParentRows(None, parents) for _ in levels]
        given = self.prefetches.get(column.path)
        branch = Branch(column.relation.name, column.relation, (), Tree(column.level.model, ()), given)
        queryset = related_rows(column.owner, branch, keys, queryset.db)
        why = why_not_read(queryset)
        if why is not None:
            raise FallbackError(f"{'.'.join(column.path)}: {why}")
        found = find_relation_key(column.owner, column.relation, queryset.db)
        compared = found.compared_parent
        if compared is not None:
            parents = [None if parent is None else compared(parent) for parent in parents]
        rows = self._fetch_linked(queryset, levels, found, f"{'.'.join(column.path)}.")
        if rows is None:
            return [ParentRows(None, parents) for _ in levels]
        return [ParentRows(one, parents) for one in rows]


def _cut_page(statement: FetchedQuery | None, window: PageWindow) -> None:
    """Take the row behind the page off, and keep the values of the ordering column."""
    if statement is None:
        window.cut([], [])
        return
    index = statement.indexes[(), window.name]
    values = [statement.convert(index, row[index]) if row[index] is not None else None for row in statement.rows]
    if statement.readers[index] == backends.VALUE:
        values = [row[index] for row in statement.rows]
    statement.rows = window.cut(statement.rows, [{window.name: value} for value in values])


def _unindexed(queryset: Any, slots: list[Any]) -> list[Any]:
    """A column that no index has, where none is selected: an index with all columns would give its own order of rows.

    Django selects all columns, which no index has.
    """
    own = unindexed_columns(queryset.model)
    return [] if any(not path and name in own for path, name in slots) else [((), name) for name in own[:1]]


@lru_cache(maxsize=1024)
def unindexed_columns(model: Any) -> tuple[str, ...]:
    """Return the columns of a model's own table that are in none of its indexes."""
    options = model._meta
    together = [name for names in options.unique_together for name in names]
    named = [name for index in (*options.indexes, *options.constraints) for name in getattr(index, "fields", ())]
    indexed = {name.lstrip("-") for name in (*together, *named)}
    return tuple(
        field.attname
        for field in options.local_concrete_fields
        if not (field.db_index or field.unique or field.name in indexed)
    )


def execute_level(queryset: Any, within: str, names: dict[ColumnSlot, str]) -> FetchedQuery | None:
    """Return an executed query, whose rows are not fetched yet; None where it finds nothing to ask for."""
    compiled = compile_query(queryset)
    trace = trace_rows(queryset.model, "values", within=within)
    if compiled is None:
        return None
    indexes = {slot: compiled.positions.get(name, -1) for slot, name in names.items()}
    # A project's compiler may select other columns than it was asked for.
    if -1 in indexes.values():
        raise FallbackError("its query does not select what was asked for")
    return FetchedQuery(execute_query(compiled, trace), indexes, trace)


def why_not_read(queryset: QuerySet[Any, Any]) -> str | None:
    """Return why the rows of a QuerySet are not what DRF would be given; None where they are."""
    why = why_other_rows(queryset) or why_django(queryset)
    if why is not None:
        return why
    query = queryset.query
    if query.where.contains_over_clause and (query.distinct or len(queryset.model._meta.pk_fields) > 1):
        return "a part of rows that are distinct, or have a key of several columns"
    return None


def why_other_rows(queryset: QuerySet[Any, Any]) -> str | None:
    """Return the reasons of `why_not_read` that are told at once."""
    kind = type(queryset)
    if kind is not QuerySet and has_own_rows(kind):
        return f"{kind.__name__} fetches its rows in its own way"
    if queryset.query.combinator:
        return f"a {queryset.query.combinator} has no joins of its own"
    if queryset._known_related_objects:  # type: ignore[attr-defined]
        return "its rows are given an instance that is in memory"
    return None
