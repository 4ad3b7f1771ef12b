"""What the compare page compares: one row here is one case there.

To add a case, add a row. Its callables are called anew for each run, so a QuerySet in them is fresh.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from demo_site.airports.api import AIRPORT_FIELDS, COUNTRY_FIELDS, NEARBY_FIELDS
from demo_site.airports.models import Airport, Country
from pyforge_web.querysets.relations.declared import DeclaredFields

Rows = QuerySet[Any, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of data, in the two forms in which the two responses take it."""

    slug: str
    title: str
    what: str
    plain: Callable[[], Any]
    """What Django's JsonResponse takes."""
    native: Callable[[], Any]
    """The same data as one hands it to PyForgeJsonResponse."""
    queryset: Callable[[], Rows] | None = None
    """The QuerySet in both, for the parts of its time."""
    fields: DeclaredFields | None = None
    """What of `native` is written."""


def _rows(
    slug: str, title: str, what: str, queryset: Callable[[], Rows], wrap: Callable[[Any], Any] = lambda rows: rows
) -> Case:
    """Give the case of a QuerySet of rows, `wrap` being what the view puts around them."""
    return Case(slug, title, what, lambda: wrap(list(queryset())), lambda: wrap(queryset()), queryset)


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


def _nested() -> list[dict[str, Any]]:
    """The airports that Django has joined and prefetched, of their columns those that are needed, as dicts."""

    def country(airport: Airport) -> dict[str, Any]:
        return {"code": airport.country.code, "name": airport.country.name}

    columns = ("icao", "iata", "name", "latitude", "longitude", "country__code", "country__name")
    near = Prefetch("nearby", Airport.objects.select_related("country").only(*columns))
    rows = _nearby().select_related("country").only(*columns).prefetch_related(near)
    return [
        {
            **{name: getattr(row, name) for name in ("icao", "iata", "name")},
            "country": country(row),
            "nearby": [
                {name: getattr(each, name) for name in ("icao", "name", "latitude", "longitude")}
                | {"country": country(each)}
                for each in row.nearby.all()
            ],
        }
        for row in rows
    ]


CASES = (
    _rows(
        "page",
        "A page of 25 airports",
        "The everyday list endpoint. Most of its time is Django building the query, so expect a small gain.",
        lambda: _with_iata()[:25],
        lambda rows: {"count": 25, "results": rows},
    ),
    _rows(
        "thousand",
        "1,000 airports",
        "Ten columns of text and numbers, straight from a QuerySet.",
        lambda: _with_iata()[:1000],
    ),
    _rows(
        "iata",
        "Every airport with an IATA code",
        "About 7,900 rows: what a map or an export sends.",
        _with_iata,
    ),
    _rows(
        "countries",
        "All countries",
        "About 250 rows with a Decimal and five JSON columns each: currencies, translations and more.",
        lambda: Country.objects.values(*COUNTRY_FIELDS),
    ),
    Case(
        "nearby",
        "500 airports, their countries and the airports near them",
        "Nested two levels. Django joins and prefetches instances of the columns that are needed, which become dicts; "
        "ours is two statements of flat rows, grouped by Rust.",
        _nested,
        _nearby,
        fields=NEARBY_FIELDS,
    ),
    Case(
        "instance",
        "One airport",
        "A model instance with all its columns: UUID, date, date and time, duration.",
        lambda: _columns(_instance()),
        lambda: _instance(),
    ),
)
