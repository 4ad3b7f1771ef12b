"""What the compare page compares: one row here is one case there.

To add a case, add a row: `plain` gives what Django's JsonResponse takes, `native` the same data as one hands
it to PyForgeJsonResponse. Both are called anew for each run, so a QuerySet in them is fresh.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from demo_site.airports.api import AIRPORT_FIELDS, COUNTRY_FIELDS
from demo_site.airports.models import Airport, Country


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of data, in the two forms in which the two responses take it."""

    slug: str
    title: str
    what: str
    plain: Callable[[], Any]
    native: Callable[[], Any]


def _airports() -> QuerySet[Airport, dict[str, Any]]:
    return Airport.objects.values(*AIRPORT_FIELDS)


def _with_iata() -> QuerySet[Airport, dict[str, Any]]:
    return _airports().exclude(iata="")


def _countries() -> QuerySet[Country, dict[str, Any]]:
    return Country.objects.values(*COUNTRY_FIELDS)


def _instance() -> Airport:
    airport = Airport.objects.exclude(iata="").first()
    if airport is None:
        raise Airport.DoesNotExist("The tables are empty: run python -m demo_site.manage seed_demo.")
    return airport


def _columns(airport: Airport) -> dict[str, Any]:
    return {field.attname: getattr(airport, field.attname) for field in airport._meta.concrete_fields}


CASES = (
    Case(
        "page",
        "A page of 25 airports",
        "The everyday list endpoint. Most of its time is Django building the query, so expect a small gain.",
        lambda: {"count": 25, "results": list(_with_iata()[:25])},
        lambda: {"count": 25, "results": _with_iata()[:25]},
    ),
    Case(
        "thousand",
        "1,000 airports",
        "Ten columns of text and numbers, straight from a QuerySet.",
        lambda: list(_with_iata()[:1000]),
        lambda: _with_iata()[:1000],
    ),
    Case(
        "iata",
        "Every airport with an IATA code",
        "About 7,900 rows: what a map or an export sends.",
        lambda: list(_with_iata()),
        lambda: _with_iata(),
    ),
    Case(
        "countries",
        "All countries",
        "About 250 rows with a Decimal and five JSON columns each: currencies, translations and more.",
        lambda: list(_countries()),
        lambda: _countries(),
    ),
    Case(
        "instance",
        "One airport",
        "A model instance with all its columns: UUID, date, date and time, duration.",
        lambda: _columns(_instance()),
        lambda: _instance(),
    ),
)
