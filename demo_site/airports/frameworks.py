"""The same list of airports in five ways: REST framework, with our mixin, with rows, ninja, and a plain view."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import RequestFactory
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Schema
from rest_framework import generics, serializers
from rest_framework.renderers import JSONRenderer

from demo_site.airports.compare import first_difference
from demo_site.airports.models import Airport, Country
from demo_site.airports.problems import problem
from demo_site.airports.timing import BUDGET_SECONDS, Timing, in_turn, time_whole
from pyforge_web import PyForgeJsonResponse
from pyforge_web.ninja import native_rows
from pyforge_web.rest_framework import CompiledListMixin, CompiledSerializerMixin, PyForgeJSONRenderer

SIZES = (25, 1000)
RUNS = 7
FIELDS = [
    "icao",
    "iata",
    "name",
    "city",
    "latitude",
    "longitude",
    "elevation_ft",
    "uid",
    "released_on",
    {"country": ["code", "name"]},
    {"nearby": ["icao", "name"]},
]
COLUMNS = [name for name in FIELDS if isinstance(name, str)]


def airports(size: int) -> QuerySet[Airport]:
    """Give the airports of the list, as a view of REST framework loads them."""
    found = Airport.objects.exclude(iata="").select_related("country").prefetch_related("nearby")
    return found.order_by("icao")[:size]


def make_serializer(*mixins: type) -> Any:
    """Give the serializer of the list, with these mixins before it and before those inside it."""

    def nested(model: Any, *names: str) -> Any:
        meta = type("Meta", (), {"model": model, "fields": names})
        return type(f"{model.__name__}Serializer", (*mixins, serializers.ModelSerializer), {"Meta": meta})

    meta = type("Meta", (), {"model": Airport, "fields": [*COLUMNS, "country", "nearby"]})
    inside = {"country": nested(Country, "code", "name")(), "nearby": nested(Airport, "icao", "name")(many=True)}
    return type("ListedAirportSerializer", (*mixins, serializers.ModelSerializer), {"Meta": meta, **inside})


class FrameworkList(generics.ListAPIView):  # type: ignore[misc]
    """Django REST framework as it is."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = (JSONRenderer,)
    serializer_class = make_serializer()

    def get_queryset(self) -> QuerySet[Airport]:
        """Give as many airports as the address asks for."""
        return airports(self.kwargs["size"])


class MixinList(FrameworkList):
    """The same with our serializer mixin and renderer: `.data` is DRF's."""

    renderer_classes = (PyForgeJSONRenderer,)
    serializer_class = make_serializer(CompiledSerializerMixin)


class RowsList(CompiledListMixin, MixinList):
    """The same with our view mixin: no Python object for a row."""


class CountryOut(Schema):
    """A country of the list."""

    code: str
    name: str


class NearbyOut(Schema):
    """An airport near one of the list."""

    icao: str
    name: str


class AirportOut(Schema):
    """An airport of the list."""

    icao: str
    iata: str
    name: str
    city: str
    latitude: float
    longitude: float
    elevation_ft: int
    uid: Any
    released_on: Any
    country: CountryOut
    nearby: list[NearbyOut]


def _ninja_view(decorate: Callable[[Any], Any], name: str) -> Callable[..., HttpResponse]:
    """Give the view of a ninja operation, without the addresses that a site would include."""
    api = NinjaAPI(urls_namespace=f"frameworks-{name}", docs_url=None, openapi_url=None)

    @api.get("/{size}", response=list[AirportOut])
    @decorate
    def listed(request: HttpRequest, size: int) -> QuerySet[Airport]:
        return airports(size)

    (view,) = (pattern.callback for pattern in api.urls[0] if pattern.name == "listed")
    return cast(Callable[..., HttpResponse], view)


def plain_list(request: HttpRequest, size: int) -> HttpResponse:
    """The list without a framework."""
    return PyForgeJsonResponse(airports(size), fields=FIELDS, safe=False)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to write the list: its view, and what a project writes for it."""

    slug: str
    title: str
    code: str
    view: Callable[..., HttpResponse]


@cache
def ways() -> tuple[Way, ...]:
    """Give all ways; the first is what the others are compared with."""
    return (
        Way("drf", "REST framework", "ModelSerializer, JSONRenderer", FrameworkList.as_view()),
        Way("mixin", "with the mixin", "CompiledSerializerMixin, PyForgeJSONRenderer", MixinList.as_view()),
        Way("rows", "with rows", "CompiledListMixin before the view", RowsList.as_view()),
        Way("ninja", "ninja", "response=list[AirportOut]", _ninja_view(lambda view: view, "ninja")),
        Way(
            "native",
            "ninja with native rows",
            "@native_rows(AirportOut)",
            _ninja_view(native_rows(AirportOut), "native"),
        ),
        Way("plain", "a plain view", "PyForgeJsonResponse(airports, fields=FIELDS)", plain_list),
    )


def respond_in_way(way: Way, size: int) -> bytes:
    """Give the body of one way."""
    response: Any = way.view(RequestFactory().get("/"), size=size)
    if hasattr(response, "render"):
        response.render()
    return bytes(response.content)


@dataclass(frozen=True, slots=True)
class WayResult:
    """What was found for one way: how its body differs from the first one's, and its time."""

    way: Way
    size: int
    same_bytes: bool
    difference: str | None
    timing: Timing
    factor: float

    @property
    def milliseconds(self) -> str:
        """The best run."""
        return f"{self.timing.best / 1000:.2f}"


def measure_ways(size: int) -> list[WayResult]:
    """Compare the bodies of all ways with the first one, and measure them in turn."""
    measures = {way.slug: time_whole(lambda way=way: respond_in_way(way, size)) for way in ways()}
    _, timings, bodies = in_turn(measures, runs=RUNS, budget=3 * BUDGET_SECONDS)
    first, *_ = ways()
    expected = bodies[first.slug]
    return [
        WayResult(
            way,
            len(bodies[way.slug]),
            bodies[way.slug] == expected,
            first_difference(json.loads(expected), json.loads(bodies[way.slug])),
            timings[way.slug],
            timings[first.slug].best / timings[way.slug].best,
        )
        for way in ways()
    ]


@require_safe
@never_cache
def frameworks_page(request: HttpRequest) -> HttpResponse:
    """Show the ways side by side, measured now."""
    asked = request.GET.get("size", "")
    size = int(asked) if asked in map(str, SIZES) else SIZES[0]
    context = {"results": measure_ways(size), "size": size, "sizes": SIZES}
    return render(request, "airports/frameworks.html", context)


@require_safe
def frameworks_body(request: HttpRequest, slug: str, size: int) -> HttpResponse:
    """Give the very body of one way."""
    way = next((way for way in ways() if way.slug == slug), None)
    if way is None or size not in SIZES:
        slugs = ", ".join(way.slug for way in ways())
        return problem(
            404, "No such list", f"There is no {slug!r} of {size}. There are: {slugs}; of {SIZES[0]} or {SIZES[1]}."
        )
    return HttpResponse(respond_in_way(way, size), content_type="application/json")
