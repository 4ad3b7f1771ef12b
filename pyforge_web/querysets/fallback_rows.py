"""The rows of a QuerySet that Django makes itself, and of raw SQL: whole, or as a stream asks for them."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any

from django.db.models import prefetch_related_objects
from django.db.models.query import RawQuerySet

from pyforge_web import metering
from pyforge_web.metering.row_traces import call_notes, trace_rows
from pyforge_web.querysets.django_path import AnyQuerySet, fetches_as_django

_END = object()
_find_raw_methods = attrgetter("__iter__", "_fetch_all", "iterator")
_RAW_METHODS = _find_raw_methods(RawQuerySet)


def django_rows(queryset: AnyQuerySet, why: str) -> list[Any]:
    """Return the rows that Django makes; the collectors hear why."""
    trace = trace_rows(queryset.model, "django", why)
    rows = metering.time_database(lambda: list(queryset), trace)()
    metering.count_django_rows(len(rows))
    if trace is not None:
        trace.rows = len(rows)
    return rows


def django_chunks(queryset: AnyQuerySet, rows: Iterator[Any], why: str) -> Iterator[Any]:
    """Yield the rows of a stream that Django makes; each native call that writes some of them is told so."""
    told, trace, listening = None, None, None
    step: Callable[[], Any] = partial(next, rows, _END)
    while True:
        if (noted := call_notes.get()) is not None and noted is not told:
            told, trace, listening = noted, trace_rows(queryset.model, "django", why), None
        if (collectors := metering.active_collectors.get()) is not listening:
            listening, step = collectors, metering.time_database(partial(next, rows, _END), trace)
        row = step()
        if row is _END:
            return
        if collectors:
            metering.count_django_rows(1)
        if trace is not None:
            trace.rows += 1
        yield row


def iterate_raw(queryset: Any, chunk_size: int) -> Iterator[Any]:
    """Yield the instances of raw SQL, as a stream asks for them: with what `prefetch_related` loads, chunk by chunk.

    `iterator()` of Django gives other ones than iterating does: without it, and with a query where there was one.
    """
    if queryset._result_cache is not None or _find_raw_methods(type(queryset)) != _RAW_METHODS:
        yield from queryset
        return
    rows, lookups = queryset.iterator(), queryset._prefetch_related_lookups
    if not lookups:
        yield from rows
    while lookups and (chunk := list(islice(rows, chunk_size))):
        prefetch_related_objects(chunk, *lookups)
        yield from chunk


def iterate_rows(queryset: AnyQuerySet, chunk_size: int) -> Iterator[Any]:
    """Yield the rows of a QuerySet, as a stream asks for them.

    A class that fetches in its own way, or a tool that patches Django's, gives other rows through `iterator()`.
    """
    if queryset._result_cache is not None or not fetches_as_django(type(queryset)):
        yield from queryset
    else:
        yield from queryset.iterator(chunk_size)
