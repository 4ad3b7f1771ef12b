"""Output fields that count choose keys, never rows: these come in the order in which iterating gives them.

Django leaves `Meta.ordering` out of a query with GROUP BY.
"""

import json

import pytest
from django.db.models import Count, Max, Prefetch

from pyforge_web import PyForgeStreamingResponse, dumps, rows
from tests.relations.models import Article, Comment, Tag

pytestmark = pytest.mark.django_db(databases="__all__")
COUNTED = {
    "one": {"n": Count("answers")},
    "two": {"n": Count("answers"), "most": Max("answers__score")},
}


def read_all(data, fields):
    stream = PyForgeStreamingResponse(data.all(), "array", fields=fields)
    return [
        json.loads(dumps(data.all(), fields=fields)),
        json.loads(dumps({"x": rows(data.all(), fields)}))["x"],
        json.loads(b"".join(stream)),
    ]


@pytest.mark.parametrize("counted", COUNTED)
@pytest.mark.parametrize("way", ["all", "filtered", "deferred", "annotated", "reversed", "by name", "no order", "page"])
def test_rows_with_counts_keep_their_order(database, way, counted):
    comments = Comment.objects.using(database)
    queryset = {
        "all": comments.all(),
        "filtered": comments.filter(score__gte=1),
        "deferred": comments.defer("text"),
        "annotated": comments.annotate(known=Count("answers")),
        "reversed": comments.reverse(),
        "by name": comments.order_by("text", "pk"),
        "no order": comments.order_by().order_by("pk"),
        "page": comments.all()[1:4],
    }[way]
    expected = [instance.pk for instance in queryset.all()]
    if way == "annotated":  # Django's own query has no order
        expected = sorted(expected)
    for found in read_all(queryset, ["id", COUNTED[counted]]):
        keys = [row["id"] for row in found]
        assert (sorted(keys) if way == "annotated" else keys) == expected
        for row in found:
            assert row["n"] == Comment.everything.using(database).filter(answered=row["id"]).count()


def test_related_rows_with_counts_keep_their_order(database):
    articles = Article.objects.using(database).order_by("pk")
    fields = ["id", {"tags": ["id", {"n": Count("article")}]}, {"comments": ["id", {"n": Count("answers")}]}]
    for prefetched in (
        articles,
        articles.prefetch_related("tags"),
        articles.prefetch_related(Prefetch("tags", Tag.objects.using(database).all())),
    ):
        for found in read_all(prefetched, fields):
            for row, article in zip(found, articles.all(), strict=True):
                assert [tag["id"] for tag in row["tags"]] == [tag.pk for tag in article.tags.all()]
                assert [each["id"] for each in row["comments"]] == [each.pk for each in article.comments.all()]
