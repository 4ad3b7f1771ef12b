"""Stored datetimes as DRF writes them: ISO 8601 with microseconds, in the current time zone, `Z` for UTC.

`astimezone` costs 0.5 us a value. The offset of a zone is asked for once a day of the calendar instead: where it is the
same at both ends of a day, no transition lies between (tests/rest_framework/test_local_times.py asks all zones).
"""

import datetime
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from pyforge_web._native import datetime_column

_UTC = datetime.UTC
_DAY = datetime.timedelta(days=1)
# Before 1973 the offsets of some zones have seconds, and their transitions lie anywhere.
_FIRST_DAY = "1973"


def local_times(column: tuple[Any, ...], stored: str, zone: Any) -> list[str | None] | None:
    """Return the texts of a column of stored texts; None where one is not in the usual form.

    `stored` is the zone of the texts: "naive" without `USE_TZ`, "utc" where they have no offset, "written" where each
    has one. `zone` is the current time zone, None without `USE_TZ`.
    """
    if zone is None:
        return datetime_column(column, naive=True) if stored == "naive" else None
    if stored not in ("utc", "written"):
        return None
    if is_utc(zone):
        return datetime_column(column)
    if type(zone) is not ZoneInfo:
        return None
    return datetime_column(column, False, partial(offset_of_day, zone), partial(_slowly, zone))


def is_utc(zone: Any) -> bool:
    """Whether a zone is UTC for certain."""
    return zone is _UTC or (type(zone) is ZoneInfo and zone.key == "UTC")


@lru_cache(maxsize=8192)
def offset_of_day(zone: ZoneInfo, day: str) -> int | None:
    """Return the offset of a zone on a day of UTC, in seconds; None where it changes, or may have changed."""
    if not _FIRST_DAY <= day < "9999":
        return None
    start = datetime.datetime.fromisoformat(day).replace(tzinfo=_UTC)
    first = start.astimezone(zone).utcoffset()
    if first is None or first.microseconds or first != (start + _DAY).astimezone(zone).utcoffset():
        return None
    return int(first.total_seconds())


def _slowly(zone: ZoneInfo, text: str) -> str:
    """One value by Python's own arithmetic, as DRF's `enforce_timezone` and `to_representation` have it."""
    value = datetime.datetime.fromisoformat(text)
    local = (value if value.tzinfo is not None else value.replace(tzinfo=_UTC)).astimezone(zone).isoformat()
    return f"{local[:-6]}Z" if local.endswith("+00:00") else local
