"""The debug toolbar in the real demo: the explorer beside it, and a page for each warning."""

import json
import re
import time
import urllib.request

import pytest
from playwright.sync_api import expect

from demo_site.airports.explorer import REQUESTS
from demo_site.airports.warned import CASES
from pyforge_web.toolbar.warnings import WARNINGS


def stats(site, path):
    """What the panel has of a request."""
    with urllib.request.urlopen(site + path) as response:
        request_id = response.headers["djdt-request-id"]
        response.read()
    return stored(site, request_id)


def stored(site, request_id):
    """What the panel has stored under the id of a request."""
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
    page.locator("[data-title]", has_text=REQUESTS[0].path).wait_for()
    page.locator("[data-answer][aria-busy=false] [data-facts]:not([hidden])").wait_for()
    page.locator("#djdt-HistoryPanel small", has_text="/api/airports/").wait_for(state="attached")
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
    page.locator("#djdt-HistoryPanel small", has_text=request.path).wait_for()
    # The sidebar has what was known when it was fetched, which may be before the end of a stream.
    said = re.compile(r"streaming…|\d+ calls? in" if request.streamed else r"\d+ calls? in")
    page.locator("#djdt-PyForgePanel small", has_text=said).wait_for()
    if request.streamed:
        (group,) = completed(page)["groups"]
        assert group["source"] == "stream"
        assert (group["label"] == "airports.Airport") == ("async" not in request.path)
        assert group["calls"] > 8
    else:
        assert page.locator("[data-timings] tbody tr").first.locator("td").first.inner_text().startswith("pyforge")


def completed(page):
    """What the panel has stored of the stream that the toolbar shows: the server does so behind the last byte."""
    site, request_id = page.url.partition("/explorer/")[0], page.locator("#djDebug").get_attribute("data-request-id")
    end = time.monotonic() + 30
    while (found := stored(site, request_id))["state"] != "complete":
        assert time.monotonic() < end, "the stats of the stream were never completed"
        time.sleep(0.02)
    return found


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


@pytest.mark.parametrize(("language", "path"), [("en", "Path"), ("de", "Weg"), ("fr", "Chemin")])
def test_the_tables_of_the_panel_fit_a_screen_in_each_language(visit, language, path):
    page = visit(locale=language, viewport={"width": 1280, "height": 900}).open("/warnings/mixed/")
    page.locator("#djShowToolBarButton").click()
    page.locator("#djdt-PyForgePanel a").click()
    panel = page.locator("#PyForgePanel")
    panel.locator("th button").first.wait_for()
    # The toolbar brings the panel's stylesheet with the panel, and shows its tables before that is there.
    expect(panel.locator("thead th").first).to_have_css("text-transform", "none")
    assert panel.locator("thead").first.get_by_text(path, exact=True).is_visible()
    # On a busy machine the numbers are longer.
    panel.locator("td.pf-number").evaluate_all(
        "all => all.forEach((it) => { it.innerHTML = it.innerHTML.replace(/\\d[\\d.,\\s]*\\d/g, '12.3'); })"
    )
    read = "all => all.map((it) => [it.scrollWidth, it.clientWidth])"
    widths = panel.locator(".pf-scroll").evaluate_all(read)
    assert len(widths) == 3
    assert all(needed == given for needed, given in widths), widths
    panel.locator(".pf-failure").first.evaluate("it => { it.textContent = 'latitude: ' + 'a long error '.repeat(9); }")
    widths = panel.locator(".pf-scroll").evaluate_all(read)
    assert all(needed == given for needed, given in widths), widths
