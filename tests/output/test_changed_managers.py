"""Managers whose methods decide which related rows there are: the project's own, or Django's replaced by a tool."""

import pytest
from django.db.models import Manager, QuerySet
from django.db.models.manager import BaseManager
from ninja import Schema
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

from pyforge_web.ninja import PyForgeRenderer
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer
from tests.ninja.test_ninja import get
from tests.output.attribute_reader import follow
from tests.output.ways import WAYS_IN, WAYS_OUT
from tests.relations.models import Article, Author, Comment, Profile, Tag, VisibleManager

pytestmark = pytest.mark.django_db(databases="__all__")
HIDDEN = {Author: {"name__contains": "1"}, Profile: {"author__name__contains": "2"}}


def leave_out(manager):
    """What a tool makes of `get_queryset()` for all models: some rows are hidden from everybody."""
    found = QuerySet(manager.model, using=manager._db, hints=manager._hints)
    return found.exclude(**HIDDEN[manager.model]) if manager.model in HIDDEN else found


def give_all_ways(queryset, fields):
    """Return what each way in and out writes, as one list where all are alike."""
    given = [
        way_out(way_in(queryset.all()), fields=fields, fetch=True)
        for way_in in WAYS_IN.values()
        for way_out in WAYS_OUT.values()
        for _time in range(2)  # what is remembered
    ]
    assert all(each == given[0] for each in given)
    return given[0]


def write_articles(articles):
    return give_all_ways(articles, ["author__name", {"editor": ["name", {"profile": ["about"]}]}])


def read_articles(articles):
    def read_editor(editor):
        about = follow(editor, "profile", "about")
        return {"name": editor.name, "profile": None if about is None else {"about": about}}

    return [
        {"author__name": follow(each, "author", "name"), "editor": (one := follow(each, "editor")) and read_editor(one)}
        for each in articles.all()
    ]


def patch_base_manager(monkeypatch):
    manager = Author._base_manager
    monkeypatch.setattr(manager, "get_queryset", lambda: leave_out(manager), raising=False)


PATCHES = {
    "Manager": lambda patch: patch.setattr(Manager, "get_queryset", leave_out, raising=False),
    "BaseManager": lambda patch: patch.setattr(BaseManager, "get_queryset", leave_out),
    "a base manager": patch_base_manager,
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_join_finds_no_row_that_managers_hide(database, monkeypatch, name):
    articles = Article.objects.using(database).order_by("pk")
    shown = write_articles(articles)
    assert shown == read_articles(articles)
    PATCHES[name](monkeypatch)
    assert write_articles(articles) == read_articles(articles) != shown
    monkeypatch.undo()
    assert write_articles(articles) == shown


def choose_loud(manager):
    """What `all()` of a project may do, whatever was loaded."""
    return BaseManager.all(manager).exclude(pk__in=[2, 5, 8] if manager.model in (Comment, Tag) else [])


OWN_ALL = {
    "comments": lambda patch: patch.setattr(VisibleManager, "all", choose_loud, raising=False),
    "tags": lambda patch: patch.setattr(type(Tag._default_manager), "all", choose_loud, raising=False),
}


@pytest.mark.parametrize("name", OWN_ALL)
@pytest.mark.parametrize("is_loaded", [False, True])
def test_a_relation_to_many_has_the_rows_of_its_all(database, monkeypatch, name, is_loaded):
    articles = Article.objects.using(database).order_by("pk")
    loaded = articles.prefetch_related(name) if is_loaded else articles

    def expected(articles=loaded):
        return [[{"pk": one.pk} for one in getattr(each, name).all()] for each in articles]

    def written():
        return [row[name] for row in give_all_ways(loaded, [{name: ["pk"]}])]

    shown = expected()
    assert written() == shown
    OWN_ALL[name](monkeypatch)
    assert written() == expected() != shown
    assert [row[name] for row in give_all_ways(loaded, [name])] == [[one["pk"] for one in each] for each in expected()]
    authors = Author.objects.using(database).order_by("pk").prefetch_related("articles")
    behind = give_all_ways(authors, [{"articles": [{name: ["pk"]}]}])
    for row, author in zip(behind, authors, strict=True):
        assert [one[name] for one in row["articles"]] == expected(author.articles.all())


class CommentOut(Schema):
    text: str


class ArticleOut(Schema):
    title: str
    comments: list[CommentOut]


def make_serializer(*mixins):
    class CommentSerializer(*mixins, ModelSerializer):
        class Meta:
            model, fields = Comment, ["text"]

    class ArticleSerializer(*mixins, ModelSerializer):
        comments = CommentSerializer(many=True)

        class Meta:
            model, fields = Article, ["title", "comments"]

    return ArticleSerializer


def test_serializers_and_schemas_ask_all(database, monkeypatch):
    monkeypatch.setattr(VisibleManager, "all", choose_loud, raising=False)
    articles = Article.objects.using(database).order_by("pk")
    for given in (articles, articles.prefetch_related("comments")):
        expected = JSONRenderer().render(make_serializer()(given.all(), many=True).data)
        made = make_serializer(CompiledSerializerMixin)(given.all(), many=True)
        assert JSONRenderer().render(made.data) == PyForgeJSONRenderer().render(made.rows) == expected
        expected = get(ArticleOut, given.all(), decorated=False)
        assert expected[0] == 200
        assert get(ArticleOut, given.all(), decorated=True) == expected
        assert get(ArticleOut, given.all(), decorated=False, renderer=PyForgeRenderer()) == expected
