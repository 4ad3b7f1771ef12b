"""The HTML pages, and the endpoint behind the compare page."""

from dataclasses import asdict
from itertools import islice
from time import perf_counter
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from demo_site.airports import imports, reports, samples
from demo_site.airports.compare import PARTS, SIDES, compare, respond
from demo_site.airports.forms import ImportForm
from demo_site.airports.guide import ENDPOINTS, SPELLINGS
from demo_site.airports.models import Airport, Country
from demo_site.airports.other_cases import CASES
from demo_site.airports.problems import problem
from pyforge_web import BatchValidationError, PyForgeJsonResponse

# On the import page: how many rows with errors are shown, and what may be filled in.
ROWS_SHOWN = 200
SAMPLES = {"csv": samples.as_csv, "json": samples.as_json}


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
        "live": next(case for case in CASES if case.slug == "countries"),
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
    """Show a map of airports, drawn from JSON that the template itself embeds."""
    spelling = next(spelling for spelling in SPELLINGS if spelling.url_name == name)
    context = {
        "airports": Airport.objects.filter(country__region="Oceania").exclude(iata=""),
        "fields": "icao,iata,name,latitude,longitude",
        "spelling": spelling,
        "spellings": SPELLINGS,
    }
    return render(request, spelling.template, context, using=spelling.engine)


@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """Check the rows that were sent, and import the valid ones if that is asked."""
    sample = SAMPLES.get(request.GET.get("sample", ""), str)
    initial = {"text": sample(), "language": request.LANGUAGE_CODE}
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm(initial=initial)
    asked = request.POST.get("language", "")
    context: dict[str, Any] = {"form": form, "fields": imports.FIELDS, "samples": SAMPLES}
    with override(asked if asked in dict(settings.LANGUAGES) else request.LANGUAGE_CODE):
        if form.is_valid():
            context |= _import(form.cleaned_data["rows"], "import" in request.POST)
        context["language"] = get_language()
        return render(request, "airports/import.html", context)


def _import(rows: list[Any], write: bool) -> dict[str, Any]:
    """Give what the page tells of the rows; write the valid ones."""
    start = perf_counter()
    checked = imports.check(rows)
    seconds = perf_counter() - start
    imported = None
    if write:
        try:
            imported = imports.create(checked.airports)
        except BatchValidationError:  # somebody else imported one of them in this moment
            checked = imports.check(rows)
    faulty = list(islice(reports.tell(rows, checked.errors), ROWS_SHOWN))
    return {
        "checked": checked,
        "milliseconds": f"{seconds * 1000:.1f}",
        "faulty": faulty,
        "hidden": len(checked.errors) - len(faulty),
        "imported": imported,
    }


@require_safe
def compare_page(request: HttpRequest) -> HttpResponse:
    """Show the cases; the page's script asks for one comparison after the other."""
    return render(request, "airports/compare.html", {"cases": CASES, "parts": PARTS})


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
