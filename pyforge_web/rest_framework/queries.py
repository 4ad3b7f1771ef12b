"""The queries of a plan: the rows of its level, and the related rows of all of them at once."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from pyforge_web import metering
from pyforge_web._native import columns_of
from pyforge_web.metering.row_traces import trace_rows
from pyforge_web.output.tree import Branch, Tree
from pyforge_web.querysets.django_path import why_django
from pyforge_web.querysets.relations.columns import JOIN_KEY, ColumnSlot, as_scanned, select_slots
from pyforge_web.querysets.relations.prefetch import RelationKey, find_relation_key, related_rows
from pyforge_web.querysets.statement import ExecutedQuery, compile_query, execute_query
from pyforge_web.rest_framework.level_rows import LevelRows, ParentRows
from pyforge_web.rest_framework.live import LiveFields
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.plan import Level, ManyColumn


class PlanRun:
    """One use of a plan: the serializer whose fields are asked, the QuerySets of `Prefetch` objects, the time zone."""

    def __init__(self, live: LiveFields, prefetches: dict[tuple[str, ...], Any]) -> None:
        self.live = live
        self.prefetches = prefetches
        self.zone = timezone.get_current_timezone() if settings.USE_TZ else None

    def fetch(self, queryset: Any, level: Level) -> LevelRows | None:
        """Return the rows of a QuerySet, and those of its relations; None where there are none."""
        return self._fetch_linked(as_scanned(queryset), level, None, "")

    def _fetch_linked(self, queryset: Any, level: Level, found: RelationKey | None, within: str) -> LevelRows | None:
        slots = list(level.slots)
        key = None if found is None else ((), found.key.attname if found.table is None else JOIN_KEY)
        if key is not None and key not in level.slots:
            slots.append(key)
        if found is None and not queryset.ordered and queryset.query.where:
            slots.extend(_unindexed(queryset, slots))
        queryset, names = select_slots(queryset, slots, found)
        query = fetch_columns(queryset, within, names)
        if query is None or not query[1]:
            return None
        statement, columns, indexes = query
        rows = LevelRows(level, statement, columns, indexes, self.live, self.zone, queryset.db)
        if found is not None and key is not None:
            rows.name_parents(indexes[key], found)
        for column in level.columns:
            if isinstance(column, ManyColumn):
                rows.related[column] = self._related(queryset, column, rows.keys(column.slot))
        return rows

    def _related(self, queryset: Any, column: ManyColumn, parents: list[Any]) -> ParentRows:
        """The related rows of the parents with these keys."""
        keys = [value for value in dict.fromkeys(parents) if value is not None]
        if not keys:
            return ParentRows(None, parents)
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
        return ParentRows(self._fetch_linked(queryset, column.level, found, f"{'.'.join(column.path)}."), parents)


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


def fetch_columns(
    queryset: Any, within: str, names: dict[ColumnSlot, str]
) -> tuple[ExecutedQuery, Any, dict[ColumnSlot, int]] | None:
    """Execute a query and return its columns, none for no rows; None where it finds nothing to ask for."""
    compiled = compile_query(queryset)
    reading = trace_rows(queryset.model, "values", within=within)
    if compiled is None:
        return None
    indexes = {slot: compiled.positions.get(name, -1) for slot, name in names.items()}
    if -1 in indexes.values():
        raise FallbackError("its query does not select what was asked for")
    statement = execute_query(compiled, reading)
    try:
        rows = metering.time_database(statement.cursor.fetchall, reading)()
    finally:
        statement.cursor.close()
    if reading is not None:
        reading.rows += len(rows)
    return statement, columns_of(rows, len(statement.readers)) if rows else [], indexes


def why_not_read(queryset: QuerySet[Any, Any]) -> str | None:
    """Return why the rows of a QuerySet are not what DRF would be given; None where they are."""
    why = why_django(queryset)
    if why is not None:
        return why
    query = queryset.query
    if query.combinator:
        return f"a {query.combinator} has no joins of its own"
    if query.where.contains_over_clause and (query.distinct or len(queryset.model._meta.pk_fields) > 1):
        return "a part of rows that are distinct, or have a key of several columns"
    if queryset._known_related_objects:  # type: ignore[attr-defined]
        return "its rows are given an instance that is in memory"
    return None
