"""Why a QuerySet is Django's to read: the reason is said, and the rows are those of instances."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import CharField, Count, Prefetch, Value
from django.db.models.functions import Lower

from pyforge_web import dumps, rows
from pyforge_web.serializers import CompiledSerializer
from tests.relations.models import Article, Author, Comment, Country, Note, Restaurant, Tag

pytestmark = pytest.mark.django_db(databases="__all__")


class OwnPrefetch(Prefetch):
    """A lookup that loads in its own way."""

    def get_current_querysets(self, level):
        found = super().get_current_querysets(level)
        return found and [queryset.filter(pk__gt=1) for queryset in found]


def own_lookup(q):
    return q(Author).prefetch_related(OwnPrefetch("articles", q(Article).order_by("pk"))).order_by("pk")


def titles(author):
    return {"id": author.pk, "articles": [{"id": each.pk} for each in author.articles.all()]}


def bare_author(article):
    author = article.author
    left_out = author.get_deferred_fields() | {"password"}
    columns = [field.attname for field in Author._meta.concrete_fields if field.attname not in left_out]
    return {"id": article.pk, "author": {name: getattr(author, name) for name in columns}}


# The QuerySet, its fields, what an instance gives, and a part of the reason.
CASES = {
    "own Prefetch": (own_lookup, ["id", {"articles": ["id"]}], titles, "OwnPrefetch loads relations in its own way"),
    "deferred columns of a joined relation": (
        lambda q: q(Article).select_related("author").defer("author__born").order_by("pk"),
        ["id", {"author": ["*"]}],
        bare_author,
        "columns that select_related joins are deferred",
    ),
    "deferred columns, deeper": (
        lambda q: q(Comment).select_related("article__author").only("text", "article__author__name").order_by("pk"),
        ["pk", {"article": ["id", {"author": ["name"]}]}],
        lambda comment: {
            "pk": comment.pk,
            "article": {"id": comment.article.pk, "author": {"name": comment.article.author.name}},
        },
        None,
    ),
    "a locked row": (
        lambda q: q(Article).select_for_update().order_by("pk"),
        ["id", {"author": ["name"]}],
        lambda article: {"id": article.pk, "author": {"name": article.author.name}},
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_reason_and_rows(database, name):
    make, fields, as_dict, reason = CASES[name]

    def q(model):
        return model._default_manager.using(database)

    expected = [as_dict(each) for each in make(q)]
    assert expected
    ours = dumps(make(q), fields=fields)
    assert json.loads(ours) == json.loads(json.dumps(expected, cls=DjangoJSONEncoder))
    assert json.loads(dumps(list(make(q)), fields=fields, fetch=True)) == json.loads(ours)
    if reason:
        paths = CompiledSerializer(make(q).model, fields).explain(queryset=make(q))
        assert any(reason in (path.reason or "") for path in paths), paths


def test_slice_of_a_relation_without_to_attr(database):
    """The error is Django's."""
    sliced = Prefetch("articles", Article.objects.using(database).order_by("pk")[:2])
    queryset = Author.objects.using(database).prefetch_related(sliced)
    with pytest.raises(TypeError) as djangos:
        list(queryset.all())
    with pytest.raises(TypeError) as ours:
        dumps(queryset.all(), fields=["id", {"articles": ["id"]}])
    assert str(ours.value) == str(djangos.value)


def test_aggregate_beside_annotations_keeps_the_default_order(database):
    """Grouping would drop the order of the model, which the rows of the QuerySet have."""
    queryset = Tag.objects.using(database).annotate(low=Lower("name"))
    expected = [{"name": tag.name, "n": tag.article_set.count(), "low": tag.low} for tag in queryset]
    assert json.loads(dumps(queryset.all(), fields=["name", {"n": Count("article")}, "low"])) == expected


def test_list_with_names_of_annotations_and_lists(database):
    """A name with `__` that each instance has is its attribute; a list that holds no models is no relation."""
    queryset = Author.objects.using(database).annotate(articles__count=Count("articles")).order_by("pk")
    expected = [{"id": each.pk, "articles__count": each.articles__count} for each in queryset]
    assert json.loads(dumps(list(queryset), fields=["id", "articles__count"])) == expected
    instances = list(queryset)
    for each in instances:
        each.words = ["a", "b"]
    with pytest.raises(Exception, match="words") as refused:
        dumps(instances, fields=["id", {"words": ["id"]}])
    assert "'words'" in str(refused.value)


def test_parent_of_an_instance_with_all_its_columns(database):
    """The row of a child has the columns of its parent: the link is made of them, and asks nobody."""
    restaurants = list(Restaurant.objects.using(database).order_by("pk"))
    expected = [{"stars": each.stars, "place_ptr": {"name": each.place_ptr.name}} for each in restaurants]
    fresh = list(Restaurant.objects.using(database).order_by("pk"))
    assert json.loads(dumps(fresh, fields=["stars", {"place_ptr": ["name"]}])) == expected


def test_parent_of_an_instance_that_is_loaded(database):
    """What is loaded of the parent is what the child has."""
    restaurants = list(Restaurant.objects.using(database).select_related("place_ptr__country").order_by("pk"))
    expected = [{"country": {"name": each.country.name}} for each in restaurants]
    for each in restaurants:
        assert each.place_ptr.country
    assert json.loads(dumps(restaurants, fields=[{"country": ["name"]}], fetch=True)) == expected


def test_generic_relations_of_types_that_are_gone(database):
    """A content type without a model: the exception is that of the attribute."""
    from django.contrib.contenttypes.models import ContentType

    gone = ContentType.objects.using(database).create(app_label="relations", model="gone")
    Note.objects.using(database).create(text="of nothing", content_type=gone, object_id=1)
    notes = Note.objects.using(database).order_by("-pk")
    ContentType.objects.clear_cache()
    with pytest.raises(AttributeError) as djangos:
        notes[0].subject  # noqa: B018
    with pytest.raises(AttributeError) as ours:
        dumps(list(notes.all()), fields=["text", {"subject": ["pk"]}], fetch=True)
    assert str(ours.value) == str(djangos.value)


def test_deferred_columns_of_a_model_that_reloads_in_its_own_way(database, monkeypatch):
    """Each column is what the attribute gives."""

    def refresh_from_db(self, using=None, fields=None, from_queryset=None):
        models.Model.refresh_from_db(self, using=using, fields=fields)
        if fields and "name" in fields:
            self.name = f"{self.name} again"

    monkeypatch.setattr(Author, "refresh_from_db", refresh_from_db)
    queryset = Author.objects.using(database).only("id").order_by("pk")
    expected = [{"id": each.pk, "name": each.name, "born": each.born} for each in queryset]
    ours = dumps(list(queryset.all()), fields=["id", "name", "born"], fetch=True)
    assert json.loads(ours) == json.loads(json.dumps(expected, cls=DjangoJSONEncoder))
    some = list(Author.objects.using(database).only("id", "born").order_by("pk"))
    assert json.loads(dumps(some, fields=["id", "name", "born"], fetch=True)) == json.loads(ours)


def test_two_columns_of_one_name(database):
    """`values()` with the name of an extra column twice: a dict has the last of them."""
    queryset = Article.objects.using(database).extra(select={"x": "1"}).order_by("pk").values("id", "x")
    assert json.loads(dumps(queryset.all())) == list(queryset)
    named = Country.objects.using(database).order_by("pk").values("code", own=Value("a", CharField()))
    assert json.loads(dumps(rows(named.all()))) == list(named)
