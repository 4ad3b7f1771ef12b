"""The texts of columns, which native code makes as DRF does: datetimes in all zones, and only the strict forms."""

import datetime
import random
import zoneinfo

import pytest

from pyforge_web._native import is_plain_json, text_column

ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})
UTC = datetime.UTC
STORED_IN_UTC = ("datetime", "utc", 0, 0)


def drf_text(text, zone):
    local = datetime.datetime.fromisoformat(text).replace(tzinfo=UTC).astimezone(zone).isoformat()
    return f"{local[:-6]}Z" if local.endswith("+00:00") else local


def transitions(zone, first=1973, last=2037):
    """The hours of these years in which the offset of a zone changes, found by halving."""
    at = datetime.datetime(first, 1, 1, tzinfo=UTC)
    end = datetime.datetime(last, 12, 31, tzinfo=UTC)
    while at < end:
        later = at + datetime.timedelta(days=7)
        if at.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            yield at
        at = later


@pytest.mark.parametrize("name", random.Random(1).sample(ZONES, 60))
def test_texts_around_transitions(name):
    zone = zoneinfo.ZoneInfo(name)
    texts = []
    for week in transitions(zone):
        texts += [
            (week + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")
            for minutes in range(0, 7 * 24 * 60, 95)
        ]
    texts += ["1911-03-10 23:50:39", "1972-01-07 00:44:30", "2026-01-02 03:04:05.678901"]
    assert text_column(tuple(texts), STORED_IN_UTC, zone) == [drf_text(text, zone) for text in texts]


def test_years_without_a_table_are_not_accepted():
    paris = zoneinfo.ZoneInfo("Europe/Paris")
    assert text_column(("9999-12-30 00:00:00",), STORED_IN_UTC, paris) is None
    assert text_column(("2099-12-30 00:00:00",), STORED_IN_UTC, paris) is not None


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05", "2026-1-2 03:04:05", "2026-01-02", "x", "2026-01-02 03:04:05+1", "", 5, b"x"]
)
@pytest.mark.parametrize("zone", ["utc", "naive", "written"])
def test_other_forms_are_not_accepted(text, zone):
    assert text_column((text,), ("datetime", zone, 0, 0)) is None


def test_forms_that_are_accepted():
    column = ("2026-01-02 03:04:05", None, "2026-01-02 03:04:05.120000", "2026-01-02 03:04:05.000000")
    expected = [value and drf_text(value, UTC) for value in column]
    assert text_column(column, STORED_IN_UTC) == expected
    assert text_column(column, ("datetime", "naive", 0, 0)) == [value and value[:-1] for value in expected]
    later = datetime.timezone(datetime.timedelta(hours=1))
    written = ("2026-01-02 03:04:05+00", "2026-01-02 03:04:05+02")
    texts = [datetime.datetime.fromisoformat(text).astimezone(later).isoformat() for text in written]
    assert text_column(written, ("datetime", "written", 0, 0), later) == texts
    times = [datetime.time(1, 2, 3), None, datetime.time(1, 2, 3, 500_000)]
    assert text_column(("01:02:03", None, "01:02:03.5"), ("time", "naive", 0, 0)) == [
        time and time.isoformat() for time in times
    ]
    assert text_column(("2026-01-02", None), ("date", "naive", 0, 0)) == ["2026-01-02", None]
    assert text_column(("2026-02-30",), ("date", "naive", 0, 0)) is None


def test_plain_json_is_told_from_other_data():
    assert is_plain_json([{"a": [1, 2.5, None, True, ("x",)]}])
    assert not is_plain_json([{"a": [datetime.date(2026, 1, 2)]}])
    assert not is_plain_json({(1,): 2})
    cycle = []
    cycle += [cycle, cycle]
    assert not is_plain_json(cycle)
