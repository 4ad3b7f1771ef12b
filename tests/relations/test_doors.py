"""The same nested fields through each door: templates, tuples, other values."""

import html

import pytest
from django.core.paginator import Paginator
from django.template import Context, Engine

from pyforge_web import CompiledSerializer
from pyforge_web.html import pyforge_json
from tests.oracle import assert_same, django_value, strict
from tests.relations.models import Article
from tests.relations.oracle import expected
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")
FIELDS = ["title", {"author": ["name"]}, {"tags": ["name", {"parent": ["name"]}]}]


@pytest.fixture
def articles(sqlite):
    return on(sqlite)(Article).order_by("pk")


def test_templates_give_the_same_rows(articles):
    rows = expected(articles, FIELDS)
    jinja2 = pytest.importorskip("jinja2")
    environment = jinja2.Environment(extensions=["pyforge_web.jinja.PyForgeExtension"], autoescape=True)
    engine = Engine(libraries={"pyforge": "pyforge_web.templatetags.pyforge"})
    context = {"articles": articles.all, "fields": FIELDS}
    tag = "{% pyforge_json articles fields=fields %}"
    texts = [
        engine.from_string("{% load pyforge %}" + tag).render(Context({"articles": articles.all(), "fields": FIELDS})),
        engine.from_string("{% load pyforge %}{{ articles|pyforge_json:fields }}").render(
            Context({**context, "articles": articles.all()})
        ),
        environment.from_string(tag).render({**context, "articles": articles.all()}),
        environment.from_string("{{ pyforge_json(articles, fields=fields) }}").render(
            {**context, "articles": articles.all()}
        ),
        environment.from_string(
            '{{ pyforge_json(articles, fields=["title", {"author": ["name"]}, fields[2]]) }}'
        ).render({**context, "articles": articles.all()}),
        pyforge_json(articles.all(), fields=FIELDS),
        pyforge_json(Paginator(articles.all(), 100).page(1), fields=FIELDS),
    ]
    for text in texts:
        assert "<" not in text
        assert_same(strict(html.unescape(text)), django_value(rows))  # the filter writes &quot;


def test_tuples_have_no_relations():
    with pytest.raises(TypeError, match="rows of tuples have no relations"):
        CompiledSerializer.for_model(Article, FIELDS).dump_tuples([("a",)])


def test_a_serializer_is_compiled_once():
    first = CompiledSerializer.for_model(Article, FIELDS)
    assert CompiledSerializer.for_model(Article, [*FIELDS]) is first
    assert [descriptor["name"] for descriptor in first.descriptors] == ["title"]


def test_a_serializer_wants_its_model(articles):
    from tests.relations.models import Tag

    with pytest.raises(TypeError, match="a QuerySet of Article is needed"):
        CompiledSerializer.for_model(Article, FIELDS).dump_queryset(Tag.objects.all())
