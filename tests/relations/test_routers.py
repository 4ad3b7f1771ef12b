"""Routers that read a model from another database: relations are what the attributes of instances give."""

import json

import pytest
from django.db.models import F
from ninja import Schema
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import CharField, ModelSerializer

import pyforge_web
from pyforge_web import CompiledSerializer, Computed, PyForgeStreamingResponse, prepared
from pyforge_web.ninja import PyForgeRenderer
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer
from tests.ninja.test_ninja import get
from tests.oracle import join_all
from tests.relations import models as m

pytestmark = pytest.mark.django_db(databases="__all__")
MODELS = {
    "authors": {m.Author},
    "countries": {m.Country},
    "profiles": {m.Profile},
    "all": {m.Author, m.Country, m.Profile, m.Article, m.Tag},
    "none": set(),
}


class Router:
    """Reads some models from one database, whatever the instance is."""

    def __init__(self, models, alias):
        self.models, self.alias = models, alias

    def db_for_read(self, model, **hints):
        return self.alias if model in self.models else None

    def allow_relation(self, one, other, **hints):
        return True


class AskingRouter(Router):
    """Asks the instance for a column, as a router of shards does."""

    def db_for_read(self, model, instance=None, **hints):
        if model in self.models and instance is not None and instance.pk is not None:
            return self.alias
        return None


@pytest.fixture(params=MODELS)
def models(request):
    return MODELS[request.param]


@pytest.fixture(params=[Router, AskingRouter])
def home(request, models, filled, db, settings):
    """The database of the rows, PostgreSQL. The models are read from SQLite, where each text says so.

    Not the other way round: the changed rows would stay in PostgreSQL's tables, and change its plans for other tests.
    """
    for model, name in ((m.Author, "name"), (m.Country, "name"), (m.Profile, "about"), (m.Article, "title")):
        for each in model.objects.using("default"):
            setattr(each, name, f"{getattr(each, name)} there")
            each.save(update_fields=[name])
    settings.DATABASE_ROUTERS = [request.param(models, "default")]
    return filled["postgresql"]


def get_one(instance, name):
    """What an attribute gives, None where there is no such object."""
    return getattr(instance, name, None)


def author_of(article):
    author = article.author
    profile, country = get_one(author, "profile"), author.country
    return {
        "name": author.name,
        "country": country and {"name": country.name},
        "profile": profile and {"about": profile.about},
    }


NESTED = ["name", {"country": ["name"]}, {"profile": ["about"]}]
TREES = {
    "path": (["author__name"], lambda each: {"author__name": each.author.name}),
    "deep path": (
        ["author__country__name"],
        lambda each: {"author__country__name": each.author.country and each.author.country.name},
    ),
    "nested": (["title", {"author": NESTED}], lambda each: {"title": each.title, "author": author_of(each)}),
    "renamed": ([{"writer": F("author__name")}], lambda each: {"writer": each.author.name}),
    "computed": (
        [{"writer": Computed(str.upper, "author__name")}],
        lambda each: {"writer": each.author.name.upper()},
    ),
    "many": (
        ["id", {"tags": ["name"]}],
        lambda each: {"id": each.pk, "tags": [{"name": tag.name} for tag in each.tags.all()]},
    ),
}


QUERYSETS = {
    "all": lambda queryset: queryset,
    "selected": lambda queryset: queryset.select_related("author"),
    "selected deep": lambda queryset: queryset.select_related("author__country", "author__bio"),
    "all selected": join_all,
    "prefetched": lambda queryset: queryset.prefetch_related("author__country", "tags"),
    "no rows": lambda queryset: queryset.filter(pk=-1),
}


def write(queryset, fields):
    return json.loads(pyforge_web.dumps(queryset, fields=fields))


