"""What JSON that others wrote was made of, so that it can be measured both ways."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.utils.html import json_script

from pyforge_web.encoders import dumps
from pyforge_web.html import pyforge_json
from pyforge_web.toolbar.comparison import ResponseInput, WriteJson, max_input_size
from pyforge_web.toolbar.other_json import ELEMENT


def capture_other(response: Any, other: dict[str, Any], most: int | None = None) -> ResponseInput | None:
    """Return the input of a response that PyForge Web did not write; None if it is too large, or cannot be had.

    `most` is the number of bytes up to which it is taken, that of the settings by default.

    The data of a `JsonResponse` is gone when it has been written: its text is read again. DRF keeps its data.
    """
    if not other or other["size"] > (max_input_size() if most is None else most):
        return None
    if other["kind"] == "element":
        return _capture_elements(response, other["size"])
    if other["kind"] == "drf":
        return _capture_drf(response, other["size"])
    return _capture_text(response, other["size"])


def _capture_text(response: Any, size: int) -> ResponseInput:
    writers: dict[str, WriteJson] = {
        "Django": lambda data: json.dumps(data, cls=DjangoJSONEncoder).encode(),
        "PyForge": lambda data: dumps(data, nan="null"),
    }
    return ResponseInput(response.content, None, size, writers, json.loads, {"json_ms": writers["Django"]})


def _capture_elements(response: Any, size: int) -> ResponseInput:
    """Return the data of a page's elements, with `json_script` and ours, each without the tags around it."""

    def write(make: Callable[..., str], parts: list[Any]) -> bytes:
        # An array of the elements: a page may have several.
        texts = (make(part).partition(">")[2].removesuffix("</script>") for part in parts)
        return f"[{','.join(texts)}]".encode()

    ours = partial(pyforge_json, id="data", nan="null")
    writers: dict[str, WriteJson] = {"Django": partial(write, json_script), "PyForge": partial(write, ours)}
    return ResponseInput(ELEMENT.findall(response.content), None, size, writers, _read_texts)


def _read_texts(texts: list[bytes]) -> list[Any]:
    return [json.loads(text) for text in texts]


def _capture_drf(response: Any, size: int) -> ResponseInput | None:
    """Return what a serializer was given, with DRF's and our serializer; or else the data with both renderers."""
    # Imported here: only a response of DRF gets here, so that DRF is installed.
    from pyforge_web.rest_framework import PyForgeJSONRenderer

    renderer, media_type = response.accepted_renderer, response.accepted_media_type
    context = response.renderer_context
    found = _find_serializer(response.data)

    def write_drf(data: Any) -> bytes:
        return _to_bytes(renderer.render(data, media_type, context))

    def write_ours(data: Any) -> bytes:
        return _to_bytes(PyForgeJSONRenderer().render(data, media_type, context))

    writers: dict[str, WriteJson] = {"DRF": write_drf, "PyForge": write_ours}
    if found is None:
        return ResponseInput(response.data, None, size, writers, None, {"json_ms": write_drf})
    key, serializer = found
    # A `ListSerializer`, which DRF makes for `many=True`.
    many = hasattr(serializer, "child")
    plain: Any = type(serializer.child if many else serializer)
    ours = _compile_serializer(plain)

    def make_data(kind: Any, source: Any) -> Any:
        data = kind(source, many=many, context=serializer.context).data
        return data if key is None else {**response.data, key: data}

    source, load = serializer.instance, None
    is_page = type(source) is list
    if is_page:
        load = partial(_find_page, context.get("view"))
    steps: dict[str, Callable[[Any], Any]] = {
        "instances_ms": lambda source: list(source.all()) if isinstance(source, QuerySet) else source,
        "serializer_ms": lambda instances: make_data(plain, instances),
        "json_ms": write_drf,
    }
    writers = {
        # DRF's paginators make a list of the page.
        "DRF": lambda source: write_drf(make_data(plain, list(source) if is_page else source)),
        "PyForge": lambda source: write_ours(make_data(ours, source)),
    }
    return ResponseInput(source, None, size, writers, load, steps)


def _find_serializer(data: Any) -> tuple[str | None, Any] | None:
    """Return the serializer that made the data of a response, and the key of a paginator that has its rows."""
    # DRF's paginators put the rows under "results", other ones under other keys.
    candidates = [(None, data), *(data.items() if isinstance(data, dict) else ())]
    for key, part in candidates:
        serializer: Any = getattr(part, "serializer", None)
        instance = getattr(serializer, "instance", None)
        if isinstance(instance, QuerySet | Model) or (type(instance) is list and hasattr(serializer, "child")):
            return key, serializer
    return None


def _compile_serializer(plain: Any) -> Any:
    """Return a serializer class with our mixin: what the line to change would make of it."""
    from pyforge_web.rest_framework import CompiledSerializerMixin

    if issubclass(plain, CompiledSerializerMixin):
        return plain
    # type(plain): a serializer class has a metaclass, which collects its declared fields.
    return type(plain)(plain.__name__, (CompiledSerializerMixin, plain), {"__module__": plain.__module__})


def _find_page(view: Any, instances: list[Any]) -> Any:
    """Return the QuerySet of a page that a paginator has read into a list; the list if it has none.

    With the QuerySet, the query and the instances are part of both measurements, as they are of the request.
    """
    from rest_framework.pagination import LimitOffsetPagination

    paginator: Any = getattr(view, "paginator", None)
    if isinstance(paginator, LimitOffsetPagination):
        return _find_limited_rows(view, paginator, instances)
    page: Any = getattr(paginator, "page", None)
    rows = getattr(getattr(page, "paginator", None), "object_list", None)
    # The length tells that these are the rows of that page: a view may filter the list that its paginator returned.
    if not isinstance(rows, QuerySet) or len(instances) != len(page.object_list):
        return instances
    start = (page.number - 1) * page.paginator.per_page
    return rows[start : start + len(instances)]


def _find_limited_rows(view: Any, paginator: Any, instances: list[Any]) -> Any:
    """Return the page's QuerySet, which such a paginator does not keep: the view is asked for it again."""
    try:
        rows = view.filter_queryset(view.get_queryset())[paginator.offset : paginator.offset + paginator.limit]
        # A view may give its paginator something else than its own QuerySet.
        is_page = isinstance(rows, QuerySet) and [row.pk for row in rows.all()] == [row.pk for row in instances]
    except Exception:  # code of the view, which ran in another place before
        return instances
    return rows if is_page else instances


def _to_bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode()
