"""A request body as Python values: what `json.loads` reads, within limits."""

import json
from json import JSONDecodeError
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from pyforge_web._native import BodyFallback, read_body

__all__ = ["DEEPEST", "MAX_DEPTH", "Body", "BodyError", "load_array", "load_object", "loads"]

Body = str | bytes | bytearray

# How many containers may stand inside each other. GeoJSON needs 8; `copy.deepcopy` takes three frames of Python each.
MAX_DEPTH = 200
# The most that may be asked for: `json.loads`, which finds the errors, takes 64 KB of the thread's stack for 500
# levels, and there are threads of 128 KB (musl).
DEEPEST = 500

NOT_AN_OBJECT = _("An object is expected, not %(found)s.")
NOT_AN_ARRAY = _("An array is expected, not %(found)s.")


def loads(body: Body, *, max_size: int | None = None, max_depth: int = MAX_DEPTH, allow_nan: bool = False) -> Any:
    """Reads JSON: the values of `json.loads`, of bytes in UTF-8, UTF-16 or UTF-32, or of text.

    `max_size` is in bytes, for text in characters; Django's setting `DATA_UPLOAD_MAX_MEMORY_SIZE` if it is None.
    `max_depth` is how many containers may stand inside each other. NaN and the infinities, which are not JSON, are read
    with `allow_nan=True` only.

    Raises `RequestDataTooBig` for a larger body, `json.JSONDecodeError` with the position for what is not JSON or is
    too deep, `UnicodeDecodeError` and `TypeError` as `json.loads` does.

    Source: `json`, RFC 8259.
    """
    if not isinstance(body, Body):
        return json.loads(body)  # its TypeError
    if max_size is None:
        max_size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if max_size is not None and len(body) > max_size:
        raise RequestDataTooBig(f"The body is larger than {max_size} bytes. Send less, or allow more with max_size=.")
    if not 0 < max_depth <= DEEPEST:
        raise ValueError(f"max_depth must be between 1 and {DEEPEST}, not {max_depth}")
    value = read_body(body, max_depth, allow_nan)
    return _reread(body, max_depth, allow_nan) if type(value) is BodyFallback else value


class BodyError(ValidationError):
    """A body that cannot be validated: it is not JSON, or not the array or object that is expected.

    For what is not JSON, `params` has the words and the place: `problem`, `line`, `column` and `position`, those of
    `json.JSONDecodeError`.
    """


def load_object(body: Body, max_size: int | None = None, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """The object in a body; raises `BodyError` for anything else, `RequestDataTooBig` for a larger one."""
    value = _load(body, max_size, max_depth)
    if not isinstance(value, dict):
        raise BodyError(NOT_AN_OBJECT, code="not_an_object", params={"found": kind_of_value(value)})
    return value


def load_array(body: Body, max_size: int | None = None, max_depth: int = MAX_DEPTH) -> list[Any]:
    """The array in a body; raises `BodyError` for anything else, `RequestDataTooBig` for a larger one."""
    value = _load(body, max_size, max_depth)
    if not isinstance(value, list):
        raise BodyError(NOT_AN_ARRAY, code="not_an_array", params={"found": kind_of_value(value)})
    return value


def _load(body: Body, max_size: int | None, max_depth: int) -> Any:
    try:
        return loads(body, max_size=max_size, max_depth=max_depth)
    except JSONDecodeError as error:
        raise _not_json(error.msg, error.lineno, error.colno, error.pos) from error
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(error.encoding, "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise _not_json(f"Not {error.encoding}: {error.reason}", line, column, len(before)) from error


def _not_json(problem: str, line: int, column: int, position: int) -> BodyError:
    place = "%(problem)s: line %(line)d column %(column)d (char %(position)d)"
    text = format_lazy("{} {}", _("Enter a valid JSON."), place)
    params = {"problem": problem, "line": line, "column": column, "position": position}
    return BodyError(text, code="invalid_json", params=params)


def kind_of_value(value: object) -> str:
    """What JSON calls a value."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    known: dict[type, str] = {dict: "an object", list: "an array", str: "a string", int: "a number", float: "a number"}
    return known.get(type(value), type(value).__name__)


def _reread(body: Body, max_depth: int, allow_nan: bool) -> Any:
    """What `json.loads` says where native code stopped: of errors, other encodings, and halves of surrogate pairs."""
    text = body if isinstance(body, str) else body.decode(json.detect_encoding(body), "surrogatepass")
    # Halves of pairs have no UTF-8; they can stand in strings alone, where any character does for them.
    utf8 = text.encode("utf-8", "replace")
    fallback = read_body(utf8, max_depth, allow_nan)
    if type(fallback) is not BodyFallback:
        return json.loads(body)
    place = len(utf8[: fallback.at].decode("utf-8", "ignore"))  # the byte may be in the middle of a letter
    if fallback.too_deep:
        raise JSONDecodeError(f"More than {max_depth} containers inside each other", text, place)

    def refuse(name: str) -> Any:
        raise JSONDecodeError(f"{name} is not JSON", text, place)

    try:
        return json.loads(body, parse_constant=None if allow_nan else refuse)
    except JSONDecodeError:
        raise
    except ValueError as error:  # an integer of too many digits
        raise JSONDecodeError(str(error), text, place) from None
