"""QuerySets: the driver's raw rows to native code.

Django's compiler names the converters of each column; a column whose converters are known by identity is read natively,
every other goes through them in Python, and so does each value that is not of the strict form. What is not understood
takes Django's path, whole: `list(queryset)`.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from time import perf_counter_ns
from typing import Any, cast

from django.core.paginator import Page
from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
)
from django.db.models.sql import Query
from django.db.models.utils import create_namedtuple_class

from pyforge_web import metering
from pyforge_web._native import ModelInstances, QueryRows, RowColumns
from pyforge_web.conf import get_settings
from pyforge_web.metering.row_traces import call_notes, trace_rows
from pyforge_web.querysets import backends, instances
from pyforge_web.querysets.statement import Chunks, compile_query, execute, fetch_next, report_to

_SHAPES = {
    ModelIterable: "object",  # read as values()
    ValuesIterable: "object",
    ValuesListIterable: "array",
    NamedValuesListIterable: "array",
    FlatValuesListIterable: "scalar",
}
_END = object()
_MODEL_DATA = (QuerySet, Model, Page)

AnyQuerySet = QuerySet[Any, Any]


def is_model_data(data: object) -> bool:
    """Whether this is input of ours that `JsonResponse` does not take: it needs no `safe=False`."""
    if type(data) is dict:
        return False
    if issubclass(type(data), (list, tuple)):  # isinstance would believe a `__class__` that lies
        items = cast("list[object]", data)
        return bool(items) and all(isinstance(item, Model) for item in items)
    return isinstance(data, _MODEL_DATA)


def choose(queryset: AnyQuerySet, names: tuple[str, ...]) -> AnyQuerySet | ModelInstances | list[Any]:
    """The QuerySet with these columns alone; the rows of an evaluated one, where they have all of them."""
    iterable, cached = queryset._iterable_class, queryset._result_cache
    if iterable is ModelIterable:
        if cached is not None and (records := instances.evaluated(queryset, names)) is not None:
            return records
    elif iterable is not ValuesIterable:
        raise TypeError("fields= chooses columns of models and of values(): name them in values_list() itself")
    elif cached and set(names) <= cached[0].keys():
        return [{name: row[name] for name in names} for row in cached]
    return queryset.values(*names)


def rows(queryset: AnyQuerySet) -> QueryRows | ModelInstances | list[Any]:
    """What native code writes in a QuerySet's place: a query that it fetches from, or plain rows.

    An evaluated QuerySet is written as it is now, without a query.
    """
    if queryset._result_cache is not None:
        records = instances.evaluated(queryset) if queryset._iterable_class is ModelIterable else None
        return list(queryset) if records is None else records
    if queryset._iterable_class is ModelIterable:
        queryset = queryset.values()
    planned = plan(queryset)
    return django_rows(queryset, planned) if isinstance(planned, str) else planned


def django_rows(queryset: AnyQuerySet, why: str) -> list[Any]:
    """The rows that Django makes; the collectors hear why."""
    reading = trace_rows(queryset.model, "django", why)
    made = metering.time_database(lambda: list(queryset), reading)()
    metering.count_django_rows(len(made))
    if reading is not None:
        reading.rows = len(made)
    return made


def django_chunks(queryset: AnyQuerySet, rows: Iterator[Any], why: str) -> Iterator[Any]:
    """The rows of a stream that Django makes; each native call that writes some of them is told so."""
    told, reading, listening = None, None, None
    step: Callable[[], Any] = partial(next, rows, _END)
    while True:
        if (noted := call_notes.get()) is not None and noted is not told:
            told, reading, listening = noted, trace_rows(queryset.model, "django", why), None
        if (collectors := metering.active_collectors.get()) is not listening:
            listening, step = collectors, metering.time_database(partial(next, rows, _END), reading)
        row = step()
        if row is _END:
            return
        if collectors:
            metering.count_django_rows(1)
        if reading is not None:
            reading.rows += 1
        yield row


def has_own_fetch(kind: type[AnyQuerySet]) -> bool:
    """Whether `list()` of such a QuerySet runs code of the project's."""
    return kind._fetch_all is not QuerySet._fetch_all or kind.__iter__ is not QuerySet.__iter__


def why_django(queryset: AnyQuerySet) -> str | None:
    """Why a QuerySet takes Django's path as a whole; None when its columns decide."""
    if not get_settings()["NATIVE"]:
        return "the setting NATIVE is off"
    kind = type(queryset)
    if has_own_fetch(kind):
        return f"{kind.__name__} fetches its rows in its own way"
    if type(queryset.query).get_compiler is not Query.get_compiler:
        return f"{type(queryset.query).__name__} chooses its compiler in its own way"
    if queryset._iterable_class not in _SHAPES:
        return f"{queryset._iterable_class.__name__} makes rows in its own way"
    return backends.why_no_backend(connections[queryset.db])


def plan(queryset: AnyQuerySet, sizes: Iterator[int] | None = None) -> QueryRows | list[Any] | str:
    """The executed query; an empty list where there is nothing to ask for; why it is Django's path.

    With `sizes` it is that of a stream, of which each chunk has the next of these numbers of rows.
    """
    if (why := why_django(queryset)) is not None:
        return why
    compiled = compile_query(queryset)
    if compiled is None:
        trace_rows(queryset.model, "values")
        return []
    names = _names(queryset, len(compiled.expressions))
    if names is None:
        return "two of its columns have the same name"
    if compiled.compiler.has_composite_fields(compiled.expressions):
        return "a key of several columns is selected as one value"
    reading = trace_rows(queryset.model, "values")
    statement = execute(compiled, reading, chunked=sizes is not None)
    readers = statement.readers[: len(names)]
    columns = compile_columns(
        queryset.model._meta.label, _SHAPES[queryset._iterable_class], tuple(names), tuple(readers)
    )
    metering.count_columns(readers.count(backends.DJANGO), len(names))
    if sizes is not None:
        chunks = Chunks(statement, sizes, queryset.model, names)
        return QueryRows(columns, chunks.fetch, statement.convert, statement.cursor.close, chunks.report)
    report = report_to(statement, names, reading)
    return QueryRows(columns, fetch_next(statement), statement.convert, statement.cursor.close, report)


def _names(queryset: AnyQuerySet, count: int) -> list[str] | None:
    """The keys of a row, as `ValuesIterable` has them; None where they are not one for each column.

    Raises `ValueError` for the names that a named tuple refuses.
    """
    query = queryset.query
    names = [*query.extra_select, *query.values_select, *query.annotation_select]
    if queryset._iterable_class is NamedValuesListIterable:
        create_namedtuple_class(*(getattr(queryset, "_fields", None) or names))
    if query.selected:
        names = list(query.selected)
    match _SHAPES[queryset._iterable_class]:
        case "scalar":
            return ["0"]
        case "array":
            return [str(index) for index in range(count)]
        case _:
            return names if len(set(names)) == len(names) == count else None


@lru_cache(maxsize=1024)
def compile_columns(
    label: str, shape: str, names: tuple[str, ...], readers: tuple[backends.ColumnReader, ...]
) -> RowColumns:
    """The columns of a row for native code, compiled once for all queries of a model that are alike."""
    started = perf_counter_ns()
    columns = RowColumns([(name, name, *reader) for name, reader in zip(names, readers, strict=True)], shape)
    django = readers.count(backends.DJANGO)
    metering.count_compiled(label, "serializer", perf_counter_ns() - started, len(names) - django, django)
    return columns
