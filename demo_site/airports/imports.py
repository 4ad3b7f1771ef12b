"""Rows of airports from outside: read from CSV or JSON, every error found, the valid ones imported."""

import csv
import datetime as dt
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone

from demo_site.airports import source
from demo_site.airports.models import Airport
from pyforge_web import BodyError, CompiledValidator, bulk_create_validated, validate_many
from pyforge_web.parsers import load_array

# What a row may set, and what follows from it.
FIELDS = (
    "icao", "iata", "name", "city", "subdivision", "country", "latitude", "longitude", "elevation_ft", "time_zone",
)  # fmt: skip
DERIVED = ("uid", "solar_offset")
# Other names are errors, and countries are looked up once for all rows, by `validate_many`.
POLICY: dict[str, Any] = {"fields": FIELDS, "unknown": "error", "foreign_keys": False}
VALIDATOR = CompiledValidator.for_model(Airport)
OTHER_CELLS = "(more cells than columns)"


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of the rows, by their index: the airports that may be imported, the errors of the others."""

    airports: dict[int, Airport]
    errors: dict[int, ValidationError]
    total: int


def read(text: str, max_size: int | None = None) -> list[Any]:
    """Give the rows of a text: of JSON if it begins like it, else of CSV.

    Raises BodyError for what is neither.
    """
    text = text.removeprefix("\ufeff")
    return load_array(text, max_size) if text.lstrip()[:1] in ("[", "{") else _read_csv(text)


def check(documents: list[Any], progress: Callable[[int, int], object] | None = None) -> Checked:
    """Validate rows: their fields first, then countries and unique columns, with a query for each.

    A row whose field is wrong is looked up with its other fields, so that all its errors are told at once.
    """
    # The size of an upload is limited by the view. Each row is shown with its errors, so all of them are kept.
    cleaned = VALIDATOR.clean_data_rows(documents, **POLICY, max_rows=None, max_errors=None)
    today, now = timezone.now().date(), timezone.now()
    made = []
    for row, values in enumerate(cleaned.rows):
        known = _other_fields(documents[row], cleaned.errors[row]) if values is None else values
        made.append(_airport(known, today, now))
    found = validate_many(made, exclude=DERIVED, progress=progress)
    errors = {
        row: _both(cleaned.errors.get(row), found.errors.get(row))
        for row in sorted(cleaned.errors.keys() | found.errors.keys())
    }
    return Checked({row: airport for row, airport in enumerate(made) if row not in errors}, errors, cleaned.total)


def _other_fields(document: object, error: ValidationError) -> dict[str, Any]:
    """Give the values of a row without those that were wrong or missing."""
    given = document if isinstance(document, dict) else {}
    rest = {name: value for name, value in given.items() if name in FIELDS and name not in error.error_dict}
    return VALIDATOR.clean_data(rest, **POLICY, partial=True)


def _both(first: ValidationError | None, second: ValidationError | None) -> ValidationError:
    """Give the errors of a row as one: what is wrong with a field by itself hides what else is said of it."""
    if first is not None and NON_FIELD_ERRORS in first.error_dict:  # no row at all
        return first
    parts = [error.error_dict for error in (second, first) if error is not None]
    found: dict[str, Any] = {name: leaves for part in parts for name, leaves in part.items()}
    place = {name: number for number, name in enumerate(FIELDS)}
    return ValidationError({name: found[name] for name in sorted(found, key=lambda name: place.get(name, len(place)))})


def create(airports: Mapping[int, Airport]) -> list[Airport]:
    """Write airports that were checked, all or none: checked once more in the same transaction."""
    return bulk_create_validated(Airport.objects, airports.values())


def _airport(values: dict[str, Any], released_on: dt.date, loaded_at: dt.datetime) -> Airport:
    known = "icao" in values and "longitude" in values
    more = source.derived(values["icao"], values["longitude"]) if known else {}
    return Airport(**values, **more, released_on=released_on, loaded_at=loaded_at)


def _read_csv(text: str) -> list[Any]:
    first, _, _ = text.lstrip().partition("\n")
    delimiter = max(",;\t", key=first.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, restkey=OTHER_CELLS)
    try:
        if not set(FIELDS) & set(reader.fieldnames or ()):
            raise BodyError(f"The first line must name the columns: {', '.join(FIELDS)}.", code="invalid_csv")
        # An empty cell is a missing value: the field's default, or an error.
        return [{name: cell for name, cell in row.items() if cell not in ("", None)} for row in reader]
    except csv.Error as error:
        raise BodyError(f"After line {reader.line_num}: {error}.", code="invalid_csv") from error
