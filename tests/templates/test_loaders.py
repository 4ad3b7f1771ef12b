"""The loaders for the literal `<% pyforge_json value %>`: what they rewrite, and all that they leave as it is."""

import pytest
from django.template import Context, TemplateSyntaxError, engines
from django.template.autoreload import get_template_directories, template_changed

from pyforge_web.loaders import find_literal, rewrite_tags
from tests.tables import rows
from tests.templates.entry_points import literal_engine

LOAD = "{% load pyforge %}"
REWRITTEN = {
    "the tag": ("<% pyforge_json rows %>", LOAD + "{% pyforge_json rows %}"),
    "without blanks": ("<%pyforge_json rows%>", LOAD + "{% pyforge_json rows %}"),
    "arguments": (
        'a <% pyforge_json rows id="x" as y %> b',
        f'a {LOAD}{{% pyforge_json rows id="x" as y %}} b',
    ),
    "two on a line": (
        "<% pyforge_json a %><% pyforge_json b %>",
        LOAD + "{% pyforge_json a %}" + LOAD + "{% pyforge_json b %}",
    ),
    "between braces": (
        "${<% pyforge_json a %>}",
        "${% templatetag openbrace %}" + LOAD + "{% pyforge_json a %}{% templatetag closebrace %}",
    ),
}
LEFT = [
    "<% other %>",
    "<%= pyforge_json %>",
    "<% pyforge_jsonp rows %>",
    "< % pyforge_json rows %>",
    "{% verbatim %}<% pyforge_json rows %>{% endverbatim %}",
    "{% verbatim a %}{% endverbatim %}<% pyforge_json rows %>{% endverbatim a %}",
    "{# <% pyforge_json rows %> #}",
    "{% comment 'why' %}<% pyforge_json rows %><%- pyforge_json -%>{% if x %}{% endcomment %}",
    "{{ '<% pyforge_json rows %>' }}",
    "{% if '<% pyforge_json rows %>' %}{% endif %}",
    "no tag at all",
]
RENDERED = {
    "in place": ("a<% pyforge_json x %>b", 'a{"k":"\\u0027"}b'),
    "in JavaScript": ("`${<% pyforge_json x.k %>}`", '`${"\\u0027"}`'),
    "two braces before": ("{{<% pyforge_json 1 %>}", "{{1}"),
    "two braces after": ("{<% pyforge_json 1 %>}}", "{1}}"),
    "braces between two": ("{<% pyforge_json 1 %>}{<% pyforge_json 2 %>}", "{1}{2}"),
    "beside other tags": ("<% a %>{{ x.k }}<% pyforge_json 1 %><% b %>", "<% a %>&#x27;1<% b %>"),
    "after verbatim": (
        "{% verbatim %}<% pyforge_json 1 %>{% endverbatim %}<% pyforge_json 1 %>",
        "<% pyforge_json 1 %>1",
    ),
    "after a comment": ("{% comment %}<% pyforge_json 1 %>{% endcomment %}<% pyforge_json 2 %>", "2"),
    "inside a block": ("{% if x %}<% pyforge_json 1 %>{% endif %}", "1"),
}


@pytest.mark.parametrize(("source", "expected"), rows(REWRITTEN))
def test_literal_tags_are_rewritten(source, expected):
    assert rewrite_tags(source, "page.html") == expected
    assert find_literal(source) == 1


@pytest.mark.parametrize("source", LEFT)
def test_other_text_is_left_as_it_is(source):
    assert rewrite_tags(source, "page.html") == source
    assert find_literal(source) is None


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(("source", "expected"), rows(RENDERED))
def test_rewritten_tags_are_rendered(source, expected, cached):
    engine = literal_engine({"page.html": source}, cached=cached)
    for _ in range(2):
        assert engine.get_template("page.html").render(Context({"x": {"k": "'"}})) == expected


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("<% pyforge_json rows", 1),
        ("<% pyforge_json a %>\n\n<% pyforge_json\nrows %>", 3),
        ("\n<%- pyforge_json rows -%>", 2),
        ("\n{% if x %}\n<%\npyforge_json rows %>", 3),
    ],
)
def test_text_that_cannot_be_a_tag_is_refused(source, line):
    with pytest.raises(TemplateSyntaxError, match=f"page.html, line {line}: write <% pyforge_json value %>, on one"):
        literal_engine({"page.html": source}).get_template("page.html")


def test_line_numbers_are_kept():
    source = "\r\n<% pyforge_json a %>\n<% pyforge_json b %>\n\n{% nonsense %}"
    assert rewrite_tags(source, "page.html").count("\n") == source.count("\n")
    with pytest.raises(TemplateSyntaxError, match="line 5: 'nonsense'"):
        literal_engine({"page.html": source}).get_template("page.html")


def test_tags_work_in_inherited_blocks():
    templates = {
        "base.html": "<main>{% block a %}<% pyforge_json 1 %>{% endblock %}</main>",
        "page.html": "{% extends 'base.html' %}{% block a %}{{ block.super }}<% pyforge_json 2 %>{% endblock %}",
    }
    assert literal_engine(templates).get_template("page.html").render(Context()) == "<main>12</main>"


class TestFiles:
    """The loaders of files, in a project's settings."""

    @pytest.fixture(params=["plain", "cached"])
    def directory(self, request, tmp_path, settings):
        loaders = ["pyforge_web.loaders.FilesystemLoader", "pyforge_web.loaders.AppDirectoriesLoader"]
        if request.param == "cached":
            loaders = [("django.template.loaders.cached.Loader", loaders)]
        backend = "django.template.backends.django.DjangoTemplates"
        settings.TEMPLATES = [{"BACKEND": backend, "DIRS": [tmp_path], "OPTIONS": {"loaders": loaders}}]
        return tmp_path

    def test_the_autoreloader_sees_an_edit(self, directory):
        page = directory / "page.html"
        page.write_text("<% pyforge_json x %>")
        assert engines["django"].get_template("page.html").render({"x": "<"}) == '"\\u003C"'
        assert directory in get_template_directories()
        page.write_text("new: <% pyforge_json x %>")
        assert template_changed(None, page)
        assert engines["django"].get_template("page.html").render({"x": "<"}) == 'new: "\\u003C"'

    def test_templates_of_apps(self, directory):
        assert "empty.html" in engines["django"].get_template("airports/empty.html").origin.name

    def test_a_missing_template_is_djangos_error(self, directory):
        with pytest.raises(Exception, match=r"absent\.html") as caught:
            engines["django"].get_template("absent.html")
        assert type(caught.value).__name__ == "TemplateDoesNotExist"
