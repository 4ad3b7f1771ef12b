"""Real servers, WSGI and ASGI, each in a process of its own, with 100,000 rows in both databases."""

import gzip
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from django.db import connections

from tests.oracle import assert_same
from tests.serving import LOGS, process, read_log
from tests.streams.fill import ROWS
from tests.streams.reading import is_json, last_line, lines

SETTINGS = "tests.streams.served_settings"
LIMIT = 10 * 2**20  # of the memory that a stream may take


@pytest.fixture(scope="module")
def found(vendors):
    """The settings of PostgreSQL, where it is there."""
    if "postgresql" not in vendors:
        return {}
    given = connections[vendors["postgresql"]].settings_dict
    kept = {name: given[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")}
    return {"postgresql": {**kept, "OPTIONS": {"options": "-c search_path=streams"}}}


@pytest.fixture(scope="module")
def environment(found, tmp_path_factory, django_db_blocker):
    """The databases of the servers as JSON; their aliases are their vendors'."""
    path = str(tmp_path_factory.mktemp("streams") / "rows.sqlite3")
    databases = {"sqlite": {"ENGINE": "django.db.backends.sqlite3", "NAME": path}}
    if "postgresql" in found:
        databases["postgresql"] = found["postgresql"]
    given = json.dumps(databases)
    env = {**os.environ, "STREAMS_DATABASES": given, "DJANGO_SETTINGS_MODULE": SETTINGS}
    subprocess.run([sys.executable, "-m", "tests.streams.fill"], env=env, check=True, timeout=120)
    yield given
    if "postgresql" in databases:
        with django_db_blocker.unblock(), connections["postgres"].cursor() as cursor:
            cursor.execute("DROP SCHEMA streams CASCADE")


@pytest.fixture(scope="module", params=["WSGI", "ASGI"])
def port(request, environment):
    with process(request.param, SETTINGS, "/process/", STREAMS_DATABASES=environment) as port:
        yield port


@pytest.fixture(params=["sqlite", "postgresql"])
def vendor(request, vendors):
    assert vendors[request.param]
    return request.param


def ask(port, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        error.add_note(read_log(LOGS[port]))  # its traceback
        error.close()
        raise


def fetch(port, path, **headers):
    with ask(port, path, **headers) as response:
        return response.read()


def state(port):
    return json.loads(fetch(port, "/process/"))


def wait_for(port, *, open):  # noqa: A002
    """Waits until so many cursors are open."""
    end = time.monotonic() + 30
    while (found := json.loads(fetch(port, "/process/?keep=1"))["open"]) != open:
        assert time.monotonic() < end, f"{found} cursors are open, not {open}"
        time.sleep(0.02)


VIEWS = ("rows", "rows-async")


@pytest.mark.parametrize("view", VIEWS)
class TestRows:
    def test_they_are_those_of_a_response(self, view, vendor, port):
        whole = fetch(port, f"/whole/{vendor}/?upto=2345")
        assert_same(fetch(port, f"/{view}/{vendor}/?upto=2345&format=array"), whole)
        assert lines(fetch(port, f"/{view}/{vendor}/?upto=2345")) == json.loads(whole)
        assert fetch(port, f"/{view}/{vendor}/?upto=0") == b""

    def test_memory_does_not_grow_with_them(self, view, vendor, port):
        """A short one first: imports, connections, prepared pages."""
        fetch(port, f"/{view}/{vendor}/?upto=3000")
        state(port)
        before, count, digest = state(port)["now"], 0, hashlib.sha256()
        with ask(port, f"/{view}/{vendor}/") as response:
            while part := response.read(1 << 16):
                count += part.count(b"\n")
                digest.update(part)
        after = state(port)
        assert count == ROWS
        assert after["peak"] - before < LIMIT, f"{(after['peak'] - before) / 2**20:.1f} MiB"
        assert after["open"] == 0

    def test_a_client_that_leaves_closes_the_cursor(self, view, vendor, port):
        state(port)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"GET /{view}/{vendor}/ HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert b"200 OK" in client.recv(4096)
            wait_for(port, open=1)  # nobody reads the rows, and the buffers between us are full
        wait_for(port, open=0)

    def test_headers(self, view, vendor, port):
        with ask(port, f"/{view}/{vendor}/?upto=5") as response:
            assert response.headers["Content-Type"] == "application/x-ndjson"
            assert response.headers["Content-Length"] is None
            assert response.headers["ETag"] is None


@pytest.mark.parametrize("view", ["values", "values-async"])
class TestValues:
    def test_all_arrive(self, view, port):
        expected = [{"n": n} for n in range(2345)]
        assert lines(fetch(port, f"/{view}/?upto=2345")) == expected
        assert json.loads(fetch(port, f"/{view}/?upto=2345&format=array")) == expected

    def test_memory_does_not_grow_with_them(self, view, port):
        fetch(port, f"/{view}/?upto=3000")
        state(port)
        before = state(port)["now"]
        assert fetch(port, f"/{view}/?upto=100000").count(b"\n") == 100_000
        assert state(port)["peak"] - before < LIMIT

    def test_a_failure_can_be_told(self, view, port):
        body = fetch(port, f"/{view}/?upto=2345&bad=1234")
        assert lines(body)[:-1] == [{"n": n} for n in range(1234)]
        assert last_line(body)["row"] == 1234
        assert not is_json(fetch(port, f"/{view}/?upto=2345&bad=1234&format=array"))


def test_async_iterable_may_query(vendor, port):
    assert lines(fetch(port, f"/aiterated/{vendor}/?upto=345")) == [{"pk": n} for n in range(1, 346)]
    wait_for(port, open=0)


def test_awaited_response_is_that_of_the_class(vendor, port):
    assert_same(fetch(port, f"/whole-async/{vendor}/?upto=345"), fetch(port, f"/whole/{vendor}/?upto=345"))


def test_gzip_keeps_the_body(vendor, port):
    body = fetch(port, f"/gzip/{vendor}/?upto=2345", **{"Accept-Encoding": "gzip"})
    assert_same(gzip.decompress(body), fetch(port, f"/rows/{vendor}/?upto=2345"))
