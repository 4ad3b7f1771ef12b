"""`PyForgeMiddleware`: counters, header, log and signal, synchronous and asynchronous."""

import asyncio
import logging
import pickle
import re
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import SyncToAsync, iscoroutinefunction, sync_to_async
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings

from pyforge_web import PyForgeJsonResponse, dumps, metering
from pyforge_web.metering import collect
from pyforge_web.middleware import PyForgeMiddleware, format_server_timing
from pyforge_web.signals import request_metered
from pyforge_web.validators import CompiledValidator
from tests.app.models import Author
from tests.metering import urls
from tests.metering.conftest import MIDDLEWARE
from tests.tables import cases

pytestmark = [pytest.mark.usefixtures("site"), pytest.mark.django_db]

# A metric of W3C Server Timing, as we write it: a token, a number, a quoted text.
METRIC = r'pyforge[a-z-]*;dur=\d+\.\d{3}(;desc="[^"\\,]*")?'


def body_of(response):
    """The whole body; a stream is read and closed as a server does."""
    try:
        return b"".join(response)
    finally:
        response.close()


async def body_of_async(response):
    try:
        if not response.streaming:
            return response.content
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume")
            return b"".join([part async for part in response])
    finally:
        await sync_to_async(response.close)()


def ask(path):
    """The response and the body that a WSGI site gives."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume")
        response = Client(raise_request_exception=False).get(path)
        return response, body_of(response)


def ask_async(path):
    """The same of an ASGI site."""

    async def main():
        response = await AsyncClient(raise_request_exception=False).get(path)
        return response, await body_of_async(response)

    return asyncio.run(main())


ASK = {"WSGI": ask, "ASGI": ask_async}


@pytest.fixture(params=cases(ASK))
def get(request):
    return request.param


# Address: status, calls, crossings out.
COUNTS = {
    "/plain/": (200, 0, 0),
    "/one/": (200, 1, 2),
    "/async_one/": (200, 1, 2),
    "/many/7/": (200, 7, 0),
    "/async_many/7/": (200, 7, 0),
    "/broken/": (500, 1, 0),
    "/async_broken/": (500, 1, 0),
    "/redirect/": (302, 1, 0),
    "/not-there/": (404, 0, 0),
    "/stream/5/": (200, 6, 0),
    "/async_stream/5/": (200, 6, 0),
    "/stream/0/": (200, 1, 0),
    "/gathered/": (200, 5, 0),
    "/to_async/": (200, 5, 0),
    "/in_threads/": (200, 4, 0),
}


@pytest.mark.parametrize("path", COUNTS)
def test_a_request_is_counted(get, heard, path):
    status, calls, crossings_out = COUNTS[path]
    response, _ = get(path)
    assert (response.status_code, heard.only.calls, heard.only.crossings_out) == (status, calls, crossings_out)


@pytest.mark.parametrize("path", COUNTS)
def test_a_collector_needs_no_middleware(get, settings, heard, path):
    settings.MIDDLEWARE = []
    with collect() as found:
        assert "Server-Timing" not in get(path)[0]
    # A body that is made in a context of its own is followed by the middleware alone.
    assert (found.calls, found.crossings_out) == COUNTS[path][1:]
    assert not heard.signals


def test_counters_are_live_in_views(get):
    assert get("/live/")[1] == b"1 3"


def test_a_request_is_closed(get):
    get("/one/")
    assert metering.active_collectors.get() == ()


@pytest.mark.parametrize("path", ["/stream/50/", "/async_stream/50/"])
def test_a_stream_is_metered_to_its_end(get, heard, path):
    _, body = get(path)
    assert heard.only.bytes == len(body) - 50 + len('"before"')
    assert [said["response"].streaming for said in heard.signals] == [True]


def test_parts_are_made_when_they_are_asked_for(heard):
    response = Client().get("/stream/5/")
    parts = iter(response)
    seen = []
    for _ in range(3):
        next(parts)
        seen.append(response.wsgi_request.pyforge.calls)
        assert metering.active_collectors.get() == ()
    assert seen == [2, 3, 4]
    assert not heard.signals
    response.close()
    assert heard.only.calls == 4
    response.close()
    assert len(heard.signals) == 1


def test_a_stream_that_fails(get, heard):
    with pytest.raises(LookupError, match="in the body"):
        get("/broken_stream/")
    assert heard.only.calls == 1
    assert metering.active_collectors.get() == ()


def test_whoever_reads_a_stream_listens_too(heard):
    with collect() as found:
        response = Client().get("/stream/5/")
        assert found.calls == 1
        body_of(response)
    assert (found.calls, heard.only.calls) == (6, 6)
    response = Client().get("/stream/5/")
    with collect() as found:
        body_of(response)
    assert found.calls == 5


def test_a_file_is_left_alone(get, heard):
    response, body = get("/file/")
    assert body.startswith(b'"""The views')
    assert heard.only.calls == 0
    response = PyForgeMiddleware(urls.file)(RequestFactory().get("/"))
    assert response.file_to_stream is not None  # the server's own way to send it
    response.close()


