"""The Django tag and filter: how they are parsed, where their errors say they are, what a page keeps."""

import asyncio
from pathlib import Path

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.template import Context, TemplateSyntaxError
from django.template.loader_tags import BlockNode

from pyforge_web.templatetags.pyforge import ARGUMENTS
from tests.app.models import Article, Author
from tests.templates.entry_points import engine, literal_engine

WRONG = {
    "{% pyforge_json %}": "needs a value first",
    '{% pyforge_json id="a" %}': "needs a value first",
    "{% pyforge_json as x %}": "does not understand 'x'",
    "{% pyforge_json rows 5 %}": "does not understand '5'",
    "{% pyforge_json rows as %}": "does not understand 'as'",
    "{% pyforge_json rows, id=1 %}": "Could not parse",
    "{% pyforge_json rows ident=1 %}": "has no argument 'ident'; it has id, fields, type, nonce, mode, nan",
    "{% pyforge_json rows id=1 id=2 %}": "got 'id' twice",
}


def render(source, **context):
    return engine().from_string("{% load pyforge %}" + source).render(Context(context))


@pytest.mark.parametrize(("source", "message"), WRONG.items())
def test_tag_refuses_what_it_does_not_understand(source, message):
    with pytest.raises(TemplateSyntaxError, match=message):
        render(source)


def test_arguments_are_template_expressions():
    assert render("{% pyforge_json rows.0.name|upper %}", rows=[{"name": "a<"}]) == '"A\\u003C"'
    assert render("{% pyforge_json 'a=b' %}") == '"a=b"'
    assert render("{% pyforge_json a|default:'x=y' %}", a="") == '"x=y"'
    assert render("{% pyforge_json rows id=prefix|add:'-rows' %}", rows=[], prefix="my").startswith(
        '<script id="my-rows"'
    )


def test_tag_with_as_writes_nothing_and_keeps_safe_text():
    assert render("{% pyforge_json rows as out %}.{{ out }}.{{ out|upper }}", rows=["<"]) == (
        '.["\\u003C"].[&quot;\\U003C&quot;]'
    )


def test_tags_work_in_loops_and_blocks():
    assert render("{% for x in rows %}{% pyforge_json x %};{% endfor %}", rows=["'", 1]) == '"\\u0027";1;'
    assert (
        engine().from_string("{% load pyforge %}{% block a %}{% pyforge_json 1 %}{% endblock %}").nodelist[1].__class__
        is BlockNode
    )


def test_filter_is_safe_in_an_attribute():
    expected = "{&quot;a&quot;:&quot;it\\u0027s&quot;}"
    for quote in ("'", '"'):
        assert (
            render(f"<p data-x={quote}{{{{ x|pyforge_json }}}}{quote}>", x={"a": "it's"})
            == f"<p data-x={quote}{expected}{quote}>"
        )


@pytest.mark.django_db
def test_filter_takes_fields():
    Author.objects.create(name="Ada")
    assert render("{{ rows|pyforge_json:'name' }}", rows=Author.objects.all()) == "[{&quot;name&quot;:&quot;Ada&quot;}]"


@pytest.mark.parametrize("debug", [True, False])
def test_error_names_the_template_and_line(debug):
    templates = {"rows/list.html": "\n\n{% include 'rows/part.html' %}", "rows/part.html": "\n<% pyforge_json rows %>"}
    engine = literal_engine(templates)
    engine.debug = debug
    with pytest.raises(TypeError, match=r"\$\.tags; sets have no order") as caught:
        engine.get_template("rows/list.html").render(Context({"rows": {"tags": {1}}}))
    assert caught.value.__notes__[-1] == "in {% pyforge_json %}, rows/part.html, line 2"


@pytest.mark.django_db(transaction=True)
def test_lazy_queryset_in_async_code_raises_djangos_error():
    async def view():
        return render("{% pyforge_json rows %}", rows=Article.objects.all())

    with pytest.raises(SynchronousOnlyOperation) as caught:
        asyncio.run(view())
    assert any("pyforge_json" in note for note in caught.value.__notes__)


@pytest.mark.django_db(transaction=True)
def test_rows_fetched_by_async_code_are_written():
    Author.objects.create(name="Ada")

    async def view():
        return render("{% pyforge_json rows fields='name' %}", rows=[author async for author in Author.objects.all()])

    assert asyncio.run(view()) == '[{"name":"Ada"}]'


def test_every_argument_is_documented():
    docs = (Path(__file__).parents[2] / "docs" / "reference" / "templates.md").read_text()
    for name in ARGUMENTS:
        assert f"| `{name}` |" in docs
