"""What `PyForgeMiddleware` adds to a request, beside a middleware that does nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from asgiref.sync import markcoroutinefunction
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path

from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, Timing, interleave
from benchmarks.report import Report, duration, table
from pyforge_web import PyForgeJsonResponse
from pyforge_web.middleware import PyForgeMiddleware

IDLE = Goal(3_000)  # ns a request
EMPTY = "benchmarks.suites.middleware.EmptyMiddleware"
OURS = "pyforge_web.middleware.PyForgeMiddleware"


class EmptyMiddleware:
    """The least that a middleware of both kinds is."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request)


def idle(request: HttpRequest) -> HttpResponse:
    return HttpResponse("idle")


def json(request: HttpRequest) -> HttpResponse:
    return PyForgeJsonResponse({"ok": True, "id": 5})


urlpatterns = [path("idle/", idle), path("json/", json)]


def run(effort: Effort, only: str = "") -> Report:
    report = Report("The middleware")
    effort = Effort(effort.rounds * 10, effort.seconds / 5)  # short samples: some are not disturbed
    with override_settings(ROOT_URLCONF=__name__):
        rows = [_row(report, name, chain, effort) for name, chain in CHAINS.items() if only in name]
    report.add(
        table(["request", "empty middleware", "ours", "ratio", "ours above empty, ns"], rows),
        "`alone`: the middleware around a function that returns a response. `handler`: a whole request of Django's"
        " handler: middleware, URL, view. Best times; in brackets the median of the differences within each round.",
    )
    return report


def _row(report: Report, name: str, chain: Callable[[], Mapping[str, Timed]], effort: Effort) -> list[str]:
    times: dict[str, Timing] = interleave(chain(), effort)
    ours, empty = times["ours"], times["empty"]
    figure = (ours.best - empty.best) * 1e9
    above = report.judge(f"{name}, ns", IDLE, figure) if "idle" in name else f"{figure:.2f}"
    by_round = f"({ours.above_by_round(empty) * 1e9:.0f})"
    return [name, duration(empty.best), duration(ours.best), f"{ours.over(empty):.2f}", f"{above} {by_round}"]


def _alone() -> dict[str, Timed]:
    response = HttpResponse("idle")

    def respond(request: HttpRequest) -> HttpResponse:
        return response

    return {
        name: _timed("handle(value)", {"handle": kind(respond)}, "/idle/")
        for name, kind in (("empty", EmptyMiddleware), ("ours", PyForgeMiddleware))
    }


def _alone_async() -> dict[str, Timed]:
    response = HttpResponse("idle")

    async def respond(request: HttpRequest) -> HttpResponse:
        return response

    def drive(coroutine: Any) -> HttpResponse | None:
        try:
            coroutine.send(None)
        except StopIteration as end:
            found: HttpResponse = end.value
            return found
        return None

    empty = EmptyMiddleware(respond)
    markcoroutinefunction(empty)
    return {
        name: _timed("drive(handle(value))", {"handle": handle, "drive": drive}, "/idle/")
        for name, handle in (("empty", empty), ("ours", PyForgeMiddleware(respond)))
    }


def _handler(address: str) -> Callable[[], dict[str, Timed]]:
    def chain() -> dict[str, Timed]:
        found = {}
        for name, middleware in (("empty", EMPTY), ("ours", OURS)):
            handler = BaseHandler()
            with override_settings(MIDDLEWARE=[middleware]):
                handler.load_middleware()
            found[name] = _timed("handle(value)", {"handle": handler.get_response}, address)
        return found

    return chain


CHAINS = {
    "alone, idle": _alone,
    "alone, idle, asynchronous": _alone_async,
    "handler, idle": _handler("/idle/"),
    "handler, a small JSON response": _handler("/json/"),
}


def _timed(call: str, names: Mapping[str, object], address: str) -> Timed:
    def requests(count: int) -> list[HttpRequest]:
        return [factory.get(address) for _ in range(count)]

    factory = RequestFactory()
    return Timed(call, names, requests)
