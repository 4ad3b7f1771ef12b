"""QuerySets with relations: joined columns for a relation to one, a statement of its own for each relation to many.

Every statement gives flat tuples. Native code asks for those of a relation with the rows that have it, writes them
once, grouped by what they belong to, and copies them into the rows above: no instance is made.
"""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import Any, NamedTuple, cast

from django.db import connections

from pyforge_web import metering
from pyforge_web._native import NestedRows, QueryRows, RelatedRows, RowColumns, RowLayout
from pyforge_web.metering.row_traces import RowTrace, trace_rows
from pyforge_web.output.options import OutputOptions, output_options, output_with
from pyforge_web.output.tree import Tree, UntypedQuerySet
from pyforge_web.querysets import backends
from pyforge_web.querysets.relations.columns import SelectPlan, compile_selection
from pyforge_web.querysets.relations.django_relations import read_relation
from pyforge_web.querysets.relations.doubts import why_tree_django
from pyforge_web.querysets.relations.output_columns import bind_made, bind_native
from pyforge_web.querysets.relations.prefetch import RelationKey, find_relation_key, related_rows
from pyforge_web.querysets.relations.related_pages import keep_related, read_related
from pyforge_web.querysets.relations.remembered_pages import PageRows, find_page_rows, keep_page
from pyforge_web.querysets.relations.steps import Steps, find_written, steps_of_outputs, with_made_keys
from pyforge_web.querysets.relations.tree_walk import ColumnSlot
from pyforge_web.querysets.rows import DatedReader, Written, add_dates, compile_columns, compile_layout
from pyforge_web.querysets.statement import (
    Chunks,
    CompiledQuery,
    ExecutedQuery,
    Fetch,
    Report,
    execute_query,
    fetch_next,
    read_statement,
    report_to,
)


