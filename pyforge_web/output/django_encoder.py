"""Django's encoder as it is now: a project, or a tool, may change its methods for the whole process."""

import json
from operator import attrgetter
from types import ModuleType

import django
from django.core.serializers.json import DjangoJSONEncoder

from pyforge_web._native import AttributeWatch, watch_encoder
from pyforge_web.conf import get_settings
from pyforge_web.stock import is_own_function

_ENCODING = ("__init__", "default", "encode", "iterencode")
find_encoding = attrgetter(*_ENCODING)  # what decides the bytes of an encoder
_ENCODERS: dict[type, ModuleType] = {DjangoJSONEncoder: django, json.JSONEncoder: json}


def _find_changed() -> str | None:
    """Return the first method of Django's encoder, or of its base, that its library did not write."""
    for encoder, library in _ENCODERS.items():
        for name in _ENCODING:
            package = library if name in vars(encoder) else json
            if not is_own_function(getattr(encoder, name), package):
                return f"{encoder.__name__}.{name}"
    return None


_FOUND_CHANGED = _find_changed()
_STOCK = {encoder: find_encoding(encoder) for encoder in _ENCODERS}
_WATCH = AttributeWatch([(encoder, _ENCODING, False) for encoder in _ENCODERS])
watch_encoder(DjangoJSONEncoder, None if _FOUND_CHANGED else _WATCH)


def find_changed_method() -> str | None:
    """Return which method of Django's encoder is another one than its library's; None where it is as it should be."""
    if _FOUND_CHANGED is not None or _WATCH.holds():
        return _FOUND_CHANGED
    for encoder, stock in _STOCK.items():
        methods = find_encoding(encoder)
        if methods != stock:
            name = next(name for name, one, other in zip(_ENCODING, methods, stock, strict=True) if one is not other)
            return f"{encoder.__name__}.{name}"
    return None


def why_not_native() -> str | None:
    """Return why Django's encoder writes every value; None where native code does."""
    if not get_settings()["NATIVE"]:
        return "the setting NATIVE is off"
    changed = find_changed_method()
    return None if changed is None else f"{changed} was changed"
