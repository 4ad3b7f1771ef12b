"""Sources of a stream that are iterators of a project's own: each is closed once, where it can be."""

import asyncio
import json

import pytest

from pyforge_web import PyForgeStreamingResponse
from pyforge_web.streams.dumpdata import read_rows
from tests.app.models import Author

pytestmark = pytest.mark.django_db


class Values:
    """An iterator that is not a generator."""

    def __init__(self, number):
        self.left, self.closed = number, 0

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        return self.left


class Closable(Values):
    def close(self):
        self.closed += 1


class AsyncValues:
    """The same, asynchronous."""

    def __init__(self, number):
        self.left, self.closed = number, 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return Author(name=f"author {self.left}")


class AsyncClosable(AsyncValues):
    async def aclose(self):
        self.closed += 1


@pytest.mark.parametrize("kind", [Values, Closable])
@pytest.mark.parametrize("read", [1, 9])
def test_iterator_is_closed_once(kind, read):
    source = kind(5)
    response = PyForgeStreamingResponse(source, chunk_size=1)
    body = [part for part, _ in zip(response, range(read), strict=False)]
    response.close()
    assert [json.loads(part) for part in body] == list(range(4, -1, -1))[:read]
    assert source.closed == (kind is Closable)


@pytest.mark.parametrize("kind", [AsyncValues, AsyncClosable])
@pytest.mark.parametrize("number", [0, 3])
def test_async_iterator_is_closed_once(kind, number):
    async def read(source):
        return b"".join([part async for part in PyForgeStreamingResponse(source, fields=["name"])])

    source = kind(number)
    lines = asyncio.run(read(source)).splitlines()
    assert [json.loads(line)["name"] for line in lines] == [f"author {left}" for left in reversed(range(number))]
    assert source.closed == (kind is AsyncClosable)


def test_fixture_of_no_rows_asks_no_database():
    assert list(read_rows(Author.objects.none(), iter([5]))) == []
