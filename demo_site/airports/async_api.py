"""The endpoints of `api.py` as asynchronous views: each query, and each response, is one hop to a thread."""

from asgiref.sync import sync_to_async
from django.core.paginator import EmptyPage, Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from demo_site.airports.api import AIRPORT_FIELDS, COUNTRY_FIELDS, NEARBY_FIELDS, describe_page
from demo_site.airports.forms import AirportQuery, CountryQuery
from demo_site.airports.models import Airport, Country
from demo_site.airports.problems import bad_parameters, problem
from pyforge_web import PyForgeJsonResponse


@require_safe
async def airport_list(request: HttpRequest) -> HttpResponse:
    """Give one page of the airports that the query string asks for."""
    form = AirportQuery(request.GET)
    if not await sync_to_async(form.is_valid)():  # asks for the country
        return bad_parameters(form)
    paginator = Paginator(form.queryset().values(*AIRPORT_FIELDS), form.cleaned_data["page_size"])
    try:
        page = await sync_to_async(paginator.page)(form.cleaned_data["page"])
    except EmptyPage:
        form.add_error("page", f"The last page is {paginator.num_pages}.")
        return bad_parameters(form)
    return await PyForgeJsonResponse.afrom(describe_page(request, page))


@require_safe
async def airport_nearby(request: HttpRequest) -> HttpResponse:
    """Give one page of airports with their countries and the airports near them."""
    form = AirportQuery(request.GET)
    if not await sync_to_async(form.is_valid)():
        return bad_parameters(form)
    return await PyForgeJsonResponse.afrom(form.one_page(), fields=NEARBY_FIELDS)


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
