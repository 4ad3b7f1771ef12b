"""What there is to click: the pages in the site's navigation and the endpoints that the index explains."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import django
from django.http import HttpRequest
from django.urls import resolve

from demo_site.airports.sources import source_url


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the site: a row here puts it in the navigation and on the index."""

    url_name: str
    title: str
    what: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A JSON endpoint of the site; `tries` are links to it, as (text, address after /api/)."""

    path: str
    what: str
    code: str
    tries: tuple[tuple[str, str], ...]

    @property
    def source(self) -> str:
        """The address of the view's source on this site."""
        view: Callable[..., Any] = resolve(f"/api/{self.tries[0][1].partition('?')[0]}").func
        return source_url(view)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A page with the same data embedded in another template: a row here puts it on the index and in the tests."""

    url_name: str
    title: str
    template: str
    engine: str
    what: str
    code: str


PAGES = (
    Page(
        "map",
        "Map",
        "Choose a country and see its airports drawn on a canvas, from the JSON of /api/airports/ alone: "
        "no tiles, nothing fetched from elsewhere.",
    ),
    Page(
        "compare",
        "Compare",
        "The same data through Django's JsonResponse and ours: are they equal, how large, how fast? "
        "Measured on this machine when you ask.",
    ),
    Page(
        "frameworks",
        "Frameworks",
        "One list as REST framework, ninja and a plain view write it, with and without PyForge: side by side, compared "
        "and timed.",
    ),
    Page(
        "import",
        "Import",
        "Paste or upload rows of airports, as CSV or JSON: every error of every row, as Django words it, in six "
        "languages. The valid rows can be imported.",
    ),
    Page(
        "export",
        "Export",
        "Every airport with every column in one response: watch it arrive, stop it, save it. The server never holds "
        "more than a few hundred rows.",
    ),
    Page(
        "embedded",
        "Embedded",
        "Airports in the page itself, written there by one line of a template: no request for data.",
    ),
    Page(
        "explorer",
        "Explorer",
        "Call each endpoint, streams and asynchronous views included: its body, size, time and Server-Timing, beside "
        "the panel in the debug toolbar.",
    ),
    Page(
        "warnings",
        "Warnings",
        "A page for each warning of the panel: code that provokes it, what the panel says, and better code.",
    ),
)

SPELLINGS = (
    Spelling(
        "embedded",
        "Django template",
        "airports/embedded.html",
        "django",
        "The tag, after {% load pyforge %}.",
        '{% pyforge_json airports id="airports" fields=fields %}',
    ),
    Spelling(
        "embedded-jinja2",
        "Jinja2",
        "airports/embedded.html",
        "jinja2",
        "The extension, and <% %> as the delimiters of blocks.",
        '<% pyforge_json airports id="airports" fields=fields %>',
    ),
    Spelling(
        "embedded-literal",
        "Literal tag",
        "airports/embedded-literal.html",
        "django",
        "A Django template with the same <% %>, read by the opt-in loader.",
        '<% pyforge_json airports id="airports" fields=fields %>',
    ),
)

ENDPOINTS = (
    Endpoint(
        "/api/airports/",
        "Rows inside an envelope, each with its address, with filters and pages; keys in camelCase. A wrong parameter "
        "gets a 400 and a hint.",
        'PyForgeJsonResponse({"count": n, "next": url,\n'
        '    "results": rows(page, ["icao", ..., {"url": Link("airport-detail", icao="icao")}])}, keys="camel")',
        (
            ("Iceland", "airports/?country=IS"),
            ("named “international”", "airports/?q=international&iata=yes"),
            ("in a box over Fiji and Samoa", "airports/?bbox=176,-20,-170,-12"),
            ("a mistake", "airports/?country=ZZ&page_size=many"),
        ),
    ),
    Endpoint(
        "/api/dots/",
        "Two columns as arrays: the dots of this page. values_list() says which columns, and no keys are sent.",
        'PyForgeJsonResponse(airports.values_list("latitude", "longitude"))',
        (("all with an IATA code", "dots/"),),
    ),
    Endpoint(
        "/api/airports/nearby/",
        "Airports, each with its country and up to four airports near it, each with its own: nested two levels, from "
        "four statements for any number of rows. Who is near was computed from the positions when the data was loaded: "
        "the nearest by great circle within 300 km, all with an IATA code. It takes the same parameters.",
        'rows(page, ["icao", "iata", "name",\n'
        '    {"country": ["code", "name", {"region_name": Display("region")}]},\n'
        '    {"km_to_greenwich": Computed(distance_to_greenwich, "latitude", "longitude")},\n'
        '    {"nearby_codes": Flat("nearby", "icao")},\n'
        '    {"nearby": ["name", ..., {"country_name": F("country__name")}]}])',
        (
            ("Luxembourg", "airports/nearby/?country=LU&iata=yes"),
            ("2,000 of them", "airports/nearby/?iata=yes&page_size=2000"),
            ("awaited", "async/airports/nearby/?country=LU&iata=yes"),
        ),
    ),
    Endpoint(
        "/api/airports/<icao>/",
        "A model instance: every column, with a UUID, a date, a date and time, and a duration. Asked again, a browser "
        "gets 304.",
        "PyForgeJsonResponse(airport)",
        (("Keflavík", "airports/BIKF/"), ("Paris", "airports/LFPG/"), ("no such airport", "airports/NONE/")),
    ),
    Endpoint(
        "/api/airports/import/",
        "Takes a JSON array of airports by POST: imports all of them, or answers 400 with every error as problem "
        "details (RFC 9457), in the language that the request accepts. By GET it gives a body to send.",
        "PyForgeProblemResponse(checked.errors)",
        (("a body to send", "airports/import/"),),
    ),
    Endpoint(
        "/api/countries/",
        "Annotated rows with JSON columns and a Decimal, which stays the string that Django makes of it.",
        'PyForgeJsonResponse({"count": countries.count(), "results": rows})',
        (
            ("all", "countries/"),
            ("Oceania", "countries/?region=Oceania"),
            ("a mistake", "countries/?region=Mars"),
        ),
    ),
    Endpoint(
        "/api/countries/<code>/",
        "One country with its outline, a GeoJSON geometry in a JSON column. The map draws it.",
        "PyForgeJsonResponse(country)",
        (("Japan", "countries/JP/"), ("Kosovo: only the code is known", "countries/XK/")),
    ),
    Endpoint(
        "/api/export/",
        "A stream of every airport, as NDJSON or as an array. A client that leaves closes the cursor.",
        "PyForgeStreamingResponse(Airport.objects.all(), format)",
        (("NDJSON", "export/"), ("an array", "export/?format=array"), ("a mistake", "export/?format=csv")),
    ),
    Endpoint(
        "/api/export-async/",
        "The same from an asynchronous view; the other endpoints have one under /api/async/ each.",
        "await PyForgeJsonResponse.afrom(page)",
        (
            ("NDJSON", "export-async/"),
            ("a page, awaited", "async/airports/?country=IS"),
            ("an airport, awaited", "async/airports/BIKF/"),
        ),
    ),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what every page shows, in its navigation and footer."""
    return {"pages": PAGES, "versions": _versions()}


def _versions() -> dict[str, str]:
    """Give the versions of what runs here, by name."""
    found = {"Django": django.get_version(), "Python": platform.python_version()}
    try:
        return {"PyForge Web": version("pyforge-web"), **found}
    except PackageNotFoundError:  # run from a source tree that is not installed
        return found
