"""Request bodies as Python values: what `json.loads` returns, within limits."""

import json
import re
import sys
from json import JSONDecodeError
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from pyforge_web._native import BodyFallback, read_body
from pyforge_web.conf import check_limit, get_settings, with_docs

__all__ = ["DEEPEST_ALLOWED", "MAX_DEPTH", "BodyError", "RequestBody", "load_array", "load_object", "loads"]

RequestBody = str | bytes | bytearray

# How deep containers may be nested. GeoJSON needs 8 levels. `copy.deepcopy` takes three Python frames for each.
MAX_DEPTH = 200
# The largest `max_depth` that a caller may pass. `json.loads` finds the errors, and needs 64 KB of the thread's stack
# for 500 levels. Threads of musl have 128 KB.
DEEPEST_ALLOWED = 500

NOT_AN_OBJECT = _("An object is expected, not %(found)s.")
NOT_AN_ARRAY = _("An array is expected, not %(found)s.")


def loads(
    body: RequestBody, *, max_size: int | None = None, max_depth: int = MAX_DEPTH, allow_nan: bool = False
) -> Any:
    """Return the values of a JSON text as `json.loads` does, from bytes in UTF-8, UTF-16 or UTF-32, or from a str.

    `max_size` is the limit in bytes, for a str in characters. If it is None, Django's setting
    `DATA_UPLOAD_MAX_MEMORY_SIZE` is the limit. `max_depth` is how deep containers may be nested. `allow_nan=True` also
    reads NaN and the infinities, which are not JSON.

    Raises `RequestDataTooBig` for a larger body, and `json.JSONDecodeError` with the position if the body is not JSON
    or is nested too deep. Raises `UnicodeDecodeError` and `TypeError` as `json.loads` does.

    Source: `json`, RFC 8259.
    """
    # An easy mistake: the request in the place of its body.
    if isinstance(body, HttpRequest):
        raise with_docs(
            TypeError(f"a request body is needed, not {type(body).__name__}: pass request.body"), "request-body"
        )
    if not isinstance(body, RequestBody):
        return json.loads(body)  # raises its TypeError
    check_limit("max_size", max_size)
    if type(max_depth) is not int:
        raise with_docs(TypeError(f"max_depth= must be a whole number, not {max_depth!r}"), "argument")
    if max_size is None:
        # Django compares it with forms and with `request.body`; a text from elsewhere has the same limit here.
        max_size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if max_size is not None and len(body) > max_size:
        raise with_docs(
            RequestDataTooBig(f"The body is larger than {max_size} bytes. Send less, or allow more with max_size=."),
            "too-big",
        )
    if not 0 < max_depth <= DEEPEST_ALLOWED:
        raise with_docs(ValueError(f"max_depth must be between 1 and {DEEPEST_ALLOWED}, not {max_depth}"), "argument")
    if not get_settings()["NATIVE"]:
        return _load_flat(body, max_depth, allow_nan)
    value = read_body(body, max_depth)
    return _read_in_python(body, max_depth, allow_nan) if type(value) is BodyFallback else value


def _load_by_json(body: RequestBody, text: str, allow_nan: bool) -> Any:
    """Return what `json.loads` reads of a body. Its errors have a position, in the text of the body."""

    def refuse(name: str) -> Any:
        raise JSONDecodeError(f"{name} is not JSON", text, _find_token(_CONSTANT, text))

    try:
        return json.loads(body, parse_constant=None if allow_nan else refuse)
    except JSONDecodeError:
        raise
    except ValueError as error:  # an integer of too many digits
        raise JSONDecodeError(str(error), text, _find_token(_INTEGER, text, sys.get_int_max_str_digits())) from None


def _load_flat(body: RequestBody, max_depth: int, allow_nan: bool) -> Any:
    """Return the same within the limit of depth: where the setting `NATIVE` is off."""
    text, depth = _decode(body), 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match[0] in "[{" else -1 if match[0] in "]}" else 0
        if depth > max_depth:
            _raise_too_deep(text, match.start(), max_depth, allow_nan)
    return _load_by_json(body, text, allow_nan)


def _decode(body: RequestBody) -> str:
    return body if isinstance(body, str) else body.decode(json.detect_encoding(body), "surrogatepass")


class BodyError(ValidationError):
    """A body that cannot be validated: it is not JSON, or not the expected array or object.

    If it is not JSON, `params` has what `json.JSONDecodeError` says: `problem`, `line`, `column` and `position`.
    """


