"""What the panel counts: under WSGI and ASGI, with the middleware in each place, alone and at the same time."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from django.test import AsyncClient, Client

from pyforge_web import dumps
from pyforge_web.metering import active_collectors
from tests.panel import urls
from tests.panel.conftest import PLACES, Panel

VIEWS = {"sync": "/data/", "async": "/data-async/"}


def answer(path, server):
    if server == "WSGI":
        return Panel(Client(raise_request_exception=False).get(path))
    return Panel(asyncio.run(AsyncClient(raise_request_exception=False).get(path)))


@pytest.mark.parametrize(("server", "view", "place"), list(product(("WSGI", "ASGI"), VIEWS, PLACES)))
def test_counts_are_equal_everywhere(site, server, view, place):
    site.MIDDLEWARE = PLACES[place]
    panel = answer(f"{VIEWS[view]}?calls=4", server)
    assert panel.calls == 4
    assert panel.stats["state"] == "complete"
    assert panel.stats["env"]["middleware"] == place
    assert {function["name"]: function["calls"] for function in panel.stats["functions"]} == {
        "dumps": 3,
        "dumps_response": 1,
    }
    assert active_collectors.get() == ()


def test_tasks_and_threads_are_counted_but_bare_threads_are_not(site):
    panel = answer("/gathered/", "ASGI")
    assert panel.calls == 5 + 1 + 1 + 1 + 1


@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_requests_at_the_same_time_are_told_apart(site, server):
    numbers = range(2, 10)
    if server == "WSGI":
        with ThreadPoolExecutor(8) as pool:
            panels = list(pool.map(lambda number: answer(f"/data/?calls={number}", server), numbers))
    else:

        async def all_of_them():
            return await asyncio.gather(*(AsyncClient().get(f"/data-async/?calls={number}") for number in numbers))

        panels = [Panel(response) for response in asyncio.run(all_of_them())]
    assert [panel.calls for panel in panels] == list(numbers)


@pytest.mark.parametrize(("path", "status", "calls"), [("/broken/", 500, 1), ("/redirect/", 302, 1)])
@pytest.mark.parametrize("server", ["WSGI", "ASGI"])
def test_errors_and_redirects_keep_their_counts(site, server, path, status, calls):
    panel = answer(path, server)
    assert (panel.response.status_code, panel.calls) == (status, calls)
    assert active_collectors.get() == ()


def test_an_error_that_is_raised_leaves_no_collector_behind(site):
    with pytest.raises(LookupError):
        Client().get("/broken/")
    assert active_collectors.get() == ()


def test_the_toolbars_own_requests_are_not_metered(ask):
    panel = ask("/data/")
    before = panel.stats
    Client().get("/__debug__/render_panel/", {"request_id": panel.request_id, "panel_id": "PyForgePanel"})
    assert panel.stats == before


def test_no_profiler_is_installed(site, monkeypatch):
    """Another one would fail beside it: "Another profiling tool is already active"."""
    found = []
    monkeypatch.setattr(urls.IDLE, "callback", lambda request: found.append(sys.getprofile()) or urls.data(request))
    Client().get("/idle/")
    assert found == [None]


def test_stacks_are_taken_of_the_first_groups_alone(site, monkeypatch):
    """They are the dearest part of a record."""

    def kinds(request):
        for number in range(40):
            dumps(type(f"Kind{number}", (dict,), {})(a=1))
        return urls.idle(request)

    monkeypatch.setattr(urls.IDLE, "callback", kinds)
    groups = Panel(Client().get("/idle/")).stats["groups"]
    assert len(groups) == 40
    assert sum(bool(group["stack"]) for group in groups) == 25


def test_switched_off_by_its_cookie(site):
    client = Client()
    client.cookies["djdtPyForgePanel"] = "off"
    panel = Panel(client.get("/data/"))
    assert panel.stats == {}
    assert not panel.stored.enabled
    assert active_collectors.get() == ()
