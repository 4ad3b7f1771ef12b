"""Keys of dicts as text: what JSON has no own form for, and keys that `json.dumps` would refuse."""

import datetime
import decimal
import enum
import json
import math
import uuid
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.functional import Promise

from pyforge_web.output.refusals import Refusal, refuse_key

# Made once: `DjangoJSONEncoder.default` reads nothing but the value that it is given.
django_default = DjangoJSONEncoder().default
# The classes of DjangoJSONEncoder.default, in its order.
DJANGO_TYPES = (
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    uuid.UUID,
    Promise,
)


def convert_key(key: Any) -> str | Refusal:
    """Return the text of a key that JSON has no own form for, or a `Refusal`."""
    if isinstance(key, DJANGO_TYPES):
        text = django_default(key)
        return text if isinstance(text, str) else str(text)
    if isinstance(key, enum.Enum):
        # json's own rules for keys: True is "true", None is "null", a float is its repr.
        value = key.value
        if isinstance(value, str | int | float | None):
            return str(next(iter(json.loads(json.dumps({value: None})))))
        return convert_key(value)
    return refuse_key(key)


def with_text_keys(value: Any) -> Any:
    """Return a value in which the keys that `json.dumps` does not take are text, as native code writes them."""
    if isinstance(value, dict):
        return {_text_key(key): with_text_keys(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_text_keys(item) for item in value]
    return value


def _text_key(key: Any) -> Any:
    if isinstance(key, float) and not math.isfinite(key):  # allow_nan=False refuses it, though a key is a text
        return _DistinctKey(next(iter(json.loads(json.dumps({key: None})))))
    if isinstance(key, str | int | float | None):
        return key
    converted = convert_key(key)
    if isinstance(converted, Refusal):
        raise converted.make_error()
    return _DistinctKey(converted)


def distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the dict of a JSON object, with all of its entries where a key stands twice."""
    return {_DistinctKey(key): item for key, item in pairs}


class _DistinctKey(str):
    """A key that equals no other one: JSON may have a key twice, and native code writes it twice."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other
