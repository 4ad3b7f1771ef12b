"""Streaming bodies: counted to their end, and the panel updated then, also when the client leaves."""

import asyncio
import time
from pathlib import Path

import pytest
from debug_toolbar.store import get_store
from django.core.handlers.base import BaseHandler
from django.test import AsyncClient, Client, RequestFactory

from pyforge_web.metering import active_collectors
from tests.app.models import Article, Author
from tests.panel.conftest import PLACES, TOOLBAR, Panel
from tests.serving import THREADS, leave

VIEWS = {"sync": "/streamed/", "async": "/streamed-async/"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")  # the other kind of iterator is awaited whole
def test_a_body_is_counted_to_its_end_under_wsgi(site, view, place):
    site.MIDDLEWARE = PLACES[place]
    response = Client().get(f"{VIEWS[view]}?parts=3")
    panel = Panel(response)
    assert panel.stats["state"] == "streaming"
    assert panel.subtitle == "streaming…"
    assert "The body is still being sent." in panel.text
    assert len(b"".join(response).splitlines()) == 3
    assert (panel.calls, panel.stats["state"]) == (3, "complete")
    assert panel.subtitle.startswith("3 calls in ")
    assert active_collectors.get() == ()


@pytest.mark.parametrize("place", PLACES)
def test_a_body_is_counted_to_its_end_under_asgi(site, place):
    site.MIDDLEWARE = PLACES[place]

    async def ask():
        response = await AsyncClient().get("/streamed-async/?parts=3")
        assert Panel(response).stats["state"] == "streaming"
        return response, [part async for part in response.streaming_content]

    response, parts = asyncio.run(ask())
    panel = Panel(response)
    assert len(parts) == 3
    assert (panel.calls, panel.stats["state"]) == (3, "complete")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/streamed-rows/", "/streamed-rows-async/"])
def test_a_stream_of_rows_says_what_they_are(site, path):
    Article.objects.bulk_create([Article(title=f"{n}", author=Author.objects.create(name="Ann")) for n in range(60)])
    response = Client().get(path)
    assert len(b"".join(response.streaming_content).splitlines()) == 60
    panel = Panel(response)
    (group,) = panel.stats["groups"]
    assert (group["source"], group["label"], group["type"], group["path"]) == (
        "stream", "tests_app.Article", "QuerySet", "values"
    )  # fmt: skip
    assert group["fields"] == [field.attname for field in Article._meta.concrete_fields]
    assert {name: native for name, native, *_ in group["columns"]} == dict.fromkeys(group["fields"], 60)
    assert (group["calls"], group["rows"]) == (3, 60)
    assert panel.totals["fetch_us"] > 0
    assert group["stages"]["execute"] > 0
    assert group["sites"][0][::2] == ["tests/panel/urls.py", "streamed_rows"]
    assert panel.warned == []
    assert "tests_app.Article" in panel.text


# Of the other two Django reads the whole body before it sends it.
@pytest.mark.parametrize(("server", "view"), [("WSGI", "sync"), ("ASGI", "async")])
def test_a_client_that_leaves_is_noticed_on_real_servers(site, server, view):
    with THREADS[server]() as port:
        leave(port, f"{VIEWS[view]}?parts=400&pause=0.01", 8000)
        (request_id,) = get_store().request_ids()
        panel = wait_for(request_id, "complete")
    assert 3 <= panel["totals"]["serialize"]["calls"] < 400


def wait_for(request_id, state):
    end = time.monotonic() + 15
    while time.monotonic() < end:
        stats = get_store().panel(request_id, "PyForgePanel")
        if stats.get("state") == state:
            return stats
        time.sleep(0.02)
    pytest.fail(f"the panel of {request_id} is not {state}")


def test_a_request_that_the_store_has_dropped_stays_dropped(site):
    """Saved again, it would stand in History with this panel alone."""
    response = Client().get("/streamed/")
    get_store().clear()
    b"".join(response.streaming_content)
    assert list(get_store().request_ids()) == []


def test_a_file_is_left_to_the_server(site):
    site.MIDDLEWARE = [TOOLBAR, "tests.panel.test_streams.give_file"]
    handler = BaseHandler()
    handler.load_middleware()
    response = handler.get_response(RequestFactory().get("/data/"))
    assert response.file_to_stream is not None
    assert Panel(response).stats["state"] == "complete"
    response.file_to_stream.close()


def give_file(get_response):
    """A middleware that answers with this file."""
    from django.http import FileResponse

    return lambda request: FileResponse(Path(__file__).open("rb"))
