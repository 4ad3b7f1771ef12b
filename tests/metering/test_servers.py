"""The middleware behind a real WSGI and a real ASGI server."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import override_settings

from tests.metering.conftest import SITE
from tests.metering.test_middleware import COUNTS
from tests.serving import THREADS, get, leave


@pytest.fixture(scope="module", params=THREADS)
def port(request):
    """Of a server of each kind; the chain of middleware is made at its start."""
    with override_settings(**SITE), THREADS[request.param]() as port:
        yield port


pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")


@pytest.mark.parametrize("path", COUNTS)
def test_a_request_is_counted_once(port, heard, path):
    status, calls, crossings_out = COUNTS[path]
    found, headers, _ = get(port, path)
    (collector,) = heard.wait()
    assert (found, collector.calls, collector.crossings_out) == (status, calls, crossings_out)
    before_the_body = calls - (5 if path.endswith("stream/5/") else 0)
    assert ("Server-Timing" in headers) is bool(before_the_body)


@pytest.mark.parametrize("path", ["/stream/200/", "/async_stream/200/"])
def test_a_stream_is_metered_to_its_end(port, heard, path):
    _, _, body = get(port, path)
    (collector,) = heard.wait()
    assert (collector.calls, collector.bytes) == (201, len(body) - 200 + len('"before"'))


def test_the_client_leaves_in_the_middle(port, heard, request):
    """A stream without an end; what the other kind of server cannot serve part by part is not asked for."""
    path = "/slow_stream/" if request.node.callspec.params["port"] == "WSGI" else "/async_slow_stream/"
    leave(port, path, 300_000)
    (collector,) = heard.wait()
    calls = collector.calls
    assert calls >= 3
    assert collector.bytes == calls * 100_002
    get(port, "/plain/")
    assert [collector.calls for collector in heard.wait(2)] == [calls, 0]


def test_many_at_a_time(port, heard):
    paths = [f"/{view}/{calls}/" for calls in range(1, 9) for view in ("many", "async_many", "stream", "async_stream")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: get(port, path), paths))
    heard.wait(len(paths))
    counts = [(said["request"].path, said["collector"].calls) for said in heard.signals]
    assert sorted(counts) == sorted((path, int(path.split("/")[2]) + ("stream" in path)) for path in paths)
