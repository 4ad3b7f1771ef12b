"""Lookups of `prefetch_related` through a relation that leads back: Django has loaded the rows there already."""

import json

import pytest
from django.db.models import Prefetch

from pyforge_web import dumps
from tests.app.models import Article, Author, Tag

pytestmark = pytest.mark.django_db

LIVE, HIDDEN = Article.objects.filter(live=True), Article.objects.filter(live=False)
BACK = ["name", {"articles": ["id", {"author": ["name", {"articles": ["id"]}]}]}]
DEEP = ["name", {"articles": ["id", {"author": ["name", {"articles": ["id", {"author": [{"articles": ["id"]}]}]}]}]}]
TAGS = [
    "name",
    {"articles": ["id", {"tags": ["name"]}, {"author": ["name", {"articles": ["id", {"tags": ["name"]}]}]}]},
]
ONE_TAG = Tag.objects.filter(name="tag 1")
LOOKUPS = {
    "behind all": (BACK, ["articles", Prefetch("articles__author__articles", LIVE)]),
    "behind some": (BACK, [Prefetch("articles", LIVE), Prefetch("articles__author__articles", HIDDEN)]),
    "alone": (BACK, [Prefetch("articles__author__articles", HIDDEN)]),
    "deeper": (TAGS, ["articles__tags", Prefetch("articles__author__articles__tags", ONE_TAG)]),
    "deeper, some": (TAGS, [Prefetch("articles__tags", ONE_TAG), "articles__author__articles__tags"]),
    "deeper, behind itself": (
        DEEP,
        [
            Prefetch("articles__author__articles", LIVE),
            Prefetch("articles__author__articles__author__articles", HIDDEN),
        ],
    ),
    "deeper, before itself": (
        DEEP,
        [Prefetch("articles__author__articles__author__articles", HIDDEN), "articles__author__articles"],
    ),
    "of the relation's own": (
        BACK,
        [Prefetch("articles", Article.objects.prefetch_related(Prefetch("author__articles", HIDDEN)))],
    ),
}


def walk(instance, fields):
    """The attributes of an instance, as `fields` names them."""
    found = {name: getattr(instance, name) for name in fields if isinstance(name, str)}
    for item in fields:
        for name, inner in item.items() if isinstance(item, dict) else ():
            value = getattr(instance, name)
            many = [walk(each, inner) for each in value.all()] if hasattr(value, "all") else None
            found[name] = walk(value, inner) if many is None else many
    return found


@pytest.mark.parametrize(("fields", "lookups"), LOOKUPS.values(), ids=LOOKUPS)
def test_the_rows_are_those_of_the_instances(fields, lookups):
    authors = [Author.objects.create(name=f"author {number}") for number in range(2)]
    tags = [Tag.objects.create(name=f"tag {number}") for number in range(2)]
    for number in range(5):
        article = Article.objects.create(title=str(number), author=authors[number % 2], live=number % 3 != 0)
        article.tags.set(tags)
    queryset = Author.objects.order_by("pk").prefetch_related(*lookups)
    expected = [walk(author, fields) for author in queryset.all()]
    assert json.loads(dumps(queryset.all(), fields=fields)) == expected
