"""The entry_points to `html.pyforge_json`, each as a function (value, **arguments) -> the text that a page gets."""

import asyncio
import html

from django.template import Context, Engine
from django.template.backends.jinja2 import Jinja2
from django.template.loaders import locmem

from pyforge_web.html import pyforge_json
from pyforge_web.loaders import LiteralTag


class Literal(LiteralTag, locmem.Loader):
    """The literal tag in templates of a dict."""


def engine(**options):
    return Engine(libraries={"pyforge": "pyforge_web.templatetags.pyforge"}, **options)


def literal_engine(templates, *, cached=False):
    loader = ("tests.templates.entry_points.Literal", templates)
    return engine(loaders=[("django.template.loaders.cached.Loader", [loader])] if cached else [loader])


def jinja(begin="{%", end="%}", **options):
    extensions = ["pyforge_web.jinja.PyForgeExtension"]
    options = {"extensions": extensions, "block_start_string": begin, "block_end_string": end, **options}
    return Jinja2({"NAME": "jinja2", "DIRS": [], "APP_DIRS": False, "OPTIONS": options})


def _tag(arguments):
    return " ".join(["pyforge_json value", *(f"{name}={name}" for name in arguments)])


def _django(source):
    return lambda value, **arguments: (
        engine()
        .from_string("{% load pyforge %}" + source.replace("TAG", _tag(arguments)))
        .render(Context({"value": value, **arguments}))
    )


def _jinja(source, *delimiters, **options):
    return lambda value, **arguments: (
        jinja(*delimiters, **options)
        .from_string(source.replace("TAG", _tag(arguments)))
        .render({"value": value, **arguments})
    )


def _jinja_call(value, **arguments):
    given = ", ".join(["value", *(f"{name}={name}" for name in arguments)])
    return jinja().from_string("{{ pyforge_json(" + given + ") }}").render({"value": value, **arguments})


def _jinja_async(value, **arguments):
    template = jinja(enable_async=True).env.from_string("{% " + _tag(arguments) + " %}")
    return asyncio.run(template.render_async(value=value, **arguments))


def _loader(value, **arguments):
    templates = {"page.html": f"<% {_tag(arguments)} %>"}
    return literal_engine(templates).get_template("page.html").render(Context({"value": value, **arguments}))


def _read_attribute(entry_point):
    """What a browser reads from an attribute that the filter writes."""

    def read(*args, **kwargs):
        written = entry_point(*args, **kwargs)
        assert '"' not in written
        return html.unescape(written)

    return read


ENTRY_POINTS = {
    "function": pyforge_json,
    "Django tag": _django("{% TAG %}"),
    "Django tag, as": _django("{% TAG as out %}{{ out }}"),
    "Django tag, autoescape off": _django("{% autoescape off %}{% TAG as out %}{{ out }}{% endautoescape %}"),
    "literal tag through the loader": _loader,
    "Jinja2 tag": _jinja("{% TAG %}"),
    "Jinja2 tag, as": _jinja("{% TAG as out %}{{ out }}"),
    "Jinja2 <% %>": _jinja("<% TAG %>", "<%", "%>"),
    "Jinja2 <%- -%>": _jinja(" \n <%- TAG -%> \n ", "<%", "%>"),
    "Jinja2 <% as %>": _jinja("<% TAG as out %>{{ out }}", "<%", "%>"),
    "Jinja2 autoescape off": _jinja("{% TAG %}", autoescape=False),
    "Jinja2 function": _jinja_call,
}
ASYNC = {"Jinja2 async": _jinja_async}
"""It has no access to the test's database."""
FILTERS = {
    "Django filter": _read_attribute(_django("{{ value|pyforge_json }}")),
    "Jinja2 filter": _read_attribute(_jinja("{{ value|pyforge_json }}")),
}
"""They take the value alone."""