def load_object(body: RequestBody, max_size: int | None = None, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """Return the object in a body. Raises `BodyError` for anything else, `RequestDataTooBig` for a larger body."""
    value = _load_json(body, max_size, max_depth)
    if not isinstance(value, dict):
        raise with_docs(BodyError(NOT_AN_OBJECT, code="not_an_object", params={"found": kind_of_value(value)}), "body")
    return value


def load_array(body: RequestBody, max_size: int | None = None, max_depth: int = MAX_DEPTH) -> list[Any]:
    """Return the array in a body. Raises `BodyError` for anything else, `RequestDataTooBig` for a larger body."""
    value = _load_json(body, max_size, max_depth)
    if not isinstance(value, list):
        raise with_docs(BodyError(NOT_AN_ARRAY, code="not_an_array", params={"found": kind_of_value(value)}), "body")
    return value


def _load_json(body: RequestBody, max_size: int | None, max_depth: int) -> Any:
    try:
        return loads(body, max_size=max_size, max_depth=max_depth)
    except JSONDecodeError as error:
        raise _make_json_error(error.msg, error.lineno, error.colno, error.pos) from error
    except UnicodeDecodeError as error:
        # Up to the bad byte the body can be decoded, so that a position in characters can be given.
        before = error.object[: error.start].decode(error.encoding, "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise _make_json_error(f"Not {error.encoding}: {error.reason}", line, column, len(before)) from error


def _make_json_error(problem: str, line: int, column: int, position: int) -> BodyError:
    position_text = "%(problem)s: line %(line)d column %(column)d (char %(position)d)"
    # "Enter a valid JSON." is the text of `django.forms.JSONField`, and is translated; what `json` says is not.
    text = format_lazy("{} {}", _("Enter a valid JSON."), position_text)
    params = {"problem": problem, "line": line, "column": column, "position": position}
    return with_docs(BodyError(text, code="invalid_json", params=params), "body")


def kind_of_value(value: object) -> str:
    """Return what JSON calls a value, for an error message."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    # JSON's own words: the reader is a client, who knows nothing of Python.
    names: dict[type, str] = {dict: "an object", list: "an array", str: "a string", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def _read_in_python(body: RequestBody, max_depth: int, allow_nan: bool) -> Any:
    """Return what `json.loads` reads where native code did not, or raise its error.

    Native code leaves to it: errors, other encodings than UTF-8, lone surrogates, NaN, and integers beyond 64 bits.
    """
    text = _decode(body)
    # Lone surrogates have no UTF-8. They can be in strings only, and there "?" has the same effect on the position.
    utf8 = text.encode("utf-8", "replace")
    fallback = read_body(utf8, max_depth)
    # It was only the encoding: in UTF-8 native code reads it. `json.loads` gives the surrogates as they are.
    if type(fallback) is not BodyFallback:
        return json.loads(body)
    if fallback.too_deep:
        _raise_too_deep(text, len(utf8[: fallback.at].decode("utf-8")), max_depth, allow_nan)
    return _load_by_json(body, text, allow_nan)


def _raise_too_deep(text: str, position: int, max_depth: int, allow_nan: bool) -> NoReturn:
    """Raise the error of the container at a position, or that of `json.loads`, which would have stopped before it."""
    try:
        _load_by_json(text[:position], text[:position], allow_nan)
    except JSONDecodeError as error:
        if error.pos < position:
            raise JSONDecodeError(error.msg, text, error.pos) from None
    raise JSONDecodeError(f"More than {max_depth} containers inside each other", text, position)


# A token, or a string, which is passed over: what looks like a token in it is none.
_STRING = r'"(?:[^"\\]|\\.)*"'
_BRACKET = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_CONSTANT = re.compile(rf"{_STRING}|(NaN|-?Infinity)", re.DOTALL)
_INTEGER = re.compile(rf"{_STRING}|-?[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)|(-?[0-9]+)", re.DOTALL)


def _find_token(pattern: re.Pattern[str], text: str, longer_than: int = 0) -> int:
    """Return the position of the first token of this kind that has more digits; `json.loads` gives none for these."""
    found = (match for match in pattern.finditer(text) if match[1] and len(match[1].lstrip("-")) > longer_than)
    return next((match.start() for match in found), 0)
