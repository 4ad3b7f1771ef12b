"""A row that cannot be written ends the body so that a reader can tell; it is logged, and nothing is skipped."""

import asyncio
import json
import logging

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connections, models
from django.db.models import F, Func, Value
from django.db.models.expressions import RawSQL

from pyforge_web import PyForgeStreamingResponse
from tests.querysets import fields
from tests.querysets.models import Customs, Event
from tests.streams.reading import is_json, last_line, lines, read, read_async
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")
GOOD = [{"n": n} for n in range(700)]


class BoomError(Exception):
    pass


def then(bad):
    """Good rows, then what is bad."""

    def rows():
        yield from GOOD
        yield bad() if callable(bad) else bad
        yield {"n": "never"}

    return rows


def raising():
    raise BoomError("no row for you: caf\u00e9")


async def awaited(rows):
    for row in rows:
        yield row


CYCLE = {}
CYCLE["n"] = CYCLE
# Name: what the row is; the exception's type.
BAD = {
    "NaN": ({"n": float("nan")}, ValueError),
    "a set": ({"n": {1}}, TypeError),
    "a cycle": (CYCLE, ValueError),
    "the source raises": (raising, BoomError),
}
READERS = {
    "WSGI": read,
    "ASGI": read_async,
    "WSGI, async source": lambda s, *a, **o: read(awaited(s), *a, **o),
    "ASGI, async source": lambda s, *a, **o: read_async(awaited(s), *a, **o),
}


@pytest.mark.parametrize(("bad", "error"), [pytest.param(*row, id=name) for name, row in BAD.items()])
@pytest.mark.parametrize("reader", cases(READERS))
class TestOfAnIterable:
    def test_ndjson_ends_with_a_line_that_says_so(self, bad, error, reader, caplog):
        body = reader(then(bad)())
        assert lines(body)[:-1] == GOOD
        assert last_line(body) == {"row": 700, "message": "This row could not be written; the stream ends here."}
        (record,) = caplog.records
        assert (record.name, record.levelno, record.row) == ("pyforge_web.streams", logging.ERROR, 700)
        assert "Row 700 of a stream could not be written" in record.getMessage()
        assert "$[700]" in record.getMessage() or error is BoomError
        assert record.exc_info[0] is error

    def test_an_array_is_no_json(self, bad, error, reader, caplog):
        body = reader(then(bad)(), "array")
        assert not is_json(body)
        assert json.loads(body + b"]") == GOOD
        assert [record.row for record in caplog.records] == [700]


@pytest.mark.parametrize("reader", cases(READERS))
def test_failing_first_row_is_the_whole_body(reader):
    assert last_line(reader([{1}, 2]))["row"] == 0
    body = reader([{1}, 2], "array")
    assert body == b"["
    assert not is_json(body)


def test_half_written_row_is_taken_back():
    rows = [{"a": ["x" * 5000, {"b": [1, 2, {"c": {1}}]}]}]
    assert lines(read([5, *rows]))[0] == 5
    assert len(lines(read([5, *rows]))) == 2


def test_error_line_names_the_exception_in_debug(settings):
    settings.DEBUG = True
    assert last_line(read(then(raising)()))["exception"] == "BoomError: no row for you: caf\u00e9"


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16"])
def test_error_line_is_in_the_charset(charset):
    text = read([1, {2}], charset=charset).decode(charset)
    assert "pyforge_error" in json.loads(text.splitlines()[1])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_base_exceptions_are_raised(error, caplog):
    def rows():
        yield 1
        raise error

    with pytest.raises(error):
        read(rows())
    assert not caplog.records


class TestOfAQuerySet:
    def test_a_converter_raises(self, database, caplog):
        table = Customs.objects.using(database)
        first = table.count()
        table.bulk_create(Customs(unchanged=f"{n}", angry="boom" if n == 590 else "calm") for n in range(600))
        rows = table.order_by("pk").values("unchanged", "angry")
        for form in ("ndjson", "array"):
            caplog.clear()
            body = read(rows, form)
            (record,) = caplog.records
            assert (record.row, record.exc_info[1]) == (first + 590, fields.Angry.boom)
            assert f"$[{first + 590}].angry" in record.getMessage()
            fields.Angry.boom.__notes__.clear()
            expected = list(rows[: first + 590])
            if form == "array":
                assert not is_json(body)
                assert json.loads(body + b"]") == expected
            else:
                assert lines(body)[:-1] == expected
                assert last_line(body)["row"] == first + 590

    def test_the_database_fails_in_the_middle(self, database, caplog):
        rows = Event.objects.using(database).order_by("pk")
        keys = [row.pk for row in rows]
        bad = keys[7]
        division = Func(Value(1), F("id") - bad, template="(%(expressions)s)", arg_joiner=" / ")
        no_json = RawSQL("json(CASE WHEN id = %s THEN '{' ELSE '{}' END)", [bad], output_field=models.TextField())
        query = rows.values("pk", x=no_json if database == "default" else division)
        if database != "default":
            # With a sort PostgreSQL may divide for all rows before it gives the first one.
            with connections[database].cursor() as cursor:
                cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off")
        body = read(query, chunk_size=2)
        good = [row["pk"] for row in lines(body)[:-1]]
        assert good == keys[: len(good)]
        assert len(good) in (6, 7)  # a fetch that fails gives none of its rows
        assert last_line(body)["row"] == len(good)
        (record,) = caplog.records
        assert record.exc_info[0].__module__ == "django.db.utils"

    def test_the_query_fails(self, database, caplog):
        rows = Event.objects.using(database).extra(where=["nonsense = 1"])
        assert last_line(read(rows))["row"] == 0
        (record,) = caplog.records
        assert record.exc_info[0].__module__ == "django.db.utils"


class TestInAnEventLoop:
    """Django's own error: nothing of it is in the body."""

    def test_reading_a_queryset(self, database):
        async def view():
            return read(Event.objects.using(database))

        with pytest.raises(SynchronousOnlyOperation):
            asyncio.run(view())

    def test_a_queryset_in_a_value(self, database):
        async def view():
            return [part async for part in PyForgeStreamingResponse(awaited([Event.objects.using(database)]))]

        with pytest.raises(SynchronousOnlyOperation):
            asyncio.run(view())
