"""Dates, times and durations: Django's spelling, the subclass's own methods, the time zone's own exceptions."""

import enum
import random
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import partial

import pytest
from django.utils.functional import SimpleLazyObject

from tests.oracle import assert_like_django, django_text, encode
from tests.tables import cases, rows


def zone(name):
    return zoneinfo.ZoneInfo(name)


def offset(**parts):
    return timezone(timedelta(**parts))


class Pytz(tzinfo):
    """A zone written in Python, in the manner of pytz."""

    def utcoffset(self, moment):
        return timedelta(hours=5, minutes=45)

    def dst(self, moment):
        return timedelta(0)

    def tzname(self, moment):
        return "+0545"


class Nowhere(tzinfo):
    """Legal: it does not know its offset."""

    def utcoffset(self, moment):
        return None

    dst = tzname = utcoffset


class Frozen(datetime):
    """A datetime subclass that overrides nothing, in the manner of freezegun."""


class Pendulum(datetime):
    def isoformat(self, *args):
        return "isoformat of the subclass: " + super().isoformat(*args)


class Zulu(datetime):
    def isoformat(self, *args):
        return "\u00e9" * 30 + "+00:00"


class NoMicroseconds(datetime):
    microsecond = 0


class WithOffset(datetime):
    """The offset is asked of tzinfo, not of this."""

    def utcoffset(self):
        return timedelta(hours=1)


class Day(date):
    def isoformat(self):
        return "a day"


class Clock(time):
    def isoformat(self, *args):
        return "half past \u6642 and a little"


class Span(timedelta):
    days = property(lambda self: 7)


class Holiday(date, enum.Enum):
    NEW_YEAR = 2026, 1, 1


NOON = datetime(2026, 7, 1, 12, 30, 5, 123456)

LIKE_DJANGO = {
    "naive": datetime(2026, 7, 1, 12, 30, 5),
    "naive, microseconds": NOON,
    "milliseconds are truncated": [
        NOON.replace(microsecond=us) for us in (1, 999, 1000, 999_999, 999_000, 100_000, 10)
    ],
    "first and last": [datetime.min, datetime.max, datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)],
    "years of fewer than four digits": [datetime(9, 1, 2), datetime(99, 1, 2), datetime(999, 12, 31, 23, 59, 59)],
    "UTC": NOON.replace(tzinfo=UTC),
    "ZoneInfo UTC": NOON.replace(tzinfo=zone("UTC")),
    "zero offset": NOON.replace(tzinfo=offset(hours=0)),
    "named zero offset": NOON.replace(tzinfo=timezone(timedelta(0), "Here")),
    "London in winter": datetime(2026, 1, 1, tzinfo=zone("Europe/London")),
    "London in summer": datetime(2026, 7, 1, tzinfo=zone("Europe/London")),
    "fixed offsets": [
        NOON.replace(tzinfo=offset(hours=h, minutes=m)) for h in (-23, -1, 0, 5, 23) for m in (0, 1, 30, 59)
    ],
    "offset with seconds": NOON.replace(tzinfo=offset(hours=5, minutes=53, seconds=28)),
    "LMT of Kolkata": datetime(1850, 1, 1, 12, tzinfo=zone("Asia/Kolkata")),
    "LMT of Dublin": datetime(1850, 1, 1, 12, 0, 0, 5, tzinfo=zone("Europe/Dublin")),
    "offset of one second": [NOON.replace(tzinfo=offset(seconds=s)) for s in (-1, 1)],
    "offset with microseconds": [NOON.replace(tzinfo=offset(seconds=s, microseconds=5)) for s in (-1, 0, 1)],
    "largest offsets": [NOON.replace(tzinfo=offset(seconds=s)) for s in (-86399, 86399)],
    "fold": [datetime(2026, 11, 1, 1, 30, fold=f, tzinfo=zone("America/New_York")) for f in (0, 1)],
    "a gap": [datetime(2026, 3, 29, 2, 30, fold=f, tzinfo=zone("Europe/Berlin")) for f in (0, 1)],
    "zone written in Python": NOON.replace(tzinfo=Pytz()),
    "zone that knows no offset": NOON.replace(tzinfo=Nowhere()),
    "subclass that overrides nothing": [Frozen(2026, 1, 2), Frozen(2026, 1, 2, 3, 4, 5, 6, UTC)],
    "subclass, isoformat overridden": [Pendulum(2026, 1, 2), Pendulum(2026, 1, 2, 3, 4, 5, 678901)],
    "subclass, isoformat ends in +00:00": [Zulu(2026, 1, 2), Zulu(2026, 1, 2, 3, 4, 5, 678901)],
    "subclass that hides its microseconds": NoMicroseconds(2026, 1, 2, 3, 4, 5, 678901),
    "subclass, utcoffset overridden": WithOffset(2026, 1, 2, tzinfo=offset(hours=2)),
    "SimpleLazyObject of a datetime": SimpleLazyObject(lambda: NOON.replace(tzinfo=UTC)),
    "date": [date(2026, 7, 1), date.min, date.max, date(33, 4, 3)],
    "date subclass, isoformat overridden": Day(2026, 1, 1),
    "date-mixin Enum": Holiday.NEW_YEAR,
    "time": [time(0), time(23, 59, 59), time(1, 2)],
    "time, microseconds are cut": [time(1, 2, 3, us) for us in (1, 999, 1000, 999_999, 123_456)],
    "time with ZoneInfo, offset unknown": [
        time(12, tzinfo=zone("Europe/Paris")),
        time(1, 2, 3, 4567, zone("Europe/Paris")),
    ],
    "time in a zone that knows no offset": time(12, 30, 1, 999_999, Nowhere()),
    "time with fold": time(1, 2, 3, fold=1),
    "time subclass, isoformat overridden": [Clock(1, 2), Clock(1, 2, 3, 4)],
    "duration": timedelta(days=1, hours=2, seconds=3),
    "no duration": timedelta(0),
    "negative durations": [timedelta(seconds=-1), timedelta(days=-3, hours=5), timedelta(microseconds=-1)],
    "durations with microseconds": [timedelta(microseconds=us) for us in (1, 10, 1000, 999_999, 1_000_001, -999_999)],
    "largest durations": [timedelta.max, timedelta.min, timedelta(days=100_000), timedelta(hours=23, minutes=59)],
    "timedelta subclass, days overridden": Span(hours=5),
}


