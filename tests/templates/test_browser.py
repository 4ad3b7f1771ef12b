"""Hostile text in real Chromium: nothing runs, and each reader gets Django's value."""

import json

import pytest

from pyforge_web.html import pyforge_json
from tests.templates.hostile import ATTRIBUTES, ELEMENTS, TEXTS, django_text, render, sendable, shapes

READ = """() => {
    const found = { hits, ends: document.querySelectorAll("#end").length };
    found.scripts = document.querySelectorAll("script").length;
    found.names = [...document.querySelectorAll("input")].map((input) => input.getAttributeNames().join());
    for (const id of ATTRIBUTES) found[id] = document.getElementById(id).dataset.value;
    for (const id of ELEMENTS) found[id] = document.getElementById(id).textContent;
    found.script = document.querySelectorAll("script")[1].textContent;
    found.data = typeof data === "undefined" ? null : JSON.stringify(data);
    for (const input of document.querySelectorAll("input")) { input.focus(); input.click(); }
    found.hits = hits;
    return found;
}"""
READ = READ.replace("ATTRIBUTES", json.dumps(ATTRIBUTES)).replace("ELEMENTS", json.dumps(ELEMENTS))


@pytest.fixture(scope="module")
def show(browser):
    """A function: show a page and read it."""
    page = browser.new_page()

    def show(html):
        page.set_content(html)
        return page.evaluate(READ)

    yield show
    page.close()


def assert_read(found, value, *, runs=True):
    assert (found["hits"], found["ends"], found["scripts"]) == (0, 1, 3 if runs else 2)
    assert set(found["names"]) == {"id,data-value"}
    for which in (*ATTRIBUTES, *ELEMENTS, "script"):
        assert json.dumps(json.loads(found[which])) == django_text(value), which


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_values_and_keys_stay_data(show, text):
    value = shapes(text)
    found = show(render(value))
    assert_read(found, value)
    # An object literal takes a key __proto__ for the prototype: the docs say so, and only an executable script has it.
    if text != "__proto__":
        assert json.dumps(json.loads(found["data"])) == django_text(value)


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_ids_types_and_nonces_stay_attributes(show, text):
    name = sendable(text)
    assert_read(show(render([text], name=name, type=name, nonce=name, runs=False)), [text], runs=False)


@pytest.mark.parametrize("kind", ["", "text/javascript", "module", "importmap", "application/ld+json"])
def test_other_types_of_script_stay_data(show, browser, kind):
    value = [shapes(text) for text in TEXTS]
    found = show(render(value, type=kind or None, runs=False))
    assert_read(found, value, runs=False)


def test_page_with_everything_runs_nothing(show):
    value = {text: [shapes(other) for other in TEXTS] for text in TEXTS}
    assert_read(show(render(value)), value)


def test_event_handler_gets_the_value(browser):
    page = browser.new_page()
    value = [shapes(text) for text in TEXTS if text != "__proto__"]
    attribute = pyforge_json(value, mode="attr")
    page.set_content(f"""<script>var hits = 0; function hit() {{ hits += 1; }}</script>
        <button onclick="this.value = JSON.stringify({attribute})">a</button>
        <button onclick='this.value = JSON.stringify({pyforge_json(value)})'>b</button>""")
    for button in page.query_selector_all("button"):
        button.click()
        assert json.dumps(json.loads(button.get_attribute("value") or button.input_value())) == django_text(value)
    assert page.evaluate("hits") == 0
    page.close()


def test_script_element_is_data_under_a_strict_policy(browser):
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.set_content(
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
        + pyforge_json({"a": "<"}, id="rows")
    )
    assert page.locator("#rows").text_content() == '{"a":"\\u003C"}'
    assert said == []
    page.close()
