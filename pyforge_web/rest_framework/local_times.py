"""Stored datetimes as DRF writes them: ISO 8601 with microseconds, in the current time zone, `Z` for UTC.

`astimezone` costs 0.5 us a value. The offset of a zone is asked for once a day of the calendar instead: where it is the
same at both ends of a day, no transition lies between (tests/rest_framework/test_local_times.py asks all zones).
"""

import datetime
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

_UTC = datetime.UTC
_DAY = datetime.timedelta(days=1)
# Before 1973 the offsets of some zones have seconds, and their transitions lie anywhere.
_FIRST_DAY = "1973"


def local_times(column: Sequence[str | None], stored: str, zone: Any) -> list[str | None] | None:
    """Return the texts of a column of stored texts; None where one is not in the usual form.

    `stored` is the zone of the texts: "naive" without `USE_TZ`, "utc" where they have no offset, "written" where each
    has one. `zone` is the current time zone.
    """
    try:
        if stored == "naive":
            return _naive(column) if zone is None else None
        if zone is None or stored not in ("utc", "written"):
            return None
        texts = column if stored == "utc" else _without_offset(column)
        if texts is None:
            return None
        return _utc(texts) if is_utc(zone) else _local(texts, zone)
    except (ValueError, OverflowError):
        return None


def is_utc(zone: Any) -> bool:
    """Whether a zone is UTC for certain."""
    return zone is _UTC or (type(zone) is ZoneInfo and zone.key == "UTC")


def _naive(column: Sequence[str | None]) -> list[str | None] | None:
    parse = datetime.datetime.fromisoformat
    values = [None if text is None else parse(text) for text in column]
    if any(value is not None and value.tzinfo is not None for value in values):
        return None
    return [None if value is None else value.isoformat() for value in values]


def _without_offset(column: Sequence[str | None]) -> list[str | None] | None:
    """The texts without `+00`, which PostgreSQL writes where its session is in UTC."""
    if not all(text is None or text.endswith("+00") for text in column):
        return None
    return [text and text[:-3] for text in column]


def _utc(texts: Sequence[str | None]) -> list[str | None] | None:
    parse, write = datetime.datetime.fromisoformat, datetime.datetime.isoformat
    if None in texts:
        local = [None if text is None else write(parse(text)) + "Z" for text in texts]
    else:
        local = [text + "Z" for text in map(write, map(parse, texts))]  # type: ignore[arg-type]
    # A text with an offset of its own, which a project may have written by SQL, is longer than these.
    return local if {20, 27}.issuperset(len(text) for text in local if text is not None) else None


def _local(texts: Sequence[str | None], zone: Any) -> list[str | None] | None:
    if type(zone) is not ZoneInfo:
        return None
    parse, write = datetime.datetime.fromisoformat, datetime.datetime.isoformat
    days: dict[str, tuple[datetime.timedelta, str] | None] = {}
    local: list[str | None] = []
    for text in texts:
        if text is None:
            local.append(None)
            continue
        value = parse(text)
        if value.tzinfo is not None:
            return None
        day = text[:10]
        if day not in days:
            days[day] = offset_of_day(day, zone)
        offset = days[day]
        if offset is None:
            aware = write(value.replace(tzinfo=_UTC).astimezone(zone))
            local.append(aware[:-6] + "Z" if aware.endswith("+00:00") else aware)
        else:
            local.append(write(value + offset[0]) + offset[1])
    return local


@lru_cache(maxsize=8192)
def offset_of_day(day: str, zone: ZoneInfo) -> tuple[datetime.timedelta, str] | None:
    """Return the offset of a zone on a day of UTC, and its text; None where it changes, or may have changed."""
    if not _FIRST_DAY <= day < "9999":
        return None
    start = datetime.datetime.fromisoformat(day).replace(tzinfo=_UTC)
    first = start.astimezone(zone).utcoffset()
    if first is None or first != (start + _DAY).astimezone(zone).utcoffset():
        return None
    text = start.astimezone(zone).isoformat()[19:]
    return first, "Z" if text == "+00:00" else text