@pytest.mark.parametrize("value", cases(LIKE_DJANGO))
def test_like_django(value, form):
    assert_like_django(value, form)


@pytest.mark.parametrize("seed", range(5))
def test_random_moments(seed, form):
    source = random.Random(seed)
    zones = [None, UTC, Pytz(), offset(hours=-3), *map(zone, ["Asia/Tokyo", "America/St_Johns", "Africa/Monrovia"])]
    start, span = datetime(1800, 1, 1), timedelta(days=365 * 400).total_seconds()
    moments = [start + timedelta(seconds=source.uniform(0, span)) for _ in range(1500)]
    assert_like_django([m.replace(tzinfo=source.choice(zones)) for m in moments], form)
    assert_like_django([m.date() for m in moments] + [m.time() for m in moments], form)
    assert_like_django(
        [timedelta(seconds=source.uniform(-1, 1) * 10 ** source.randrange(13)) for _ in range(1500)], form
    )


AWARE = {
    "UTC": time(12, tzinfo=UTC),
    "fixed offset": time(12, tzinfo=offset(hours=1)),
    "zone written in Python": time(12, tzinfo=Pytz()),
}


@pytest.mark.parametrize("value", cases(AWARE))
def test_an_aware_time_is_refused_in_djangos_words(value, form):
    words = r"^JSON can't represent timezone-aware times\."
    with pytest.raises(ValueError, match=words):
        django_text(value)
    with pytest.raises(ValueError, match=words) as caught:
        encode({"at": [value]}, form)
    assert "$.at[0]" in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


class Raises(tzinfo):
    def __init__(self, error):
        self.error = error

    def utcoffset(self, moment):
        raise self.error

    dst = tzname = utcoffset


class WrongOffset(tzinfo):
    def __init__(self, answer):
        self.answer = answer

    def utcoffset(self, moment):
        return self.answer


@pytest.mark.parametrize("kind", [datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 0, 0, 5), time(12)], ids=repr)
@pytest.mark.parametrize("error", [ValueError("no such zone"), LookupError("gone"), KeyboardInterrupt()], ids=repr)
def test_what_a_time_zone_raises_comes_out(kind, error, form):
    with pytest.raises(type(error)) as caught:
        encode([kind.replace(tzinfo=Raises(error))], form)
    assert caught.value is error


WRONG_OFFSETS = {
    "a number": (5, TypeError),
    "text": ("+01:00", TypeError),
    "a day": (timedelta(days=1), ValueError),
    "minus two days": (timedelta(days=-2), ValueError),
}


@pytest.mark.parametrize(("answer", "error"), rows(WRONG_OFFSETS))
def test_a_wrong_offset_is_an_error_as_in_django(answer, error, form):
    moment = datetime(2026, 1, 1, tzinfo=WrongOffset(answer))
    for write in (django_text, partial(encode, form=form)):
        with pytest.raises(error, match="offset"):
            write(moment)
