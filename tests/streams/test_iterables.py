"""Iterables and async iterables of any values, read by `for` and by `async for`."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

import pyforge_web
from pyforge_web import PyForgeStreamingResponse
from pyforge_web.metering import collect
from tests.app.models import Author
from tests.oracle import assert_same, django_text
from tests.streams.reading import lines, read, read_async
from tests.tables import cases

VALUES = [
    {"at": datetime(2026, 1, 2, 3, 4, 5, 678, UTC), "text": 'caf\u00e9 "x"\n'},
    [1, None],
    "text",
    5,
    True,
    None,
    {},
    [],
    [{"deep": [{"er": 1.5}]}],
    0.1,
]


class Sequence:
    """Only `__len__` and `__getitem__`, and an `__iter__` of its own."""

    def __iter__(self):
        return map(VALUES.__getitem__, range(len(VALUES)))


class Awaited:
    """An async iterable that is not a generator."""

    def __init__(self):
        self.rest = iter(VALUES)
        self.closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(0)
        try:
            return next(self.rest)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self):
        self.closed = True


class Both(Awaited):
    """Whoever can be read without an event loop is."""

    def __iter__(self):
        return iter(VALUES)

    def __aiter__(self):
        raise AssertionError("not asked")


async def generated():
    for value in VALUES:
        await asyncio.sleep(0)
        yield value


SOURCES = {
    "list": lambda: VALUES,
    "tuple": lambda: tuple(VALUES),
    "generator": lambda: (value for value in VALUES),
    "iterator": lambda: iter(VALUES),
    "a class with __iter__": Sequence,
    "async generator": generated,
    "a class with __aiter__": Awaited,
    "a class with both": Both,
}
READERS = {"WSGI": read, "ASGI": read_async}


@pytest.mark.parametrize("make", cases(SOURCES))
@pytest.mark.parametrize("reader", cases(READERS))
@pytest.mark.parametrize("size", [1, 3, 10, 500])
def test_like_django(make, reader, size):
    text = [django_text(value) for value in VALUES]
    assert_same(reader(make(), chunk_size=size, django_bytes=True), "".join(f"{line}\n" for line in text).encode())
    assert_same(reader(make(), "array", chunk_size=size, django_bytes=True), django_text(VALUES).encode())
    assert_same(reader(make(), "array", chunk_size=size), pyforge_web.dumps(VALUES))


@pytest.mark.parametrize("make", cases({"list": list, "iterator": lambda: iter(()), "async": lambda: nothing()}))
@pytest.mark.parametrize("reader", cases(READERS))
def test_empty_sources_give_empty_bodies(make, reader):
    assert (reader(make()), reader(make(), "array")) == (b"", b"[]")


async def nothing():
    for value in ():
        yield value


def test_a_source_may_give_the_same_object_again():
    """Each value is written when it is given, not when the chunk is full."""
    row = {}

    def rows():
        for n in range(120):
            row["n"] = n
            yield row

    async def rows_awaited():
        for value in rows():
            yield value

    expected = [{"n": n} for n in range(120)]
    assert lines(read(rows())) == lines(read_async(rows())) == lines(read_async(rows_awaited())) == expected


def test_nothing_is_read_before_it_is_asked_for():
    taken = []

    def rows():
        for n in range(10_000):
            taken.append(n)
            yield n

    parts = iter(PyForgeStreamingResponse(rows()))
    assert taken == []
    assert next(parts).startswith(b"0\n1\n")
    assert len(taken) <= 100  # one in a hundred
    next(parts)
    assert len(taken) < 1000


def test_a_large_value_ends_its_chunk():
    """A chunk of five hundred documents of 1 MB would be 500 MB."""
    rows = ({"text": "x" * 1_000_000} for _ in range(20))
    sizes = [len(part) for part in PyForgeStreamingResponse(rows)]
    assert len(sizes) == 20

    async def awaited():
        for _ in range(20):
            yield "x" * 1_000_000

    assert [len(part) for part in PyForgeStreamingResponse(awaited())] == [1_000_003] * 20


def test_a_slow_source_is_not_kept_back(monkeypatch):
    """Whoever gives a value each second has each of them written at once."""
    now = iter(range(1000))
    monkeypatch.setattr("pyforge_web.streams.writer.monotonic", lambda: next(now))

    async def parts():
        return [part async for part in PyForgeStreamingResponse(generated())]

    assert len(asyncio.run(parts())) == len(VALUES)


def test_fields_choose_of_instances():
    rows = [Author(pk=n, name=f"name {n}") for n in range(3)]
    expected = [{"name": f"name {n}", "pk": n} for n in range(3)]

    async def awaited():
        for row in rows:
            yield row

    for source in (rows, iter(rows), awaited()):
        assert lines(read(source, fields=["name", "pk"])) == expected


NOT_ROWS = {
    "a dict": {"a": 1},
    "a text": "abc",
    "bytes": b"abc",
    "a number": 5,
    "None": None,
    "an instance": Author(name="x"),
    "a manager": Author.objects,
    "a class": Author,
    "a function": generated,
}


@pytest.mark.parametrize("value", cases(NOT_ROWS))
def test_what_has_no_rows(value):
    with pytest.raises(TypeError, match="a stream needs rows, not "):
        PyForgeStreamingResponse(value)


class TestTheResponse:
    def test_headers_say_no_more_than_is_known(self):
        assert dict(PyForgeStreamingResponse([]).headers) == {"Content-Type": "application/x-ndjson"}
        assert dict(PyForgeStreamingResponse([], "array").headers) == {"Content-Type": "application/json"}

    def test_those_of_the_view_win(self):
        response = PyForgeStreamingResponse(
            [], status=203, headers={"X-Accel-Buffering": "no"}, content_type="text/plain"
        )
        assert (response.status_code, response["X-Accel-Buffering"], response["Content-Type"]) == (
            203,
            "no",
            "text/plain",
        )

    def test_a_format_that_is_none(self):
        with pytest.raises(ValueError, match="'ndjson' or 'array', not 'csv'"):
            PyForgeStreamingResponse([], "csv")

    def test_settings(self, settings):
        settings.PYFORGE_WEB = {"DJANGO_BYTES": True, "NAN": "null"}
        assert read(["\u00e9", float("nan")], "array") == b'["\\u00e9", null]'
        assert read(["\u00e9"], django_bytes=False) == '"\u00e9"\n'.encode()

    @pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "UTF8"])
    def test_another_charset(self, charset):
        for form in ("ndjson", "array"):
            body = read(["\u65e5\u672c"] * 3, form, chunk_size=1, charset=charset)
            text = body.decode(charset)
            assert text.isascii() is (charset != "UTF8")
            values = json.loads(text) if form == "array" else [json.loads(line) for line in text.splitlines()]
            assert values == ["\u65e5\u672c"] * 3

    def test_it_is_djangos_stream(self):
        response = PyForgeStreamingResponse([1, 2])
        assert response.streaming
        assert not response.is_async
        assert PyForgeStreamingResponse(generated()).is_async
        assert next(PyForgeStreamingResponse([1, 2]).streaming_content) == b"1\n2\n"
        assert response.getvalue() == b"1\n2\n"
        with pytest.raises(AttributeError, match="streaming_content"):
            response.content  # noqa: B018

    def test_its_content_can_be_read_both_ways(self):
        async def parts(source):
            return [part async for part in PyForgeStreamingResponse(source).streaming_content]

        assert asyncio.run(parts([1, 2])) == asyncio.run(parts(iter([1, 2]))) == [b"1\n2\n"]
        assert b"".join(PyForgeStreamingResponse(generated()).streaming_content) == read(VALUES)

    def test_each_chunk_is_one_crossing(self):
        with collect() as found:
            read([1] * 1050)
        # 50, twice 500, and the end; the iterator is asked for, each value of it, and the end.
        assert (found.calls, found.crossings_out, found.bytes) == (4, 1052, 2100)
        assert set(found.sources) == {"stream"}


class Consumer:
    """Ends for now where its queue is empty; more may come later. `kafka-python` has such a one."""

    def __init__(self):
        self.asked = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.asked += 1
        if self.asked % 3 == 0:
            raise StopIteration
        if self.asked > 30:
            raise AssertionError("it was asked on and on")
        return self.asked


@pytest.mark.parametrize("wrap", [Consumer, lambda: map(int, Consumer()), lambda: enumerate(Consumer())])
@pytest.mark.parametrize("chunk_size", [1, 2, 100])
def test_a_source_is_not_asked_again_behind_its_end(wrap, chunk_size):
    body = b"".join(PyForgeStreamingResponse(wrap(), "array", chunk_size=chunk_size))
    assert json.loads(body) == json.loads(json.dumps(list(wrap())))
