"""QuerySets with relations: joined columns for a relation to one, a statement of its own for each relation to many.

Every statement gives flat tuples. Native code asks for those of a relation with the rows that have it, writes them
once, grouped by what they belong to, and copies them into the rows above: no instance is made.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from time import perf_counter_ns
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable

from pyforge_web import metering
from pyforge_web._native import NestedRows, RelatedRows, RowLayout
from pyforge_web.metering.row_traces import RowTrace, trace_rows
from pyforge_web.querysets import backends
from pyforge_web.querysets.field_selection import Fields
from pyforge_web.querysets.relations.columns import Plan, select
from pyforge_web.querysets.relations.instances import to_dicts, with_relations
from pyforge_web.querysets.relations.prefetch import Link, link, related_rows
from pyforge_web.querysets.relations.resolve import AnyQuerySet, Branch, Tree, doubts, resolve_fields
from pyforge_web.querysets.rows import django_chunks, django_rows, has_own_fetch, why_django
from pyforge_web.querysets.statement import (
    Chunks,
    ExecutedQuery,
    Fetch,
    Report,
    compile_query,
    execute,
    fetch_all,
    fetch_next,
    report_to,
)


class OpenQuery(NamedTuple):
    """A query that has been executed, and what its rows become."""

    plan: Plan
    statement: ExecutedQuery
    reading: RowTrace | None
    within: str

    def rows(self) -> NestedRows:
        """All its rows. Those that have relations are fetched at once: each relation is one statement."""
        statement, branches = self.statement, self.plan.branches
        fetch = fetch_all(statement.cursor) if branches else fetch_next(statement)
        names = [] if self.reading is None else self._names()
        return self._nested(fetch, report_to(statement, names, self.reading))

    def chunks(self, sizes: Iterator[int]) -> NestedRows:
        """The rows of a stream: each chunk has the next of these numbers of rows, and its relations' statements."""
        chunks = Chunks(self.statement, sizes, self.plan.queryset.model, self._names(), self.within)
        return self._nested(chunks.fetch, chunks.report)

    def _nested(self, fetch: Fetch, report: Report | None) -> NestedRows:
        layout = _layout(self.plan.queryset.model._meta.label, tuple(self.statement.readers), self.plan.steps)
        statement = self.statement
        return NestedRows(layout, fetch, statement.convert, statement.cursor.close, self._load, report)

    def _names(self) -> list[str]:
        """The names of the statement's columns; empty for a key that is not written."""
        written = self.plan.written()
        return [written.get(index, "") for index in range(len(self.statement.readers))]

    def _load(self, number: int, rows: list[tuple[Any, ...]]) -> RelatedRows | None:
        """What belongs to these rows by one of their relations; None where there is nothing to ask for."""
        model, branch, index, name = self.plan.branches[number]
        using = self.plan.queryset.db
        found = link(model, branch.relation, using)
        values = self._values(index, rows)
        keys = list(values) if self._is_plain(index) else list(dict.fromkeys(values.values()))
        if not keys:
            return None
        queryset = related_rows(model, branch, keys, using)
        why = why_nested_django(queryset, branch.tree)
        if why is None:
            opened = open_query(select(queryset, branch.tree, found), f"{self.within}{name}.")
            if opened is None:
                return None
            nested, key, compared = opened.rows(), opened.plan.key, opened._compared(found)
        else:
            (nested, key), compared = _by_django(queryset, branch, found, why), found.compared
        parents: dict[Any, Any] | None = values
        if found.compared_parent is not None:
            parents = {raw: found.compared_parent(value) for raw, value in values.items()}
        elif self._is_plain(index):
            parents = None
        return RelatedRows(nested, key, compared, parents)

    def _values(self, index: int, rows: list[tuple[Any, ...]]) -> dict[Any, Any]:
        """The values of a column as Django has them, by the driver's."""
        found = dict.fromkeys([row[index] for row in rows])
        found.pop(None, None)
        if self._is_plain(index):
            return dict(zip(found, found, strict=True))
        convert = self.statement.convert
        values = {raw: convert(index, raw) for raw in found}
        return {raw: value for raw, value in values.items() if value is not None}

    def _is_plain(self, index: int) -> bool:
        """Whether the driver's values of a column are Django's."""
        return self.statement.readers[index] == backends.VALUE

    def _compared(self, found: Link) -> Callable[[Any], Any] | None:
        """The function from the driver's value of the key column to what Django compares."""
        index, compared = self.plan.key, found.compared
        if self._is_plain(index):
            return compared
        value_of = self.statement.convert if found.converted else self.statement.driver_value
        return lambda raw: value_of(index, raw) if compared is None else compared(value_of(index, raw))


def nested(data: Any, fields: Fields, fetch: bool) -> NestedRows | dict[str, Any] | list[Any]:
    """What native code writes for a QuerySet, an instance or a list of instances with relations among their fields.

    Raises `FieldError` for a name that does not exist, `ValueError` for what is not loaded of instances in memory.
    """
    if not isinstance(data, QuerySet) or data._result_cache is not None:
        return _in_memory(data, fields, fetch)
    tree = resolve(data, fields)
    if (why := why_nested_django(data, tree)) is not None:
        return to_dicts(django_rows(with_relations(data, tree), why), fields, fetch=True)
    opened = open_query(select(data, tree))
    return [] if opened is None else opened.rows()


