"""The format of `dumpdata`, in one of two ways.

- From raw rows: native code writes the columns whose text is the same in a fixture. Any other value goes through
  Django's serializer, that one value. No instance is made.
- From objects: where an instance of the model may be more than its row, Django's serializer makes the objects, as in
  dumpdata, and native code writes them. `why_objects` returns the reason. Two thirds of dumpdata's time is its JSON:
  it calls `json.dump()`, which writes in Python.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from typing import Any, TypeAlias, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.core.serializers.python import Serializer
from django.db.models import Field, JSONField, Model, QuerySet
from django.db.models.fields.files import FieldFile, FileDescriptor, ImageFieldFile, ImageFileDescriptor
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import ModelIterable
from django.db.models.query_utils import DeferredAttribute
from django.db.models.sql import Query

from pyforge_web._native import QueryRows, RowColumns
from pyforge_web.fields import find_attribute, kind_of
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import AnyQuerySet, why_django, why_instances
from pyforge_web.querysets.statement import ExecutedQuery, compile_query, execute_query
from pyforge_web.stock import find_stock, is_django_function
from pyforge_web.streams.dumpdata_m2m import KeysFunction, gives_attribute, make_holder, make_keys_function

# Kinds whose JSON text is the serializer's: it hands them to the encoder as they are, or their `str()`.
_VALUE_TO_STRING = find_stock(Field, "value_to_string")
_FIXTURE_KINDS = {"boolean", "date", "datetime", "decimal", "float", "integer", "ip", "text", "time", "uuid"}
_ATTRIBUTES = {DeferredAttribute, ForeignKeyDeferredAttribute, FileDescriptor, ImageFileDescriptor}
# What decides the rows of `iterator()`, the one method that dumpdata calls of a finished QuerySet.
_ITERATOR_METHODS = ("__getattribute__", "_iterator", "db", "iterator", "query")
_NOTHING_DEFERRED = Query(None).deferred_loading

# The escapes of surrogates, of which a single one has no UTF-8.
_SURROGATES = re.compile(r"\\u[dD][89a-fA-F]")

_value_serializer: Any = Serializer()

AnyField: TypeAlias = "Field[Any, Any]"


def why_objects(queryset: AnyQuerySet, indent: int | None = None) -> str | None:
    """Return why Django's serializer must make the objects; None if raw rows have all that it would write."""
    # The cheap questions first; the last one compiles a query.
    reason = _why_query(queryset) or _why_model(queryset.model)
    reason = reason or why_django(_as_django_queryset(queryset).values_list())
    if reason is None and indent is not None:
        # 0 breaks lines without indenting, and a negative number is as 0 for `json`.
        if indent < 1:
            return f"json.dumps lays out indent={indent} in its own way"
        several = [field.name for field in _serialized_fields(queryset.model) if _native_kind(field) is None]
        several += [field.name for field in _many_to_many(queryset.model)]
        if several:
            return f"{several[0]} may take several lines"
    return reason


def _why_query(queryset: Any) -> str | None:
    query, kind = queryset.query, type(queryset)
    # On the instance, too: a manager may put a function onto its QuerySet.
    for name in _ITERATOR_METHODS:
        if getattr(kind, name) is not getattr(QuerySet, name) or name in vars(queryset):
            return f"{kind.__name__} has its own {name}"
    plain = (
        queryset._iterable_class is ModelIterable
        and not queryset._prefetch_related_lookups
        and type(query) is Query
        and query.deferred_loading == _NOTHING_DEFERRED
        and not (query.annotations or query.extra or query.distinct or query.combinator or query.select_related)
    )
    return None if plain else f"the manager of {queryset.model.__name__} does more than filter rows"


def _as_django_queryset(queryset: AnyQuerySet) -> AnyQuerySet:
    """Return the same query in a QuerySet of Django's own class.

    The methods of the project's class were called as in dumpdata: those of its manager, `using()` and `order_by()` with
    the `_clone()` behind them. After that dumpdata only calls `iterator()`, which asks the query. So a class whose
    `_clone()` copies an attribute of its own, as those of many packages do, gives the rows of its query.
    """
    return QuerySet(queryset.model, queryset.query.clone(), queryset.db)


def _why_model(model: Any) -> str | None:
    options = model._meta
    if options.proxy or options.pk not in options.concrete_fields:
        return f"{model.__name__} is a proxy, or has a key of several columns"
    if reason := why_instances(model):
        return reason
    for field in [options.pk, *_serialized_fields(model)]:
        if not _is_plain_field(model, field):
            return f"{field.name} has a field class that changes how its value is written"
    return None


def _is_plain_field(model: type[Model], field: AnyField) -> bool:
    """Return whether a field's value is what its column holds, and its text is Django's."""
    attribute = find_attribute(model, field.attname)
    return (
        gives_attribute(field)
        # On the field itself, too: a project may put a function there.
        and "value_to_string" not in vars(field)
        and is_django_function(cast(Any, type(field)).value_to_string)
        and type(attribute) in _ATTRIBUTES
        and getattr(field, "attr_class", FieldFile) in (FieldFile, ImageFieldFile)
    )


def _serialized_fields(model: type[Model]) -> list[AnyField]:
    # `local_fields`: what is inherited is in the fixture of the parent. Source:
    # `django.core.serializers.base.Serializer.serialize`.
    fields: Any = model._meta.local_fields
    return [field for field in fields if field.serialize]


def _many_to_many(model: type[Model]) -> list[Any]:
    # With a model of its own behind it, a relation is in the fixture of that model. Source: `handle_m2m_field`.
    fields: Any = model._meta.local_many_to_many
    return [field for field in fields if field.serialize and field.remote_field.through._meta.auto_created]


