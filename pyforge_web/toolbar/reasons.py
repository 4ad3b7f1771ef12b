"""Reasons in the active language: stored stats have them in English, as `explain()` and the commands print them."""

import re
from functools import cache, lru_cache
from typing import Any

from django.utils.translation import override

from pyforge_web.toolbar.reason_texts import REASONS

_PLACED_REASON = re.compile(r"([^\s:]+): (.+)")
_HOLES = re.compile(r"\\\{(\w+)\\\}")


def show_reason(reason: str) -> str:
    """Return a reason in the active language. One that no text of ours fits stays as it is."""
    return "; ".join(_show_part(part) for part in reason.split("; "))


def show_fields(fields: list[list[str]]) -> str:
    """Return fields with their reasons: `iata (calls upper_case), country (...)`."""
    return ", ".join(f"{name} ({show_reason(reason)})" for name, reason in fields)


def _show_part(part: str) -> str:
    if found := _find_text(part):
        text, words = found
        return str(text).format_map(words)
    # The field or the path that a reason is about stands before it.
    if place := _PLACED_REASON.fullmatch(part):
        return f"{place[1]}: {_show_part(place[2])}"
    return part


@lru_cache(maxsize=1024)
def _find_text(part: str) -> tuple[Any, dict[str, str]] | None:
    for pattern, text in _compile_patterns():
        if found := pattern.fullmatch(part):
            return text, found.groupdict()
    return None


@cache
def _compile_patterns() -> list[tuple[re.Pattern[str], Any]]:
    """Return the texts with their patterns, those with the most words of their own first."""
    with override(None):  # as they are written
        texts = {str(text): text for text in REASONS}
    written = sorted(texts, key=lambda text: -len(_HOLES.sub("", re.escape(text))))
    return [(re.compile(_HOLES.sub(r"(?P<\1>.+)", re.escape(text))), texts[text]) for text in written]
