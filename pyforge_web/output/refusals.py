"""What is said of a value that has no JSON form: Django's words, and what to do."""

import array
import collections
import io
import pathlib
import types
from collections.abc import Iterator, KeysView, Mapping, Set
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.paginator import Paginator
from django.db.models import Field, Model
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.manager import BaseManager
from django.db.models.sql import Query

from pyforge_web.conf import ErrorTopic, with_docs
from pyforge_web.secrets import public_columns, secret_columns


class Refusal(NamedTuple):
    """Native code makes a `TypeError` of it: the problem, the place in the value, the hint; `topic` is for its note."""

    problem: str
    hint: str
    topic: ErrorTopic

    def make_error(self) -> TypeError:
        """Return the error of a value that is refused as a whole."""
        return with_docs(TypeError(f"{self.problem}; {self.hint}"), self.topic)


Hints = tuple[tuple[type | tuple[type, ...], str], ...]
# What has rows, and is not these rows.
_ROW_HINTS: Hints = (
    (BaseManager, "call .all() on it"),
    (Paginator, "write one page: value.get_page(number)"),
    (Query, "write the QuerySet, not its .query"),
)
# The first row whose class fits gives the hint.
_HINTS: Hints = (
    (KeysView, "write list(value)"),
    (Set, "sets have no order: write a list, such as sorted(value)"),
    (
        (bytes, bytearray, memoryview),
        "JSON has no bytes: decode them, or use base64.b64encode(value).decode()",
    ),
    (File, "write its .url or its .name"),
    ((io.IOBase, pathlib.PurePath), "write what you read from it, or str() of its path"),
    *_ROW_HINTS,
    (Field, "write its name, or the value of an instance"),
    ((BaseExpression, Combinable), "it is not computed yet: save the instance and call refresh_from_db()"),
    (ValidationError, "write its .message_dict or .messages"),
    (BaseException, "write str(value)"),
    (type, "write an instance of it, or its __name__"),
    ((types.FunctionType, types.BuiltinFunctionType, types.MethodType), "call it"),
    (types.CoroutineType, "await it"),
    ((Iterator, collections.deque, collections.UserList, array.array), "write list(value)"),
    (Mapping, "write dict(value)"),
)
# Not `encoder=`: it would take the whole value away from native code.
_OTHERWISE = (
    "write a dict, list, str, number or bool in its place, or pass default= with a function that gives one, "
    "or name its class in PYFORGE_WEB['TYPES']"
)


def find_row_hint(value: Any) -> str | None:
    """Return what to write in place of a value that has rows but is not these rows."""
    return next((hint for classes, hint in _ROW_HINTS if isinstance(value, classes)), None)


def has_hint(value: Any) -> bool:
    """Return whether a value is of a class that is never JSON, of which is known what to write in its place."""
    return any(isinstance(value, classes) for classes, _ in _HINTS)


def refuse_value(value: Any) -> Refusal:
    """Return the refusal of a value."""
    hint = next((hint for classes, hint in _HINTS if isinstance(value, classes)), _OTHERWISE)
    if hasattr(type(value), "__dataclass_fields__"):
        hint = "write dataclasses.asdict(value)"
    return Refusal(f"Object of type {type(value).__name__} is not JSON serializable", hint, "not-serializable")


def refuse_key(key: Any) -> Refusal:
    """The refusal of a key of a dict."""
    name = type(key).__name__
    return Refusal(
        f"keys must be str, int, float, bool or None, not {name}",
        "JSON keys are strings: use str() of a stable part",
        "dict-key",
    )


def refuse_secrets(model: type[Model]) -> Refusal | None:
    """The refusal of a bare model that has secret columns; None when it has none."""
    secrets = secret_columns(model)
    if not secrets:
        return None
    return Refusal(
        f"{model.__name__} has secret columns ({', '.join(secrets)}) and is not JSON serializable without fields=",
        f"name the columns to send, as fields={public_columns(model)!r}, or inside of other data as "
        f"rows(value, fields=[...]); a column that everybody may see can be added to "
        f"PYFORGE_WEB['PUBLIC_FIELDS'] as '{model._meta.label}.{secrets[0]}'",
        "secret-columns",
    )
