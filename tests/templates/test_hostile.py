"""Hostile text in a page, read as HTML5 says: nothing is left of the script element, the attribute or the comment."""

import html as stdlib_html
import json
import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyforge_web.html import pyforge_json
from tests import strategies
from tests.oracle import django_value, strict
from tests.templates.hostile import ATTRIBUTES, ELEMENTS, TEXTS, django_text, render, sendable, shapes

FORBIDDEN = set("<>&'")
pieces = st.sampled_from([*TEXTS, "<", ">", "'", '"', "&", "</script", "<!--", "-->", "\\", "\u2028", "\u00e9", "\0"])
hostile = st.lists(pieces | strategies.text, max_size=6).map("".join)
hostile_values = st.recursive(
    hostile | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=8,
)


def elements(page):
    """The elements of a page, as (name, attributes, text); html5lib reads as browsers do."""
    tree = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    return [(node.tag, dict(node.attrib), node.text or "") for node in tree.iter() if isinstance(node.tag, str)]


NAMES = ["html", "head", "meta", "title", "body", *["script"] * 3, *["input"] * len(ATTRIBUTES), "p", "textarea", "p"]


def assert_whole(page, value, *, name="rows"):
    found = elements(page)
    assert [tag for tag, _, _ in found] == NAMES
    by_id = {attributes["id"]: (attributes, text) for _, attributes, text in found if "id" in attributes}
    assert set(by_id) == {name, *ATTRIBUTES, *ELEMENTS, "end"}
    texts = [by_id[name][1], *(by_id[which][1] for which in ELEMENTS)]
    texts += [by_id[which][0]["data-value"] for which in ATTRIBUTES]
    assert {json.dumps(json.loads(text)) for text in texts} == {django_text(value)}
    for which in ATTRIBUTES:
        assert set(by_id[which][0]) == {"id", "data-value"}


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_values_and_keys_are_read_back(text):
    value = shapes(text)
    assert_whole(render(value), value)


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_ids_types_and_nonces_are_read_back(text):
    name = sendable(text)
    found = elements(render([text], name=name, type=name, nonce=name))
    assert [tag for tag, _, _ in found] == NAMES
    attributes = found[6][1]
    assert attributes == dict.fromkeys(("id", "type", "nonce"), name.replace("\0", "\ufffd"))


@given(hostile_values)
def test_random_text_is_read_back(value):
    text = pyforge_json(value)
    assert text.isascii()
    assert not FORBIDDEN & set(text)
    assert strict(text) == django_value(value)
    attribute = pyforge_json(value, mode="attr")
    assert not (FORBIDDEN - {"&"} | {'"'}) & set(attribute)
    assert re.sub("&quot;", "", attribute).count("&") == 0
    assert stdlib_html.unescape(attribute) == text


@given(hostile_values)
def test_random_pages_keep_their_elements(value):
    assert_whole(render(value), value)


@given(hostile.map(sendable).filter(str.strip))
def test_random_ids_are_read_back(name):
    start = pyforge_json([], id=name).removesuffix("[]</script>")
    inside = re.fullmatch(r'<script id="([^"<>\']*)" type="application/json">', start)
    assert inside[1] == stdlib_html.escape(name)
