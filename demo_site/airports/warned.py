"""A page for each of the panel's warnings: code that provokes it, and better code beside it.

To add one: a row in `CASES`. The pages show the source of its two functions and run one of them.
"""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models.functions import Upper
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import lazystr
from django.views.decorators.http import require_safe

from demo_site.airports.models import Airport
from pyforge_web import dumps
from pyforge_web.html import pyforge_json
from pyforge_web.toolbar.warnings import WARNINGS
from pyforge_web.validators import CompiledValidator


class Shouted(models.CharField):
    """A field whose values go through Python code of its own."""

    def from_db_value(self, value: str, *rest: Any) -> str:
        """Give the value as rows have it."""
        return f"{value}!"


def similar() -> Any:
    """One call for each airport."""
    return [dumps(airport) for airport in Airport.objects.filter(country="IS")]


def together() -> Any:
    """One call for all."""
    return dumps(Airport.objects.filter(country="IS"))


def converted() -> Any:
    """A column of a field class of one's own: Python for each row."""
    return dumps(Airport.objects.filter(country="IS").values(loud=Upper("name", output_field=Shouted())))


def native() -> Any:
    """A column of Django's own field class."""
    return dumps(Airport.objects.filter(country="IS").values(loud=Upper("name")))


def queried() -> Any:
    """Each country is fetched when its text is needed."""
    airports = Airport.objects.filter(country__in=["IS", "FO", "GL"])[:30]
    return dumps([{"icao": each.icao, "country": lazystr(_Country(each))} for each in airports])


def joined() -> Any:
    """The same airports, their countries fetched with them."""
    airports = Airport.objects.filter(country__in=["IS", "FO", "GL"]).select_related("country")[:30]
    return dumps([{"icao": each.icao, "country": lazystr(_Country(each))} for each in airports])


def instances() -> Any:
    """Instances, of which only the columns are written."""
    return dumps(list(Airport.objects.filter(country="IS")))


def rows() -> Any:
    """The QuerySet itself: no instance is made."""
    return dumps(Airport.objects.filter(country="IS"))


def repeated() -> Any:
    """The same text three times."""
    airport = Airport.objects.filter(country="IS").first()
    return [dumps(airport) for _ in range(3)]


def kept() -> Any:
    """Once, and used three times."""
    return [dumps(Airport.objects.filter(country="IS").first())] * 3


def compiled() -> Any:
    """A validator is compiled while a visitor waits."""
    CompiledValidator.for_model(Airport).recompile()
    return b""


def compiled_before() -> Any:
    """It was compiled at start-up: the default of the setting PRECOMPILE."""
    CompiledValidator.for_model(Airport)
    return b""


def inline() -> Any:
    """Thousands of rows in the page, as a template tag writes them."""
    return pyforge_json(Airport.objects.exclude(iata=""), id="airports")


def inline_few() -> Any:
    """What the page needs."""
    return pyforge_json(Airport.objects.filter(country="IS"), id="airports", fields="icao,name")


def debug_build() -> Any:
    """Nothing here provokes it: it stands in every request of a core that was built by plain `cargo build`."""
    return b""


def release_build() -> Any:
    """Built by `make install`, or `pip install .`."""
    return b""


def mixed() -> Any:
    """Several of them in one request, and a validator: what a busy page looks like in the panel."""
    similar(), converted(), queried(), inline_few()
    airports = list(Airport.objects.filter(country="IS"))
    for airport in airports[::5]:
        airport.iata, airport.latitude = "nowhere", 100.0
    CompiledValidator.for_model(Airport).clean_rows(airports, exclude=["country"])
    return dumps(Airport.objects.exclude(iata="")[:500])


def nothing() -> Any:
    """Nothing at all."""


@dataclass(frozen=True, slots=True)
class Case:
    """A warning, what provokes it, and what does the same without it."""

    code: str
    bad: Callable[[], Any]
    better: Callable[[], Any]

    @property
    def word(self) -> str:
        """The panel's word for it."""
        return next((warned.word for warned in WARNINGS if warned.id == self.code), "at once")

    @property
    def about(self) -> str:
        """What happens."""
        return str(inspect.getdoc(self.bad))


CASES = (
    Case("PF001", similar, together),
    Case("PF002", converted, native),
    Case("PF003", queried, joined),
    Case("PF004", instances, rows),
    Case("PF005", repeated, kept),
    Case("PF006", compiled, compiled_before),
    Case("PF007", inline, inline_few),
    Case("PF008", debug_build, release_build),
    Case("mixed", mixed, nothing),
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the warnings."""
    return render(request, "airports/warnings.html", {"cases": CASES})


@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """Run a case, its better code with ?better, and show both."""
    case = next((case for case in CASES if case.code == code), None)
    if case is None:
        raise Http404(f"There is no warning {code}.")
    better = "better" in request.GET
    (case.better if better else case.bad)()
    sources = [(False, "Provokes it", _body(case.bad)), (True, "Better", _body(case.better))]
    return render(
        request, "airports/warning.html", {"case": case, "cases": CASES, "better": better, "sources": sources}
    )


def _body(function: Callable[[], Any]) -> str:
    """The source of a function without its first line and its docstring."""
    lines = inspect.getsource(function).splitlines()[1:]
    return f"# {inspect.getdoc(function)}\n{textwrap.dedent(chr(10).join(lines[1:]))}"


class _Country(str):
    """The name of an airport's country, which is looked up when the text is needed."""

    def __new__(cls, airport: Airport) -> "_Country":
        found = super().__new__(cls)
        found.airport = airport  # type: ignore[attr-defined]
        return found

    def __str__(self) -> str:
        return str(self.airport.country.name)  # type: ignore[attr-defined]