def _native_kind(field: AnyField) -> str | None:
    """Return the kind of a field that native code writes as the serializer does; None for any other field."""
    kind = kind_of(field)
    if kind == "file" and not field.null:  # an empty text and not null, which FieldFile turns into an empty text
        kind = "text"
    is_text = kind in ("ip", "text", "uuid")
    if kind not in _FIXTURE_KINDS or (is_text and type(field).value_to_string is not _VALUE_TO_STRING):
        return None
    return kind


def read_objects(
    queryset: AnyQuerySet, sizes: Iterator[int], *, natural_foreign: bool, natural_primary: bool
) -> Iterator[Any]:
    """Yield the objects of a fixture as Django's serializer makes them, as many at a time as `sizes` says."""
    serializer: Any = Serializer()
    # As dumpdata: Django asks for a size where a QuerySet has prefetch_related().
    chunk_size = 2000 if cast(Any, queryset)._prefetch_related_lookups else None
    with closing(cast(Any, queryset.iterator(chunk_size=chunk_size))) as instances:
        # Chunks, because the serializer goes through what it is given in one call.
        while chunk := list(islice(instances, next(sizes))):
            yield from serializer.serialize(
                chunk, use_natural_foreign_keys=natural_foreign, use_natural_primary_keys=natural_primary
            )


def read_rows(queryset: AnyQuerySet, sizes: Iterator[int], indent: int | None = None) -> QueryRows | Iterator[Any]:
    """Run the query. Return its rows, which native code writes as objects: as many at a time as `sizes` says."""
    queryset = _as_django_queryset(queryset)
    model = queryset.model
    fields = [model._meta.pk, *_serialized_fields(model)]
    names = [field.attname for field in fields]
    # dumpdata joins the tables of all parents, so it leaves out a row whose parent is missing. Naming a column of each
    # parent gives the same joins.
    inherited = [field.attname for field in model._meta.concrete_fields if field.model is not model]
    compiled = compile_query(queryset.values_list(*names, *inherited))
    if compiled is None:
        return iter(())
    statement = execute_query(compiled, chunked=True)
    many = _many_to_many(model)
    readers = [_choose_reader(field, reader) for field, reader in zip(fields, statement.readers, strict=False)]
    readers += [backends.VALUE] * len(many)
    texts, end = _object_texts(model, [field.name for field in [*fields[1:], *many]], indent)
    columns = RowColumns([(text, "", *reader) for text, reader in zip(texts, readers, strict=True)], "template", end)
    fetch = _make_fetch(statement, len(fields), [make_keys_function(field, queryset.db) for field in many], sizes)
    return QueryRows(columns, fetch, _make_converter(statement, model, fields, queryset.db), statement.cursor.close)


def _choose_reader(field: AnyField, reader: backends.ColumnReader) -> backends.ColumnReader:
    kind = "json" if type(field) is JSONField else _native_kind(field)
    if reader is backends.DJANGO or kind is None:
        return backends.DJANGO
    if reader is backends.VALUE:
        return backends.ColumnReader(kind)
    return reader if reader.kind == kind else backends.DJANGO


def _object_texts(model: type[Model], names: list[str], indent: int | None) -> tuple[list[str], str]:
    """Return the text before each value of an object, which ends with its key, and the text after the last value."""

    def new_line(depth: int) -> str:
        return "" if indent is None else "\n" + " " * indent * depth

    between = ", " if indent is None else ","
    # `str(model._meta)` is the label in lower case, which fixtures have as "model".
    label = json.dumps(str(model._meta), ensure_ascii=False)
    first = f'{new_line(0)}{{{new_line(1)}"model": {label}{between}{new_line(1)}"pk": '
    opening = f'{between}{new_line(1)}"fields": {{'
    keys = [f"{new_line(2)}{json.dumps(name, ensure_ascii=False)}: " for name in names]
    before = [first, *(f"{between}{key}" if place else f"{opening}{key}" for place, key in enumerate(keys))]
    return before, f"{new_line(1)}}}{new_line(0)}}}" if names else f"{opening}}}{new_line(0)}}}"


def _make_fetch(
    statement: ExecutedQuery, count: int, many: list[KeysFunction], sizes: Iterator[int]
) -> Callable[[], list[tuple[Any, ...]]]:
    """Return the function that fetches the next rows, each with the keys of its many-to-many fields."""

    def fetch_rows() -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = statement.cursor.fetchmany(next(sizes))
        if not many:
            return rows
        # The key as Django would have it: a UUID is a text in SQLite.
        keys = [row[0] if type(row[0]) is int else statement.convert(0, row[0]) for row in rows]
        return [(*row[:count], *(find_keys(key) for find_keys in many)) for row, key in zip(rows, keys, strict=True)]

    return fetch_rows


def _make_converter(
    statement: ExecutedQuery, model: type[Model], fields: list[AnyField], using: str
) -> Callable[[int, Any], Any]:
    """Return the function that takes a value through Django's converters and its serializer."""
    # The serializer asks an instance for its value. One instance is enough: it holds one value after the other.
    holder = make_holder(model, using)

    def convert_value(index: int, value: Any) -> Any:
        field = fields[index]
        setattr(holder, field.attname, statement.convert(index, value))
        serialized = _value_serializer._value_from_field(holder, field)
        if isinstance(value, str) and _SURROGATES.search(value):
            # dumpdata could not write it either: raises UnicodeEncodeError
            json.dumps(serialized, cls=DjangoJSONEncoder, ensure_ascii=False).encode()
        return serialized

    return convert_value
