"""The panel in headless Chromium, in a site of its own: in both looks, under policies, in History, by hand."""

import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser import browser, visit
from tests.serving import process

__all__ = ["browser", "visit"]
SETTINGS = "tests.panel.policy_settings"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with process("WSGI", SETTINGS, "/idle/") as port:
        yield f"http://127.0.0.1:{port}"


def open_panel(page, *, is_styled=True):
    page.locator("#djdt-PyForgePanel a").click()
    foot = page.locator("#PyForgePanel .pf-foot")
    foot.wait_for()
    if is_styled:  # the toolbar brings the stylesheet with the panel, and shows it before that is there
        expect(foot).to_have_css("margin-top", "16px")
    return page.locator("#PyForgePanel")


def is_dark(panel, selector=".djDebugPanelContent"):
    colour = panel.locator(selector).first.evaluate("it => getComputedStyle(it).color")
    return [int(part) > 128 for part in colour.removeprefix("rgb(").rstrip(")").split(",")[:3]] == [True] * 3


@pytest.mark.parametrize(("policy", "scheme"), [("", "light"), ("self", "dark")])
def test_the_panel_in_both_looks(visit, scheme, policy):
    visited = visit(color_scheme=scheme)
    panel = open_panel(visited.open(f"/tag/?csp={policy}"))
    expect(panel.locator("h3")).to_have_text("PyForge: 1 serialize call")
    expect(panel.locator(".pf-chip").first).to_have_text("generic")
    assert is_dark(panel, "h4") == (scheme == "dark")
    card = panel.locator(".pf-cards > div").first.evaluate("it => getComputedStyle(it).borderRadius")
    assert card == "4px", "our stylesheet is loaded"
    head = panel.locator("th", has_text="Time").first.evaluate("it => getComputedStyle(it).textTransform")
    assert head == "none", "in capitals µs would read as MS"
    assert visited.errors == []
    assert visited.foreign() == []


def test_without_our_style_and_script_all_is_there(visit):
    """A policy with a nonce alone blocks both, and says so in the console."""
    visited = visit()
    panel = open_panel(visited.open("/page/?calls=3&csp=nonce"), is_styled=False)
    assert panel.locator(".pf-cards > div").first.evaluate("it => getComputedStyle(it).borderRadius") == "0px"
    assert any("panel.css" in error for error in visited.errors)
    text = " ".join(panel.inner_text().split())
    for words in (
        "3 calls",
        "Boundary crossings",
        "Timeline",
        "Serialize calls",
        "dict",
        "panel/urls.py",
        "dumps",
        "pyforge_web",
    ):
        assert words in text
    assert panel.locator(".pf-bar").first.bounding_box()["height"] > 5
    details = panel.locator("#pfDetails_1")
    expect(details).to_be_hidden()
    panel.locator(".djToggleSwitch").first.click()
    expect(details, "the toolbar's own script opens the details").to_be_visible()
    expect(details).to_contain_text("a value that is not made of model rows")


def test_rows_open_close_and_sort(visit):
    visited = visit()
    panel = open_panel(visited.open("/mixed/"))
    labels = panel.locator(".pf-sortable tbody tr[id^=pfCall]")
    calls = panel.locator(".pf-sortable tbody tr[id^=pfCall] td:nth-child(5)")
    button = panel.locator("th", has_text="Calls").locator("button")
    button.click()
    expect(calls).to_have_text(["7", "3", "1"])
    expect(panel.locator("th[aria-sort]")).to_have_text(["Calls"])
    button.click()
    expect(calls).to_have_text(["1", "3", "7"])
    labels.nth(1).locator(".djToggleSwitch").click()
    opened = panel.locator("tr.djSelected")
    expect(opened).to_have_count(1)
    button.click()
    order = panel.locator(".pf-sortable tbody tr").evaluate_all("rows => rows.map((row) => row.id.split('_')[1])")
    assert order[::2] == order[1::2], "details follow their row"
    labels.nth(1).locator(".djToggleSwitch").click()
    expect(opened).to_have_count(0)
    assert visited.errors == []


def test_the_sidebar_follows_fetch_and_history_switches(visit):
    visited = visit()
    page = visited.open("/page/?calls=3")
    subtitle = page.locator("#djdt-PyForgePanel small")
    expect(subtitle).to_have_text(re.compile("^3 calls in "))
    open_panel(page)
    for calls in (5, 7):
        page.evaluate(f"fetch('/data/?calls={calls}').then((response) => response.text())")
        page.locator("#djdt-PyForgePanel small", has_text=f"{calls} calls").wait_for()
    panel = open_panel(page)
    expect(panel.locator("h3")).to_have_text("PyForge: 7 serialize calls")
    expect(panel.locator("th button"), "the script, which ran before, has seen the new panel").to_have_count(6)
    page.locator("#djdt-HistoryPanel a").click()
    page.locator("#HistoryPanel tr", has_text="/page/?calls=3").first.locator(".switchHistory").click()
    page.locator("#djdt-PyForgePanel small", has_text="3 calls").wait_for()
    expect(open_panel(page).locator("h3")).to_have_text("PyForge: 3 serialize calls")
    assert visited.errors == []