class OpenQuery(NamedTuple):
    """A query that has been executed, and what its rows become: `indexes` says where the columns of the plan are."""

    plan: SelectPlan
    statement: ExecutedQuery
    indexes: dict[ColumnSlot, int]
    steps: Steps
    trace: RowTrace | None
    within: str
    # The rows are a list of keys: each is the value of its one column.
    keys_only: bool
    entry: Any = None  # what is remembered of its SQL

    def rows(self) -> QueryRows | NestedRows:
        """Return all its rows. Those that have relations are fetched at once: each relation is one statement."""
        statement = self.statement
        names = [] if self.trace is None else self._names()
        # What belongs to the rows is loaded for all of them at once.
        loads = self.plan.relations or any(output.leaf.related for output in self.plan.outputs)
        fetch = fetch_next(statement, at_once=bool(loads))
        return self.write(fetch, report_to(statement, names, self.trace))

    def chunks(self, sizes: Iterator[int]) -> QueryRows | NestedRows:
        """Return the rows of a stream: each chunk has the next of these numbers of rows, and its relations."""
        chunks = Chunks(self.statement, sizes, self.plan.model, self._names(), self.within)
        return self.write(chunks.fetch, chunks.report)

    def nested(self, fetched: Fetch | list[Any] | None = None) -> NestedRows:
        """Return all its rows, for those that they belong to."""
        rows = self.rows() if fetched is None else self.write(fetched, None)
        if isinstance(rows, NestedRows):
            return rows
        raise TypeError("rows of a relation have a key behind their columns")

    def write(self, fetch: Fetch | list[Any], report: Report | None) -> QueryRows | NestedRows:
        """Return what native code writes for rows, or for those that a function fetches."""
        options, readers = output_options.get(), self.statement.readers
        convert, close = self.statement.convert, None if type(fetch) is list else self.statement.cursor.close
        compiled = self._compile(readers, options)
        if type(compiled) is RowColumns:
            return QueryRows(compiled, fetch, convert, close, report, options.max_bytes)
        if compiled is None:
            compiled = self._with_outputs(*add_dates(readers))
        return NestedRows(compiled, fetch, convert, close, self._make_load(options), report, options.max_bytes)

    def _make_load(self, options: OutputOptions) -> Callable[[int, list[tuple[Any, ...]]], RelatedRows | None]:
        """Return the function that native code asks for the rows of a relation."""

        def load(number: int, rows: list[tuple[Any, ...]]) -> RelatedRows | None:
            with output_with(options):  # of the call that has opened the query
                return self._load(number, rows)

        return load

    def _compile(self, readers: Any, options: OutputOptions) -> RowColumns | RowLayout | None:
        """Return what native code makes of a row; None where output fields have to be bound to it first."""
        is_plain = options.is_row_plain
        key = "written", id(self.steps), id(readers), self.keys_only
        if is_plain and self.entry is not None:
            known = self.entry.memo.get(key)
            if known is not None:
                return cast("RowColumns | RowLayout", known[0])
        if self.plan.outputs:
            return None
        label, steps = self.plan.model._meta.label, with_made_keys(self.steps)
        if self.plan.key is None and all(
            index == place and step == "column" for place, (step, _, index) in enumerate(steps)
        ):
            shown = readers if len(readers) == len(steps) else readers[: len(steps)]
            made: Any = compile_columns(label, "object", tuple([name for _, name, _ in steps]), *add_dates(shown))
        else:
            dated, timezone = add_dates(readers)
            made = compile_layout(label, dated, steps, self.keys_only, timezone)
        if is_plain and self.entry is not None:
            # Steps and readers are held, so that their ids stay theirs.
            self.entry.note(key, (made, self.steps, readers), self.steps)
        return cast("RowColumns | RowLayout", made)

    def _with_outputs(self, readers: tuple[DatedReader, ...], timezone: tzinfo | None) -> RowLayout:
        """Return the layout of rows with output fields.

        The output fields are bound now: in the language, for the request and with the routes of now.
        """
        bound = [
            bind_native(output, self.indexes) or bind_made(output, self.indexes, self.statement, self.plan.using)
            for output in self.plan.outputs
        ]
        placed = list(steps_of_outputs(with_made_keys(self.steps), [column for _, column in bound]))
        outputs = [output for output, _ in bound]
        return RowLayout(list(readers), placed, flat=self.keys_only, timezone=timezone, outputs=outputs)

    def _names(self) -> list[str]:
        """Return the names of the statement's columns; empty for a key that is not written."""
        written = find_written(self.steps)
        return [written.get(index, "") for index in range(len(self.statement.readers))]

    def _load(self, number: int, rows: list[tuple[Any, ...]]) -> RelatedRows | None:
        """Return what belongs to these rows by one of their relations; None where there is nothing to ask for."""
        model, branch, slot, name = self.plan.relations[number]
        using, index = self.plan.using, self.indexes[slot]
        found = find_relation_key(model, branch.relation, using)
        values = self._values(index, rows)
        keys = list(values) if self.statement.is_plain(index) else list(dict.fromkeys(values.values()))
        if not keys:
            return None
        page = read_related(model, branch, found, keys, using, output_options.get())
        if page is not None:
            query = open_page(page)
            nested, key, compared = query.nested(page.rows), query.key_index, query.compared(found)
            return RelatedRows(nested, key, compared, self._parents(found, index, values))
        queryset = related_rows(model, branch, keys, using)
        opened = open_query(queryset, branch.tree, found, f"{self.within}{name}.", keys_only=branch.keys_only)
        if opened is None:
            return None
        if isinstance(opened, str):
            (nested, key), compared = read_relation(queryset, branch, found, opened), found.compared
        else:
            keep_related(model, branch, found, using, queryset, opened)
            nested, key, compared = opened.nested(), opened.key_index, opened.compared(found)
        return RelatedRows(nested, key, compared, self._parents(found, index, values))

    def _parents(self, found: RelationKey, index: int, values: dict[Any, Any]) -> dict[Any, Any] | None:
        """Return what Django compares of the parents' values of a column; None where it is the values themselves."""
        if found.compared_parent is not None:
            return {raw: found.compared_parent(value) for raw, value in values.items()}
        return None if self.statement.is_plain(index) else values

    @property
    def key_index(self) -> int:
        """The index of the column by which the rows name their parents."""
        return -1 if self.plan.key is None else self.indexes[self.plan.key]

    def compared(self, found: RelationKey) -> Callable[[Any], Any] | None:
        """Return the function from the driver's value of the key column to what Django compares."""
        index, compared = self.key_index, found.compared
        if self.statement.is_plain(index):
            return compared
        value_of = self.statement.convert if found.converted else self.statement.driver_value
        return lambda raw: value_of(index, raw) if compared is None else compared(value_of(index, raw))

    def _values(self, index: int, rows: list[tuple[Any, ...]]) -> dict[Any, Any]:
        """Return the values of a column as Django has them, by the driver's."""
        raw_values = dict.fromkeys([row[index] for row in rows])
        raw_values.pop(None, None)
        if self.statement.is_plain(index):
            return dict(zip(raw_values, raw_values, strict=True))
        convert = self.statement.convert
        values = {raw: convert(index, raw) for raw in raw_values}
        return {raw: value for raw, value in values.items() if value is not None}


