"""The output fields of a row: those that native code writes of its columns, and those that Python makes of them."""

from collections.abc import Callable, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any

from django.db.models import Model

from pyforge_web._native import MadeValues
from pyforge_web.output.fields import Attribute, MakeColumn, NativeOutput, Source
from pyforge_web.output.lean_instances import LoadRelated, MakeInstances
from pyforge_web.output.options import output_options
from pyforge_web.output.tree import Leaf, may_lack_row
from pyforge_web.querysets.relations.tree_walk import ColumnSlot, OutputColumn, is_null_of_rows
from pyforge_web.querysets.rows import find_date_format
from pyforge_web.querysets.statement import ExecutedQuery


def bind_output(
    leaf: Leaf,
    model: type[Model],
    using: str,
    copy_loaded: MakeInstances | None = None,
    load_related: LoadRelated | None = None,
) -> MakeColumn:
    """Return the function from the values of an output field's columns, row by row, to what is written.

    Where the rows are instances in memory, `copy_loaded` gives those of an `Attribute`, and `load_related` gives them
    their relations to many.
    """
    output: Any = leaf.output
    sources = sources_of(leaf, model, is_loaded=copy_loaded is not None)
    if isinstance(output, Attribute):
        return output.bind_instances(model, sources, leaf.related, using, copy_loaded, load_related)
    return output.bind_rows(model, sources, output_options.get().request, using)  # type: ignore[no-any-return]


def sources_of(leaf: Leaf, model: type[Model], *, is_loaded: bool = False) -> list[Source]:
    """Return the columns of an output field of a model."""
    return [
        Source(
            source.name,
            source.field,
            source.path[-1].model or model if source.path else model,
            may_lack_row(source.path),
            is_loaded,
        )
        for source in leaf.sources
    ]


def bind_native(column: OutputColumn, indexes: dict[ColumnSlot, int]) -> tuple[NativeOutput, int] | None:
    """Return what native code writes an output field with, and its column; None where Python makes the values."""
    columns = [indexes[slot] for slot in column.slots]
    native = _bind_native(column.leaf, column.model, columns)
    return None if native is None else (native, columns[0] if columns else 0)


def is_native_output(leaf: Leaf, model: type[Model]) -> bool:
    """Return whether native code would write an output field now."""
    return _bind_native(leaf, model, range(len(leaf.sources))) is not None


def _bind_native(leaf: Leaf, model: type[Model], columns: Sequence[int]) -> NativeOutput | None:
    if any(map(is_null_of_rows, leaf.sources)):
        return None
    output: Any = leaf.output
    native: NativeOutput | None = output.bind_native(sources_of(leaf, model), output_options.get().request, columns)
    return native


def bind_made(
    column: OutputColumn, indexes: dict[ColumnSlot, int], statement: ExecutedQuery, using: str
) -> tuple[MadeValues, int]:
    """Return what Python makes of the rows, and a column; it is bound now, in the language of now."""
    make = bind_output(column.leaf, column.model, using)
    columns = [indexes[slot] for slot in column.slots]
    presence = None if column.presence is None else indexes[column.presence]
    presences = [None if slot is None else indexes[slot] for slot in column.presences]
    read_arguments = _arguments_reader(columns, presences, statement)

    def make_values(rows: list[Any]) -> list[Any]:
        arguments = read_arguments(rows)
        if presence is None:
            return make(arguments)
        exists = [row[presence] is not None for row in rows]
        return fill_gaps(make(list(compress(arguments, exists))), exists)

    return MadeValues(make_values, find_date_format()), columns[0] if columns else 0


def _arguments_reader(
    columns: list[int], presences: list[int | None], statement: ExecutedQuery
) -> Callable[[list[Any]], list[Any]]:
    """Return the function from rows to the values of some of their columns, as `.values_list()` gives them.

    They are None where the column of `presences` is null.
    """
    if len(columns) > 1 and all(map(statement.is_plain, columns)):
        choose = itemgetter(*columns)
        return lambda rows: list(map(choose, rows))

    def read_arguments(rows: list[Any]) -> list[Any]:
        values = [
            _read_present(column, presence, rows, statement)
            for column, presence in zip(columns, presences, strict=True)
        ]
        return list(zip(*values, strict=True)) if values else [()] * len(rows)

    return read_arguments


def _read_present(column: int, presence: int | None, rows: list[Any], statement: ExecutedQuery) -> list[Any]:
    if presence is None:
        return statement.python_values(column, rows)
    exists = [row[presence] is not None for row in rows]
    return fill_gaps(statement.python_values(column, list(compress(rows, exists))), exists)


def fill_gaps(values: list[Any], exists: list[bool]) -> list[Any]:
    """Return the values in their places, with None where there is no row."""
    rest = iter(values)
    return [next(rest) if has_row else None for has_row in exists]
