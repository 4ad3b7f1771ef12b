"""How the columns of a statement are read: by the list of converters that Django would call for each."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from weakref import ref

import django
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DecimalField, Field, FloatField, IntegerField, JSONField, Value
from django.db.models.expressions import BaseExpression, Col
from django.db.models.fields.json import KeyTransform

from pyforge_web.querysets.backends.stock import StockMethods, find_function, is_own_function

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
    return find_function(converter) is function and converter.__self__.decoder is None


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


_COL_METHODS = StockMethods(Col, ["get_db_converters"], django)
_FIELD_METHODS = StockMethods(Field, ["get_db_converters"], django)
# What a field's attributes say of its converters; an instance may have methods of its own.
_ATTRIBUTES = ("from_db_value", "get_db_converters", "get_internal_type", "decoder", "max_digits", "decimal_places")


_ReadersByField = dict[tuple[int, int], tuple[ColumnReader, object, tuple[ref[Any], ref[Any]]]]


def _forget_field(readers: _ReadersByField, ids: tuple[int, int], _: object) -> None:
    readers.pop(ids, None)


class ColumnReaders:
    """The readers of plain columns by their fields: to ask Django for converters costs 3 us each.

    A reader is kept with the identity of what decided it: fields and their classes are patched while a process runs.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], _ReadersByField] = {}

    def of_session(self, key: tuple[Any, ...]) -> "_ReadersByField":
        """Return the readers that were found under the same converters, zone and settings."""
        return self._known.setdefault(key, {})

    def find(
        self,
        read: Callable[[BaseExpression, list[Converter], BaseDatabaseWrapper], ColumnReader],
        column: Col,
        connection: BaseDatabaseWrapper,
        key: tuple[Any, ...],
    ) -> ColumnReader:
        """Return the reader of a column; `read` is asked with its converters where it is not known."""
        target, output = column.target, column.output_field
        evidence: object = (
            _describe_field(output) if target is output else (_describe_field(target), _describe_field(output))
        )
        readers = self.of_session(key)
        ids = (id(target), id(output))
        known = readers.get(ids)
        if known is not None and known[1] == evidence:
            return known[0]
        reader = read(column, find_converters(column, connection), connection)
        # A field with `get_db_converters` of its own may answer differently the next time.
        if _FIELD_METHODS.are_methods_of(type(target)) and _FIELD_METHODS.are_methods_of(type(output)):
            # An entry ends with its field, before the id can be another one's: a model made at run time is freed.
            forget = partial(_forget_field, readers, ids)
            readers[ids] = reader, evidence, (ref(target, forget), ref(output, forget))
        return reader


def _describe_field(field: Any) -> tuple[object, ...]:
    """Return the identity of everything that decides a field's converters."""
    kind, attributes = type(field), field.__dict__.get
    return (
        kind,
        kind.get_db_converters,
        kind.get_internal_type,
        getattr(kind, "from_db_value", None),
        *map(attributes, _ATTRIBUTES),
    )
