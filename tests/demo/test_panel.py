"""The debug toolbar in the real demo: the explorer beside it, and a page for each warning."""

import json
import re
import urllib.request

import pytest

from demo_site.airports.explorer import REQUESTS
from demo_site.airports.warned import CASES
from pyforge_web.panels.warnings import WARNINGS


def stats(site, path):
    """What the panel has of a request."""
    with urllib.request.urlopen(site + path) as response:
        request_id = response.headers["djdt-request-id"]
        response.read()
    with urllib.request.urlopen(f"{site}/__debug__/pyforge/stats/?request_id={request_id}") as response:
        return json.load(response)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_a_page_provokes_its_warning_and_the_better_code_does_not(site, case):
    for _ in range(3):  # a validator is compiled anew when Django caches more on its model's fields
        stats(site, f"/warnings/{case.code}/")
    found = {warning["id"] for warning in stats(site, f"/warnings/{case.code}/")["warnings"]}
    if case.code == "mixed":
        assert found == {"PF001", "PF002", "PF003"}
    else:
        assert found == ({case.code} if case.code != "PF008" else set()), "this core is a release build"
    assert stats(site, f"/warnings/{case.code}/?better")["warnings"] == []


def test_every_warning_has_its_page():
    assert [case.code for case in CASES] == [*(warned.id for warned in WARNINGS), "mixed"]


def test_the_explorer_shows_what_came_and_the_toolbar_follows(visit):
    visited = visit()
    page = visited.open("/explorer/")
    for request in REQUESTS:
        explore(page, request)
    assert [error for error in visited.errors if "400" not in error] == []
    assert visited.foreign() == []


def explore(page, request):
    page.get_by_role("link", name=re.compile(rf"^{re.escape(request.title)} ")).click()
    page.locator("[data-title]", has_text=request.path).wait_for()
    page.locator("[data-answer][aria-busy=false] [data-facts]:not([hidden])").wait_for()
    facts = page.locator("[data-facts] > div").all_inner_texts()
    assert any("Status" in fact and ("200" in fact or "400" in fact) for fact in facts)
    assert page.locator("[data-body]").inner_text().strip()[0] in "[{"
    calls = "8 calls in" if "stream" in request.title else "call"
    page.locator("#djdt-HistoryPanel small", has_text=request.path).wait_for()
    page.locator("#djdt-PyForgePanel small", has_text=calls).wait_for()
    if "stream" not in request.title:
        assert page.locator("[data-timings] tbody tr").first.locator("td").first.inner_text().startswith("pyforge")


def test_the_explorer_reads_server_timing(visit):
    page = visit().open("/explorer/")
    read = "text => import('/static/airports/explorer.js').then(({ readTimings }) => readTimings(text))"
    assert page.evaluate(read, 'db;dur=5;desc="a, b; c", x, y;dur=0.5') == [
        {"name": "db", "ms": "5", "what": "a, b; c"},
        {"name": "x", "ms": "", "what": ""},
        {"name": "y", "ms": "0.5", "what": ""},
    ]
    assert page.evaluate(read, None) == []


def test_what_is_compared_has_no_toolbar(site):
    with urllib.request.urlopen(f"{site}/api/compare/page/pyforge/") as response:
        assert "djdt-request-id" not in response.headers