SWAP = """async (address) => {
  const response = await fetch(address);
  const { body } = new DOMParser().parseFromString(await response.text(), "text/html");
  body.querySelector("#djDebugRoot").replaceWith(document.querySelector("#djDebugRoot"));
  document.body.replaceWith(body);
}"""


def test_the_panel_follows_swaps_of_the_body_that_keep_the_toolbar(visit):
    """As `hx-preserve` of htmx and `data-turbo-permanent` of Turbo keep it, with the settings that the docs name."""
    visited = visit()
    page = visited.open("/page/?calls=3")
    page.locator("#djdt-PyForgePanel small", has_text="3 calls").wait_for()
    for calls in (5, 7):
        page.evaluate(SWAP, f"/page/?calls={calls}")
        page.locator("#djdt-PyForgePanel small", has_text=f"{calls} calls").wait_for()
        panel = open_panel(page)
        expect(panel.locator("h3")).to_have_text(f"PyForge: {calls} serialize calls")
        expect(panel.locator("th button")).to_have_count(6)
        panel.locator(".djDebugClose").click()
    assert visited.errors == []


def test_the_sidebar_says_when_a_stream_has_ended(visit):
    """Nobody opens the panel: the page's own script asks for the numbers."""
    visited = visit()
    page = visited.open("/page/")
    page.evaluate("globalThis.body = fetch('/held/').then((response) => response.text()); null")
    subtitle = page.locator("#djdt-PyForgePanel small")
    page.locator("#djdt-PyForgePanel small", has_text="streaming").wait_for()
    urllib.request.urlopen(f"{visited.site}/release/", timeout=10).close()
    page.evaluate("globalThis.body")
    page.locator("#djdt-PyForgePanel small", has_text="4 calls in").wait_for()
    expect(subtitle).not_to_contain_text("streaming")
    assert visited.errors == []


def test_code_of_a_view_that_does_not_use_us_can_be_copied(visit):
    visited = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visited.open("/page/")
    page.evaluate("fetch('/other/').then((response) => response.text())")
    page.locator("#djdt-PyForgePanel small", has_text="of JSON without PyForge").wait_for()
    panel = open_panel(page)
    panel.locator(".pf-copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "from pyforge_web import PyForgeJsonResponse as JsonResponse"
    panel.get_by_role("link", name="Measure the same data both ways").click()
    page.locator("#djDebugWindow").get_by_text("Equal in value").wait_for()
    assert visited.errors == []


def test_a_stream_is_renewed_when_the_panel_is_opened_again(visit):
    visited = visit()
    page = visited.open("/page/")
    page.evaluate("globalThis.body = fetch('/held/').then((response) => response.text()); null")
    page.locator("#djdt-PyForgePanel small", has_text="streaming").wait_for()
    panel = open_panel(page)
    expect(panel.locator(".pf-note")).to_be_visible()
    urllib.request.urlopen(f"{visited.site}/release/", timeout=10).close()
    page.evaluate("globalThis.body")
    panel.locator(".pf-note").wait_for(state="detached")
    expect(panel.locator(".pf-cards")).to_contain_text("4 calls")
    assert visited.errors == []


def test_compare_in_the_toolbars_window(visit):
    visited = visit()
    page = visited.open("/idle/")
    page.evaluate("fetch('/data/').then((response) => response.text())")
    page.locator("#djdt-PyForgePanel small", has_text="1 call in").wait_for()
    panel = open_panel(page)
    panel.get_by_role("link", name="Compare with Django").click()
    window = page.locator("#djDebugWindow")
    window.get_by_text("Equal in value").wait_for()
    window.locator(".djDebugClose").click()
    expect(window).to_be_hidden()
    assert visited.errors == []


def test_on_a_phone_the_panel_has_the_whole_width(visit):
    page = visit(viewport={"width": 375, "height": 800}).open("/mixed/")
    panel = open_panel(page)
    box = panel.bounding_box()
    assert (box["x"], box["width"]) == (0, 375)
    scroll = panel.locator(".djdt-scroll")
    assert scroll.evaluate("it => it.scrollWidth <= it.clientWidth"), "only tables scroll sideways"
    panel.locator(".djDebugClose").click()
    expect(panel).to_be_hidden()


def test_hostile_names_do_not_run(visit):
    visited = visit()
    visited.page.on("dialog", lambda dialog: visited.errors.append(dialog.message) or dialog.dismiss())
    panel = open_panel(visited.open("/hostile/"))
    expect(panel).to_contain_text("<script>alert(1)</script>")
    expect(panel.locator("img")).to_have_count(0)
    assert visited.errors == []


def test_the_panel_without_the_shadow_dom(browser):
    with process("WSGI", SETTINGS, "/idle/", PANEL_SHADOW="0") as port:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/mixed/")
        page.wait_for_load_state("networkidle")
        panel = open_panel(page)
        assert page.evaluate("document.getElementById('djDebugRoot').shadowRoot") is None
        panel.locator("th", has_text="Calls").locator("button").click()
        expect(panel.locator("th[aria-sort]")).to_have_text(["Calls"])
        context.close()
