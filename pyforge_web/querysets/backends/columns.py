"""How the columns of a statement are read: by the list of converters that Django would call for each."""

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import django
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    DecimalField,
    DurationField,
    Field,
    FloatField,
    ForeignKey,
    GeneratedField,
    IntegerField,
    JSONField,
    Value,
)
from django.db.models.expressions import BaseExpression, Col
from django.db.models.fields.json import KeyTransform

from pyforge_web._native import AttributeWatch
from pyforge_web.fields import CONVERTER_METHODS
from pyforge_web.stock import StockMethods, find_function, is_own_function

Converter = Callable[[Any, Any, Any], Any]


class ColumnReader(NamedTuple):
    """How native code reads a column: by a kind's strict form, by the value's type, or through Django's converters."""

    kind: str
    zone: str = "naive"
    checked: bool = False
    digits: int = 0
    places: int = 0


VALUE = ColumnReader("value")
DJANGO = ColumnReader("django")

_JSON_METHODS = StockMethods(JSONField, ["from_db_value"], django)
# What that calls: a project may have replaced it, to read numbers in another way, for example.
_JSON_LOADS = json.loads if is_own_function(json.loads, json) else object()
_DECODER_METHODS = StockMethods(json.JSONDecoder, ["__init__", "decode", "raw_decode"], json)
# The lambdas of BaseExpression.convert_value: of float(), int() and Decimal() over what is of that type already.
_CASTS: dict[object, ColumnReader] = {
    cast.__code__: ColumnReader(kind)
    for cast, kind in (
        (Value(None, output_field=field).convert_value, kind)
        for field, kind in ((FloatField(), "float"), (IntegerField(), "integer"), (DecimalField(), "decimal"))
    )
    if is_own_function(cast, django)
}


def is_whole_document(expression: BaseExpression, converters: list[Converter]) -> bool:
    """Return whether a column holds a whole JSON document that `json.loads` alone reads."""
    if len(converters) != 1 or isinstance(expression, KeyTransform):
        return False
    converter: Any = converters[0]
    function = _JSON_METHODS.functions["from_db_value"]
    if find_function(converter) is not function or converter.__self__.decoder is not None:
        return False
    return json.loads is _JSON_LOADS and _DECODER_METHODS.are_methods_of(json.JSONDecoder)


def find_cast_reader(converters: list[Converter]) -> ColumnReader | None:
    """Return the reader of an expression whose one converter casts to a number; None for anything else."""
    if len(converters) != 1:
        return None
    code: Any = getattr(converters[0], "__code__", None)
    return _CASTS.get(code)


def describe_converters(converters: list[Converter]) -> str:
    """Return why a column goes through its converters."""
    names = ", ".join(getattr(converter, "__qualname__", repr(converter)) for converter in converters)
    return f"it has a custom converter ({names}), so Django converts it"


def find_converters(expression: Any, connection: BaseDatabaseWrapper) -> list[Converter]:
    """Return what Django calls with each value of a column, as `SQLCompiler.get_converters` finds it."""
    found: list[Converter] = connection.ops.get_db_converters(expression) + expression.get_db_converters(connection)
    return found


# Those of a foreign key and of a duration ask a feature of the database besides.
_CONVERTER_METHODS = [StockMethods(kind, ["get_db_converters"], django) for kind in (Field, ForeignKey, DurationField)]
# What a field's class and its attributes say of its converters; an instance may have methods of its own.
_METHODS = (*CONVERTER_METHODS, "get_internal_type")
_OPTIONS = ("decoder", "max_digits", "decimal_places")
_MOST_PLANS = 4096


class InternedReaders(tuple[ColumnReader, ...]):
    """The readers of a row's columns: one object for all rows that are read alike, compared as the object that it is.

    What is compiled for a row is looked up by its readers at each query: the hash of 14 readers would cost 3 us.
    """

    def __init__(self, readers: Iterable[ColumnReader]) -> None:
        self.has_json = any(reader.kind == "json" for reader in readers)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class ColumnPlan(NamedTuple):
    """How the columns of a statement are read; `facts` are what a database has found out about them besides."""

    readers: InternedReaders
    facts: Any = None


_interned: dict[tuple[ColumnReader, ...], InternedReaders] = {}


