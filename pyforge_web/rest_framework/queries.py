"""The queries of a plan: raw rows, related rows of all parents at once, and the dicts that they become."""

from collections.abc import Sequence
from copy import deepcopy
from functools import lru_cache, partial
from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from pyforge_web import metering
from pyforge_web._native import columns_of
from pyforge_web.metering.row_traces import trace_rows
from pyforge_web.querysets import backends
from pyforge_web.querysets.relations.columns import _JOINED, _as_scanned, _columns
from pyforge_web.querysets.relations.prefetch import Link, link, related_rows
from pyforge_web.querysets.relations.resolve import Branch, Tree
from pyforge_web.querysets.rows import why_django
from pyforge_web.querysets.statement import ExecutedQuery, compile_query, execute
from pyforge_web.rest_framework.instances import make_instances, values_of_fields
from pyforge_web.rest_framework.live import LiveFields
from pyforge_web.rest_framework.plan import FallbackError, InstanceColumn, Level, ManyColumn, RawColumn, ValueColumn
from pyforge_web.rest_framework.values import convert_each, make_column

AnyQuerySet = QuerySet[Any, Any]


class PlanRun:
    """One use of a plan: the serializer whose fields are asked, the QuerySets of `Prefetch` objects, the time zone."""

    def __init__(self, live: LiveFields, prefetches: dict[tuple[str, ...], Any]) -> None:
        self.live = live
        self.prefetches = prefetches
        self.zone = timezone.get_current_timezone() if settings.USE_TZ else None

    def read(self, queryset: Any, level: Level) -> list[Any]:
        """Return the dicts of a QuerySet's rows."""
        return self.read_linked(_as_scanned(queryset), level, None, "")[0]

    def read_linked(self, queryset: Any, level: Level, found: Link | None, within: str) -> tuple[list[Any], list[Any]]:
        """Return the dicts of a QuerySet's rows, and the values by which they name their parents."""
        slots = list(level.slots)
        key = None if found is None else ((), found.key.attname if found.table is None else _JOINED)
        if key is not None and key not in level.slots:
            slots.append(key)
        if found is None and not queryset.ordered and queryset.query.where:
            slots.extend(_unindexed(queryset, slots))
        indexes, queryset = _columns(queryset, slots, found)
        query = fetch(queryset, within)
        if query is None:
            return [], []
        statement, raw = query
        if not raw:
            return [], []
        reader = _ColumnMaker(self, level, queryset, statement, raw, indexes)
        objects = level.build(*reader.columns())
        if found is None or key is None:
            return objects, []
        return objects, _compared(raw[indexes[key]], statement, indexes[key], found)

    def related(self, queryset: Any, column: ManyColumn, parents: Sequence[Any]) -> list[list[Any]]:
        """Return the list of related objects for each of the parents' keys."""
        keys = [value for value in dict.fromkeys(parents) if value is not None]
        if not keys:
            return [[] for _ in parents]
        given = self.prefetches.get(column.path)
        branch = Branch(column.relation.name, column.relation, (), Tree(column.level.model, ()), given)
        queryset = related_rows(column.owner, branch, keys, queryset.db)
        why = why_not_read(queryset)
        if why is not None:
            raise FallbackError(f"{'.'.join(column.path)}: {why}")
        found = link(column.owner, column.relation, queryset.db)
        objects, names = self.read_linked(queryset, column.level, found, f"{'.'.join(column.path)}.")
        groups: dict[Any, list[Any]] = {}
        for name, item in zip(names, objects, strict=True):
            groups.setdefault(name, []).append(item)
        compared = found.compared_parent
        lists: list[list[Any]] = []
        used: set[Any] = set()
        for parent in parents:
            name = parent if compared is None or parent is None else compared(parent)
            items = groups.get(name)
            if items is None:
                items = []
            elif name in used:  # DRF makes new objects for each parent
                items = deepcopy(items)
            used.add(name)
            lists.append(items)
        return lists


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


def fetch(queryset: Any, within: str) -> tuple[ExecutedQuery, list[tuple[Any, ...]]] | None:
    """Execute a query and return its columns, none for no rows; None where it finds nothing to ask for."""
    compiled = compile_query(queryset)
    reading = trace_rows(queryset.model, "values", within=within)
    if compiled is None:
        return None
    statement = execute(compiled, reading)
    try:
        rows = metering.time_database(statement.cursor.fetchall, reading)()
    finally:
        statement.cursor.close()
    if reading is not None:
        reading.rows += len(rows)
    return statement, columns_of(rows, len(statement.readers)) if rows else []


def _compared(column: Sequence[Any], statement: ExecutedQuery, index: int, found: Link) -> list[Any]:
    """The values of a key column as Django compares them with the parents' keys."""
    if statement.readers[index] == backends.VALUE:
        return list(column) if found.compared is None else [found.compared(value) for value in column]
    value_of = statement.convert if found.converted else statement.driver_value
    values = [value_of(index, value) for value in column]
    return values if found.compared is None else [found.compared(value) for value in values]


def why_not_read(queryset: AnyQuerySet) -> str | None:
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


class _ColumnMaker:
    """The columns of values of one query."""

    def __init__(
        self, run: PlanRun, level: Level, queryset: Any, statement: ExecutedQuery, raw: list[Any], indexes: Any
    ) -> None:
        self.run, self.level, self.queryset = run, level, queryset
        self.statement, self.raw, self.indexes = statement, raw, indexes

    def columns(self) -> list[Sequence[Any]]:
        """Return the columns in the order of the level, those of instances last: they read the others."""
        made: list[Any] = []
        by_group: dict[int, list[int]] = {}
        for number, column in enumerate(self.level.columns):
            if isinstance(column, InstanceColumn):
                by_group.setdefault(column.group, []).append(number)
                made.append(None)
            elif isinstance(column, RawColumn):
                made.append(self.raw[self.indexes[column.slot]])
            elif isinstance(column, ManyColumn):
                made.append(self.run.related(self.queryset, column, self.converted(self.indexes[column.slot])))
            else:
                made.append(self.values(column))
        for group_number, numbers in by_group.items():
            group = self.level.groups[group_number]
            instances = make_instances(group, made, self.queryset.db)
            fields = [self.run.live.field(cast(Any, self.level.columns[number]).live) for number in numbers]
            for number, values in zip(numbers, values_of_fields(fields, instances, guarded=group.guarded), strict=True):
                made[number] = values
        return made

    def values(self, column: ValueColumn) -> Sequence[Any]:
        """Return the values of a column as the field gives them."""
        index = self.indexes[column.slot]
        raw, reader = self.raw[index], self.statement.readers[index]
        name, options = column.format
        made = make_column(name, options, raw, reader, self.run.zone)
        if made is not None:
            return cast("Sequence[Any]", made)
        if reader != backends.VALUE:
            raw = convert_each(raw, partial(self.statement.convert, index))
        if name == "same":
            return cast("Sequence[Any]", raw)
        return convert_each(raw, self.run.live.represent(column))

    def converted(self, index: int) -> Sequence[Any]:
        """Return a column of keys as Django has them."""
        raw = self.raw[index]
        if self.statement.readers[index] == backends.VALUE:
            return cast("Sequence[Any]", raw)
        known = {value: None if value is None else self.statement.convert(index, value) for value in set(raw)}
        return [known[value] for value in raw]
