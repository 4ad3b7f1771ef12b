"""The first difference between two values that were read from JSON."""

import json
from dataclasses import dataclass
from typing import Any

from django.views.debug import get_default_exception_reporter_filter

from pyforge_web.secrets import is_secret_name

_MAX_SHOWN = 80  # characters of a value


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where the values differ, and both values there, cut short."""

    path: str
    django: str
    pyforge: str


def find_difference(django: Any, pyforge: Any) -> Difference | None:
    """Return the first place where two values differ; types, the order of keys and the sign of zero count."""
    waiting = [("$", django, pyforge, False)]
    while waiting:
        path, one, other, hidden = waiting.pop()
        # A stack and not recursion: data may be nested as deep as JSON allows. Reversed, so that the first place is
        # met first.
        if type(one) is type(other) is dict and list(one) == list(other):
            waiting.extend(
                (f"{path}.{key}", one[key], other[key], hidden or _is_secret_key(key)) for key in reversed(one)
            )
        elif type(one) is type(other) is list and len(one) == len(other):
            waiting.extend((f"{path}[{at}]", one[at], other[at], hidden) for at in reversed(range(len(one))))
        elif type(one) is not type(other) or repr(one) != repr(other):
            return Difference(path, *("hidden" if hidden else _show_value(value) for value in (one, other)))
    return None


def _is_secret_key(key: str) -> bool:
    # Django's own filter of its error pages, which a project may have replaced, and our names.
    return is_secret_name(key) or get_default_exception_reporter_filter().cleanse_setting(key, "") != ""


def _show_value(value: Any) -> str:
    """Return a value, cut short. Of a container only the keys or the length, because its values may be secret."""
    if isinstance(value, dict):
        return f"an object of {len(value)}: {', '.join(value)}"[:_MAX_SHOWN]
    if isinstance(value, list):
        return f"an array of {len(value)}"
    return json.dumps(value, ensure_ascii=False)[:_MAX_SHOWN]
