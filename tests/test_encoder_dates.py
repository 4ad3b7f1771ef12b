"""The formats of dates: `dates="iso"`, `"local"`, `"drf"`, beside Python's `isoformat()` and DRF's own fields."""

import datetime as dt
import json
import random
import zoneinfo
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.utils import timezone
from django.utils.duration import duration_string

from pyforge_web._native import QueryRows, RowColumns, RowLayout, dump_chunk, dumps, dumps_response

UTC = dt.UTC
ZONES = (
    "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Africa/Monrovia",
)  # fmt: skip
DATETIMES = [
    dt.datetime(2024, 3, 31, 1, 0, tzinfo=UTC),
    dt.datetime(2024, 3, 31, 0, 59, 59, 999_999, tzinfo=UTC),
    dt.datetime(2024, 2, 29, 12, 30, 15, 120_000, tzinfo=UTC),
    dt.datetime(2024, 2, 29, 12, 30),
    dt.datetime(1, 1, 1),
    dt.datetime(9999, 12, 31, 23, 59, 59, 1),
    dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
    dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=-1))),
    dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(microseconds=1))),
    dt.datetime(1900, 1, 1, tzinfo=ZoneInfo("Africa/Monrovia")),
    dt.datetime(2024, 7, 1, 1, 2, 3, 4, tzinfo=ZoneInfo("Europe/Paris")),
]
TIMES = [dt.time(1, 2, 3), dt.time(1, 2, 3, 4), dt.time(23, 59, 59, 999_999), dt.time(1, tzinfo=UTC)]
DURATIONS = [
    dt.timedelta(0),
    dt.timedelta(seconds=-1),
    dt.timedelta(days=-3, microseconds=1),
    dt.timedelta(days=400, hours=5, seconds=7, microseconds=120),
    dt.timedelta.max,
    dt.timedelta.min,
]


class Moment(dt.datetime):
    pass


class Shifting(dt.tzinfo):
    """A zone of Python code."""

    def __repr__(self):
        return "Shifting()"  # without an address: each worker of pytest must find the same names

    def utcoffset(self, moment):
        return dt.timedelta(hours=1 + (moment.month > 6 if moment else 0))

    def dst(self, moment):
        return dt.timedelta(0)


def written(value, **options):
    return json.loads(dumps(value, **options))


def drf(value):
    text = value.isoformat()
    return text[:-6] + "Z" if isinstance(value, dt.datetime) and text.endswith("+00:00") else text


def local(value):
    return timezone.localtime(value).isoformat() if timezone.is_aware(value) else value.isoformat()


ODD = [Moment(2024, 1, 2, 3, 4, 5, 6), Moment(2024, 1, 2, tzinfo=UTC), dt.datetime(2024, 8, 1, tzinfo=Shifting())]


@pytest.mark.parametrize("value", [*DATETIMES, *TIMES, *ODD, dt.date(2024, 2, 29)], ids=repr)
def test_dates_in_iso_format_are_isoformat(value):
    assert written({"a": [value]}, dates="iso") == {"a": [value.isoformat()]}
    assert written(value, dates="drf") == drf(value)


@pytest.mark.parametrize("value", [*DATETIMES, *ODD], ids=repr)
@pytest.mark.parametrize("zone", [*ZONES, "UTC"])
def test_dates_in_local_format_are_of_the_current_zone(value, zone):
    with timezone.override(zone):
        try:
            expected = local(value)
        except OverflowError:
            with pytest.raises(OverflowError):
                dumps(value, dates="local")
            return
        assert written(value, dates="local") == expected


@pytest.mark.parametrize("zone", [dt.timezone(dt.timedelta(hours=-3, seconds=-7)), Shifting(), UTC], ids=repr)
@pytest.mark.parametrize("value", [*DATETIMES, *ODD], ids=repr)
def test_dates_in_local_format_with_zones_that_are_no_zoneinfo(value, zone):
    with timezone.override(zone):
        if timezone.is_naive(value) or 1 < value.year < 9999:
            assert written(value, dates="local") == local(value)


@pytest.mark.parametrize("value", DURATIONS, ids=repr)
def test_durations_of_drf_are_djangos_duration_strings(value):
    assert written(value, dates="drf") == duration_string(value)
    assert written(value, dates="iso") == written(value)


