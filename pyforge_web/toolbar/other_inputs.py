"""What JSON that others wrote was made of, so that it can be measured both ways."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from pyforge_web.encoders import dumps
from pyforge_web.toolbar.comparison import ResponseInput, WriteJson, max_input_size


def capture_other(response: Any, other: dict[str, Any], most: int | None = None) -> ResponseInput | None:
    """Return the input of a response that PyForge Web did not write; None if it is too large, or cannot be had.

    `most` is the number of bytes up to which it is taken, that of the settings by default.

    The data of a `JsonResponse` is gone when it has been written: its text is read again. DRF keeps its data.
    """
    if not other or other["size"] > (max_input_size() if most is None else most) or other["kind"] == "element":
        return None
    if other["kind"] == "drf":
        return _capture_drf(response, other["size"])
    return _capture_text(response, other["size"])


def _capture_text(response: Any, size: int) -> ResponseInput:
    writers: dict[str, WriteJson] = {
        "Django": lambda data: json.dumps(data, cls=DjangoJSONEncoder).encode(),
        "PyForge": lambda data: dumps(data, nan="null"),
    }
    return ResponseInput(response.content, None, size, writers, json.loads)


def _capture_drf(response: Any, size: int) -> ResponseInput | None:
    """Return the QuerySet of a list serializer with DRF's and our serializer, or else the data with both renderers."""
    from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer

    renderer, media_type = response.accepted_renderer, response.accepted_media_type
    context = response.renderer_context

    def write_drf(data: Any) -> bytes:
        return _to_bytes(renderer.render(data, media_type, context))

    def write_ours(data: Any) -> bytes:
        return _to_bytes(PyForgeJSONRenderer().render(data, media_type, context))

    serializer: Any = getattr(response.data, "serializer", None)
    child, instance = getattr(serializer, "child", None), getattr(serializer, "instance", None)
    if child is None or not isinstance(instance, QuerySet):
        return ResponseInput(response.data, None, size, {"DRF": write_drf, "PyForge": write_ours})
    plain: Any = type(child)
    ours = (
        plain
        if issubclass(plain, CompiledSerializerMixin)
        else type(plain)(plain.__name__, (CompiledSerializerMixin, plain), {"__module__": plain.__module__})
    )

    def list_data(kind: Any, queryset: Any) -> Any:
        return kind(queryset, many=True, context=serializer.context).data

    writers: dict[str, WriteJson] = {
        "DRF": lambda queryset: write_drf(list_data(plain, queryset)),
        "PyForge": lambda queryset: write_ours(list_data(ours, queryset)),
    }
    return ResponseInput(instance, None, size, writers)


def _to_bytes(text: Any) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode()
