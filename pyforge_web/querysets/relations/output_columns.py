"""The output fields that Python makes of a row's columns: what a language, a storage or a function decides."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model

from pyforge_web.output.fields import Attribute, Source, output_request
from pyforge_web.output.resolve import Leaf
from pyforge_web.querysets.relations.columns import OutputColumn, Slot
from pyforge_web.querysets.statement import ExecutedQuery, Fetch

AddedColumn = Callable[[list[Any]], list[Any]]


def bind_output(leaf: Leaf, model: type[Model], using: str) -> Callable[[tuple[Any, ...]], Any]:
    """Return the function from the values of an output field's columns to what is written."""
    output: Any = leaf.output
    sources = [
        Source(source.name, source.field, source.path[-1].model or model if source.path else model)
        for source in leaf.sources
    ]
    if isinstance(output, Attribute):
        return output.bind_instance(model, sources, using)
    return output.bind(sources, output_request.get(), using)  # type: ignore[no-any-return]


def bind_columns(column: OutputColumn, indexes: dict[Slot, int], statement: ExecutedQuery, using: str) -> AddedColumn:
    """Return the function from rows to the values of an output field; it is bound now, in the language of now."""
    make = bind_output(column.leaf, column.model, using)
    columns = [indexes[slot] for slot in column.slots]
    presence = None if column.presence is None else indexes[column.presence]

    def read_values(rows: list[Any]) -> list[Any]:
        values = [statement.python_values(index, rows) for index in columns]
        arguments = zip(*values, strict=True) if values else iter([()] * len(rows))
        if presence is None:
            return [make(arguments_of_row) for arguments_of_row in arguments]
        return [
            None if row[presence] is None else make(arguments_of_row)
            for row, arguments_of_row in zip(rows, arguments, strict=True)
        ]

    return read_values


def add_columns(fetch: Fetch, added: list[AddedColumn]) -> Fetch:
    """Return `fetch` so that each row has, behind its columns, what Python adds."""

    def fetch_with_columns() -> list[Any]:
        rows = fetch()
        if not rows:
            return rows
        columns = [read(rows) for read in added]
        return [(*row, *more) for row, more in zip(rows, zip(*columns, strict=True), strict=True)]

    return fetch_with_columns