def write_tree(queryset: UntypedQuerySet, tree: Tree, sizes: Iterator[int] | None = None) -> Written:
    """Return the executed query of a model QuerySet, of which native code writes the fields of a tree.

    With `sizes` it is the query of a stream, of which each chunk has the next of these numbers of rows.
    """
    page = find_page_rows(queryset, tree) if sizes is None and tree.is_kept else None
    if page is not None:
        return write_page(page)
    opened = open_query(queryset, tree, chunked=sizes is not None)
    if opened is None or isinstance(opened, str):
        return opened or []
    if sizes is not None:
        return opened.chunks(sizes)
    if tree.is_kept:
        keep_page(queryset, tree, opened)
    return opened.rows()


def write_page(found: PageRows) -> QueryRows | NestedRows:
    """Return what native code writes for the rows of a page."""
    return open_page(found).write(found.rows, None)


def open_page(found: PageRows) -> OpenQuery:
    """Return a page as a query that is open."""
    page, statement = found.page, read_statement(found.driver, is_direct=True)
    return OpenQuery(page.plan, statement, page.indexes, page.steps, None, "", page.keys_only, found.entry)


def open_query(
    queryset: UntypedQuerySet,
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
    connection = connections[queryset.db]
    if (why := why_tree_django(queryset, tree, connection)) is not None:
        return why
    plan, compiled = compile_selection(queryset, tree, found, connection)
    if compiled is None:
        trace_rows(plan.model, "values", within=within)
        return None
    return open_compiled(plan, compiled, within, chunked=chunked, keys_only=keys_only)


def open_compiled(
    plan: SelectPlan, compiled: CompiledQuery, within: str = "", *, chunked: bool = False, keys_only: bool = False
) -> OpenQuery | str:
    """Execute the SQL of a plan; a text says why Django has to read the rows."""
    trace = trace_rows(plan.model, "values", within=within)
    placed = _place_steps(plan, compiled)
    if placed is None:
        return "its query does not select what was asked for"
    indexes, steps = placed
    in_parts = plan.key is None and not (plan.relations or plan.outputs)
    statement = execute_query(compiled, trace, chunked=chunked, in_parts=in_parts)
    if metering.active_collectors.get():
        written = find_written(steps)
        metering.count_columns(sum([statement.readers[index] is backends.DJANGO for index in written]), len(written))
    return OpenQuery(plan, statement, indexes, steps, trace, within, keys_only, compiled.entry)


def _place_steps(plan: SelectPlan, compiled: CompiledQuery) -> tuple[dict[ColumnSlot, int], Steps] | None:
    """Return where the columns of a plan are in the rows, and its steps with that; None where one is not there."""
    entry, key = compiled.entry, ("steps", id(plan.steps))
    known = None if entry is None else entry.memo.get(key)
    if known is not None:
        return cast("tuple[dict[ColumnSlot, int], Steps]", known[1:])
    indexes = plan.place(compiled.positions)
    if indexes is None:
        return None
    steps = plan.write_steps(indexes)
    if entry is not None:
        entry.note(key, (plan.steps, indexes, steps), steps)
    return indexes, steps
