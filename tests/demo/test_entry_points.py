"""The real site in processes of its own: checks, WSGI and ASGI entry points, static files with DEBUG off."""

import subprocess
import sys

import pytest

from tests.demo.conftest import manage
from tests.serving import ROOT

PATHS = (
    "/static/airports/site.css",
    "/api/airports/BIKF/",
    "/map/",
    "/explorer/",
    "/warnings/PF001/",
    "/api/live/stream/",
    "/api/live/stream-async/",
    "/api/live/async/",
    "/api/live/validate/",
)
WITH_TOOLBAR = ("/static/pyforge_web/panel.css", "/static/debug_toolbar/css/toolbar.css")
WSGI = """
import sys
from wsgiref.util import setup_testing_defaults
from demo_site.wsgi import application
for path in sys.argv[1:]:
    environ = {"PATH_INFO": path, "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    body = application(environ, lambda status, headers: print(path, status[:3]))
    assert b"".join(body)
"""
ASGI = """
import asyncio, sys
from asgiref.testing import ApplicationCommunicator
from demo_site.asgi import application
async def main():
    for path in sys.argv[1:]:
        headers = [(b"host", b"localhost")]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
        client = ApplicationCommunicator(application, scope)
        await client.send_input({"type": "http.request", "body": b"", "more_body": False})
        print(path, (await client.receive_output(10))["status"])
        assert (await client.receive_output(10))["body"]
        await client.wait()
asyncio.run(main())
"""


@pytest.mark.parametrize("code", [WSGI, ASGI], ids=["wsgi", "asgi"])
@pytest.mark.parametrize("debug", ["0", "1"])
def test_an_entry_point_serves_pages_endpoints_and_static_files(demo_env, code, debug):
    paths = PATHS if debug == "0" else (*PATHS, *WITH_TOOLBAR)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *paths],
        cwd=ROOT,
        env={**demo_env, "DEMO_DEBUG": debug},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [f"{path} 200" for path in paths], done.stderr


def test_django_has_nothing_to_complain_of(demo_env):
    assert "no issues" in manage(demo_env, "check")


def test_seeding_again_says_there_is_nothing_to_do(demo_env):
    assert manage(demo_env, "seed_demo").startswith("Nothing to do")
