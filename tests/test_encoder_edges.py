"""Edges of the walk over a value: where native code ends, what a path shows, dates that Python code writes."""

import datetime
import json
import time
import zoneinfo

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.duration import duration_string
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from rest_framework.utils.encoders import JSONEncoder

from pyforge_web import PyForgeStreamingResponse, dumps
from pyforge_web._native import QueryRows, RowColumns, columns_to_dict, dump_chunk, dumps_natively
from tests.relations.models import Country


class Loud(list):
    def __iter__(self):
        raise AssertionError("its code ran")


class LoudDict(dict):
    def items(self):
        raise AssertionError("its code ran")


class NoPairs(dict):
    def items(self):
        return [1, 2]


class Shown:
    def __repr__(self):
        raise AssertionError("its code ran")


class Link:
    """A value that `default=` unwraps step by step."""

    def __init__(self, steps):
        self.steps = steps


def unwrap(link):
    return Link(link.steps - 1) if link.steps else "end"


@pytest.mark.parametrize("value", [{datetime.date(2024, 1, 2): 1}, Loud([1])], ids=["key", "list"])
def test_no_python_code_runs_natively(value):
    assert dumps_natively([value], False, False, "raise") is None


def test_error_of_a_native_value_is_raised():
    with pytest.raises(ValueError, match="Out of range float"):
        dumps_natively([float("nan")], False, False, "raise")


def test_empty_dict_subclass_is_not_asked():
    assert dumps(LoudDict()).decode() == json.dumps(LoudDict())


def test_keys_that_are_constants():
    value = {True: 1, False: 2, 1.5: 3, 7: 4}
    assert dumps(value) == json.dumps(value, separators=(",", ":")).encode()


def test_default_may_take_many_steps():
    assert dumps(Link(100), default=unwrap) == b'"end"'


def test_default_that_gives_its_argument_is_a_cycle():
    with pytest.raises(ValueError, match="Circular reference"):
        dumps(Link(1), default=lambda value: value)


def test_empty_container_beside_the_end_of_a_long_cycle():
    ring = [[[]] for _ in range(600)]
    for number, each in enumerate(ring):
        each.append(ring[(number + 1) % len(ring)])
    with pytest.raises(ValueError, match="Circular reference"):
        dumps(ring[0])


def test_path_of_a_container_that_is_at_fault():
    growing = {"a": 1, "b": Link(0), "c": 2}

    def default(link):
        growing["d"] = 3
        return "end"

    with pytest.raises(RuntimeError, match=r"(?m)at \$\.x$"):
        dumps({"x": growing}, default=default)
    with pytest.raises(ValueError, match=r"(?m)at \$\.x$"):
        dumps({"x": NoPairs(a=1)})


def path_of(value):
    with pytest.raises(TypeError) as caught:
        dumps(value)
    return str(caught.value).partition(" at ")[2].partition(";")[0]


def test_path_asks_no_key_for_its_repr():
    assert path_of({Shown(): 1}) == "$[Shown]"


@pytest.mark.parametrize("length", [100, 198, 199, 500])
def test_path_leaves_out_its_middle(length):
    whole = f"$.{'a' * (length // 2)}{'b' * (length - length // 2)}"
    path = path_of({whole[2:]: object()})
    assert path == (whole if len(whole) <= 200 else f"{whole[:100]}…{whole[-100:]}")


class Zone(datetime.tzinfo):
    """A zone that native code does not know."""

    def __init__(self, hours):
        self.hours = hours

    def utcoffset(self, when):
        return None if self.hours is None else datetime.timedelta(hours=self.hours)

    def dst(self, when):
        return None


class Duration(datetime.timedelta):
    pass


@pytest.mark.parametrize("hours", [None, 0, 1])
@pytest.mark.parametrize("make", [datetime.datetime, datetime.time], ids=["datetime", "time"])
def test_zones_that_python_code_knows(make, hours):
    value = make(2024, 1, 2, 3, tzinfo=Zone(hours)) if make is datetime.datetime else make(3, 4, tzinfo=Zone(hours))
    is_moved = make is datetime.datetime and hours is not None
    assert dumps(value, dates="iso").decode() == json.dumps(value.isoformat())
    if is_moved:
        assert dumps(value, dates="local").decode() == json.dumps(localtime(value).isoformat())
    else:
        assert dumps(value, dates="local").decode() == json.dumps(value.isoformat())
    if make is datetime.datetime:
        assert dumps(value, dates="drf").decode() == json.dumps(value, cls=JSONEncoder)


def test_time_keeps_its_offset_in_the_form_of_drf():
    assert dumps(datetime.time(3, tzinfo=Zone(0)), dates="drf") == b'"03:00:00+00:00"'


def test_subclass_of_a_duration_has_the_form_of_drf():
    value = Duration(seconds=5)
    assert dumps(value, dates="drf").decode() == json.dumps(duration_string(value))
    assert dumps(value).decode() == json.dumps(value, cls=DjangoJSONEncoder)


def test_values_of_a_stream_are_in_the_current_zone():
    when = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    with timezone.override(zoneinfo.ZoneInfo("Asia/Kolkata")):
        response = PyForgeStreamingResponse(iter([when]), "array", dates="local")
        assert json.loads(b"".join(response.streaming_content)) == [localtime(when).isoformat()]


def test_next_line_alone_is_escaped():
    response = PyForgeStreamingResponse(iter(["a\x85b"]), "ndjson")
    assert b"".join(response.streaming_content) == b'"a\\u0085b"\n'


def one_column(*reader):
    return RowColumns([("c", "c", *reader, "naive", False, 0, 0)], "object")


def test_stored_json_of_a_stream_is_one_line():
    rows = QueryRows(one_column("json"), [('{"a":\n1}',)], lambda column, value: json.loads(value))
    assert dump_chunk(rows, 0, 9, after="\n") == (b'{"c":{"a":1}}\n', 1, None)


def test_chunk_ends_behind_a_slow_value():
    def slow():
        for number in range(3):
            time.sleep(0.11)  # longer than a chunk may take
            yield number

    assert dump_chunk(slow(), 0, 9) == (b"0", 1, None)


def test_ready_values_are_those_of_loads():
    text = SafeString('a"b\\c')
    assert columns_to_dict(one_column("value"), {"c": text}) == {"c": str(text)}
    with pytest.raises(ValueError, match="Out of range float"):
        columns_to_dict(one_column("value"), {"c": float("nan")})


def test_class_that_was_changed_is_looked_at_anew(monkeypatch):
    country = Country(name="Norway", code="NO")
    assert json.loads(dumps([country]))[0]["name"] == "Norway"
    changed = property(lambda self: "patched", lambda self, value: None)
    monkeypatch.setattr(Country, "name", changed)
    assert json.loads(dumps([country]))[0]["name"] == country.name == "patched"
