"""The endpoints of a project: every pattern of its URLs, who writes its response, and what of it would be native."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, resolve

from pyforge_web.conf import get_settings
from pyforge_web.encoders import adumps, dumps
from pyforge_web.http import PyForgeJsonResponse, PyForgeProblemResponse, PyForgeStreamingResponse
from pyforge_web.report.view_rows import find_globals, find_view_rows

# Addresses that are not the project's own, or that must not be called.
_SKIPPED_NAMESPACES = {"admin", "djdt"}
_SKIPPED_NAMES = re.compile(r"log_?out|sign_?out|delete|remove|password|close|cancel|unsubscribe", re.IGNORECASE)
# DRF's routers add each address once more with a suffix for the format.
_FORMAT_SUFFIX = re.compile(r"\(\?P<format>|<drf_format_suffix\w*:format>")
_WRITES_JSON = re.compile(r"\bJsonResponse\(|\bjson\.dumps\(|application/json")
_WRITES_OURS = re.compile(r"\bPyForge\w+Response\b")
_OUR_RESPONSES = (PyForgeJsonResponse, PyForgeStreamingResponse, PyForgeProblemResponse)
_OUR_FUNCTIONS = (dumps, adumps)


@dataclass(slots=True)
class Endpoint:
    """One address: its view, its kind (`plain`, `drf`, `ninja`, `pyforge`, `html`), and what is known of it.

    `path` is the address to measure, empty if it needs arguments. `mode` says how a DRF serializer would be read,
    `answers` whether a GET gives a `list` or an `object`; empty if only a measurement can tell. `fields` counts the
    values of a row by the way they would be written, `reasons` why not all are native, and `changes` are the lines to
    write in a plain view, whose rows are of `models`.
    """

    route: str
    view: str
    kind: str
    path: str = ""
    serializer: str = ""
    mode: str = ""
    answers: str = ""
    models: list[str] = field(default_factory=list)
    fields: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    skipped: str = ""
    is_ours: bool = False  # as far as the code tells

    def show_fields(self) -> str:
        """Return `shop.Article: 8 native, 1 python`; an empty text if nothing is known of the values."""
        modes = ", ".join(f"{number} {mode}" for mode, number in self.fields.items())
        return f"{self.serializer or ', '.join(self.models)}: {modes}" if modes else ""


def find_endpoints(urlconf: str | None = None) -> list[Endpoint]:
    """Return the endpoints of a URLconf, in its order."""
    patterns = _walk_patterns(get_resolver(urlconf))
    return [_describe_endpoint(route, pattern.callback, pattern.name) for route, pattern in patterns]


def find_endpoint_at(address: str) -> Endpoint:
    """Return the endpoint of an address such as `/shops/3/orders/?page=2`; raise `Resolver404` if there is none.

    Its route is the address. Whoever names it wants it measured, whatever its source and its name look like.
    """
    match = resolve(address.partition("?")[0])
    endpoint = _describe_endpoint(match.route, match.func, match.url_name)
    endpoint.route = endpoint.path = address
    endpoint.skipped = ""
    return endpoint


def _walk_patterns(resolver: URLResolver) -> Iterator[tuple[str, URLPattern]]:
    """Return each pattern with its whole route."""
    # A stack and not recursion: include() nests as deep as a project likes.
    waiting: list[tuple[str, Any]] = [("", pattern) for pattern in reversed(resolver.url_patterns)]
    while waiting:
        prefix, pattern = waiting.pop()
        # A pattern prints as the text that it was written with, translated where it is lazy.
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            if pattern.namespace not in _SKIPPED_NAMESPACES:
                waiting.extend((route, inner) for inner in reversed(pattern.url_patterns))
        elif not _FORMAT_SUFFIX.search(route):
            yield route, pattern


def _describe_endpoint(route: str, view: Any, name: str | None) -> Endpoint:
    # DRF's as_view() sets `cls`, Django's sets `view_class`. Both are functions that make the view for each request.
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    endpoint = Endpoint(f"/{_clean_route(route)}", _view_name(view, kind), _find_kind(view, kind))
    # A route with a converter or a group needs arguments that nobody knows.
    if not re.search(r"[<(\[*+?\\|]", _clean_route(route)):
        endpoint.path = endpoint.route
    if _SKIPPED_NAMES.search(f"{route} {name or ''}"):
        endpoint.path, endpoint.skipped = "", "its name says that it changes something"
    endpoint.is_ours = endpoint.kind == "pyforge"
    if endpoint.kind == "plain":
        _describe_rows(endpoint, kind or inspect.unwrap(view))
    if endpoint.kind == "drf":
        endpoint.answers = _find_answers(view, kind)
        # `as_view(serializer_class=...)` gives it to each instance of the view.
        given = getattr(view, "initkwargs", {}).get("serializer_class")
        _describe_serializer(endpoint, given or getattr(kind, "serializer_class", None))
    return endpoint


def _find_answers(view: Any, kind: Any) -> str:
    """Return what a view of DRF answers with: `list`, `object`, or an empty text where its own code decides."""
    # A viewset has a method for each verb of HTTP, which the router chose; other views have the verbs themselves.
    actions = getattr(view, "actions", None)
    if actions is None:
        names = [name for name in ("list", "retrieve") if hasattr(kind, name)] if hasattr(kind, "get") else [None]
    else:
        names = [actions.get("get")]
    # Without GET it creates, changes or deletes: one object at a time.
    return {"list": "list", "retrieve": "object", None: "object"}.get(names[0], "") if names else ""


def _clean_route(route: str) -> str:
    """Return a route without the marks of a regular expression that mean nothing for its text."""
    return route.replace("\\Z", "").removesuffix("$").removeprefix("/")


def _view_name(view: Any, kind: Any) -> str:
    found = kind or inspect.unwrap(view)
    return f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', type(found).__qualname__)}"


def _find_kind(view: Any, kind: Any) -> str:
    """Return who writes the response, as far as the source tells."""
    if kind is not None and hasattr(kind, "renderer_classes"):
        return "drf"
    # The view of an operation is a function of ninja's own module, whatever it calls.
    if getattr(inspect.unwrap(view), "__module__", "").partition(".")[0] == "ninja":
        return "ninja"
    try:
        # The source and not the view is asked, as a view must not be called to list it. It misses helpers in other
        # modules: --measure looks at the response itself.
        source = inspect.getsource(code := kind or inspect.unwrap(view))
    except (OSError, TypeError):
        return "html"
    if _WRITES_OURS.search(source) or _names_ours(source, find_globals(code)):
        return "pyforge"
    return "plain" if _WRITES_JSON.search(source) else "html"


def _names_ours(source: str, names: dict[str, Any]) -> bool:
    """Return whether a source uses our responses or `dumps` under a name of its module, such as an alias."""
    for name in set(re.findall(r"[A-Za-z_]\w*", source)):
        value: Any = names.get(name)
        # `type()` and identity: the names of a project stand for anything, and `isinstance` evaluates a lazy object.
        if issubclass(type(value), type) and issubclass(value, _OUR_RESPONSES):
            return True
        if any(value is function for function in _OUR_FUNCTIONS):
            return True
    return False


def _describe_rows(endpoint: Endpoint, code: Any) -> None:
    """Add which rows a plain view writes, and how their values would be written."""
    found = find_view_rows(code)
    endpoint.models, endpoint.fields, endpoint.changes = found.models, dict(found.fields), found.changes
    endpoint.reasons = dict(found.reasons.most_common())
    if found.models:
        endpoint.answers = "list" if found.has_lists else "object"
    else:
        endpoint.reasons["its source names no rows of a model"] = 1


def _describe_serializer(endpoint: Endpoint, serializer: Any) -> None:
    """Add how the serializer of a DRF view would be read."""
    from pyforge_web.rest_framework import CompiledSerializerMixin
    from pyforge_web.rest_framework.explanation import explain

    if serializer is None:
        endpoint.mode = "unknown"
        endpoint.reasons["the view chooses its serializer at run time"] = 1
        return
    endpoint.serializer = f"{serializer.__module__}.{serializer.__qualname__}"
    if getattr(getattr(serializer, "Meta", None), "model", None) is None:
        endpoint.mode = "unknown"
        endpoint.reasons["the serializer has no model, so it is not read from rows"] = 1
        return
    try:
        explanation = explain(serializer)
    except Exception as error:  # a serializer may need a context that only a request has
        endpoint.mode = "unknown"
        endpoint.reasons[f"{type(error).__name__}: {error}"[:200]] = 1
        return
    is_compiled = issubclass(serializer, CompiledSerializerMixin) or get_settings()["REST_FRAMEWORK"]
    endpoint.is_ours = bool(is_compiled and explanation.mode != "instances")
    # One mode for the serializer; the fields say which of them keep it from a better one.
    endpoint.mode = explanation.mode
    for item in explanation.fields:
        endpoint.fields[item.mode] = endpoint.fields.get(item.mode, 0) + 1
        if item.mode != "native" and item.reason:
            endpoint.reasons[item.reason] = endpoint.reasons.get(item.reason, 0) + 1
    # The reason of the whole may be that of a field, with the field's name before it.
    if explanation.reason and explanation.reason.partition(": ")[2] not in endpoint.reasons:
        endpoint.reasons.setdefault(explanation.reason, 1)
