"""How the drivers' raw values are read: one module for each database that has a native path."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DecimalField, FloatField, IntegerField, JSONField, Value
from django.db.models.expressions import BaseExpression, Col
from django.db.models.fields.json import KeyTransform

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


def find(connection: BaseDatabaseWrapper) -> ModuleType | None:
    """The module of this package for a connection; None for a database that takes Django's path."""
    wrapper = type(connection).__module__
    if wrapper == "django.db.backends.sqlite3.base":
        from pyforge_web.querysets.backends import sqlite

        return sqlite
    if wrapper == "django.db.backends.postgresql.base":
        from django.db.backends.postgresql.psycopg_any import is_psycopg3

        if is_psycopg3:
            from pyforge_web.querysets.backends import postgresql

            return postgresql
    return None


def is_plain_json(expression: BaseExpression, converters: list[Converter]) -> bool:
    """Whether a column holds a whole JSON document that `json.loads` alone reads."""
    if len(converters) != 1 or isinstance(expression, KeyTransform):
        return False
    converter = converters[0]
    return (
        getattr(converter, "__func__", None) is JSONField.from_db_value and converter.__self__.decoder is None  # type: ignore[attr-defined]
    )


# The lambdas of BaseExpression.convert_value: of float(), int() and Decimal() over what is of that type already.
_CASTS = {
    Value(None, output_field=field()).convert_value.__code__: ColumnReader(kind)
    for field, kind in ((FloatField, "float"), (IntegerField, "integer"), (DecimalField, "decimal"))
}


def cast_reader(converters: list[Converter]) -> ColumnReader | None:
    """The reader of an expression whose one converter casts to a number; None for anything else."""
    if len(converters) != 1:
        return None
    code: Any = getattr(converters[0], "__code__", None)
    return _CASTS.get(code)


def why_django(converters: list[Converter]) -> str:
    """Why a column goes through its converters."""
    names = ", ".join(getattr(converter, "__qualname__", repr(converter)) for converter in converters)
    return f"its converter may do anything: {names}"


Session = tuple[str, str, bool]
_columns: dict[tuple[Session, int, int], tuple[ColumnReader, object, object]] = {}


def session(connection: BaseDatabaseWrapper) -> Session:
    """What the converters of a column depend on beside the column."""
    return connection.alias, connection.timezone_name, settings.USE_TZ


def column_reader(backend: Any, column: Col, connection: BaseDatabaseWrapper, key: Session) -> ColumnReader:
    """The reader of a plain column, found once: asking Django for the converters costs 3 us each.

    A field whose converters are patched after its first use is not noticed.
    """
    target, output = column.target, column.output_field
    found = _columns.get((key, id(target), id(output)))
    if found is None:
        converters = connection.ops.get_db_converters(column) + column.get_db_converters(connection)
        # The fields are kept, so that their ids stay theirs.
        found = _columns[key, id(target), id(output)] = backend.read(column, converters, connection), target, output
    return found[0]
