"""Where the rows of a stream come from: the query of a QuerySet, the values of an iterable, or of an async iterable."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from django.core.paginator import Page
from django.db.models import Manager, Model, QuerySet
from django.db.models.query import ModelIterable, RawQuerySet

from pyforge_web._native import NestedRows, QueryRows
from pyforge_web.encoders import refuse_bare, select
from pyforge_web.querysets import instances
from pyforge_web.querysets import rows as querysets
from pyforge_web.querysets.field_selection import Fields, is_flat, parse
from pyforge_web.querysets.relations.rows import is_of_own_models, memory_chunks, nested_chunks, resolve

# Runs the query, with the number of rows that each fetch takes, or begins with the values.
Reader = Callable[[Iterator[int]], QueryRows | NestedRows | Iterator[Any]]
_NO_ROWS = (str, bytes, bytearray, memoryview, Mapping, Model, Manager, type)


def find_source(data: Any, fields: object, chunk_size: int) -> Reader | AsyncGenerator[Any]:
    """What to read of the rows that a view gives; nothing is queried yet.

    Raises `TypeError` for what has no rows and for a bare model with secret columns, `FieldError` for a name that the
    model does not have, `ValueError` for a chunk size below 1.
    """
    if chunk_size < 1:
        raise ValueError("Chunk size must be strictly positive.")
    names = None if fields is None else parse(fields)
    if isinstance(data, Page):
        data = data.object_list
    if isinstance(data, QuerySet):
        return _queryset_reader(data, names, chunk_size)
    if isinstance(data, RawQuerySet):
        data = data.iterator()
    if not isinstance(data, _NO_ROWS):
        if isinstance(data, Iterable):
            values = iter(data)
            return lambda _: values if names is None else (select(value, names) for value in values)
        if isinstance(data, AsyncIterable):
            return _awaited(data, names)
    raise TypeError(
        f"a stream needs rows, not {type(data).__name__}: give a QuerySet, an iterable or an async iterable of values"
    )


async def _awaited(values: AsyncIterable[Any], names: Fields | None) -> AsyncGenerator[Any]:
    """The values, their columns chosen; an asynchronous generator below runs its own `finally` when this one closes."""
    iterator = aiter(values)
    try:
        async for value in iterator:
            yield value if names is None else select(value, names)
    finally:
        if (close := getattr(iterator, "aclose", None)) is not None:
            await close()


def _queryset_reader(queryset: querysets.AnyQuerySet, names: Fields | None, chunk_size: int) -> Reader:
    """The reader of a QuerySet; an evaluated one is read as it is now, without a query."""
    if names is None and (refusal := refuse_bare(queryset)):
        raise TypeError(f"{refusal.problem}; {refusal.hint}")
    if names is not None and (not is_flat(names) or is_of_own_models(queryset)):
        return _nested_reader(queryset, names, chunk_size)
    columns = cast("tuple[str, ...] | None", names)
    if queryset._result_cache is not None and queryset._iterable_class is ModelIterable:
        records = instances.evaluated_each(queryset, columns)
        if records is not None:
            return lambda _: records
    rows: Any = queryset if columns is None else querysets.choose(queryset, columns)
    if not isinstance(rows, QuerySet) or rows._result_cache is not None:
        return lambda _: iter(rows)
    return lambda sizes: _query(rows, sizes, chunk_size)


def _nested_reader(queryset: querysets.AnyQuerySet, fields: Fields, chunk_size: int) -> Reader:
    """The same with relations; names that do not exist are found before the first row."""
    resolve(queryset, fields)
    if queryset._result_cache is not None:
        return lambda _: memory_chunks(queryset, fields, chunk_size)
    return lambda sizes: nested_chunks(queryset, fields, sizes, chunk_size)


def _query(queryset: querysets.AnyQuerySet, sizes: Iterator[int], chunk_size: int) -> QueryRows | Iterator[Any]:
    if queryset._iterable_class is ModelIterable:
        queryset = queryset.values()
    rows = querysets.plan(queryset, sizes)
    if not isinstance(rows, str):
        return rows if isinstance(rows, QueryRows) else iter(rows)
    # A class that fetches in its own way gives other rows, or none of them, through `iterator()`.
    own = querysets.has_own_fetch(type(queryset))
    return querysets.django_chunks(queryset, _own_rows(queryset) if own else queryset.iterator(chunk_size), rows)


def _own_rows(queryset: querysets.AnyQuerySet) -> Iterator[Any]:
    """The rows that `list()` of the QuerySet gives, asked for with the first of them."""
    yield from queryset
