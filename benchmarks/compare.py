"""Are two JSON values the same? Strict on type, order of keys and sign of zero."""

import json
from itertools import zip_longest


class DifferentOutputError(AssertionError):
    """A contestant wrote something else than it claims; it is not timed."""


def first_difference(expected: object, actual: object, path: str = "$") -> str | None:
    """Say where two values read from JSON differ first, or None."""
    if type(expected) is not type(actual):
        return f"{path}: expected {_short(expected)}, got {_short(actual)}"
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, other in zip_longest(expected, actual):
            if key != other:
                return f"{path}: expected key {_short(key)}, got {_short(other)}"
            if found := first_difference(expected[key], actual[key], f"{path}.{key}"):
                return found
        return None
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return f"{path}: expected {len(expected)} items, got {len(actual)}"
        pairs = enumerate(zip(expected, actual, strict=True))
        found_items = (first_difference(one, other, f"{path}[{index}]") for index, (one, other) in pairs)
        return next(filter(None, found_items), None)
    if repr(expected) == repr(actual):  # tells -0.0 from 0.0, and is exact for every leaf JSON can have
        return None
    return f"{path}: expected {_short(expected)}, got {_short(actual)}"


def require_same_values(who: str, expected: bytes, actual: bytes) -> None:
    """Stop the benchmark when two JSON texts do not hold the same values."""
    if found := first_difference(json.loads(expected), json.loads(actual)):
        raise DifferentOutputError(f"{who}: {found}")


def require_same_bytes(who: str, expected: bytes, actual: bytes) -> None:
    """Stop the benchmark when two texts differ in a byte."""
    if expected == actual:
        return
    pairs = enumerate(zip_longest(expected, actual))
    at = next(index for index, (one, other) in pairs if one != other)
    expected, actual = expected[at : at + 40], actual[at : at + 40]
    raise DifferentOutputError(f"{who}: byte {at}: expected {expected!r}, got {actual!r}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
