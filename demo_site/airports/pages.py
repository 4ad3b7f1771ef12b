"""The HTML pages, and the endpoint behind the compare page."""

from dataclasses import asdict

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from demo_site.airports.cases import CASES
from demo_site.airports.compare import PARTS, SIDES, STAGES, compare, respond
from demo_site.airports.guide import ENDPOINTS, SPELLINGS
from demo_site.airports.models import Airport, Country
from demo_site.airports.problems import problem
from pyforge_web import PyForgeJsonResponse


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show what there is to click and what each thing shows."""
    counts = {
        "airports": Airport.objects.count(),
        "with an IATA code": Airport.objects.exclude(iata="").count(),
        "countries and territories": Country.objects.count(),
    }
    shown = {what: f"{number:,}" for what, number in counts.items()}
    context = {
        "counts": shown,
        "empty": not counts["airports"],
        "endpoints": ENDPOINTS,
        "spellings": SPELLINGS,
    }
    return render(request, "airports/index.html", context)


@require_safe
def map_page(request: HttpRequest) -> HttpResponse:
    """Show the map; its script fetches the airports of the country chosen."""
    rows = Country.objects.annotate(number=Count("airports")).values_list("code", "name", "number")
    choices = [(code, f"{name} ({number:,})") for code, name, number in rows]
    return render(request, "airports/map.html", {"choices": choices})


@require_safe
def embedded(request: HttpRequest, name: str) -> HttpResponse:
    """Show the map of all airports, drawn from JSON that the template itself embeds."""
    spelling = next(spelling for spelling in SPELLINGS if spelling.url_name == name)
    context = {
        "airports": Airport.objects.all(),
        "fields": "icao,iata,name,latitude,longitude",
        "spelling": spelling,
        "spellings": SPELLINGS,
    }
    return render(request, spelling.template, context, using=spelling.engine)


@require_safe
def compare_page(request: HttpRequest) -> HttpResponse:
    """Show the cases; the page's script asks for one comparison after the other."""
    return render(request, "airports/compare.html", {"cases": CASES, "stages": STAGES, "parts": PARTS})


@require_safe
@never_cache
def compare_case(request: HttpRequest, slug: str) -> HttpResponse:
    """Measure one case now and give the comparison."""
    case = next((case for case in CASES if case.slug == slug), None)
    if case is None:
        return _no_case(slug)
    try:
        return PyForgeJsonResponse(asdict(compare(case)))
    except Airport.DoesNotExist as empty:
        return problem(503, "No data", str(empty))


@require_safe
def compare_body(request: HttpRequest, slug: str, side: str) -> HttpResponse:
    """Give the very response that was compared, of one side ("django" or "pyforge")."""
    case = next((case for case in CASES if case.slug == slug), None)
    if case is None or side not in SIDES:
        return _no_case(f"{slug}/{side}")
    return respond(case, side)


def _no_case(slug: str) -> HttpResponse:
    slugs = ", ".join(case.slug for case in CASES)
    return problem(404, "No such comparison", f"There is no {slug!r}. There are: {slugs}; sides: {', '.join(SIDES)}.")
