"""QuerySets without relations: the driver's raw rows to native code.

Django's compiler names the converters of each column. A column whose converters are known by identity is read natively,
every other goes through them in Python, and so does each value that is not of the strict form. What is not understood
takes Django's path as a whole.
"""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from time import perf_counter_ns
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import ColPairs
from django.db.models.query import NamedValuesListIterable, ValuesIterable
from django.db.models.utils import create_namedtuple_class
from django.utils.timezone import get_current_timezone

from pyforge_web import metering
from pyforge_web._native import NestedRows, QueryRows, RowColumns, RowLayout
from pyforge_web.metering.row_traces import trace_rows
from pyforge_web.output.kept_fields import KeptResults
from pyforge_web.output.key_names import make_keys
from pyforge_web.output.options import output_options
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import SHAPES, AnyQuerySet, joins_unconstrained, why_columns, why_django
from pyforge_web.querysets.sql_cache import compile_remembered
from pyforge_web.querysets.statement import Chunks, CompiledQuery, execute_query, fetch_next, report_to

# A reader, or the fields of one and the format of its dates.
DatedReader = backends.ColumnReader | tuple[str, str, bool, int, int, str]
Written = QueryRows | NestedRows | list[Any] | str  # a text says why Django has to read the rows


def write_model_rows(queryset: AnyQuerySet, sizes: Iterator[int] | None = None) -> Written:
    """Return the executed query of a model QuerySet, of which native code writes all that its instances have.

    Those are the columns that are not deferred, and what the query adds. With `sizes` it is the query of a stream, of
    which each chunk has the next of these numbers of rows.
    """
    if (why := why_django(queryset)) is not None:
        return why
    query, given = queryset.query, queryset
    # Before the query is compiled, which Django does again. A column that is not loaded does not count.
    odd = why_columns(queryset.model, [field.attname for field in queryset.model._meta.concrete_fields])
    if odd is not None and not query.deferred_loading[0]:
        return odd
    joins_only = query.select_related and not (query.distinct or query.select_for_update or query.combinator)
    if drops_joins := bool(joins_only and not joins_unconstrained(query)):
        query = query.chain()
        query.select_related = False
        queryset = QuerySet(queryset.model, query, queryset.db)
    compiled, _ = compile_remembered(given, ("bare", drops_joins), lambda: (queryset, None))
    if compiled is None:
        return _nothing(queryset)
    positions = compiled.positions
    names = sorted(positions, key=positions.__getitem__)
    added = compiled.compiler.annotation_col_map or ()
    if odd is not None and (odd := why_columns(queryset.model, [name for name in names if name not in added])):
        return odd
    return write_columns(queryset, compiled, names, [positions[name] for name in names], sizes)


def write_values(
    queryset: AnyQuerySet, chosen: Sequence[str] | None = None, sizes: Iterator[int] | None = None
) -> Written:
    """Return the same of a QuerySet of `values()` or `values_list()`; `chosen` are the keys to write of its dicts.

    Raises `ValueError` for the names that a named tuple refuses.
    """
    if (why := why_django(queryset)) is not None:
        return why
    names, query = values_names(queryset), queryset.query
    # Before the query is compiled, which Django does again.
    if any(isinstance(column, ColPairs) for column in (*query.select, *query.annotation_select.values())):
        return "a key of several columns is selected as one value"
    compiled, _ = compile_remembered(queryset, "values", lambda: (queryset, None))
    if compiled is None:
        return _nothing(queryset)
    shape, count = SHAPES[queryset._iterable_class], len(compiled.expressions)
    if shape != "object":
        names = [str(index) for index in range(count)] if shape == "array" else ["0"]
        return write_columns(queryset, compiled, names, range(len(names)), sizes, shape)
    if len(set(names)) != len(names) or len(names) > count:
        return "two of its columns have the same name"
    if chosen is None:
        return write_columns(queryset, compiled, names, range(len(names)), sizes)
    return write_columns(queryset, compiled, list(chosen), [names.index(name) for name in chosen], sizes)


def values_names(queryset: AnyQuerySet) -> list[str]:
    """Return the keys of a row, as `ValuesIterable` has them: before the query is compiled, which may add to them."""
    query = queryset.query
    names = [*query.extra_select, *query.values_select, *query.annotation_select]
    if queryset._iterable_class is NamedValuesListIterable:
        create_namedtuple_class(*(getattr(queryset, "_fields", None) or names))
    return list(query.selected) if query.selected else names


