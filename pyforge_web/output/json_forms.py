"""The forms of JSON that native code writes: which of them `json.dumps` would write, and for which charset."""

import codecs
import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

# The forms of ASCII alone, for a charset that is not UTF-8.
ASCII_FORMS = {"compact": "ascii", "django_text": "django"}


def find_native_form(encoder: type[json.JSONEncoder], params: dict[str, Any]) -> str | None:
    """Return the native form of what `json.dumps` would write; None for what it alone can."""
    if encoder is not DjangoJSONEncoder or not isinstance(params, Mapping):
        return None  # what is no mapping is refused by json.dumps
    if not params.keys() <= {"ensure_ascii", "separators", "sort_keys"}:
        return None
    if params.get("sort_keys", False) is not False or type(params.get("ensure_ascii", True)) is not bool:
        return None
    separators = params.get("separators")
    is_compact = separators is not None and tuple(separators) == (",", ":")
    if separators is not None and tuple(separators) not in ((",", ":"), (", ", ": ")):
        return None
    if params.get("ensure_ascii", True):
        return "ascii" if is_compact else "django"
    return "compact" if is_compact else "django_text"


def is_utf8_charset(charset: str) -> bool:
    """Return whether a charset is UTF-8 under any of its names."""
    return charset == "utf-8" or codecs.lookup(charset).name == "utf-8"
