"""The renderer: the bytes of ninja's `JSONRenderer`."""

import json
from operator import attrgetter
from typing import Any

from ninja.renderers import BaseRenderer
from ninja.responses import NinjaJSONEncoder

from pyforge_web._native import dumps, is_plain_json
from pyforge_web.output.django_encoder import find_changed_method

_find_encoding = attrgetter("default", "encode", "iterencode")
_ninja_encoding = _find_encoding(NinjaJSONEncoder)


class PyForgeRenderer(BaseRenderer):
    """Return the bytes of ninja's `JSONRenderer`: `api = NinjaAPI(renderer=PyForgeRenderer())`.

    Values that are neither JSON nor of a type that Django's encoder has a text for are written by ninja's encoder.
    """

    media_type = "application/json"

    def render(self, request: Any, data: Any, *, response_status: int) -> Any:
        """Return the data as JSON, with the separators and escapes of `json.dumps`."""
        if has_standard_encoder() and is_plain_json(data, django_types=True):
            try:
                return dumps(data, django_bytes=True)
            except (TypeError, ValueError, RecursionError):
                pass  # ninja's encoder decides: NaN, for example, is NaN there
        return json.dumps(data, cls=NinjaJSONEncoder)


def has_standard_encoder() -> bool:
    """Return whether ninja's encoder is as ninja has it, and Django's behind it as Django has it."""
    return bool(_find_encoding(NinjaJSONEncoder) == _ninja_encoding) and find_changed_method() is None
