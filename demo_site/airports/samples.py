"""Rows to try the import with: three that are valid, and one of each mistake."""

import csv
import io
import json
from typing import Any

from demo_site.airports.imports import FIELDS

Row = dict[str, Any]

_GOOD = {
    "city": "Reykholt",
    "country": "IS",
    "latitude": 64.664,
    "longitude": -21.292,
    "time_zone": "Atlantic/Reykjavik",
}
ROWS: tuple[Row, ...] = (
    {"icao": "PYF1", "iata": "", "name": "Reykholt Heliport", **_GOOD, "elevation_ft": 200},
    {"icao": "PYF2", "iata": "", "name": "Húsafell Ferry Field", **_GOOD, "elevation_ft": "450"},
    {"icao": "bikf", "iata": "KEFL", "name": "", **_GOOD, "elevation_ft": 171, "country": "QQ"},
    {"icao": "PYF3", "iata": "", "name": "North of north", **_GOOD, "elevation_ft": "high", "latitude": 95},
    {"icao": "PYF2", "iata": "", "name": "The same code again", **_GOOD, "elevation_ft": 450},
    {"icao": "BIKF", "iata": "KEF", "name": "Already there", **_GOOD, "elevation_ft": 171},
    {"icao": "PYF4", "iata": "", "name": "東京の新しい飛行場", **_GOOD, "elevation_ft": 12, "country": "JP"},
    {"icao": "PYF5", "iata": "", "name": "x" * 121, **_GOOD, "elevation_ft": 3, "time_zone": ""},
)


def as_json() -> str:
    """Give the rows as a JSON array, with one field too many in the last."""
    rows = [*ROWS[:-1], {**ROWS[-1], "runway": "09/27"}]
    lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
    return f"[\n{lines}\n]\n"


def as_csv() -> str:
    """Give the rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue()


def valid() -> list[Row]:
    """Give the rows that an empty table of airports takes."""
    return [ROWS[0], ROWS[1], ROWS[6]]
