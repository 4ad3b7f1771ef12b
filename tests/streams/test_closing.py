"""Streams that are left half-way, by Django's test clients and by servers: closed as Django's own streams are."""

import gc
import weakref
from io import BytesIO

import pytest
from asgiref.sync import async_to_sync
from django.core import signals
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client, RequestFactory
from django.urls import path
from django.utils.decorators import async_only_middleware
from django.views.decorators.gzip import gzip_page

from pyforge_web import PyForgeStreamingResponse
from tests.querysets.models import Place
from tests.querysets.test_errors import cursors, is_closed  # noqa: F401

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.urls(__name__)]

ALIAS = ["default"]  # of the database that the views ask
STARTED, ENDED = [], []  # one entry for each generator of a view that was begun, and that has run its `finally`


def numbers():
    STARTED.append("numbers")
    try:
        for number in range(1_200):
            yield {"n": number}
    finally:
        ENDED.append("numbers")


async def async_numbers():
    STARTED.append("async_numbers")
    try:
        for number in range(1_200):
            yield {"n": number}
    finally:
        ENDED.append("async_numbers")


def rows():
    return Place.objects.using(ALIAS[0]).order_by("pk")


def encoded(values):
    """The text of values for Django's own response, the oracle."""
    return (f"{value}\n".encode() for value in values)


async def async_encoded(values):
    try:
        async for value in values:
            yield f"{value}\n".encode()
    finally:
        await values.aclose()


SOURCES = {"numbers": numbers, "async_numbers": async_numbers, "rows": rows}
VIEWS = {name: lambda request, source=source: PyForgeStreamingResponse(source()) for name, source in SOURCES.items()}
VIEWS["django"] = lambda request: StreamingHttpResponse(encoded(numbers()))
VIEWS["async_django"] = lambda request: StreamingHttpResponse(async_encoded(async_numbers()))


def as_async(view):
    async def async_view(request):
        return view(request)

    return async_view


urlpatterns = [
    *(path(f"{name}/", view) for name, view in VIEWS.items()),
    *(path(f"gzip/{name}/", gzip_page(view)) for name, view in VIEWS.items()),
    *(path(f"async/{name}/", as_async(view)) for name, view in VIEWS.items()),
]
PREFIXES = ("", "gzip/", "async/")
OWN = tuple(SOURCES)


@pytest.fixture(autouse=True)
def places(database):
    STARTED.clear()
    ENDED.clear()
    ALIAS[0] = database
    Place.objects.using(database).bulk_create(Place(name=f"place {n}") for n in range(200))


@pytest.fixture(autouse=True)
def kept_connections():
    """The end of a response closes old connections, among them the test's. At the end they are closed as before."""
    assert is_connected()
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_finished.connect(close_old_connections)


def is_connected():
    return any(receiver() is close_old_connections for _, receiver, *_ in signals.request_finished.receivers)


@pytest.fixture
def finished():
    """How many requests have ended by Django's signal."""
    seen = []

    def count_request(**kwargs):
        seen.append(kwargs["sender"])

    signals.request_finished.connect(count_request)
    yield seen
    signals.request_finished.disconnect(count_request)


def read_all(response):
    return b"".join(response)


def read_content(response):
    return b"".join(response.streaming_content)


def read_one(response):
    next(iter(response))
    response.close()


def read_one_of_the_content(response):
    next(iter(response.streaming_content))
    response.close()


def keep_and_close(response):
    chunks = iter(response)
    next(chunks)
    response.close()
    response.close()


def drop_chunks(response):
    chunks = iter(response)
    next(chunks)
    del chunks
    response.close()


def close_unread(response):
    response.close()


WAYS = (read_all, read_content, read_one, read_one_of_the_content, keep_and_close, drop_chunks, close_unread)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", OWN)
def test_client_leaves_django_as_it_was(name, prefix, way, cursors, finished):  # noqa: F811
    """`closing_iterator_wrapper` of the test client closes the response in a `finally` of the content itself."""
    del cursors[:]
    signals.request_finished.connect(close_old_connections)
    response = Client(headers={"Accept-Encoding": "gzip"}).get(f"/{prefix}{name}/")
    way(response)
    assert is_connected()
    signals.request_finished.disconnect(close_old_connections)
    assert response.closed
    assert finished
    del response
    gc.collect()
    assert all(map(is_closed, cursors))
    assert ENDED == STARTED
    assert len(STARTED) == (name != "rows" and way is not close_unread) or prefix == "gzip/"  # begins with a header


async def async_read_all(response):
    return b"".join([chunk async for chunk in response])


async def async_read_content(response):
    return b"".join([chunk async for chunk in response.streaming_content])


async def async_read_one(response):
    chunks = aiter(response)
    await anext(chunks)
    await chunks.aclose()
    response.close()


async def async_close_unread(response):
    response.close()


