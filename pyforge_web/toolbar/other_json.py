"""JSON in a response that PyForge Web did not write: how much, by whom, and the lines that would change it."""

import inspect
import re
from typing import Any, NamedTuple

from django.http import FileResponse, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase

from pyforge_web.conf import docs_url
from pyforge_web.metering import Collector
from pyforge_web.metering.call_sites import CallSite
from pyforge_web.metering.sql_traces import QuerySums
from pyforge_web.toolbar import formats
from pyforge_web.toolbar.links import show_sites
from pyforge_web.toolbar.stat_limits import PROJECT_FOLDER, store_site

_SMALL_JSON = 200  # bytes: less is not worth a word
ELEMENT = re.compile(rb'<script id="[^"]*" type="application/json">(.*?)</script>', re.DOTALL)


class JsonAuthor(NamedTuple):
    """Who wrote JSON: a name, the lines to change before and after, and the page of the documentation."""

    name: str
    before: str
    after: str
    page: str


AUTHORS = {
    "response": JsonAuthor(
        "JsonResponse",
        "from django.http import JsonResponse",
        "from pyforge_web import PyForgeJsonResponse as JsonResponse",
        "encoder",
    ),
    "drf": JsonAuthor(
        "Django REST framework",
        '"DEFAULT_RENDERER_CLASSES": ["{module}.{renderer}"]',
        '"DEFAULT_RENDERER_CLASSES": ["pyforge_web.rest_framework.PyForgeJSONRenderer"]\n\n'
        'PYFORGE_WEB = {"REST_FRAMEWORK": True}',
        "rest_framework",
    ),
    "drf_view": JsonAuthor(
        "Django REST framework",
        "renderer_classes = [{renderer}]",
        "from pyforge_web.rest_framework import PyForgeJSONRenderer\n\n"
        "renderer_classes = [PyForgeJSONRenderer]\n\n"
        'PYFORGE_WEB = {"REST_FRAMEWORK": True}',
        "rest_framework",
    ),
    "ninja": JsonAuthor(
        "django-ninja",
        "api = NinjaAPI()",
        "from pyforge_web.ninja import PyForgeRenderer\n\napi = NinjaAPI(renderer=PyForgeRenderer())",
        "ninja",
    ),
    "other": JsonAuthor(
        "HttpResponse",
        'HttpResponse(json.dumps(data), content_type="application/json")',
        "PyForgeJsonResponse(data, safe=False)",
        "encoder",
    ),
    "element": JsonAuthor(
        "json_script",
        '{{ data|json_script:"data" }}',
        '{% load pyforge %}{% pyforge_json data id="data" %}',
        "templates",
    ),
}


def find_other_json(
    request: HttpRequest, response: HttpResponseBase, collector: Collector, queries: QuerySums | None = None
) -> dict[str, Any]:
    """Return what the panel stores about JSON that others wrote; empty if there is none."""
    # Its body cannot be looked at without being taken from the client.
    if response.streaming or isinstance(response, FileResponse):
        return {}
    content = getattr(response, "content", b"")
    kind, size, elements = _find_author(request, response), len(content), 1
    if kind == "element":
        texts = ELEMENT.findall(content)
        elements, size = len(texts), sum(map(len, texts))
    # Our own responses and template tags are counted by the collector, and this JSON must not be theirs.
    if not kind or size < _SMALL_JSON or collector.bytes >= size / 2:
        return {}
    site = _find_view(request)
    return {
        "kind": kind,
        "size": size,
        "elements": elements,
        "queries": queries.count if queries else 0,
        "query_us": round(queries.ns / 1000, 1) if queries else 0.0,
        "sites": [store_site(site)] if site else [],
        "renderer": _find_renderer(response) if kind == "drf" else None,
    }


def _find_renderer(response: Any) -> dict[str, Any]:
    """Return the renderer that wrote a response of DRF, and whether the view names it, not the settings."""
    from rest_framework.views import APIView

    view, kind = (getattr(response, "renderer_context", None) or {}).get("view"), type(response.accepted_renderer)
    # A view that has renderers of its own does not look at the settings.
    own = getattr(view, "renderer_classes", None) is not APIView.renderer_classes
    own = own or getattr(type(view), "get_renderers", None) is not APIView.get_renderers
    return {"module": kind.__module__, "renderer": kind.__name__, "own": own}


def _find_author(request: HttpRequest, response: HttpResponseBase) -> str:
    """Return the key in `AUTHORS` of whoever wrote the response."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        return "element"
    if kind != "application/json" and not kind.endswith("+json"):
        return ""
    # DRF's Response keeps both; a plain HttpResponse in a DRF view has neither.
    if hasattr(response, "accepted_renderer") and hasattr(response, "data"):
        return "drf"
    view = getattr(getattr(request, "resolver_match", None), "func", None)
    if getattr(view, "__module__", "").partition(".")[0] == "ninja":
        return "ninja"
    return "response" if isinstance(response, JsonResponse) else "other"


def _find_view(request: HttpRequest) -> CallSite | None:
    """Return the line of the view."""
    view = getattr(getattr(request, "resolver_match", None), "func", None)
    if getattr(view, "__module__", "").partition(".")[0] == "ninja":
        view = _find_operation(view, request.method) or view
    # `as_view()` of Django leaves `view_class`, that of DRF `cls`.
    view = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    try:
        view = inspect.unwrap(view)  # type: ignore[arg-type]
        file, (_, line) = inspect.getsourcefile(view), inspect.getsourcelines(view)
    except (OSError, TypeError, ValueError):
        return None
    return CallSite(file, line, view.__qualname__) if file else None


def _find_operation(view: Any, method: str | None) -> Any:
    """Return the function of the operation that a view of ninja calls: the view itself is a function of ninja's.

    Source: `ninja.operation.PathView.get_view`.
    """
    for cell in getattr(view, "__closure__", None) or ():
        for operation in getattr(cell.cell_contents, "operations", ()):
            if method in operation.methods:
                return operation.view_func
    return None


def describe_other(other: dict[str, Any], request_us: float) -> dict[str, Any]:
    """Return what the template shows about JSON that others wrote."""
    renderer = other["renderer"]
    author = AUTHORS["drf_view" if renderer and renderer["own"] else other["kind"]]
    return {
        "name": author.name,
        "size": formats.format_size(other["size"]),
        "elements": formats.format_number(other["elements"]) if other["elements"] > 1 else "",
        "queries": formats.count_queries(other["queries"]) if other["queries"] else "",
        "whole": formats.format_time(request_us),
        "query_time": formats.format_time(other["query_us"]),
        "many_queries": other["queries"] > 20,
        "before": author.before.format(**renderer) if renderer else author.before,
        "after": author.after,
        "sites": show_sites(other["sites"], PROJECT_FOLDER),
        "docs": docs_url(author.page),
        "is_element": other["kind"] == "element",
    }
