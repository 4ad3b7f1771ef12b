"""A page for each of the panel's warnings: code that provokes it, and better code beside it.

To add one: a row in `CASES`. The pages show the source of its two functions and run one of them.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Upper
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import lazystr
from django.views.decorators.http import require_safe

from demo_site.airports.models import Airport
from pyforge_web import dumps
from pyforge_web._native import BUILD_PROFILE
from pyforge_web.conf import get_settings
from pyforge_web.html import pyforge_json
from pyforge_web.metering import collect
from pyforge_web.toolbar.formats import show_word
from pyforge_web.toolbar.warning_causes import RequestTrace
from pyforge_web.toolbar.warnings import WARNINGS_BY_ID, find_warnings
from pyforge_web.validators import CompiledValidator


class Shouted(models.CharField):
    """A field whose values go through Python code of its own."""

    def from_db_value(self, value: str, *rest: Any) -> str:
        """Give the value as rows have it."""
        return f"{value}!"


def no_shouting(value: str) -> None:
    """Refuse a name with an exclamation mark."""
    if "!" in value:
        raise ValidationError("No shouting.")


@contextmanager
def own_validators(field: Any, validators: list[Any]) -> Iterator[None]:
    """Give a field other validators for a while; their compilation is logged before, as at start-up."""
    before, field.validators = field.validators, validators
    try:
        Context().run(CompiledValidator.for_model(Airport).recompile)  # no collector is open there
        yield
    finally:
        field.validators = before
        Context().run(CompiledValidator.for_model(Airport).recompile)


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
    """Nothing here provokes it: every request has it if the core was built by plain cargo build."""
    return b""


def release_build() -> Any:
    """Built by make install, or pip install ."""
    return b""


def checked_in_python() -> Any:
    """A validator of one's own: Python for each row."""
    field = Airport._meta.get_field("name")
    airports = list(Airport.objects.filter(country="IS"))
    with own_validators(field, [*field.validators, no_shouting]):
        CompiledValidator.for_model(Airport).clean_rows(airports, exclude=["country"])
    return b""


def checked_natively() -> Any:
    """The same rule as a validator of Django's, which runs in Rust."""
    field = Airport._meta.get_field("name")
    airports = list(Airport.objects.filter(country="IS"))
    with own_validators(field, [*field.validators, RegexValidator("!", inverse_match=True)]):
        CompiledValidator.for_model(Airport).clean_rows(airports, exclude=["country"])
    return b""


def mixed() -> Any:
    """Several of them in one request, and a validator: what a busy page looks like in the panel."""
    similar(), converted(), queried(), inline_few()
    airports = list(Airport.objects.filter(country="IS"))
    for airport in airports[::5]:
        airport.iata, airport.latitude = "nowhere", 100.0
    CompiledValidator.for_model(Airport).clean_rows(airports, exclude=["country"])
    return dumps(Airport.objects.exclude(iata="")[:500])


def unmixed() -> Any:
    """The same data in one call each."""
    airports = list(Airport.objects.filter(country="IS"))
    CompiledValidator.for_model(Airport).clean_rows(airports, exclude=["country"])
    return dumps(Airport.objects.exclude(iata="")[:500])


@dataclass(frozen=True, slots=True)
class Case:
    """A warning, what provokes it, and what does the same without it."""

    code: str
    bad: Callable[[], Any]
    better: Callable[[], Any]

    @property
    def word(self) -> str:
        """The panel's word for it."""
        return str(WARNINGS_BY_ID[self.code].word) if self.code in WARNINGS_BY_ID else "several at once"

    @property
    def title(self) -> str:
        """The heading of its page."""
        return f"{self.code} {self.word}" if self.code in WARNINGS_BY_ID else "Several warnings at once"

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
    Case("PF009", checked_in_python, checked_natively),
    Case("mixed", mixed, unmixed),
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
    context = {
        "case": case,
        "cases": CASES,
        "better": better,
        "said": _run(case.better if better else case.bad),
        "sources": [(False, "Provokes it", _body(case.bad)), (True, "Better", _body(case.better))],
    }
    return render(request, "airports/warning.html", context)


def _run(function: Callable[[], Any]) -> list[dict[str, str]]:
    """Run code and give the warnings that the panel has for it."""
    with collect(details=True) as collector:
        function()
    trace = RequestTrace(collector.groups, collector.compiled, BUILD_PROFILE, get_settings()["PANEL"])
    said = []
    for warning, match in find_warnings(trace):
        words = {key: show_word(key, word) for key, word in match.words.items()}
        text, change = warning.format_text(match.variant, words)
        said.append({"id": warning.id, "word": str(warning.word), "text": text, "change": change})
    return said


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
