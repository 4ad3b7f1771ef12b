"""The renderer: the bytes of ninja's `JSONRenderer`."""

from typing import Any

import ninja
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder

from pyforge_web._native import dumps, is_plain_json
from pyforge_web.stock import find_changed_encoder, find_encoding, find_function, find_stock

_ninja_encoding = find_encoding(NinjaJSONEncoder)
NINJA_RENDER = find_stock(JSONRenderer, "render", ninja)


class PyForgeRenderer(JSONRenderer):
    """Return the bytes of ninja's `JSONRenderer`: `api = NinjaAPI(renderer=PyForgeRenderer())`.

    Values that are neither JSON nor of a type that Django's encoder has a text for are written by ninja's encoder. So
    is all where a subclass has an `encoder_class`, `json_dumps_params` or another `render()` behind it.
    """

    def render(self, request: Any, data: Any, *, response_status: int) -> Any:
        """Return the data as JSON, with the separators and escapes of `json.dumps`."""
        is_native = find_function(super().render) is NINJA_RENDER and writes_as_ninja(self)
        if is_native and is_plain_json(data, django_types=True):
            try:
                return dumps(data, django_bytes=True)
            except (TypeError, ValueError, RecursionError):
                pass  # ninja's encoder decides: NaN, for example, is NaN there
        return super().render(request, data, response_status=response_status)


def writes_as_ninja(renderer: JSONRenderer) -> bool:
    """Return whether a renderer has ninja's encoder and no options, and nobody has changed that or Django's encoder."""
    return (
        renderer.encoder_class is NinjaJSONEncoder
        and not renderer.json_dumps_params
        and bool(find_encoding(NinjaJSONEncoder) == _ninja_encoding)
        and find_changed_encoder() is None
    )
