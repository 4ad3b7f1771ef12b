"""QuerySets with relations: joined columns for a relation to one, a statement of its own for each relation to many.

Every statement gives flat tuples. Native code asks for those of a relation with the rows that have it, writes them
once, grouped by what they belong to, and copies them into the rows above: no instance is made.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Model

from pyforge_web import metering
from pyforge_web._native import NestedRows, QueryRows, RelatedRows
from pyforge_web.metering.row_traces import RowTrace, trace_rows
from pyforge_web.output.fields import output_for, output_request
from pyforge_web.output.grammar import NestedFields, ParsedFields
from pyforge_web.output.key_names import key_maker, make_keys, output_with_keys
from pyforge_web.output.resolve import AnyQuerySet, Branch, Tree, find_doubts, is_djangos
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import django_rows, why_django
from pyforge_web.querysets.relations.columns import (
    OutputColumn,
    SelectPlan,
    Slot,
    Steps,
    find_written,
    plan_select,
)
from pyforge_web.querysets.relations.instances import bind_output, to_dicts, with_relations
from pyforge_web.querysets.relations.prefetch import RelationKey, find_relation_key, related_rows
from pyforge_web.querysets.rows import Written, compile_columns, compile_layout
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

AddedColumn = Callable[[list[Any]], list[Any]]


class OpenQuery(NamedTuple):
    """A query that has been executed, and what its rows become: `indexes` says where the columns of the plan are."""

    plan: SelectPlan
    statement: ExecutedQuery
    indexes: dict[Slot, int]
    trace: RowTrace | None
    within: str
    # The rows are a list of keys: each is the value of its one column.
    keys_only: bool

    def rows(self) -> QueryRows | NestedRows:
        """Return all its rows. Those that have relations are fetched at once: each relation is one statement."""
        statement = self.statement
        fetch = fetch_all(statement.cursor) if self.plan.relations else fetch_next(statement)
        names = [] if self.trace is None else self._names()
        return self._write(fetch, report_to(statement, names, self.trace))

    def chunks(self, sizes: Iterator[int]) -> QueryRows | NestedRows:
        """Return the rows of a stream: each chunk has the next of these numbers of rows, and its relations."""
        chunks = Chunks(self.statement, sizes, self.plan.queryset.model, self._names(), self.within)
        return self._write(chunks.fetch, chunks.report)

    def nested(self) -> NestedRows:
        """Return all its rows, for those that they belong to."""
        rows = self.rows()
        if isinstance(rows, NestedRows):
            return rows
        raise TypeError("rows of a relation have a key behind their columns")

    def _write(self, fetch: Fetch, report: Report | None) -> QueryRows | NestedRows:
        label, readers = self.plan.queryset.model._meta.label, self.statement.readers
        convert, close = self.statement.convert, self.statement.cursor.close
        steps = _with_keys(self.plan.write_steps(self.indexes))
        count = len(steps)
        if self.plan.key is None and [(step, index) for step, _, index in steps] == [
            ("column", place) for place in range(count)
        ]:
            columns = compile_columns(label, "object", tuple(name for _, name, _ in steps), tuple(readers[:count]))
            return QueryRows(columns, fetch, convert, close, report)
        if self.plan.outputs:
            steps = tuple(_as_columns(steps, len(readers)))
            readers = [*readers, *(backends.VALUE for _ in self.plan.outputs)]
            fetch = _with_columns(fetch, [self._output_values(output) for output in self.plan.outputs])
        layout = compile_layout(label, tuple(readers), steps, self.keys_only)
        request, make_key = output_request.get(), key_maker.get()

        def load(number: int, rows: list[tuple[Any, ...]]) -> RelatedRows | None:
            with output_for(request), output_with_keys(make_key):  # of the call that has opened the query
                return self._load(number, rows)

        return NestedRows(layout, fetch, convert, close, load, report)

    def _names(self) -> list[str]:
        """Return the names of the statement's columns; empty for a key that is not written."""
        written = find_written(self.plan.write_steps(self.indexes))
        return [written.get(index, "") for index in range(len(self.statement.readers))]

    def _output_values(self, column: OutputColumn) -> AddedColumn:
        """Return the function from rows to the values of an output field; it is bound now, in the language of now."""
        leaf, using = column.leaf, self.plan.queryset.db
        make = bind_output(leaf, column.model, using)
        indexes = [self.indexes[slot] for slot in column.slots]
        presence = None if column.presence is None else self.indexes[column.presence]

        def read_values(rows: list[Any]) -> list[Any]:
            columns = [self._python_values(index, rows) for index in indexes]
            arguments = zip(*columns, strict=True) if columns else iter([()] * len(rows))
            if presence is None:
                return [make(values) for values in arguments]
            return [
                None if row[presence] is None else make(values) for row, values in zip(rows, arguments, strict=True)
            ]

        return read_values

    def _python_values(self, index: int, rows: list[Any]) -> list[Any]:
        """Return the values of a column as `.values_list()` gives them."""
        if self._is_plain(index):
            return [row[index] for row in rows]
        convert, is_django = self.statement.convert, self.statement.readers[index] is backends.DJANGO
        return [None if row[index] is None and not is_django else convert(index, row[index]) for row in rows]

    def _load(self, number: int, rows: list[tuple[Any, ...]]) -> RelatedRows | None:
        """Return what belongs to these rows by one of their relations; None where there is nothing to ask for."""
        model, branch, slot, name = self.plan.relations[number]
        using, index = self.plan.queryset.db, self.indexes[slot]
        found = find_relation_key(model, branch.relation, using)
        values = self._values(index, rows)
        keys = list(values) if self._is_plain(index) else list(dict.fromkeys(values.values()))
        if not keys:
            return None
        queryset = related_rows(model, branch, keys, using)
        opened = open_query(queryset, branch.tree, found, f"{self.within}{name}.", keys_only=branch.keys_only)
        if opened is None:
            return None
        if isinstance(opened, str):
            (nested, key), compared = _by_django(queryset, branch, found, opened), found.compared
        else:
            nested, key, compared = opened.nested(), opened.key_index, opened.compared(found)
        parents: dict[Any, Any] | None = values
        if found.compared_parent is not None:
            parents = {raw: found.compared_parent(value) for raw, value in values.items()}
        elif self._is_plain(index):
            parents = None
        return RelatedRows(nested, key, compared, parents)

    @property
    def key_index(self) -> int:
        """The index of the column by which the rows name their parents."""
        return -1 if self.plan.key is None else self.indexes[self.plan.key]

    def compared(self, found: RelationKey) -> Callable[[Any], Any] | None:
        """Return the function from the driver's value of the key column to what Django compares."""
        index, compared = self.key_index, found.compared
        if self._is_plain(index):
            return compared
        value_of = self.statement.convert if found.converted else self.statement.driver_value
        return lambda raw: value_of(index, raw) if compared is None else compared(value_of(index, raw))

    def _values(self, index: int, rows: list[tuple[Any, ...]]) -> dict[Any, Any]:
        """Return the values of a column as Django has them, by the driver's."""
        raw_values = dict.fromkeys([row[index] for row in rows])
        raw_values.pop(None, None)
        if self._is_plain(index):
            return dict(zip(raw_values, raw_values, strict=True))
        convert = self.statement.convert
        values = {raw: convert(index, raw) for raw in raw_values}
        return {raw: value for raw, value in values.items() if value is not None}

    def _is_plain(self, index: int) -> bool:
        """Return whether the driver's values of a column are Django's."""
        return self.statement.readers[index] == backends.VALUE


