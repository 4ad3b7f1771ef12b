"""Where the rows of a stream come from: the query of a QuerySet, the values of an iterable, or of an async iterable."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Iterator, Mapping
from types import GeneratorType
from typing import Any

from django.core.paginator import Page
from django.db.models import Manager, Model, QuerySet
from django.db.models.query import RawQuerySet

from pyforge_web._native import NestedRows, QueryRows
from pyforge_web.conf import with_docs
from pyforge_web.description.rows import OutputRows
from pyforge_web.encoders import describe_value, select_fields
from pyforge_web.output.grammar import ParsedFields, parse_fields
from pyforge_web.output.refusals import find_row_hint

# Runs the query, with the number of rows that each fetch takes, or begins with the values.
OpenSource = Callable[[Iterator[int]], QueryRows | NestedRows | Iterator[Any]]
# Behind their end there is nothing, however often they are asked.
_ENDING_ONCE: tuple[type, ...] = (GeneratorType, type(iter([])), type(iter(())))
# All of these can be iterated, and none of them means rows.
_NOT_ROWS = (str, bytes, bytearray, memoryview, Mapping, Model, Manager, type)


def find_source(data: Any, fields: object, chunk_size: int, fetch: bool = False) -> OpenSource | AsyncGenerator[Any]:
    """Return what to read of the rows that a view gives; nothing is queried yet.

    Raises `TypeError` for what has no rows, for a bare model with secret columns and for a chunk size that is not a
    whole number, `FieldError` for a name that the model does not have, `ValueError` for a chunk size below 1.
    """
    if type(chunk_size) is not int:
        raise with_docs(TypeError(f"chunk_size= must be a whole number, not {chunk_size!r}"), "argument")
    if chunk_size < 1:
        # Django's words. Source: `django.db.models.query.QuerySet.iterator`.
        raise ValueError("Chunk size must be strictly positive.")
    names = None if fields is None else parse_fields(fields)
    if isinstance(data, QuerySet | RawQuerySet | Page | OutputRows):
        described = describe_value(data, names, fetch)
        if described is not None:
            if refusal := described.refuse():
                raise refusal.make_error()
            return lambda sizes: described.write_chunks(sizes, chunk_size)
        data = list(data)
    if not isinstance(data, _NOT_ROWS):
        # Before AsyncIterable: what is both is read without an event loop.
        if isinstance(data, Iterable):
            values = _end_once(iter(data))
            return lambda _: values if names is None else (select_fields(value, names, fetch) for value in values)
        if isinstance(data, AsyncIterable):
            return _choose_async_fields(data, names, fetch)
    hint = find_row_hint(data) or "give a QuerySet, an iterable or an async iterable of values"
    raise with_docs(TypeError(f"a stream needs rows, not {type(data).__name__}: {hint}"), "stream")


def _end_once(values: Iterator[Any]) -> Iterator[Any]:
    """Return an iterator that is not asked again behind its end: a consumer of a queue may have more by then."""
    return values if isinstance(values, _ENDING_ONCE) else _iterate_once(values)


def _iterate_once(values: Iterator[Any]) -> Generator[Any]:
    try:
        # Not `yield from`, which closes an iterator that is left half-way: it is closed once, below.
        for value in values:  # noqa: UP028
            yield value
    finally:
        if (close := getattr(values, "close", None)) is not None:
            close()


async def _choose_async_fields(
    values: AsyncIterable[Any], names: ParsedFields | None, fetch: bool
) -> AsyncGenerator[Any]:
    """Yield the values with their fields; an asynchronous generator below runs its `finally` when this one closes.

    The fields are read when the value is written, with the options of the stream.
    """
    iterator = aiter(values)
    try:
        async for value in iterator:
            yield value if names is None else OutputRows(value, names, fetch=fetch)
    finally:
        if (close := getattr(iterator, "aclose", None)) is not None:
            await close()