def test_dates_by_default_are_djangos():
    value = dt.datetime(2024, 1, 1, 0, 0, 0, 1999, tzinfo=UTC)
    assert written(value) == "2024-01-01T00:00:00.001Z"
    assert json.loads(dumps_response({"a": value}, dates="iso")) == {"a": value.isoformat()}
    body, count, error = dump_chunk(iter([value]), 0, 5, dates="iso")
    assert (json.loads(body), count, error) == (value.isoformat(), 1, None)


def test_dates_of_an_unknown_format_are_refused():
    with pytest.raises(ValueError, match="dates= must be"):
        dumps(1, dates="rfc2822")


def column(text, reader, dates, zone=None):
    """Write what a driver gives in a column, by a flat row and by a nested one."""
    columns = RowColumns([("x", "x", *reader, dates)], "scalar", timezone=zone)
    rows = iter([[(text,)], []])
    return json.loads(dumps(QueryRows(columns, rows.__next__, lambda index, value: value, lambda: None)))[0]


STORED = ("datetime", "utc", False, 0, 0)


def test_stored_datetimes_have_the_format_of_their_column():
    text, value = "2024-03-31 00:59:59.5", dt.datetime(2024, 3, 31, 0, 59, 59, 500_000, tzinfo=UTC)
    paris = ZoneInfo("Europe/Paris")
    assert column(text, STORED, "") == "2024-03-31T00:59:59.500Z"
    assert column(text, STORED, "iso") == value.isoformat()
    assert column(text, STORED, "drf") == drf(value)
    assert column(text, STORED, "iso", paris) == value.astimezone(paris).isoformat()
    assert column(text, STORED, "drf", paris) == value.astimezone(paris).isoformat()
    assert column(text, STORED, "", paris) == "2024-03-31T00:59:59.500Z"
    assert column(3_723_000_001, ("duration", "naive", False, 0, 0), "drf") == "01:02:03.000001"
    assert column("01:02:03.5", ("time", "naive", False, 0, 0), "iso") == "01:02:03.500000"


def test_values_that_fall_back_have_the_format_of_their_column():
    value = dt.datetime(2024, 3, 31, 1, 2, 3, 4, tzinfo=UTC)
    paris = ZoneInfo("Europe/Paris")
    for reader in (("datetime", "utc", False, 0, 0), ("value", "naive", False, 0, 0), ("django", "naive", False, 0, 0)):
        assert column(value, reader, "iso", paris) == value.astimezone(paris).isoformat()
    layout = RowLayout([(*STORED, "drf"), (*STORED, "")], [("column", "a", 0), ("column", "b", 1)], timezone=paris)
    assert layout


def transitions(key):
    paths = [path for folder in zoneinfo.TZPATH if (path := Path(folder, key)).is_file()]
    with paths[0].open("rb") if paths else zoneinfo._common.load_tzdata(key) as file:
        return zoneinfo._common.load_data(file)[1]


def test_zones_change_their_offset_at_most_once_in_two_days():
    """What `LocalZone::find_changes` in native/src/kinds/dates.rs relies on."""
    for key in available_timezones() - {"localtime"}:
        changes = transitions(key)
        assert all(after - before > 2 * 86_400 for before, after in pairwise(changes)), key


@pytest.mark.parametrize("part", range(8))
def test_instants_of_all_zones_are_converted_as_by_python(part):
    chance = random.Random(part)
    for key in sorted(available_timezones() - {"localtime"})[part::8]:
        zone = ZoneInfo(key)
        seconds = [second + step for second in transitions(key) for step in (-1, 0, 1)]
        seconds += [chance.randrange(-62_135_500_000, 253_402_200_000) for _ in range(40)]
        seconds += [chance.randrange(-2_208_988_800, 4_133_980_800) for _ in range(40)]
        epoch = dt.datetime(1970, 1, 1, tzinfo=UTC)
        values = [epoch + dt.timedelta(seconds=second, microseconds=second % 3) for second in seconds]
        columns = RowColumns([("x", "x", "datetime", "written", False, 0, 0, "iso")], "scalar", timezone=zone)
        texts = [value.isoformat(" ") for value in values]
        rows = iter([[(text,) for text in texts], []])
        query = QueryRows(columns, rows.__next__, lambda index, text: dt.datetime.fromisoformat(text), lambda: None)
        assert json.loads(dumps(query)) == [value.astimezone(zone).isoformat() for value in values], key
