"""The endpoints of `api.py` as asynchronous views: each query, and each response, is one call in a thread."""

from asgiref.sync import sync_to_async
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from demo_site.airports.api import COUNTRY_FIELDS, LIST_FIELDS, NEARBY_FIELDS, describe_page, find_page
from demo_site.airports.forms import AirportQuery, CountryQuery
from demo_site.airports.models import Airport, Country
from demo_site.airports.problems import bad_parameters, problem
from pyforge_web import Fields, PyForgeJsonResponse


@require_safe
async def airport_list(request: HttpRequest) -> HttpResponse:
    """Give one page of the airports that the query string asks for."""
    form = AirportQuery(request.GET)
    if not await sync_to_async(form.is_valid)():  # asks for the country
        return bad_parameters(form)
    return await _page_of(request, form, LIST_FIELDS)


@require_safe
async def airport_nearby(request: HttpRequest) -> HttpResponse:
    """Give one page of airports with their countries and the airports near them."""
    form = AirportQuery(request.GET)
    if not await sync_to_async(form.is_valid)():
        return bad_parameters(form)
    return await _page_of(request, form, NEARBY_FIELDS)


async def _page_of(request: HttpRequest, form: AirportQuery, fields: Fields) -> HttpResponse:
    """Give the page that a valid form asks for."""
    page = await sync_to_async(find_page)(form)
    if page is None:
        return bad_parameters(form)
    envelope = await sync_to_async(describe_page)(request, page, fields)  # counts
    return await PyForgeJsonResponse.afrom(envelope, keys="camel")


@require_safe
async def airport_detail(request: HttpRequest, icao: str) -> HttpResponse:
    """Give one airport with all its columns."""
    airport = await Airport.objects.filter(icao=icao.upper()).afirst()
    if airport is None:
        return problem(404, "No such airport", f"No airport has the ICAO code {icao!r}.")
    return await PyForgeJsonResponse.afrom(airport)


@require_safe
async def country_list(request: HttpRequest) -> HttpResponse:
    """Give the countries, each with the number of its airports."""
    form = CountryQuery(request.GET)
    if not await sync_to_async(form.is_valid)():
        return bad_parameters(form)
    countries = form.queryset()
    rows = countries.annotate(airport_count=Count("airports")).values(*COUNTRY_FIELDS, "airport_count")
    return await PyForgeJsonResponse.afrom({"count": await countries.acount(), "results": rows})


@require_safe
async def country_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Give one country with all its columns, the outline included."""
    country = await Country.objects.filter(code=code.upper()).afirst()
    if country is None:
        return problem(404, "No such country", f"No country has the code {code!r}.")
    return await PyForgeJsonResponse.afrom(country)
