"""Offsets by the day of UTC, for all zones: a day that begins and ends with the same offset has no transition."""

import datetime
import random
import zoneinfo

import pytest

from pyforge_web._native import datetime_column, is_plain_json, text_column, time_column
from pyforge_web.rest_framework.local_times import local_times, offset_of_day

ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})
UTC = datetime.UTC


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
    texts += ["1911-03-10 23:50:39", "1972-01-07 00:44:30", "2026-01-02 03:04:05.678901", "9999-12-30 00:00:00"]
    assert local_times(tuple(texts), "utc", zone) == [drf_text(text, zone) for text in texts]


def test_offset_of_a_day_with_a_transition_is_unknown():
    paris = zoneinfo.ZoneInfo("Europe/Paris")
    assert offset_of_day(paris, "2026-03-29") is None
    assert offset_of_day(paris, "2026-03-30") == 7200
    assert offset_of_day(paris, "1911-03-11") is None


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05", "2026-1-2 03:04:05", "2026-01-02", "x", "2026-01-02 03:04:05+01:00", "", 5, b"x"]
)
def test_other_forms_are_not_accepted(text):
    assert local_times((text,), "utc", UTC) is None


def test_forms_that_are_accepted():
    column = ("2026-01-02 03:04:05", None, "2026-01-02 03:04:05.120000", "2026-01-02 03:04:05.000000")
    assert local_times(column, "utc", UTC) == [
        "2026-01-02T03:04:05Z",
        None,
        "2026-01-02T03:04:05.120000Z",
        "2026-01-02T03:04:05Z",
    ]
    assert datetime_column(column, naive=True)[0] == "2026-01-02T03:04:05"
    assert local_times(("2026-01-02 03:04:05+00",), "written", UTC) == ["2026-01-02T03:04:05Z"]
    assert time_column(("01:02:03", None, "01:02:03.5")) == ["01:02:03", None, "01:02:03.500000"]
    assert text_column(("2026-01-02", None), "date", 0, 0) == ["2026-01-02", None]
    assert text_column(("2026-02-30",), "date", 0, 0) is None


def test_plain_json_is_told_from_other_data():
    assert is_plain_json([{"a": [1, 2.5, None, True, ("x",)]}])
    assert not is_plain_json([{"a": [datetime.date(2026, 1, 2)]}])
    assert not is_plain_json({(1,): 2})
    cycle = []
    cycle += [cycle, cycle]
    assert not is_plain_json(cycle)