def is_values(queryset: AnyQuerySet) -> bool:
    """Return whether the rows are dicts, which have keys to choose from."""
    return issubclass(queryset._iterable_class, ValuesIterable)


def write_columns(
    queryset: AnyQuerySet,
    compiled: CompiledQuery,
    names: Sequence[str],
    indexes: Sequence[int],
    sizes: Iterator[int] | None,
    shape: str = "object",
) -> QueryRows | NestedRows:
    """Execute a query; return what native code makes of these of its columns."""
    trace = trace_rows(queryset.model, "values")
    statement = execute_query(compiled, trace, chunked=sizes is not None, in_parts=True)
    if shape == "object" and output_options.get().make_key is not None:
        names = make_keys(names)
    label, whole = queryset.model._meta.label, range(len(names))
    in_order = indexes == whole or list(indexes) == [*whole]
    readers: tuple[backends.ColumnReader, ...] = statement.readers
    if in_order and len(readers) != len(names):
        readers = readers[: len(names)]
    if metering.active_collectors.get():
        metering.count_columns(sum([readers[index] is backends.DJANGO for index in indexes]), len(names))
    if sizes is None:
        fetch = fetch_next(statement)
        report = None if trace is None else report_to(statement, _name_columns(names, indexes, len(readers)), trace)
    else:
        chunks = Chunks(statement, sizes, queryset.model, _name_columns(names, indexes, len(readers)))
        fetch, report = chunks.fetch, chunks.report
    convert, close = statement.convert, statement.cursor.close
    if in_order:
        columns = compile_columns(label, shape, tuple(names), *add_dates(readers))
        return QueryRows(columns, fetch, convert, close, report, output_options.get().max_bytes)
    steps = tuple(("column", name, index) for name, index in zip(names, indexes, strict=True))
    dated, timezone = add_dates(readers)
    layout = compile_layout(label, dated, steps, False, timezone)
    return NestedRows(layout, fetch, convert, close, _no_relation, report, output_options.get().max_bytes)


def _name_columns(names: Sequence[str], indexes: Sequence[int], count: int) -> list[str]:
    """Return the names of the statement's columns, empty for one that is not written."""
    shown = [""] * count
    for name, index in zip(names, indexes, strict=True):
        shown[index] = name
    return shown


def _nothing(queryset: AnyQuerySet) -> list[Any]:
    """Return the rows of a query that Django does not send: it finds nothing."""
    trace_rows(queryset.model, "values")
    return []


def _no_relation(number: int, rows: list[tuple[Any, ...]]) -> None:
    """Stand where native code asks for related rows, which there are none of."""


def add_dates(readers: tuple[backends.ColumnReader, ...]) -> tuple[tuple[DatedReader, ...], tzinfo | None]:
    """Return the readers of columns with the format of dates that `rows()` asks for, and the zone of local ones.

    Without one their dates are written as those of the whole output.
    """
    if not (name := find_date_format()):
        return readers, None
    is_local = output_options.get().dates == "local"
    return tuple((*reader, name) for reader in readers), get_current_timezone() if is_local else None


def find_date_format() -> str:
    """Return the native name of the format of dates that `rows()` asks for; empty for that of the whole output."""
    dates = output_options.get().dates
    return "iso" if dates == "local" else dates or ""


@KeptResults
def compile_columns(
    label: str, shape: str, names: tuple[str, ...], readers: tuple[DatedReader, ...], timezone: tzinfo | None = None
) -> RowColumns:
    """Return the columns of a row for native code, compiled once for all queries of a model that are alike."""
    started = perf_counter_ns()
    named = [(name, name, *reader) for name, reader in zip(names, readers, strict=True)]
    columns = RowColumns(named, shape, timezone=timezone)
    _count_compiled(label, readers, started)
    return columns


@KeptResults
def compile_layout(
    label: str,
    readers: tuple[DatedReader, ...],
    steps: tuple[tuple[str, str, int], ...],
    flat: bool = False,
    timezone: tzinfo | None = None,
) -> RowLayout:
    """Return what native code does with a row that has objects in it, compiled once in the same way.

    With `flat` a row is the value of its one column.
    """
    started = perf_counter_ns()
    layout = RowLayout(list(readers), list(steps), flat=flat, timezone=timezone)
    _count_compiled(label, readers, started)
    return layout


def _count_compiled(label: str, readers: tuple[DatedReader, ...], started: int) -> None:
    django = sum(reader[0] == backends.DJANGO.kind for reader in readers)
    metering.count_compiled(label, "serializer", perf_counter_ns() - started, len(readers) - django, django)