def nested_chunks(
    queryset: AnyQuerySet, fields: Fields, sizes: Iterator[int], chunk_size: int
) -> NestedRows | Iterator[Any]:
    """The same for a stream of a QuerySet, whose chunks have the next of these numbers of rows.

    No more than a chunk of instances is in memory where Django makes them.
    """
    tree = resolve(queryset, fields)
    if (why := why_nested_django(queryset, tree)) is not None:
        joined = with_relations(queryset, tree)
        rows = joined if has_own_fetch(type(joined)) else joined.iterator(chunk_size)
        return django_chunks(queryset, memory_chunks(rows, fields, chunk_size, fetch=True), why)
    opened = open_query(select(queryset, tree), chunked=True)
    return iter(()) if opened is None else opened.chunks(sizes)


def memory_chunks(
    instances: Iterable[Model], fields: Fields, chunk_size: int, *, fetch: bool = False
) -> Iterator[dict[str, Any]]:
    """The rows of instances, so many of them at once; nothing is asked for before the first."""
    iterator = iter(instances)
    while chunk := list(islice(iterator, chunk_size)):
        yield from to_dicts(chunk, fields, fetch=fetch)


def plain_nested(data: Any, fields: Fields, fetch: bool) -> dict[str, Any] | list[Any]:
    """What `nested` gives as dicts and lists, for an encoder that is not ours."""
    if isinstance(data, QuerySet) and data._result_cache is None:
        return to_dicts(list(with_relations(data, resolve(data, fields))), fields, fetch=True)
    return _in_memory(data, fields, fetch)


def _in_memory(data: Any, fields: Fields, fetch: bool) -> dict[str, Any] | list[Any]:
    """An instance, a list of instances or an evaluated QuerySet, with what is loaded of them."""
    if isinstance(data, QuerySet):
        resolve(data, fields)
    instances = [data] if isinstance(data, Model) else list(data)
    for model in dict.fromkeys(map(type, instances)):
        trace_rows(model, "instance")
    rows = to_dicts(instances, fields, fetch=fetch)
    return rows[0] if isinstance(data, Model) else rows


def open_query(plan: Plan, within: str = "", *, chunked: bool = False) -> OpenQuery | None:
    """Executes the statement of a plan, with a cursor for `chunked` rows; None where it finds nothing to ask for.

    `within` says where its rows are in the JSON: `tags.`, which collectors are told.
    """
    compiled = compile_query(plan.queryset)
    reading = trace_rows(plan.queryset.model, "values", within=within)
    if compiled is None:
        return None
    statement = execute(compiled, reading, chunked=chunked)
    written = plan.written()
    metering.count_columns(sum(statement.readers[index] is backends.DJANGO for index in written), len(written))
    return OpenQuery(plan, statement, reading, within)


def is_of_own_models(data: object) -> bool:
    """Whether this is a QuerySet that makes its instances in a way of its own: `values()` would give other rows."""
    kind = data._iterable_class if isinstance(data, QuerySet) else ModelIterable
    return kind is not ModelIterable and issubclass(kind, ModelIterable)


def resolve(queryset: AnyQuerySet, fields: Fields) -> Tree:
    """The tree of a model QuerySet's fields.

    Raises `TypeError` for rows that have no relations, `FieldError` for a name that does not exist.
    """
    if not issubclass(queryset._iterable_class, ModelIterable):
        raise TypeError(
            "fields= with relations needs a QuerySet of models: leave out values() and values_list(), or name the "
            "columns of relations in them"
        )
    return resolve_fields(queryset, fields)


def why_nested_django(queryset: AnyQuerySet, tree: Tree) -> str | None:
    """Why the statement of a QuerySet with these fields takes Django's path; None where its columns decide.

    The relations to many are statements of their own.
    """
    if reason := why_django(queryset):
        return reason
    if queryset.query.combinator:
        return f"a {queryset.query.combinator} has no joins of its own"
    if queryset.query.where.contains_over_clause:  # of a sliced Prefetch: Django selects from a query of its own there
        if len(queryset.model._meta.pk_fields) > 1:
            return "a part of rows whose key has several columns"
        if queryset.query.distinct:
            return "a part of distinct rows"
    return next((f"{'.'.join(path)}: {reason}" for path, reason in doubts(tree)), None)


def _by_django(queryset: AnyQuerySet, branch: Branch, found: Link, why: str) -> tuple[NestedRows, int]:
    """The rows of a relation by Django's own path, and the column of their key."""
    name = found.key.attname
    if found.table is not None:
        quote = connections[queryset.db].ops.quote_name
        name = f"_prefetch_related_val_{name}"
        column = f"{quote(found.table)}.{quote(found.key.column or '')}"
        queryset = queryset.extra(select={name: column})  # noqa: S610 - quoted, as Django's manager does
    objects = django_rows(with_relations(queryset, branch.tree), why)
    rows = to_dicts(objects, branch.fields, fetch=True)
    tuples = [(*row.values(), getattr(each, name)) for row, each in zip(rows, objects, strict=True)]
    keys = [item if isinstance(item, str) else item.name for item in branch.fields]
    steps = tuple(("column", key, index) for index, key in enumerate(keys))
    layout = _layout(branch.tree.model._meta.label, (backends.VALUE,) * (len(keys) + 1), steps)
    return NestedRows(layout, tuples, _as_it_is, _nothing, _as_it_is), len(keys)


@lru_cache(maxsize=1024)
def _layout(
    label: str, readers: tuple[backends.ColumnReader, ...], steps: tuple[tuple[str, str, int], ...]
) -> RowLayout:
    """What native code does with a row, compiled once for all queries of a model that are alike."""
    started = perf_counter_ns()
    layout = RowLayout(list(readers), list(steps))
    taken, django = perf_counter_ns() - started, readers.count(backends.DJANGO)
    metering.count_compiled(label, "serializer", taken, len(readers) - django, django)
    return layout


def _nothing() -> None:
    """What is closed where there is no cursor of ours."""


def _as_it_is(number: int, value: Any) -> Any:
    """What is asked of rows that Django has made: nothing."""
    return value
