"""Django's own tests of `json_script` (utils_tests/test_html.py, template_tests/filter_tests/test_json_script.py),
written anew for ours, and the two beside each other.
"""

import json
import re

import pytest
from django.template import Context
from django.utils.html import json_script

from pyforge_web.html import pyforge_json
from tests.tables import rows
from tests.templates.entry_points import engine

CASES = {
    "quotes": ("&<>", '<script id="test_id" type="application/json">"\\u0026\\u003C\\u003E"</script>'),
    "in values and keys": (
        {"a": "<b>&</b>"},
        '<script id="test_id" type="application/json">{"a":"\\u003Cb\\u003E\\u0026\\u003C/b\\u003E"}</script>',
    ),
    "a list": ([1, "<"], '<script id="test_id" type="application/json">[1,"\\u003C"]</script>'),
}


@pytest.mark.parametrize(("value", "expected"), rows(CASES))
def test_element_is_json_scripts_but_for_whitespace(value, expected):
    assert pyforge_json(value, id="test_id") == expected
    without_blanks = json_script(value, "test_id").replace('": ', '":').replace(", ", ",")
    assert pyforge_json(value, id="test_id") == without_blanks


def test_element_without_id_is_json_scripts():
    assert pyforge_json({"key": "value"}, type="application/json") == (
        '<script type="application/json">{"key":"value"}</script>'
    )
    assert json_script({"key": "value"}) == '<script type="application/json">{"key": "value"}</script>'


def test_tag_replaces_the_filter_in_a_template():
    context = Context({"value": {"a": "testing\r\njson 'string\" <b>escaping</b>"}})
    ours = engine().from_string('{% load pyforge %}{% pyforge_json value id="test_id" %}').render(context)
    assert ours == (
        '<script id="test_id" type="application/json">'
        '{"a":"testing\\r\\njson \\u0027string\\" \\u003Cb\\u003Eescaping\\u003C/b\\u003E"}'
        "</script>"
    )


@pytest.mark.parametrize("template", ["{{ missing|json_script:'a' }}", "{% pyforge_json missing id='a' %}"])
def test_missing_variable_is_empty_text(template):
    html = engine().from_string("{% load pyforge %}" + template).render(Context())
    assert json.loads(re.fullmatch(r"<script.*?>(.*)</script>", html)[1]) == ""