@pytest.mark.parametrize("way", [async_read_all, async_read_content, async_read_one, async_close_unread])
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", OWN)
def test_async_client_leaves_django_as_it_was(name, prefix, way, cursors, finished):  # noqa: F811
    del cursors[:]

    async def run():
        response = await AsyncClient(headers={"Accept-Encoding": "gzip"}).get(f"/{prefix}{name}/")
        await way(response)
        assert response.closed

    signals.request_finished.connect(close_old_connections)
    async_to_sync(run)()
    assert is_connected()
    signals.request_finished.disconnect(close_old_connections)
    assert finished
    gc.collect()
    assert all(map(is_closed, cursors))
    assert ENDED == STARTED


@pytest.mark.parametrize("middleware", [(), ("pyforge_web.middleware.PyForgeMiddleware",)])
@pytest.mark.parametrize("chunks", [0, 1, 2])
@pytest.mark.parametrize("name", [*OWN, "django"])
def test_dropped_response_is_freed_at_once(name, chunks, middleware, cursors, settings):  # noqa: F811
    """Without `close()`, and without the garbage collector: the cursor goes with the last reference, as Django's."""
    settings.MIDDLEWARE = list(middleware)
    if middleware and name == "django":
        pytest.skip("Django's own streaming_content refers to its response")
    handler = WSGIHandler()
    del cursors[:]
    gc.collect()
    gc.disable()
    try:
        response = handler.get_response(RequestFactory().get(f"/{name}/"))
        is_alive = weakref.ref(response)
        body = iter(response)
        for _ in range(chunks):
            next(body)
        del response, body
        assert is_alive() is None
        assert all(map(is_closed, cursors))
        assert len(cursors) == (chunks > 0 and name == "rows")
        assert ENDED == STARTED
        assert len(STARTED) == (chunks > 0 and name != "rows")
    finally:
        gc.enable()


async def serve_asgi(url, *, parts):
    """Serve a request by Django's ASGI handler to a client that leaves after some parts of the body."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.body":
            if len(sent) == parts:
                raise OSError("the client has left")  # what uvicorn and daphne raise, by the ASGI specification
            sent.append(message["body"])

    scope = AsyncRequestFactory()._base_scope(path=url)
    handler = ASGIHandler()
    handler.load_middleware(is_async=True)
    request = handler.request_class(scope, BytesIO())
    response = await handler.get_response_async(request)
    response._handler_class = ASGIHandler
    try:
        await handler.send_response(response, send)
    except OSError:
        return sent, response
    return sent, response


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("prefix", ["", "async/"])
@pytest.mark.parametrize("name", OWN)
def test_asgi_client_that_leaves_closes_the_source(name, prefix, parts, cursors):  # noqa: F811
    """The body is closed even if the server never closes the response."""
    del cursors[:]
    sent, _response = async_to_sync(serve_asgi)(f"/{prefix}{name}/", parts=parts)
    assert len(sent) == parts
    assert all(map(is_closed, cursors))
    assert ENDED == STARTED


@async_only_middleware
def wrapping_middleware(get_response):
    """A middleware whose wrapper fails when it is closed."""

    async def middleware(request):
        response = await get_response(request)
        inner = response.streaming_content

        async def wrapped():
            try:
                async for part in inner:
                    yield part
            finally:
                raise ValueError("this wrapper cannot be closed")

        response.streaming_content = wrapped()
        return response

    return middleware


def test_failing_wrapper_does_not_keep_the_source_open(settings):
    settings.MIDDLEWARE = [f"{__name__}.wrapping_middleware"]
    async_to_sync(serve_asgi)("/async_numbers/", parts=1)
    assert ENDED == ["async_numbers"]


@pytest.mark.parametrize("name", OWN)
def test_middleware_may_look_at_the_first_chunk(name):
    """The next reader goes on where the first one has stopped, as with Django's own content."""
    response = VIEWS[name](None)
    whole = read_all(VIEWS[name](None))
    if response.is_async:

        async def read_twice():
            first = await anext(response.streaming_content)
            response.streaming_content = response.streaming_content
            assert response.is_async
            return first + b"".join([chunk async for chunk in response])

        assert async_to_sync(read_twice)() == whole
    else:
        first = next(response.streaming_content)
        response.streaming_content = response.streaming_content
        assert first + read_all(response) == whole


@pytest.mark.parametrize("chunk", ["é", b"x", memoryview(b"y"), 7])
@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_chunks_of_a_middleware_become_bytes(chunk, charset):
    """As `make_bytes` of Django's responses makes them."""
    response = PyForgeStreamingResponse([], content_type=f"text/plain; charset={charset}")
    response.streaming_content = [chunk]
    expected = HttpResponse(content_type=f"text/plain; charset={charset}").make_bytes(chunk)
    assert read_all(response) == expected