def stream(queryset, fields):
    return [json.loads(line) for line in b"".join(PyForgeStreamingResponse(queryset, fields=fields)).splitlines()]


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("queryset", QUERYSETS)
def test_relations_are_what_the_attributes_are(queryset, tree, home):
    fields, read = TREES[tree]
    articles = QUERYSETS[queryset](m.Article.objects.using(home).order_by("pk"))
    expected = [read(each) for each in articles.all()]
    for _time in range(3):  # what is remembered
        assert write(articles.all(), fields) == expected
        assert stream(articles.all(), fields) == expected
    evaluated = articles.all()
    assert len(evaluated) == len(expected)
    assert json.loads(pyforge_web.dumps(evaluated, fields=fields, fetch=True)) == expected


@pytest.mark.parametrize("is_named", [False, True])
def test_relations_behind_lists_are_what_the_attributes_are(is_named, home):
    using = home if is_named else None
    comments = m.Comment.objects.using(using) if using else m.Comment.objects.all()
    articles = m.Article.objects.using(using) if using else m.Article.objects.all()
    expected = [
        {"comments": [{"writer": one.writer and {"name": one.writer.name}} for one in each.comments.all()]}
        for each in articles.order_by("pk")
    ]
    for _time in range(3):
        assert write(articles.order_by("pk"), [{"comments": [{"writer": ["name"]}]}]) == expected
    expected = [{"article": {"author": {"name": each.article.author.name}}} for each in comments.order_by("pk")]
    assert write(comments.order_by("pk"), [{"article": [{"author": ["name"]}]}]) == expected


@pytest.mark.parametrize("name", ["title", "author_id"])
def test_deferred_columns_are_what_the_attributes_are(name, home):
    articles = m.Article.objects.using(home).order_by("pk").only("pk")
    expected = [{name: getattr(each, name)} for each in articles.all()]
    assert json.loads(pyforge_web.dumps([*articles.all()], fields=[name], fetch=True)) == expected


def test_prepared_queries_are_what_the_attributes_are(home):
    @prepared(fields=["author__name"])
    def by_key(key):
        return m.Article.objects.using(home).filter(pk__gt=key).order_by("pk")

    for key in (0, 1, 0):
        expected = [{"author__name": each.author.name} for each in by_key.__wrapped__(key)]
        assert json.loads(pyforge_web.dumps(by_key(key))) == expected


def make_serializers(mixins):
    def make(of, names, **fields):
        meta = type("Meta", (), {"model": of, "fields": names})
        return type("Serializer", (*mixins, ModelSerializer), {"Meta": meta, **fields})

    country = make(m.Country, ["name"])()
    author = make(m.Author, ["name", "country"], country=country)
    comments = make(m.Comment, ["text", "writer"], writer=author())
    return {
        "nested": make(m.Article, ["title", "author"], author=author()),
        "dotted": make(m.Article, ["title", "writer"], writer=CharField(source="author.name")),
        "many": make(m.Article, ["title", "comments"], comments=comments(many=True)),
    }


class CountryOut(Schema):
    name: str


class AuthorOut(Schema):
    name: str
    country: CountryOut | None


class ArticleOut(Schema):
    title: str
    author: AuthorOut


@pytest.mark.parametrize("selected", [(), ("author",), ("author__country",)])
def test_serializers_and_schemas_say_what_theirs_say(selected, home):
    articles = m.Article.objects.using(home).select_related(*selected or [None]).order_by("pk")
    for name, theirs in make_serializers(()).items():
        ours = make_serializers((CompiledSerializerMixin,))[name]
        expected = JSONRenderer().render(theirs(articles.all(), many=True).data)
        for _time in range(2):
            assert PyForgeJSONRenderer().render(ours(articles.all(), many=True).rows) == expected
            assert JSONRenderer().render(ours(articles.all(), many=True).data) == expected
    expected = get(ArticleOut, articles, decorated=False)
    assert get(ArticleOut, articles, decorated=True) == expected
    assert get(ArticleOut, articles, decorated=False, renderer=PyForgeRenderer()) == expected


def test_the_reason_names_the_relation(filled, db, settings):
    settings.DATABASE_ROUTERS = [Router({m.Author}, filled["postgresql"])]
    paths = CompiledSerializer(m.Article, ["author__name"]).explain(queryset=m.Article.objects.using("default"))
    assert [path.reason for path in paths] == [
        "Django reads the whole statement: author: a router reads it from another database"
    ]
