"""What the compare page compares: responses here, other work in `other_cases.py`. One row is one case there."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from demo_site.airports.api import AIRPORT_FIELDS, COUNTRY_FIELDS, NEARBY_FIELDS
from demo_site.airports.models import Airport, Country
from demo_site.airports.nearby import distance_to_greenwich
from pyforge_web import Fields, rows

Rows = QuerySet[Any, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """One piece of work, done in two ways: `plain` and `native` give a response its data, or `ways` do all of it.

    A QuerySet in them is fresh, because they are called anew for each run.
    """

    slug: str
    title: str
    what: str
    # What Django's JsonResponse takes, and the same data as one hands it to PyForgeJsonResponse.
    plain: Callable[[], Any] = list
    native: Callable[[], Any] = list
    # The QuerySet in both, for the parts of its time, and what the view puts around its rows.
    queryset: Callable[[], Rows] | None = None
    wrap: Callable[[Any], Any] = lambda rows: rows
    # What of `native` is written.
    fields: Fields | None = None
    # Work that is not a response: what each side writes.
    ways: tuple[Callable[[], bytes], Callable[[], bytes]] | None = None
    # What the other side is called.
    peer: str = "Django"
    # What of a body is compared, and how it is shown. A script element is shown as text, so that nothing of it runs.
    read: Callable[[bytes], Any] = json.loads
    content_type: str = "application/json"


def _rows(
    slug: str, title: str, what: str, queryset: Callable[[], Rows], wrap: Callable[[Any], Any] = lambda rows: rows
) -> Case:
    """Give the case of a QuerySet of rows, `wrap` being what the view puts around them."""
    return Case(slug, title, what, lambda: wrap(list(queryset())), lambda: wrap(queryset()), queryset, wrap)


def _with_iata() -> Rows:
    return Airport.objects.exclude(iata="").values(*AIRPORT_FIELDS)


def _instance() -> Airport:
    airport = Airport.objects.exclude(iata="").first()
    if airport is None:
        raise Airport.DoesNotExist("The tables are empty: run python -m demo_site.manage seed_demo.")
    return airport


def _columns(airport: Airport) -> dict[str, Any]:
    return {field.attname: getattr(airport, field.attname) for field in airport._meta.concrete_fields}


def _nearby() -> QuerySet[Airport]:
    return Airport.objects.exclude(iata="")[:500]


def _nested() -> dict[str, Any]:
    """The airports that Django has joined and prefetched, of their columns those that are needed, as dicts."""
    columns = ("icao", "iata", "name", "latitude", "longitude", "country__code", "country__name", "country__region")
    near = Prefetch("nearby", Airport.objects.select_related("country").only(*columns))
    airports = _nearby().select_related("country").only(*columns).prefetch_related(near)
    return {"count": len(airports), "results": [_describe_airport(airport) for airport in airports]}


def _describe_airport(airport: Airport) -> dict[str, Any]:
    country = airport.country
    return {
        **{name: getattr(airport, name) for name in ("icao", "iata", "name")},
        "url": reverse("airport-detail", kwargs={"icao": airport.icao}),
        "country": {"code": country.code, "name": country.name, "regionName": country.get_region_display()},
        "kmToGreenwich": distance_to_greenwich(airport.latitude, airport.longitude),
        "nearbyCodes": [each.icao for each in airport.nearby.all()],
        "nearby": [
            {
                **{name: getattr(each, name) for name in ("name", "latitude", "longitude")},
                "url": reverse("airport-detail", kwargs={"icao": each.icao}),
                "countryName": each.country.name,
            }
            for each in airport.nearby.all()
        ],
    }


RESPONSES = (
    _rows(
        "countries",
        "All countries",
        "About 250 rows with a Decimal and five JSON columns each: currencies, translations and more.",
        lambda: Country.objects.values(*COUNTRY_FIELDS),
    ),
    Case(
        "nearby",
        "500 airports, their countries and the airports near them",
        "Nested two levels, with links, display names, a computed distance and keys in camelCase. Django joins and "
        "prefetches instances of the columns that are needed, which become dicts; ours is three statements of flat "
        "rows, grouped by Rust.",
        _nested,
        lambda: {"count": len(_nearby()), "results": rows(_nearby(), NEARBY_FIELDS, keys="camel")},
    ),
    _rows(
        "iata",
        "Every airport with an IATA code",
        "About 7,900 rows: what a map or an export sends.",
        _with_iata,
    ),
    _rows(
        "thousand",
        "1,000 airports",
        "Ten columns of text and numbers, straight from a QuerySet.",
        lambda: _with_iata()[:1000],
    ),
    Case(
        "instance",
        "One airport",
        "A model instance with all its columns: UUID, date, date and time, duration. There is little to gain.",
        lambda: _columns(_instance()),
        lambda: _instance(),
    ),
    _rows(
        "page",
        "A page of 25 airports",
        "The everyday list endpoint. Most of its time is Django building the query, so expect a small gain.",
        lambda: _with_iata()[:25],
        lambda rows: {"count": 25, "results": rows},
    ),
)
