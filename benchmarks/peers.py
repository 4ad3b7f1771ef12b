"""The contestants: what is called for each, and what its output claims to be."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.duration import duration_iso_string

import pyforge_web
from benchmarks.compare import require_same_bytes, require_same_values

Check = Callable[[str, object, bytes], None]
OWN_DATES = "own dates"


def django_dumps(value: object) -> bytes:
    """The bytes of Django's JsonResponse."""
    return json.dumps(value, cls=DjangoJSONEncoder).encode()


def django_values(who: str, value: object, output: bytes) -> None:
    require_same_values(who, django_dumps(value), output)


def django_bytes(who: str, value: object, output: bytes) -> None:
    require_same_bytes(who, django_dumps(value), output)


def own_dates(utc: str, duration: Callable[[timedelta], str] = duration_iso_string) -> Check:
    """Django's values, but for dates: with microseconds, and UTC written as `utc`."""

    def default(value: object) -> str:
        if isinstance(value, datetime):
            return value.isoformat().replace("+00:00", utc)
        if isinstance(value, timedelta):
            return duration(value)
        return value.isoformat() if isinstance(value, date) else str(value)

    def check(who: str, value: object, output: bytes) -> None:
        require_same_values(who, json.dumps(value, default=default).encode(), output)

    return check


@dataclass(frozen=True, eq=False)
class Contestant:
    """`call` is what is timed, written as a user would write it; `value` stands for what is encoded."""

    name: str
    call: str
    names: Mapping[str, object]
    check: Check = django_values
    note: str = ""
    every: int = 1  # of how many rounds it takes part in one

    def encode(self, value: object) -> bytes:
        output: bytes = eval(self.call, {**self.names, "value": value})
        return output


_ORJSON = {"dumps": orjson.dumps, "default": DjangoJSONEncoder().default}
_OURS = {"dumps": pyforge_web.dumps}

DJANGO = Contestant(
    "Django",
    "dumps(value, cls=Encoder).encode()",
    {"dumps": json.dumps, "Encoder": DjangoJSONEncoder},
    django_bytes,
    note="what JsonResponse does",
)
JSON = Contestant("json", "dumps(value).encode()", {"dumps": json.dumps}, note="the standard library alone")
# orjson and msgspec write dates their own way, with microseconds: no option of theirs gives Django's text. The
# only way to it is to keep orjson from dates and let Django's own default() write them.
ORJSON_AS_DJANGO = Contestant(
    "orjson as Django",
    "dumps(value, default=default, option=option)",
    {**_ORJSON, "option": orjson.OPT_PASSTHROUGH_DATETIME},
    note="orjson made to give Django's values: dates and Decimals through DjangoJSONEncoder().default",
)
OURS = Contestant("ours", "dumps(value)", _OURS, note="pyforge_web.dumps")
OURS_DJANGO_BYTES = Contestant(
    "ours, Django's bytes",
    "dumps(value, django_bytes=True)",
    _OURS,
    django_bytes,
    note="equal to JsonResponse in each byte",
)
_MSGSPEC = {"encode": msgspec.json.Encoder().encode}

PLAIN = (
    DJANGO,
    JSON,
    Contestant("orjson", "dumps(value)", _ORJSON),
    ORJSON_AS_DJANGO,
    Contestant("msgspec", "encode(value)", _MSGSPEC),
    OURS,
    OURS_DJANGO_BYTES,
)
"""For values plain JSON knows: all of them must give Django's values."""

DJANGO_TYPES = (
    DJANGO,
    Contestant("orjson", "dumps(value, default=default)", _ORJSON, own_dates("+00:00"), note=OWN_DATES),
    ORJSON_AS_DJANGO,
    Contestant("msgspec", "encode(value)", _MSGSPEC, own_dates("Z"), note=OWN_DATES),
    OURS,
    OURS_DJANGO_BYTES,
)
"""For dates, Decimals and UUIDs: `json` has no way, orjson and msgspec are held to their own dates."""