def intern_readers(readers: Iterable[ColumnReader]) -> InternedReaders:
    """Return the one object for these readers."""
    row = tuple(readers)
    known = _interned.get(row)
    if known is None:
        if len(_interned) >= _MOST_PLANS:
            _interned.clear()
        known = _interned[row] = InternedReaders(row)
    return known


def read_session(connection: BaseDatabaseWrapper) -> tuple[Any, ...]:
    """Return what of a connection decides how columns are read."""
    features = connection.features
    asked = features.interprets_empty_strings_as_nulls, features.has_native_duration_field
    return connection.alias, connection.timezone, settings.USE_TZ, type(connection), type(connection.ops), *asked


def _make_plan_key(targets: list[Any], outputs: list[Any], connection: BaseDatabaseWrapper) -> tuple[Any, ...]:
    return (*read_session(connection), *map(id, targets), *map(id, outputs))


def _has_stock_converters(kind: type) -> bool:
    """Return whether the converters of a field's class are found by Django's own code."""
    return any(methods.are_methods_of(kind) for methods in _CONVERTER_METHODS)


def may_read_null(field: Any) -> bool:
    """Return whether a field's converters may make a value of null; Django's own leave it as it is."""
    while isinstance(field, ForeignKey) and not _has_own_converters(field):
        field = field.target_field
    return _has_own_converters(field.output_field if isinstance(field, GeneratedField) else field)


def _has_own_converters(field: Any) -> bool:
    if "get_db_converters" in vars(field) or not _has_stock_converters(type(field)):
        return True
    reads = getattr(field, "from_db_value", None)
    return reads is not None and not is_own_function(find_function(reads), django)


class ColumnPlans:
    """The plans of statements that select plain columns alone, by their fields: Django's converters cost 3 us a column.

    A plan is kept with the identity of what decided it, as fields and their classes are patched while a process runs;
    native code compares all of that at each query.
    """

    def __init__(self, operations: StockMethods) -> None:
        self._operations = operations
        self._known: dict[tuple[Any, ...], tuple[ColumnPlan, AttributeWatch]] = {}

    def find(
        self,
        make: Callable[[list[Col], BaseDatabaseWrapper], ColumnPlan],
        columns: list[Col],
        connection: BaseDatabaseWrapper,
    ) -> ColumnPlan:
        """Return the plan of these columns; `make` is asked where none is known."""
        targets, outputs = [column.target for column in columns], [column.output_field for column in columns]
        ops, key = connection.ops, _make_plan_key(targets, outputs, connection)
        known = self._known.get(key)
        has_own = not vars(ops).keys().isdisjoint(self._operations.names)
        if known is not None and not has_own and known[1].holds():
            return known[0]
        plan = make(columns, connection)
        fields = {id(field): field for field in (*targets, *outputs)}.values()
        # A field with `get_db_converters` of its own may answer differently the next time.
        if not has_own and all(_has_stock_converters(type(field)) for field in fields):
            if len(self._known) >= _MOST_PLANS:
                self._known.clear()
            self._known[key] = plan, self._watch(fields, targets, type(ops))
        return plan

    def find_watch(
        self, plan: ColumnPlan, columns: list[Col], connection: BaseDatabaseWrapper
    ) -> AttributeWatch | None:
        """Return what holds as long as this plan of columns does; None where it has to be made each time."""
        key = _make_plan_key(
            [column.target for column in columns], [column.output_field for column in columns], connection
        )
        known = self._known.get(key)
        return known[1] if known is not None and known[0] is plan and known[1].holds() else None

    def _watch(self, fields: Iterable[Any], targets: Iterable[Any], operations: type) -> AttributeWatch:
        """Return what compares everything that decides the converters of fields, and whether a driver parses them."""
        watched: list[tuple[object, tuple[str, ...], bool]] = [
            (operations, self._operations.names, False),
            (Col, ("get_db_converters",), False),
        ]
        watched += [(kind, _METHODS, False) for kind in dict.fromkeys(map(type, fields))]
        for field in fields:
            watched.append((field, (*_METHODS, *[name for name in _OPTIONS if name in vars(field)]), True))
        if any(isinstance(field, JSONField) for field in fields):
            watched += [(json, ("loads",), False), (json.JSONDecoder, _DECODER_METHODS.names, False)]
        models = dict.fromkeys(target.model for target in targets)
        watched += [(model._meta, ("managed",), True) for model in models]
        return AttributeWatch(watched)
