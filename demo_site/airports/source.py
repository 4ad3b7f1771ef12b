"""Reads the two packages the demo's data comes from and turns each entry into an unsaved model instance."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterator
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import airportsdata
import countryinfo

from demo_site.airports.models import Airport, Country

Entry = dict[str, Any]

# uuid5 needs a namespace: this one is made from a name, so that anyone can make the same UIDs.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "airports.pyforge-web.example")
FACTS = (
    "name", "capital", "region", "subregion", "area", "population", "currencies", "languages", "borders",
    "timezoneNames", "translations", "geoJSON",
)  # fmt: skip


def airport_entries(codes: Collection[str] | None = None) -> list[Entry]:
    """Give airportsdata's entries, in its order: all of them, or those of the countries in `codes`."""
    entries = airportsdata.load("ICAO").values()
    return [dict(entry) for entry in entries if codes is None or entry["country"] in codes]


def release_date() -> dt.date:
    """Give the day of the installed airportsdata release, whose version is that day (20260905)."""
    return dt.datetime.strptime(version("airportsdata")[:8], "%Y%m%d").date()


def countries(codes: Collection[str]) -> Iterator[Country]:
    """Give a Country for every code in `codes`, in order of code.

    A code that countryinfo does not know still gives a Country, with its code for a name and nothing else,
    so that no airport is lost.
    """
    known = country_entries()
    for code in sorted(codes):
        yield _country(code, known.get(code, {}))


def country_entries() -> dict[str, Entry]:
    """Give countryinfo's entries by alpha-2 code.

    A few codes have several entries there (Wales has that of the United Kingdom): the fullest one is taken.
    """
    found: dict[str, Entry] = {}
    for country in countryinfo.all_countries():
        entry: Entry = dict(country.info())
        code = (entry.get("ISO") or {}).get("alpha2")
        if code and _facts(entry) > _facts(found.get(code, {})):
            found[code] = entry
    return found


def airport(entry: Entry, released_on: dt.date, loaded_at: dt.datetime) -> Airport:
    """Give an unsaved Airport for one airportsdata entry."""
    return Airport(
        icao=entry["icao"],
        iata=entry["iata"],
        name=entry["name"].strip(),
        city=entry["city"].strip(),
        subdivision=entry["subd"].strip(),
        country_id=entry["country"],
        latitude=entry["lat"],
        longitude=entry["lon"],
        elevation_ft=round(entry["elevation"]),
        time_zone=entry["tz"],
        released_on=released_on,
        loaded_at=loaded_at,
        **derived(entry["icao"], entry["lon"]),
    )


def derived(icao: str, longitude: float) -> dict[str, Any]:
    """Give the columns that follow from others."""
    return {
        "solar_offset": dt.timedelta(seconds=round(longitude * 240)),
        "uid": uuid.uuid5(NAMESPACE, icao),
    }


def _facts(entry: Entry) -> int:
    """Count what an entry knows of the things that a Country holds."""
    return sum(bool(entry.get(name)) for name in FACTS)


def _country(code: str, entry: Entry) -> Country:
    """Give an unsaved Country; any fact may be missing from `entry`, and the capital may be a list."""
    capital = entry.get("capital") or ""
    area = entry.get("area")
    return Country(
        code=code,
        alpha3=(entry.get("ISO") or {}).get("alpha3") or "",
        name=entry.get("name") or code,
        capital=", ".join(capital) if isinstance(capital, list) else capital,
        region=entry.get("region") or "",
        subregion=entry.get("subregion") or "",
        area_km2=None if area is None else Decimal(str(area)),
        population=entry.get("population"),
        currencies=entry.get("currencies") or [],
        languages=entry.get("languages") or [],
        borders=entry.get("borders") or [],
        timezones=entry.get("timezoneNames") or [],
        translations=entry.get("translations") or {},
        outline=_outline(entry.get("geoJSON") or {}),
    )


def _outline(collection: Entry) -> Entry | None:
    """Give the geometry of a GeoJSON FeatureCollection's only feature, or None where there is none."""
    features = collection.get("features") or [{}]
    geometry: Entry | None = features[0].get("geometry")
    return geometry
