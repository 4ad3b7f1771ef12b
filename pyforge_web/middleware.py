"""`PyForgeMiddleware`: count the native calls of each request, for a header, a log line and a signal."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial, reduce
from typing import Any
from weakref import ref

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from pyforge_web._native import listen
from pyforge_web.conf import get_settings
from pyforge_web.metering import CallSums, Collector, active_collectors
from pyforge_web.metering.streaming_bodies import follow_body
from pyforge_web.signals import request_metered

logger = logging.getLogger("pyforge_web.request")


class PyForgeMiddleware:
    """Count the native calls of each request. `request.pyforge` is its collector, open until the response is complete.

    It is synchronous and asynchronous. A middleware that is only one of both costs an adapter in each request of the
    other kind. Place it before the debug toolbar and the cache in `MIDDLEWARE`.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            # What Django's handler asks of a middleware that is a class. Source:
            # `django.utils.deprecation.MiddlewareMixin`.
            markcoroutinefunction(self)
        listen()

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Return the response of the inner middleware, with its native calls counted."""
        if self._is_async:
            return self._acall(request)
        collector = Collector()
        request.pyforge = collector  # type: ignore[attr-defined]
        collectors = (*active_collectors.get(), collector)
        token = active_collectors.set(collectors)
        try:
            response: HttpResponseBase = self.get_response(request)
        finally:
            active_collectors.reset(token)
        if _prepare_report(request, response, collectors):
            _report_request(request, response, collector)
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        collector = Collector()
        request.pyforge = collector  # type: ignore[attr-defined]
        collectors = (*active_collectors.get(), collector)
        token = active_collectors.set(collectors)
        try:
            response: HttpResponseBase = await self.get_response(request)
        finally:
            active_collectors.reset(token)
        if _prepare_report(request, response, collectors):
            await _areport_request(request, response, collector)
        return response


def _prepare_report(request: HttpRequest, response: HttpResponseBase, collectors: tuple[Collector, ...]) -> bool:
    """Add the header; return whether the request is to be reported now. A stream is reported after its body."""
    collector = collectors[-1]
    if not (collector.calls or response.streaming or request_metered.receivers):
        return False  # as in most requests of most sites
    if collector.calls and _may_show_timing(request):
        # The header is a list: another middleware, or the view, may have put its metrics there.
        before = response.headers.get("Server-Timing")
        own = format_server_timing(collector)
        response.headers["Server-Timing"] = f"{before}, {own}" if before else own
    if not response.streaming or isinstance(response, FileResponse):  # the server sends files by itself
        return True
    # A body that refers to its response would be a cycle, and keep a cursor open until the garbage collector runs.
    arguments = request, ref(response), collector
    follow_body(response, collectors, partial(_report_stream, *arguments), partial(_areport_stream, *arguments))
    return False


def _report_stream(request: HttpRequest, response: "ref[HttpResponseBase]", collector: Collector) -> None:
    if (living := response()) is not None:
        _report_request(request, living, collector)


async def _areport_stream(request: HttpRequest, response: "ref[HttpResponseBase]", collector: Collector) -> None:
    if (living := response()) is not None:
        await _areport_request(request, living, collector)


def _report_request(request: HttpRequest, response: HttpResponseBase, collector: Collector) -> None:
    if collector.calls:
        _log_request(request, response, collector)
    if request_metered.receivers:
        request_metered.send_robust(PyForgeMiddleware, request=request, response=response, collector=collector)


async def _areport_request(request: HttpRequest, response: HttpResponseBase, collector: Collector) -> None:
    if collector.calls:
        _log_request(request, response, collector)
    if request_metered.receivers:
        await request_metered.asend_robust(PyForgeMiddleware, request=request, response=response, collector=collector)


def _may_show_timing(request: HttpRequest) -> bool:
    """Return whether this visitor may see durations."""
    allows = get_settings()["SERVER_TIMING"]
    # Durations may tell a stranger what is in the database. So without the setting only DEBUG shows them.
    return settings.DEBUG if allows is None else bool(allows(request))


def format_server_timing(collector: Collector) -> str:
    """Return the metrics of a collector as a `Server-Timing` header; durations are in milliseconds.

    Source: W3C Server Timing.
    """
    sources = collector.sources
    validated = sources.pop("validate", CallSums())
    written = reduce(CallSums.plus, sources.values(), CallSums())
    metrics = []
    if written.calls:
        # Without the database's time, which has a metric of its own: a browser adds them up.
        metrics.append(_format_metric("pyforge", _total_ns(written) - collector.database_ns, written))
    if collector.database_ns:
        metrics.append(f"pyforge-db;dur={collector.database_ns / 1e6:.3f}")
    if validated.calls:
        metrics.append(_format_metric("pyforge-validate", _total_ns(validated), validated))
    return ", ".join(metrics)


def _format_metric(name: str, ns: int, sums: CallSums) -> str:
    counts = f"{_count_words(sums.calls, 'call')} {_count_words(sums.crossings, 'crossing')}"
    return f'{name};dur={ns / 1e6:.3f};desc="{counts}"'


def _count_words(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _total_ns(sums: CallSums) -> int:
    return sums.native_ns + sums.python_ns


def _log_request(request: HttpRequest, response: HttpResponseBase, collector: Collector) -> None:
    # The numbers are put into words for this line alone.
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s %s %d: %s, %s, %s, %s, %.3f ms, of them %.3f ms in the database",
            request.method,
            request.path.encode("unicode_escape").decode(
                "ascii"
            ),  # no line breaks, as in django.utils.log.log_response
            response.status_code,
            _count_words(collector.calls, "call"),
            _count_words(collector.crossings_in + collector.crossings_out, "crossing"),
            _count_words(collector.rows + collector.django_rows, "row"),
            _count_words(collector.bytes, "byte"),
            (collector.native_ns + collector.python_ns) / 1e6,
            collector.database_ns / 1e6,
            extra={"status_code": response.status_code, "request": request, "collector": collector},
        )
