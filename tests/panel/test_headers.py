"""`Server-Timing`: what stands inside of the toolbar is kept, which the toolbar alone would replace."""

import re

import pytest
from django.http.response import ResponseHeaders
from django.test import Client

from tests.panel.conftest import PLACES, PYFORGE, TOOLBAR


def metrics(response):
    return re.findall(r"(?:^|, )([\w-]+)(?=;)", response.headers.get("Server-Timing", ""))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("outside", ["db", "pyforge"]),
        ("inside", ["db", "pyforge"]),
        ("", ["db", "PyForgePanel_total"]),
    ],
)
def test_each_metric_stands_there_once(ask, site, place, expected):
    site.MIDDLEWARE = PLACES[place]
    response = ask("/timed/").response
    assert metrics(response) == expected
    assert response.headers["Server-Timing"].startswith('db;dur=5;desc="a, b"')


def test_a_toolbar_that_keeps_the_header_itself_does_not_double_it(ask, site, monkeypatch):
    """This one replaces it, and a later one may append to it."""
    replace = ResponseHeaders.__setitem__

    def append(self, key, value):
        before = self.get(key) if key == "Server-Timing" else None
        replace(self, key, f"{before}, {value}" if before else value)

    monkeypatch.setattr(ResponseHeaders, "__setitem__", append)
    site.MIDDLEWARE = PLACES[""]
    assert metrics(ask("/timed/").response) == ["db", "PyForgePanel_total"]


def test_an_idle_request_has_no_header_of_ours(ask, site):
    for middleware in PLACES.values():
        site.MIDDLEWARE = middleware
        assert "Server-Timing" not in ask("/idle/").response.headers


def test_without_debug_there_is_neither_toolbar_nor_header(site):
    site.DEBUG = False
    response = Client().get("/data/")
    assert not {"Server-Timing", "djdt-request-id"} & set(response.headers)


def test_the_panel_switched_off_leaves_the_toolbars_behaviour(site):
    client = Client()
    client.cookies["djdtPyForgePanel"] = "off"
    site.MIDDLEWARE = [PYFORGE, TOOLBAR]
    assert metrics(client.get("/timed/")) == ["db", "pyforge"]
