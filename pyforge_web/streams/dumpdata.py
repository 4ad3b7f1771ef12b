"""`dumpdata`'s format from raw rows: what Django's JSON serializer writes of a model, without an instance of it.

Native code writes the columns whose text is the same in both; any other value goes through Django's serializer, that
one value. A model whose instances may be more than their rows is left to Django as a whole: `why_dumpdata` says why.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from django.core.serializers.json import DjangoJSONEncoder
from django.core.serializers.python import Serializer
from django.db.models import Field, JSONField, Model, QuerySet
from django.db.models.fields.files import FieldFile, FileDescriptor, ImageFieldFile, ImageFileDescriptor
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.query import ModelIterable
from django.db.models.query_utils import DeferredAttribute
from django.db.models.sql import Query

from pyforge_web._native import QueryRows, RowColumns
from pyforge_web.fields import kind_of
from pyforge_web.querysets import backends
from pyforge_web.querysets.django_path import AnyQuerySet, why_django, why_instances
from pyforge_web.querysets.statement import ExecutedQuery, compile_query, execute_query
from pyforge_web.streams.dumpdata_m2m import KeysFunction, make_keys_function

# Kinds whose JSON text is the serializer's: it hands them to the encoder as they are, or their `str()`.
_NATIVE_KINDS = {"boolean", "date", "datetime", "decimal", "float", "integer", "ip", "text", "time", "uuid"}
_ATTRIBUTES = {DeferredAttribute, ForeignKeyDeferredAttribute, FileDescriptor, ImageFileDescriptor}
_QUERYSET_METHODS = ("__iter__", "_chain", "_clone", "_fetch_all", "_iterator", "_values", "iterator", "values_list")
_NOTHING_DEFERRED = Query(None).deferred_loading

# The escapes of surrogates, of which a single one has no UTF-8.
_SURROGATES = re.compile(r"\\u[dD][89a-fA-F]")

_value_serializer: Any = Serializer()

AnyField: TypeAlias = "Field[Any, Any]"


def why_dumpdata(queryset: AnyQuerySet, indent: int | None = None) -> str | None:
    """Why Django must serialize this QuerySet itself; None where raw rows tell all that it would write."""
    reason = _why_query(queryset) or _why_model(queryset.model) or why_django(queryset.values_list())
    if reason is None and indent is not None:
        if indent < 1:
            return f"json.dumps lays out indent={indent} in its own way"
        several = [field.name for field in _serialized_fields(queryset.model) if _native_kind(field) is None]
        several += [field.name for field in _many_to_many(queryset.model)]
        if several:
            return f"{several[0]} may take several lines"
    return reason


def _why_query(queryset: Any) -> str | None:
    query, kind = queryset.query, type(queryset)
    for name in _QUERYSET_METHODS:
        if getattr(kind, name) is not getattr(QuerySet, name):
            return f"{kind.__name__} has its own {name}"
    plain = (
        queryset._iterable_class is ModelIterable
        and not queryset._prefetch_related_lookups
        and type(query) is Query
        and query.deferred_loading == _NOTHING_DEFERRED
        and not (query.annotations or query.extra or query.distinct or query.combinator or query.select_related)
    )
    return None if plain else f"the manager of {queryset.model.__name__} does more than to filter"


def _why_model(model: Any) -> str | None:
    options = model._meta
    if options.proxy or options.pk not in options.concrete_fields:
        return f"{model.__name__} is a proxy, or has a key of several columns"
    if reason := why_instances(model):
        return reason
    for field in [options.pk, *_serialized_fields(model)]:
        if not _is_plain(model, field):
            return f"{field.name} gives its value in its own way"
    return None


def _is_plain(model: type[Model], field: AnyField) -> bool:
    """Whether a field's value is what its column holds, and its text Django's."""
    kind: Any = type(field)
    attribute = next((vars(each)[field.attname] for each in model.__mro__ if field.attname in vars(each)), None)
    return (
        kind.value_from_object is Field.value_from_object
        and kind.value_to_string.__module__.startswith("django.")
        and type(attribute) in _ATTRIBUTES
        and getattr(field, "attr_class", FieldFile) in (FieldFile, ImageFieldFile)
    )


def _serialized_fields(model: type[Model]) -> list[AnyField]:
    fields: Any = model._meta.local_fields
    return [field for field in fields if field.serialize]


def _many_to_many(model: type[Model]) -> list[Any]:
    fields: Any = model._meta.local_many_to_many
    return [field for field in fields if field.serialize and field.remote_field.through._meta.auto_created]


def _native_kind(field: AnyField) -> str | None:
    """The kind of a field whose JSON text the serializer would write alike; None for any other."""
    kind = kind_of(field)
    if kind == "file" and not field.null:  # an empty text in place of a null
        kind = "text"
    is_text = kind in ("ip", "text", "uuid")
    if kind not in _NATIVE_KINDS or (is_text and type(field).value_to_string is not Field.value_to_string):
        return None
    return kind


def read_rows(queryset: AnyQuerySet, sizes: Iterator[int], indent: int | None = None) -> QueryRows | Iterator[Any]:
    """The executed query, of which native code writes the objects of a fixture, each chunk with the next of `sizes`."""
    model = queryset.model
    fields = [model._meta.pk, *_serialized_fields(model)]
    names = [field.attname for field in fields]
    # A row whose parent is missing is none: the tables of the parents are joined by their columns.
    inherited = [field.attname for field in model._meta.concrete_fields if field.model is not model]
    compiled = compile_query(queryset.values_list(*names, *inherited))
    if compiled is None:
        return iter(())
    statement = execute_query(compiled, chunked=True)
    many = _many_to_many(model)
    readers = [_choose_reader(field, found) for field, found in zip(fields, statement.readers, strict=False)]
    readers += [backends.VALUE] * len(many)
    texts, end = _object_texts(model, [field.name for field in [*fields[1:], *many]], indent)
    columns = RowColumns([(text, "", *reader) for text, reader in zip(texts, readers, strict=True)], "template", end)
    fetch = _make_fetch(statement, len(fields), [make_keys_function(field, queryset.db) for field in many], sizes)
    return QueryRows(columns, fetch, _make_converter(statement, model, fields, queryset.db), statement.cursor.close)


def _choose_reader(field: AnyField, found: backends.ColumnReader) -> backends.ColumnReader:
    kind = "json" if type(field) is JSONField else _native_kind(field)
    if found is backends.DJANGO or kind is None:
        return backends.DJANGO
    if found is backends.VALUE:
        return backends.ColumnReader(kind)
    return found if found.kind == kind else backends.DJANGO


def _object_texts(model: type[Model], names: list[str], indent: int | None) -> tuple[list[str], str]:
    """The text before each value of an object, its key first, and the text behind the last."""

    def line(depth: int) -> str:
        return "" if indent is None else "\n" + " " * indent * depth

    between = ", " if indent is None else ","
    first = f'{line(0)}{{{line(1)}"model": {json.dumps(str(model._meta), ensure_ascii=False)}{between}{line(1)}"pk": '
    opening = f'{between}{line(1)}"fields": {{'
    keys = [f"{line(2)}{json.dumps(name, ensure_ascii=False)}: " for name in names]
    before = [first, *(f"{between}{key}" if place else f"{opening}{key}" for place, key in enumerate(keys))]
    return before, f"{line(1)}}}{line(0)}}}" if names else f"{opening}}}{line(0)}}}"


def _make_fetch(
    statement: ExecutedQuery, count: int, many: list[KeysFunction], sizes: Iterator[int]
) -> Callable[[], list[tuple[Any, ...]]]:
    """The function that fetches the next rows, and for each the keys of its many-to-many fields."""

    def fetch() -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = statement.cursor.fetchmany(next(sizes))
        if not many:
            return found
        keys = [row[0] if type(row[0]) is int else statement.convert(0, row[0]) for row in found]
        return [(*row[:count], *(ask(key) for ask in many)) for row, key in zip(found, keys, strict=True)]

    return fetch


def _make_converter(
    statement: ExecutedQuery, model: type[Model], fields: list[AnyField], using: str
) -> Callable[[int, Any], Any]:
    """The function that takes a value through Django's converters and its serializer."""
    holder = model.from_db(using, [], [])

    def convert_value(index: int, value: Any) -> Any:
        field = fields[index]
        setattr(holder, field.attname, statement.convert(index, value))
        found = _value_serializer._value_from_field(holder, field)
        if isinstance(value, str) and _SURROGATES.search(value):
            json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False).encode()  # dumpdata could not write it either
        return found

    return convert_value