def write_tree(queryset: AnyQuerySet, tree: Tree, sizes: Iterator[int] | None = None) -> Written:
    """Return the executed query of a model QuerySet, of which native code writes the fields of a tree.

    With `sizes` it is the query of a stream, of which each chunk has the next of these numbers of rows.
    """
    opened = open_query(queryset, tree, chunked=sizes is not None)
    if opened is None or isinstance(opened, str):
        return opened or []
    return opened.rows() if sizes is None else opened.chunks(sizes)


def memory_chunks(
    instances: Iterable[Model], fields: ParsedFields, chunk_size: int, *, fetch: bool = False
) -> Iterator[dict[str, Any]]:
    """Return the rows of instances, so many of them at once; nothing is asked for before the first."""
    request, make_key = output_request.get(), key_maker.get()

    def read_rows() -> Iterator[dict[str, Any]]:
        iterator = iter(instances)
        while chunk := list(islice(iterator, chunk_size)):
            with output_for(request), output_with_keys(make_key):
                rows = to_dicts(chunk, fields, fetch=fetch)
            yield from rows

    return read_rows()


def open_query(
    queryset: AnyQuerySet,
    tree: Tree,
    found: RelationKey | None = None,
    within: str = "",
    *,
    chunked: bool = False,
    keys_only: bool = False,
) -> OpenQuery | str | None:
    """Execute the statement of a QuerySet with these fields, with a cursor for `chunked` rows.

    None where it finds nothing to ask for; a text says why Django has to read the rows. `within` says where the rows
    are in the JSON: `tags.`, which collectors are told. With `keys_only` they are the values of their one column.
    """
    if (why := why_tree_django(queryset, tree)) is not None:
        return why
    plan = plan_select(queryset, tree, found)
    compiled = compile_query(plan.queryset)
    trace = trace_rows(plan.queryset.model, "values", within=within)
    if compiled is None:
        return None
    indexes = plan.place(compiled.positions)
    if indexes is None:
        return "its query does not select what was asked for"
    statement = execute(compiled, trace, chunked=chunked)
    written = find_written(plan.write_steps(indexes))
    metering.count_columns(sum(statement.readers[index] is backends.DJANGO for index in written), len(written))
    return OpenQuery(plan, statement, indexes, trace, within, keys_only)


