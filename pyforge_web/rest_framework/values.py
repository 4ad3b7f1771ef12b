"""The values of a column as DRF's fields give them, made from the driver's raw values, one column at a time.

Each function takes a column of one strict form and calls the same constructors as Django's converter and DRF's field
would, without the layers between. It returns None for any other form: each value then goes through Django's converters
and the field's `to_representation`.
"""

import datetime
import decimal
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.duration import duration_iso_string, duration_string

from pyforge_web._native import text_column, time_column
from pyforge_web.querysets.backends import ColumnReader
from pyforge_web.rest_framework.local_times import is_utc, local_times

Column = Any  # a tuple from the driver, a list from a function
_NONE = type(None)
_BOOLEANS = {0: False, 1: True, None: None}


def _is_of(column: Column, kind: type) -> bool:
    """Whether a column has values of exactly this type, and null."""
    return {kind, _NONE}.issuperset(map(type, column))


def as_stored(kind: type) -> Callable[..., Column | None]:
    """Return the function for values that are what the field gives already, where they are of this type."""

    def values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
        return column if _is_of(column, kind) else None

    return values


def _same_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column:
    return column


def _boolean_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    try:
        return [_BOOLEANS[value] for value in column]
    except (KeyError, TypeError):
        return None


def _date_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    return text_column(column, "date", 0, 0)


def _time_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    return time_column(column)


def _datetime_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    return local_times(column, reader.zone, zone)


def _uuid_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    return text_column(column, "uuid", 0, 0) if _is_of(column, str) else None


def _decimal_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    """The numbers of SQLite, and the texts of PostgreSQL where they have the places of the field already."""
    digits, places = options
    if not reader.digits:
        return _decimal_texts(column, digits, places)
    if (reader.digits, reader.places) != (digits, places) or not _is_number(column):
        return None
    return text_column(column, "decimal", digits, places)


def _is_number(column: Column) -> bool:
    return {float, int, _NONE}.issuperset(map(type, column))


def _decimal_texts(column: Column, digits: int, places: int) -> Column | None:
    """PostgreSQL's text of a numeric column, where it has the places of the field already."""
    if not places or not _is_of(column, str):
        return None
    accepted = re.compile(f"-?[0-9]{{1,{max(digits - places, 1)}}}\\.[0-9]{{{places}}}").fullmatch
    return column if all(value is None or accepted(value) for value in column) else None


def _decimal_object(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    """The driver's decimals, which have the places of the column."""
    digits, places = options
    if not _is_of(column, decimal.Decimal):
        return None
    found = [value is None or (value.is_finite() and value.as_tuple().exponent == -places) for value in column]
    if not all(found) or any(value is not None and value.adjusted() >= digits - places for value in column):
        return None
    return [None if value is None else f"{value:f}" for value in column]


def _duration_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    if not _is_of(column, int):
        return None
    write = duration_string if options == ("django",) else duration_iso_string
    known: dict[int | None, str | None] = {None: None}
    try:
        for value in column:
            if value not in known:
                known[value] = write(datetime.timedelta(microseconds=value))
    except OverflowError:
        return None
    return [known[value] for value in column]


def _json_values(column: Column, reader: ColumnReader, zone: Any, options: Any) -> Column | None:
    if not _is_of(column, str):
        return None
    return [None if value is None else _loaded(value) for value in column]


def _loaded(text: str) -> Any:
    """As `JSONField.from_db_value`, where it has no decoder."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


_Make = Callable[[Column, ColumnReader, Any, Any], Column | None]
# By the format and the column's reader (`pyforge_web/querysets/backends/`).
_MAKERS: dict[tuple[str, str], _Make] = {
    ("boolean", "boolean"): _boolean_values,
    ("boolean", "value"): as_stored(bool),
    ("date", "date"): _date_values,
    ("datetime", "datetime"): _datetime_values,
    ("decimal", "decimal"): _decimal_values,
    ("decimal", "value"): _decimal_object,
    ("duration", "duration"): _duration_values,
    ("float", "float"): as_stored(float),
    ("float", "value"): as_stored(float),
    ("integer", "integer"): as_stored(int),
    ("integer", "value"): as_stored(int),
    ("same", "boolean"): _boolean_values,
    ("same", "json"): _json_values,
    ("same", "value"): _same_values,
    ("text", "value"): as_stored(str),
    ("time", "time"): _time_values,
    ("uuid", "uuid"): _uuid_values,
}


def make_column(
    name: str, options: tuple[Any, ...], column: Column, reader: ColumnReader, zone: ZoneInfo | Any
) -> Column | None:
    """Return a column's values as DRF gives them; None where they have to go through Django and DRF one by one.

    `zone` is the current time zone, None without `USE_TZ`.
    """
    make = _MAKERS.get((name, reader.kind))
    return None if make is None else make(column, reader, zone, options)


def convert_each(column: Iterable[Any], function: Callable[[Any], Any]) -> list[Any]:
    """Return what a function makes of each value; null stays null, for Django's converters and for DRF's fields."""
    return [None if value is None else function(value) for value in column]


def native_reader(name: str, options: tuple[Any, ...], reader: ColumnReader, zone: Any) -> tuple[str, int, int] | None:
    """Return how native code writes the driver's values in a field's format; None where the values are made first."""
    found = _NATIVE.get((name, reader.kind))
    if found == "decimal":
        alike = reader.digits and (reader.digits, reader.places) == options
        return (found, *options) if alike else None
    if found == "datetime":
        if zone is None:
            return ("naive", 0, 0) if reader.zone == "naive" else None
        return (found, 0, 0) if is_utc(zone) and reader.zone in ("utc", "written") else None
    return None if found is None else (found, 0, 0)


# Where native code writes exactly what the functions above make, by the format and the column's reader.
_NATIVE: dict[tuple[str, str], str] = {
    ("boolean", "boolean"): "boolean",
    ("date", "date"): "date",
    ("datetime", "datetime"): "datetime",
    ("decimal", "decimal"): "decimal",
    ("time", "time"): "time",
    ("uuid", "uuid"): "uuid",
}
