"""The values of a column as DRF's fields give them, made from the driver's raw values, one column at a time.

Each function takes a column of one strict form and gives what Django's converter and DRF's field would, without the
layers between. It returns None for any other form: each value then goes through Django's converters and the field's
`to_representation`.
"""

import datetime
import decimal
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.duration import duration_iso_string

from pyforge_web._native import text_column
from pyforge_web.querysets.backends import ColumnReader
from pyforge_web.rest_framework.formats import ValueFormat

Column = Any  # a tuple from the driver, a list from a function
# In native/src/rest_framework/columns.rs: the kind, the zone, digits and places of a decimal.
NativeReader = tuple[str, str, int, int]
_NONE = type(None)
_BOOLEANS = {0: False, 1: True, None: None}


class ReadColumn(NamedTuple):
    """A column: the format that DRF's field has, how the database stores it, and the current time zone, if any."""

    format: ValueFormat
    reader: ColumnReader
    zone: Any


def _is_of(column: Column, *kinds: type) -> bool:
    """Whether a column has values of exactly these types, and null."""
    return {*kinds, _NONE}.issuperset(map(type, column))


def _as_stored(kind: type) -> Callable[[Column, ReadColumn], Column | None]:
    """Return the function for values that are what the field gives already, where they are of this type."""

    def values(column: Column, read: ReadColumn) -> Column | None:
        return column if _is_of(column, kind) else None

    return values


def _same_values(column: Column, read: ReadColumn) -> Column:
    return column


def _boolean_values(column: Column, read: ReadColumn) -> Column | None:
    try:
        return [_BOOLEANS[value] for value in column]
    except (KeyError, TypeError):
        return None


def _texts(column: Column, read: ReadColumn) -> Column | None:
    """The texts that native code writes."""
    reader = native_reader(read)
    return None if reader is None else text_column(column, reader, timezone_for([reader], read.zone))


def _decimal_values(column: Column, read: ReadColumn) -> Column | None:
    """The numbers of SQLite, and the texts of PostgreSQL where they have the places of the field already."""
    if read.reader.digits:
        return _texts(column, read) if _is_of(column, float, int) else None
    digits, places = read.format.options
    if not places or not _is_of(column, str):
        return None
    accepted = re.compile(f"-?[0-9]{{1,{max(digits - places, 1)}}}\\.[0-9]{{{places}}}").fullmatch
    return column if all(value is None or accepted(value) for value in column) else None


def _decimal_object(column: Column, read: ReadColumn) -> Column | None:
    """The driver's decimals, which have the places of the column."""
    digits, places = read.format.options
    if not _is_of(column, decimal.Decimal):
        return None
    found = [value is None or (value.is_finite() and value.as_tuple().exponent == -places) for value in column]
    if not all(found) or any(value is not None and value.adjusted() >= digits - places for value in column):
        return None
    return [None if value is None else f"{value:f}" for value in column]


def _duration_values(column: Column, read: ReadColumn) -> Column | None:
    if not _is_of(column, int):
        return None
    if read.format.options == ("django",):
        return _texts(column, read)
    # A driver's integers have 64 bits, and a timedelta holds more.
    return convert_each(column, lambda value: duration_iso_string(datetime.timedelta(microseconds=value)))


def _json_values(column: Column, read: ReadColumn) -> Column | None:
    return convert_each(column, _loaded) if _is_of(column, str) else None


def _loaded(text: str) -> Any:
    """As `JSONField.from_db_value`, where it has no decoder."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


# By the format and the column's reader (`pyforge_web/querysets/backends/`).
_MAKERS: dict[tuple[str, str], Callable[[Column, ReadColumn], Column | None]] = {
    ("boolean", "boolean"): _boolean_values,
    ("boolean", "value"): _as_stored(bool),
    ("date", "date"): _texts,
    ("datetime", "datetime"): _texts,
    ("decimal", "decimal"): _decimal_values,
    ("decimal", "value"): _decimal_object,
    ("duration", "duration"): _duration_values,
    ("float", "float"): _as_stored(float),
    ("float", "value"): _as_stored(float),
    ("integer", "integer"): _as_stored(int),
    ("integer", "value"): _as_stored(int),
    ("same", "boolean"): _boolean_values,
    ("same", "json"): _json_values,
    ("same", "value"): _same_values,
    ("text", "value"): _as_stored(str),
    ("time", "time"): _texts,
    ("uuid", "uuid"): _texts,
}


def make_column(column: Column, read: ReadColumn) -> Column | None:
    """Return a column's values as DRF gives them; None where they have to go through Django and DRF one by one."""
    make = _MAKERS.get((read.format.name, read.reader.kind))
    return None if make is None else make(column, read)


def convert_each(column: Iterable[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Return what a function makes of each value; null stays null, as DRF's fields are not asked about it."""
    return [None if value is None else function(value) for value in column]


# Where native code writes exactly what the functions above make: the kind, by the format and the column's reader.
_KINDS_BY_FORMAT: dict[tuple[str, str], str] = {
    ("boolean", "boolean"): "boolean",
    ("boolean", "value"): "boolean",
    ("date", "date"): "date",
    ("datetime", "datetime"): "datetime",
    ("decimal", "decimal"): "decimal",
    ("duration", "duration"): "duration",
    ("float", "float"): "float",
    ("float", "value"): "float",
    ("integer", "integer"): "integer",
    ("integer", "value"): "integer",
    ("same", "boolean"): "boolean",
    ("same", "value"): "value",
    ("str", "value"): "text",
    ("text", "value"): "text",
    ("time", "time"): "time",
    ("uuid", "uuid"): "uuid",
}


def native_reader(read: ReadColumn) -> NativeReader | None:
    """Return how native code writes the driver's values as DRF does; None where the values are made first.

    A single value of another form is told by native code.
    """
    (name, options), reader, zone = read
    kind = _KINDS_BY_FORMAT.get((name, reader.kind))
    if kind == "decimal":
        # Other places than the column's are quantized by Python, as PostgreSQL's texts are.
        return (kind, "naive", *options) if reader.digits and (reader.digits, reader.places) == options else None
    if kind == "duration":
        return (kind, "naive", 0, 0) if options == ("django",) else None
    if kind == "datetime" and (reader.zone in ("naive", "stripped")) != (zone is None):
        return None  # USE_TZ was changed
    return None if kind is None else (kind, reader.zone, 0, 0)


def timezone_for(readers: Iterable[NativeReader | None], zone: Any) -> Any:
    """Return the zone that native code converts datetimes to; None where all are in that zone already."""
    if zone is None or not is_utc(zone):
        return zone
    return zone if any(reader is not None and reader[1] == "written" for reader in readers) else None


def is_utc(zone: Any) -> bool:
    """Whether a zone is UTC for certain."""
    return zone is datetime.UTC or (type(zone) is ZoneInfo and zone.key == "UTC")