def why_tree_django(queryset: AnyQuerySet, tree: Tree) -> str | None:
    """Return why the statement of a QuerySet with these fields takes Django's path; None where its columns decide.

    The relations to many are statements of their own.
    """
    if reason := why_django(queryset):
        return reason
    return _why_query(queryset, tree) or next(
        (f"{'.'.join(path)}: {reason}" for path, reason in find_doubts(tree)), None
    )


def _why_query(queryset: AnyQuerySet, tree: Tree) -> str | None:
    """Return what a query has that does not go together with joins and statements of ours."""
    query = queryset.query
    joins = any((isinstance(item, Branch) and item.is_joined) or getattr(item, "path", ()) for item in tree.items)
    strangers = [lookup for lookup in queryset._prefetch_related_lookups if not is_djangos(lookup)]
    if strangers and any(isinstance(item, Branch) for item in tree.items):
        return f"{type(strangers[0]).__name__} loads relations in its own way"
    if query.combinator and joins:
        return f"a {query.combinator} has no joins of its own"
    if query.select_for_update and joins:
        features = connections[queryset.db].features
        if query.select_for_update_of or query.select_related or not features.has_select_for_update_of:
            return "rows are locked, and a join of ours would lock others"
    if query.distinct and joins and query.deferred_loading[0]:
        return "distinct rows of some columns have no joins of their own"
    if query.where.contains_over_clause:  # of a sliced Prefetch: Django selects from a query of its own there
        if len(queryset.model._meta.pk_fields) > 1:
            return "a part of rows whose key has several columns"
        if query.distinct:
            return "a part of distinct rows"
    return None


def _with_keys(steps: Steps) -> Steps:
    """Return the steps with the keys that are asked for, object by object."""
    if key_maker.get() is None:
        return steps
    names: list[list[int]] = [[]]
    made = list(steps)
    for number, (step, _, _) in enumerate(steps):
        if step == "end":
            _rename(made, names.pop())
            continue
        names[-1].append(number)
        if step == "object":
            names.append([])
    _rename(made, names.pop())
    return tuple(made)


def _rename(steps: list[tuple[str, str, int]], numbers: list[int]) -> None:
    keys = make_keys(steps[number][1] for number in numbers)
    for number, key in zip(numbers, keys, strict=True):
        step, _, index = steps[number]
        steps[number] = step, key, index


def _as_columns(steps: Steps, count: int) -> Iterator[tuple[str, str, int]]:
    """Yield the steps with the values that Python makes behind the `count` columns of the query."""
    for step, name, index in steps:
        if step == "output":
            yield "column", name, count
            count += 1
        else:
            yield step, name, index


def _with_parent_key(queryset: AnyQuerySet, found: RelationKey) -> tuple[AnyQuerySet, str]:
    """Return a QuerySet whose instances have the key of their parent, and the attribute that has it."""
    name = found.key.attname
    if found.table is None:
        return queryset, name
    quote = connections[queryset.db].ops.quote_name
    name = f"_prefetch_related_val_{name}"
    column = f"{quote(found.table)}.{quote(found.key.column or '')}"
    return queryset.extra(select={name: column}), name  # noqa: S610 - quoted, as Django's manager does


def _by_django(queryset: AnyQuerySet, branch: Branch, found: RelationKey, why: str) -> tuple[NestedRows, int]:
    """Return the rows of a relation by Django's own path, and the column of their key."""
    queryset, name = _with_parent_key(queryset, found)
    objects = django_rows(with_relations(queryset, branch.tree), why)
    rows = to_dicts(objects, branch.fields, fetch=True)
    keys = list(rows[0]) if rows else ["pk"] * branch.keys_only
    tuples = [(*row.values(), getattr(each, name)) for row, each in zip(rows, objects, strict=True)]
    steps = tuple(("column", key, index) for index, key in enumerate(keys))
    readers = (backends.VALUE,) * (len(keys) + 1)
    layout = compile_layout(branch.tree.model._meta.label, readers, steps, branch.keys_only)
    return NestedRows(layout, tuples, _as_it_is, _nothing_to_close, _as_it_is), len(keys)


def _with_columns(fetch: Fetch, added: list[AddedColumn]) -> Fetch:
    """Return `fetch` so that each row has, behind its columns, what Python adds."""

    def fetch_with_columns() -> list[Any]:
        rows = fetch()
        if not rows:
            return rows
        columns = [read(rows) for read in added]
        return [(*row, *more) for row, more in zip(rows, zip(*columns, strict=True), strict=True)]

    return fetch_with_columns


def _nothing_to_close() -> None:
    """Stand where a cursor is closed: there is none of ours."""


def _as_it_is(number: int, value: Any) -> Any:
    """Return the value: what Django has made of a row needs nothing more."""
    return value


__all__ = ["NestedFields", "OpenQuery", "memory_chunks", "open_query", "why_tree_django", "write_tree"]
