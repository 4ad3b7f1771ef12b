"""The explorer, and endpoints that it calls beside those of `api.py`: streams, an asynchronous view, a validator."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from demo_site.airports.api import AIRPORT_FIELDS, COUNTRY_FIELDS
from demo_site.airports.models import Airport, Country
from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse
from pyforge_web.validators import CompiledValidator

STREAMED = 4_000  # rows


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the explorer offers."""

    title: str
    path: str
    what: str
    # The answer is a stream: what it costs is known at its end, after the headers and what the toolbar first shows.
    streamed: bool = False


REQUESTS = (
    Request("A page of airports", "/api/airports/?country=IS", "A QuerySet in a dict"),
    Request("2,000 airports", "/api/airports/?iata=yes&page_size=2000", "The same, more rows"),
    Request(
        "Airports near each other", "/api/airports/nearby/?country=CH&iata=yes", "Nested two levels, four statements"
    ),
    Request("The same, awaited", "/api/async/airports/nearby/?country=CH&iata=yes", "One call in a thread"),
    Request("One airport", "/api/airports/BIKF/", "An instance"),
    Request("All countries", "/api/countries/", "Decimals and JSON columns"),
    Request("A mistake", "/api/airports/?country=ZZ", "A 400 that explains itself"),
    Request("A stream", "/api/live/stream/", f"{STREAMED:,} rows of a query; the panel is updated at its end", True),
    Request("An asynchronous stream", "/api/live/stream-async/", "Countries from an asynchronous iterator", True),
    Request("An asynchronous view", "/api/live/async/", "A country, awaited"),
    Request("A page of airports, awaited", "/api/async/airports/?country=IS", "One call in a thread for the response"),
    Request("Every airport", "/api/export/", "A stream of all rows; the export page shows its progress", True),
    Request("A validator", "/api/live/validate/", "100 airports validated, some of them wrong"),
)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the requests; the page's script makes them."""
    return render(request, "airports/explorer.html", {"requests": REQUESTS})


@require_safe
def stream(request: HttpRequest) -> PyForgeStreamingResponse:
    """Send airports as they are fetched, a line for each."""
    return PyForgeStreamingResponse(Airport.objects.all()[:STREAMED], fields=AIRPORT_FIELDS)


@require_safe
async def stream_async(request: HttpRequest) -> PyForgeStreamingResponse:
    """Send countries as they are awaited."""
    return PyForgeStreamingResponse(Country.objects.values(*COUNTRY_FIELDS).aiterator())


async def country_async(request: HttpRequest) -> HttpResponse:
    """Give a country from an asynchronous view."""
    country = await Country.objects.filter(code="IS").values("code", "name", "capital", "population").afirst()
    return PyForgeJsonResponse({"country": country, "asynchronous": True})


@require_safe
def validate(request: HttpRequest) -> HttpResponse:
    """Judge airports, every tenth with wrong values, and give the number of errors by field."""
    validator, errors = CompiledValidator.for_model(Airport), dict[str, int]()
    for number, airport in enumerate(Airport.objects.all()[:100]):
        if number % 10 == 0:
            airport.iata, airport.latitude = "nowhere", 100.0
        try:
            validator.clean(airport, exclude=["country"])
        except ValidationError as refused:
            for name in refused.message_dict:
                errors[name] = errors.get(name, 0) + 1
    return PyForgeJsonResponse({"validated": 100, "errors": errors})
