"""The Jinja2 extension: beside other tags and delimiters, its errors, streams and async templates."""

import asyncio
import subprocess
import sys

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.template import TemplateSyntaxError
from jinja2 import DictLoader, Environment, UndefinedError
from jinja2 import TemplateSyntaxError as JinjaSyntaxError

from tests.app.models import Article
from tests.templates.entry_points import jinja


def render(source, *delimiters, **context):
    return jinja(*delimiters).from_string(source).render(context)


def test_tag_stands_beside_expressions():
    source = "<p>{{ x }}</p>\n<% if x %><% pyforge_json x id='a' + 'b' %><% endif %>"
    assert render(source, "<%", "%>", x="<") == (
        '<p>&lt;</p>\n<script id="ab" type="application/json">"\\u003C"</script>'
    )


def test_all_delimiters_may_be_percents():
    template = jinja("<%", "%>", variable_start_string="<%=", variable_end_string="%>").from_string
    assert template("<%= x %>{{ x }}<% pyforge_json x %>").render({"x": 1}) == "1{{ x }}1"


def test_tag_trims_as_other_blocks():
    assert render("a \n <%- pyforge_json 1 -%> \n b", "<%", "%>") == "a1b"
    assert render("a \n <%- pyforge_json 1 as x -%> \n b{{ x }}", "<%", "%>") == "ab1"


def test_arguments_are_jinja_expressions():
    assert render("{% pyforge_json [1, 2]|map('string')|list %}") == '["1","2"]'
    assert render("{% pyforge_json 1 if x else {'a': 2} mode='attr' %}", x=False) == "{&quot;a&quot;:2}"
    assert render("{% pyforge_json x.y fields=none %}", x={"y": "'"}) == '"\\u0027"'


def test_global_and_filter_give_way_to_the_projects():
    environment = Environment(autoescape=True)
    environment.globals["pyforge_json"] = environment.filters["pyforge_json"] = lambda value: "mine"
    environment.add_extension("pyforge_web.jinja.PyForgeExtension")
    assert environment.from_string("{{ pyforge_json(1) }}{{ 1|pyforge_json }}").render() == "minemine"


@pytest.mark.parametrize(
    "source",
    ["{% pyforge_json rows %}", "{{ pyforge_json(rows) }}", "{{ rows|pyforge_json }}", "{% pyforge_json a.b %}"],
)
def test_unknown_name_raises_jinjas_error(source):
    with pytest.raises(UndefinedError, match=r"undefined|no attribute"):
        render(source, a={})


@pytest.mark.parametrize("source", ["{% pyforge_json %}", "{% pyforge_json x, id=1 %}", "{% pyforge_json x as a.b %}"])
def test_tag_refuses_what_it_does_not_understand(source):
    with pytest.raises((TemplateSyntaxError, JinjaSyntaxError)):
        render(source, x=1)


def test_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="ident"):
        render("{% pyforge_json 1 ident=2 %}")


def test_error_names_the_template_and_line():
    templates = {"list.html": "\n{% include 'part.html' %}", "part.html": "\n\n{% pyforge_json rows %}"}
    environment = Environment(
        loader=DictLoader(templates), extensions=["pyforge_web.jinja.PyForgeExtension"], autoescape=True
    )
    with pytest.raises(TypeError, match=r"\$\.tags") as caught:
        environment.get_template("list.html").render(rows={"tags": {1}})
    assert caught.value.__notes__[-1] == "in the tag pyforge_json, part.html, line 3"


def test_tag_is_written_in_streamed_templates():
    stream = jinja().env.from_string("{% for x in rows %}{% pyforge_json x %};{% endfor %}").stream(rows=["<", "'"])
    assert "".join(stream) == '"\\u003C";"\\u0027";'


@pytest.mark.django_db(transaction=True)
def test_lazy_queryset_in_async_code_raises_djangos_error():
    template = jinja(enable_async=True).env.from_string("{% pyforge_json rows %}")
    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(template.render_async(rows=Article.objects.all()))


def test_jinja2_is_optional():
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "import pyforge_web.templatetags.pyforge, pyforge_web.loaders\n"
        "call_command('check', tag=['templates'])"
    )
    child = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
