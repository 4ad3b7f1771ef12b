"""QuerySets: Django's SQL on Django's cursor, the driver's raw rows to native code.

The compiler makes the SQL and names the converters of each column; a column whose converters are known by identity is
read natively, every other goes through them in Python, and so does each value that is not of the strict form. What this
module does not understand takes Django's path, whole: `list(queryset)`.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import ModuleType
from typing import Any, cast

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page
from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.expressions import Col
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    NamedValuesListIterable,
    ValuesIterable,
    ValuesListIterable,
)
from django.db.models.sql import Query
from django.db.models.utils import create_namedtuple_class

from . import backends, instances, metering
from .bridge import Columns, Records, Rows
from .reading import note_reading

_SHAPES = {
    ValuesIterable: "object",
    ValuesListIterable: "array",
    NamedValuesListIterable: "array",
    FlatValuesListIterable: "scalar",
}
# Rows fetched at once: 100 to 500 are alike, thousands leave the processor's cache (benchmarks/suites/querysets.py).
_CHUNK = 200

AnyQuerySet = QuerySet[Any, Any]


def is_model_data(data: object) -> bool:
    """Whether this is input of ours that `JsonResponse` does not take: it needs no `safe=False`."""
    if issubclass(type(data), (list, tuple)):  # isinstance would believe a `__class__` that lies
        items = cast("list[object]", data)
        return bool(items) and all(isinstance(item, Model) for item in items)
    return isinstance(data, QuerySet | Model | Page)


def choose(queryset: AnyQuerySet, names: tuple[str, ...]) -> AnyQuerySet | Records | list[Any]:
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


def rows(queryset: AnyQuerySet) -> Rows | Records | list[Any]:
    """What native code writes in a QuerySet's place: a query that it fetches from, or plain rows.

    An evaluated QuerySet is written as it is now, without a query.
    """
    if queryset._result_cache is not None:
        records = instances.evaluated(queryset) if queryset._iterable_class is ModelIterable else None
        return list(queryset) if records is None else records
    if queryset._iterable_class is ModelIterable:
        queryset = queryset.values()
    plan = _plan(queryset)
    return _django_rows(queryset, plan) if isinstance(plan, str) else plan


def _django_rows(queryset: AnyQuerySet, why: str) -> list[Any]:
    reading = note_reading(queryset.model, "django", why)
    made = metering.in_database(lambda: list(queryset), reading)()
    metering.count_django_rows(len(made))
    if reading is not None:
        reading.rows = len(made)
    return made


def why_django(queryset: AnyQuerySet) -> str | None:
    """Why a QuerySet takes Django's path as a whole; None when its columns decide."""
    kind = type(queryset)
    if kind._fetch_all is not QuerySet._fetch_all or kind.__iter__ is not QuerySet.__iter__:
        return f"{kind.__name__} fetches its rows in its own way"
    if type(queryset.query).get_compiler is not Query.get_compiler:
        return f"{type(queryset.query).__name__} chooses its compiler in its own way"
    if queryset._iterable_class not in _SHAPES:
        return f"{queryset._iterable_class.__name__} makes rows in its own way"
    connection = connections[queryset.db]
    if backends.find(connection) is None:
        return f"no native path for {connection.vendor} ({type(connection).__module__})"
    return None


def _plan(queryset: AnyQuerySet) -> Rows | list[Any] | str:
    """The executed query; an empty list where there is nothing to ask for; why it is Django's path."""
    if (why := why_django(queryset)) is not None:
        return why
    connection = connections[queryset.db]
    backend = cast(ModuleType, backends.find(connection))
    compiler = backend.compiler(queryset.query, connection, queryset.db)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        note_reading(queryset.model, "values")
        return []
    expressions = [column for column, _, _ in compiler.select[: compiler.col_count]]
    shape = _SHAPES[queryset._iterable_class]
    names = _names(queryset, len(expressions))
    if names is None:
        return "two of its columns have the same name"
    if compiler.has_composite_fields(expressions):
        return "a key of several columns is selected as one value"
    readers = _readers(backend, compiler, expressions)
    reading = note_reading(queryset.model, "values")
    cursor = connection.cursor()
    try:
        driver = backend.Cursor(cursor, compiler, expressions, readers)
        metering.in_database(cursor.execute, reading)(sql, params)
        driver.executed()
    except BaseException:
        cursor.close()
        raise
    readers = driver.readers[: len(names)]
    columns = compile_columns(shape, tuple(names), tuple(readers))
    metering.count_columns(readers.count(backends.DJANGO), len(names))
    fetch = _fetch_first(cursor) if backends.DJANGO in readers else lambda: cursor.fetchmany(_CHUNK)
    fetch = metering.in_database(fetch, reading)
    rescue = _rescue(compiler, expressions, driver)
    if reading is not None:
        fetch, rescue = reading.count_rows(fetch), reading.time_callbacks(rescue)
        reading.columns, reading.django = names, partial(_why_columns, compiler, expressions, readers)
    return Rows(columns, fetch, rescue, cursor.close)


def _why_columns(compiler: Any, expressions: list[Any], readers: list[backends.Reader]) -> dict[int, str]:
    """The columns that go through Django's converters, and why."""
    converters = compiler.get_converters(expressions)
    return {
        index: backends.why_django(converters[index][0] if index in converters else [])
        for index, reader in enumerate(readers)
        if reader is backends.DJANGO
    }


def _fetch_first(cursor: Any) -> Callable[[], list[Any]]:
    """Fetches all rows before the first is written, as Django does: a converter of the user's may change the table."""

    def chunks() -> Iterator[list[Any]]:
        yield cursor.fetchall()
        yield []

    rows = chunks()
    return lambda: next(rows)


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
def compile_columns(shape: str, names: tuple[str, ...], readers: tuple[backends.Reader, ...]) -> Columns:
    """The columns of a row for native code, compiled once for all queries that are alike."""
    return Columns([(name, name, *reader) for name, reader in zip(names, readers, strict=True)], shape)


def _readers(backend: ModuleType, compiler: Any, expressions: list[Any]) -> list[backends.Reader]:
    connection = compiler.connection
    if all(type(expression) is Col for expression in expressions):
        key = backends.session(connection)
        return [backends.column_reader(backend, column, connection, key) for column in expressions]
    converters = compiler.get_converters(expressions)
    return [
        backend.read(expression, converters[index][0] if index in converters else [], connection)
        for index, expression in enumerate(expressions)
    ]


def _rescue(compiler: Any, expressions: list[Any], driver: Any) -> Callable[[int, Any], Any]:
    """The function that takes a value through Django's converters, which are asked for when one is needed."""
    converters: dict[int, Any] | None = None

    def rescue(index: int, value: Any) -> Any:
        nonlocal converters
        if converters is None:
            converters = compiler.get_converters(expressions)
        if driver.readers[index] is not backends.DJANGO:
            metering.count_rescued()
        value = driver.driver_value(index, value)
        if index in converters:
            functions, expression = converters[index]
            for function in functions:
                value = function(value, expression, compiler.connection)
        return value

    return rescue
