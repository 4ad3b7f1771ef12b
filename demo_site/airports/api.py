"""The JSON endpoints. Each hands PyForgeJsonResponse what it has: a QuerySet in a dict, or a model instance.

One takes rows, too, and answers with every error.
"""

from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from demo_site.airports import imports, samples
from demo_site.airports.forms import AirportQuery, CountryQuery
from demo_site.airports.models import Airport, Country
from demo_site.airports.nearby import distance_to_greenwich
from demo_site.airports.problems import bad_parameters, problem
from pyforge_web import (
    BatchValidationError,
    BodyError,
    Computed,
    Display,
    Fields,
    Flat,
    Link,
    PyForgeJsonResponse,
    PyForgeProblemResponse,
    rows,
)
from pyforge_web.parsers import load_array

AIRPORT_FIELDS = (
    "icao", "iata", "name", "city", "subdivision", "country", "latitude", "longitude",
    "elevation_ft", "time_zone",
)  # fmt: skip
COUNTRY_FIELDS = (
    "code", "name", "capital", "region", "subregion", "area_km2", "population", "currencies", "languages",
    "borders", "timezones", "translations",
)  # fmt: skip


# The list: its columns, and the address of each airport.
LIST_FIELDS: Fields = [*AIRPORT_FIELDS, {"url": Link("airport-detail", icao="icao")}]
# Two levels: an airport has a country, and those near it have theirs. The names are checked when this file is loaded.
NEARBY_FIELDS = PyForgeJsonResponse.fields(
    Airport,
    [
        "icao", "iata", "name",
        {"url": Link("airport-detail", icao="icao")},
        {"country": ["code", "name", {"region_name": Display("region")}]},
        {"km_to_greenwich": Computed(distance_to_greenwich, "latitude", "longitude")},
        {"nearby_codes": Flat("nearby", "icao")},
        {"nearby": [
            "name", "latitude", "longitude",
            {"url": Link("airport-detail", icao="icao")},
            {"country_name": F("country__name")},
        ]},
    ],
)  # fmt: skip


@require_safe
def airport_list(request: HttpRequest) -> HttpResponse:
    """Give one page of the airports that the query string asks for."""
    form = AirportQuery(request.GET)
    if not form.is_valid():
        return bad_parameters(form)
    page = find_page(form)
    if page is None:
        return bad_parameters(form)
    return PyForgeJsonResponse(describe_page(request, page, LIST_FIELDS), keys="camel")


@require_safe
def airport_dots(request: HttpRequest) -> HttpResponse:
    """Give the positions of all airports with an IATA code, as arrays."""
    return PyForgeJsonResponse(Airport.objects.exclude(iata="").values_list("latitude", "longitude"))


def find_page(form: AirportQuery) -> "Page[Airport] | None":
    """Give the page that a valid form asks for; None, and an error in the form, behind the last one."""
    paginator = Paginator(form.queryset(), form.cleaned_data["page_size"])
    try:
        return paginator.page(form.cleaned_data["page"])
    except EmptyPage:
        form.add_error("page", f"The last page is {paginator.num_pages}.")
        return None


def describe_page(request: HttpRequest, page: "Page[Airport]", fields: Fields) -> dict[str, Any]:
    """Give a page with its number and the addresses of its neighbours; its rows are read when they are written."""
    return {
        "count": page.paginator.count,
        "page": page.number,
        "pages": page.paginator.num_pages,
        "next": _page_url(request, page.number + 1) if page.has_next() else None,
        "previous": _page_url(request, page.number - 1) if page.has_previous() else None,
        "results": rows(page, fields),
    }


@require_safe
def airport_nearby(request: HttpRequest) -> HttpResponse:
    """Give one page of airports, each with its country and the airports near it: four statements for all of them."""
    form = AirportQuery(request.GET)
    page = find_page(form) if form.is_valid() else None
    if page is None:
        return bad_parameters(form)
    return PyForgeJsonResponse(describe_page(request, page, NEARBY_FIELDS), keys="camel")


@require_safe
def airport_detail(request: HttpRequest, icao: str) -> HttpResponse:
    """Give one airport with all its columns."""
    airport = Airport.objects.filter(icao=icao.upper()).first()
    if airport is None:
        detail = f"No airport has the ICAO code {icao!r}. Search by name with /api/airports/?q=..."
        return problem(404, "No such airport", detail)
    return PyForgeJsonResponse(airport)


@csrf_exempt  # there is nobody to forge a request for: the demo has no users
@require_http_methods(["GET", "HEAD", "POST"])
def airport_import(request: HttpRequest) -> HttpResponse:
    """Import the airports in a JSON array, all or none; by GET give a body to send."""
    if request.method != "POST":
        return PyForgeJsonResponse(samples.valid(), safe=False)
    try:
        checked = imports.check(load_array(request.body))
        if checked.errors:
            return PyForgeProblemResponse(checked.errors, title="Rows with errors")
        created = imports.create(checked.airports)
    except BodyError as error:
        return PyForgeProblemResponse(error, title="No rows")
    except BatchValidationError as error:  # somebody else imported one of them in this moment
        return PyForgeProblemResponse(error, title="Rows with errors")
    return PyForgeJsonResponse({"imported": len(created), "icao": [airport.icao for airport in created]}, status=201)


@require_safe
def country_list(request: HttpRequest) -> HttpResponse:
    """Give the countries, each with the number of its airports."""
    form = CountryQuery(request.GET)
    if not form.is_valid():
        return bad_parameters(form)
    countries = form.queryset()
    counted = countries.annotate(airport_count=Count("airports")).values(*COUNTRY_FIELDS, "airport_count")
    return PyForgeJsonResponse({"count": countries.count(), "results": counted})


@require_safe
def country_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Give one country with all its columns, the outline included."""
    country = Country.objects.filter(code=code.upper()).first()
    if country is None:
        return problem(404, "No such country", f"No country has the code {code!r}. /api/countries/ lists the codes.")
    return PyForgeJsonResponse(country)


@require_safe
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer for every other address under /api/."""
    return problem(404, "No such endpoint", f"There is no /api/{rest}. The page / lists the endpoints.")


def _page_url(request: HttpRequest, number: int) -> str:
    """Give the address of another page of the same query."""
    query = request.GET.copy()
    query["page"] = str(number)
    return f"{request.path}?{query.urlencode()}"