def test_requests_do_not_see_each_other(heard):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda calls: ask(f"/many/{calls}/"), range(1, 17)))
    for said in heard.signals:
        assert said["collector"].calls == said["request"].resolver_match.kwargs["calls"]
    assert len(heard.signals) == 16


@pytest.mark.parametrize("view", ["many", "async_many"])
def test_asynchronous_requests_do_not_see_each_other(heard, view):
    async def main():
        client = AsyncClient()
        await asyncio.gather(*(client.get(f"/{view}/{calls}/") for calls in range(1, 17)))

    asyncio.run(main())
    assert len(heard.signals) == 16
    for said in heard.signals:
        assert said["collector"].calls == said["request"].resolver_match.kwargs["calls"]


def test_middleware_works_in_sync_and_async_chains():
    assert not iscoroutinefunction(PyForgeMiddleware(lambda request: HttpResponse()))

    async def respond(request):
        return HttpResponse()

    assert iscoroutinefunction(PyForgeMiddleware(respond))


def test_an_asynchronous_chain_stays_on_its_loop(settings, monkeypatch):
    """A synchronous middleware in it costs each request two hops between threads."""
    hops = []
    hop = SyncToAsync.__call__

    async def counted(self, *args, **kwargs):
        hops.append(self.func)
        return await hop(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    counts = []
    for settings.MIDDLEWARE in ([], [MIDDLEWARE]):
        hops.clear()
        ask_async("/async_one/")
        counts.append(len(hops))
    assert counts[0] == counts[1]


class LeaveError(BaseException):
    """What Django makes no response of: the server stops, the task is cancelled."""


def test_whatever_is_raised_nobody_listens_afterwards():
    def leave(request):
        assert len(metering.active_collectors.get()) == 1
        raise LeaveError

    async def leave_async(request):
        leave(request)

    async def ask_for_it(request):
        with pytest.raises(LeaveError):
            await PyForgeMiddleware(leave_async)(request)
        assert metering.active_collectors.get() == ()

    with pytest.raises(LeaveError):
        PyForgeMiddleware(leave)(RequestFactory().get("/"))
    assert metering.active_collectors.get() == ()
    asyncio.run(ask_for_it(RequestFactory().get("/")))


def synchronous(get_response):
    """A middleware that forces the chain inside of it to be synchronous."""
    return lambda request: get_response(request)


@pytest.mark.parametrize("order", [[MIDDLEWARE, f"{__name__}.synchronous"], [f"{__name__}.synchronous", MIDDLEWARE]])
@pytest.mark.parametrize("path", ["/one/", "/async_one/", "/stream/5/", "/async_stream/5/", "/gathered/"])
def test_a_chain_of_both_kinds(get, settings, heard, order, path):
    settings.MIDDLEWARE = order
    get(path)
    assert (heard.only.calls, heard.only.crossings_out) == COUNTS[path][1:]


# The header


def test_server_timing_has_milliseconds_and_counts(get):
    response, _ = get("/one/")
    header = response["Server-Timing"]
    assert re.fullmatch(METRIC, header)
    assert 'desc="1 call 3 crossings"' in header


def test_server_timing_is_appended(get):
    response, _ = get("/timed/")
    assert re.fullmatch(f"db;dur=5, {METRIC}", response["Server-Timing"])


def other_timing(get_response):
    """What another tool says, from outside or inside."""

    def middleware(request):
        response = get_response(request)
        response["Server-Timing"] = ", ".join(filter(None, [response.get("Server-Timing"), "total;dur=1"]))
        return response

    return middleware


@pytest.mark.parametrize("order", [[MIDDLEWARE, f"{__name__}.other_timing"], [f"{__name__}.other_timing", MIDDLEWARE]])
def test_server_timing_beside_others(get, settings, order):
    settings.MIDDLEWARE = order
    response, _ = get("/one/")
    metrics = response["Server-Timing"].split(", ")
    assert sorted(metric.partition(";")[0] for metric in metrics) == ["pyforge", "total"]


@pytest.mark.parametrize("path", ["/plain/", "/file/", "/not-there/"])
def test_no_header_when_nothing_was_counted(get, path):
    assert "Server-Timing" not in get(path)[0]


def test_metrics_of_a_collector_are_apart():
    validator = CompiledValidator.for_model(Author)
    with collect() as found:
        dumps(Author.objects.all())
        validator.clean(Author(name="x", born="2000-01-02"))
    metrics = format_server_timing(found).split(", ")
    assert [metric.partition(";")[0] for metric in metrics] == ["pyforge", "pyforge-db", "pyforge-validate"]
    assert all(re.fullmatch(METRIC, metric) for metric in metrics)
    milliseconds = [float(re.search(r"dur=([\d.]+)", metric)[1]) for metric in metrics]
    assert sum(milliseconds) == pytest.approx((found.native_ns + found.python_ns) / 1e6, abs=0.002)


def only_staff(request):
    return request.GET.get("staff") == "yes"


TIMING = {
    "DEBUG": (True, None, True),
    "no DEBUG": (False, None, False),
    "a function that allows": (False, lambda request: True, True),
    "a function that forbids": (True, lambda request: False, False),
    "a function that asks the request": (False, only_staff, True),
    "a dotted path": (False, f"{__name__}.only_staff", True),
}


@pytest.mark.parametrize("case", cases(TIMING))
def test_server_timing_is_shown_to_whom_the_setting_allows(get, settings, case):
    settings.DEBUG, allows, expected = case
    settings.PYFORGE_WEB = {"SERVER_TIMING": allows}
    assert ("Server-Timing" in get("/one/?staff=yes")[0]) is expected


async def coroutine(request):
    return True


@pytest.mark.parametrize("wrong", [True, "nothing.there", 5, coroutine, f"{__name__}.coroutine"])
def test_setting_of_another_type_is_refused(wrong):
    with override_settings(PYFORGE_WEB={"SERVER_TIMING": wrong}), pytest.raises(ImproperlyConfigured, match="SERVER_T"):
        PyForgeJsonResponse({})


# The cache

UPDATE, FETCH = (f"django.middleware.cache.{name}CacheMiddleware" for name in ("Update", "FetchFrom"))


@pytest.mark.parametrize("middleware", [[MIDDLEWARE, UPDATE, FETCH], [MIDDLEWARE]])
def test_a_cached_response_has_no_old_figures(get, settings, heard, middleware):
    cache.clear()
    settings.MIDDLEWARE = middleware
    (first, body), (second, again) = get("/cached/"), get("/cached/")
    assert body == again
    assert "Server-Timing" in first
    assert "Server-Timing" not in second
    assert [said["collector"].calls for said in heard.signals] == [1, 0]


def test_a_metered_response_can_be_pickled():
    request = RequestFactory().get("/")
    response = PyForgeMiddleware(lambda request: PyForgeJsonResponse({"a": 1}))(request)
    copy = pickle.loads(pickle.dumps(response))
    assert (copy.content, copy.headers) == (response.content, response.headers)


# The log


def test_log_has_a_line_for_a_counted_request(get, caplog):
    caplog.set_level(logging.DEBUG, "pyforge_web.request")
    get("/one/")
    (record,) = (record for record in caplog.records if record.name == "pyforge_web.request")
    assert re.fullmatch(
        r"GET /one/ 200: 1 call, 3 crossings, 0 rows, 17 bytes, \d\.\d{3} ms, of them 0\.000 ms in the database",
        record.getMessage(),
    )
    assert record.status_code == 200
    assert record.collector is record.request.pyforge


def test_a_stream_is_logged_after_its_body(caplog):
    caplog.set_level(logging.DEBUG, "pyforge_web.request")
    response = Client().get("/stream/5/")
    assert not caplog.records
    body_of(response)
    (record,) = (record for record in caplog.records if record.name == "pyforge_web.request")
    assert "6 calls" in record.getMessage()


def test_the_log_is_quiet_when_nothing_happened(caplog):
    caplog.set_level(logging.DEBUG, "pyforge_web.request")
    ask("/plain/")
    caplog.set_level(logging.INFO, "pyforge_web.request")
    ask("/one/")
    assert not [record for record in caplog.records if record.name == "pyforge_web.request"]


def test_the_log_has_one_line_for_each_request(caplog):
    caplog.set_level(logging.DEBUG, "pyforge_web.request")
    request = RequestFactory().get("/a\nGET /forged/ 200: 1 call")
    PyForgeMiddleware(lambda request: PyForgeJsonResponse({}))(request)
    (record,) = (record for record in caplog.records if record.name == "pyforge_web.request")
    assert "\n" not in record.getMessage()


# The signal


def test_a_receiver_that_fails_hurts_nobody(get, heard, caplog):
    def fail(**said):
        raise LookupError("the receiver's")

    request_metered.connect(fail)
    try:
        for path in ("/one/", "/stream/5/"):
            assert get(path)[0].status_code == 200
    finally:
        request_metered.disconnect(fail)
    assert "the receiver's" in caplog.text
    assert len(heard.signals) == 2


@pytest.mark.parametrize("path", ["/one/", "/stream/5/", "/async_stream/5/"])
def test_a_receiver_may_be_a_coroutine_function(get, path):
    calls = []

    async def receive(collector, **said):
        await asyncio.sleep(0)
        calls.append(collector.calls)

    request_metered.connect(receive)
    try:
        get(path)
    finally:
        request_metered.disconnect(receive)
    assert calls == [COUNTS[path][1]]


def test_a_middleware_inside_of_another(settings, heard):
    settings.MIDDLEWARE = [MIDDLEWARE, MIDDLEWARE]
    ask("/one/")
    assert [said["collector"].calls for said in heard.signals] == [1, 1]
