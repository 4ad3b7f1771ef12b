"""SQL that somebody wrote names columns as it likes: joins of ours must not give it the same name twice."""

import json

import pytest
from django.db.models import F, Func, IntegerField, Value
from django.db.models.expressions import RawSQL

from pyforge_web import PyForgeStreamingResponse, dumps
from tests.relations.models import Article

pytestmark = pytest.mark.django_db(databases="__all__")
RAW = {
    "extra where": lambda articles: articles.extra(where=["id > 2"]),
    "extra select": lambda articles: articles.extra(select={"double": "id * 2"}),
    "with and without": lambda articles: articles.extra(where=["id > 2 AND relations_article.id < 100"]),
    "with its table": lambda articles: articles.extra(where=["relations_article.id > 2"]),
    "extra order": lambda articles: articles.extra(select={"double": "id * 2"}, order_by=["-double"]),
    "RawSQL in a filter": lambda articles: articles.filter(pk__in=RawSQL("id", [])),
    "RawSQL as a value": lambda articles: articles.annotate(same=RawSQL("id", [])).filter(same__gt=2),
    "RawSQL inside": lambda articles: articles.annotate(more=RawSQL("id", [], IntegerField()) + Value(1)),
    "RawSQL in an order": lambda articles: articles.order_by(RawSQL("id", []).desc()),
    "template": lambda articles: articles.annotate(same=Func(template="(id)", output_field=IntegerField())),
    "no raw SQL": lambda articles: articles.annotate(more=F("id") + Value(1)),
}
FIELDS = {
    "path": ["id", "author__name"],
    "joined": ["id", {"author": ["id", "name"]}],
    "under a key": ["id", {"by": F("author__name")}],
    "to many": ["id", {"author": ["name"]}, {"tags": ["name"]}],
}


def by_instances(name, articles):
    """What each list of fields means, read by getattr."""
    row = {
        "path": lambda article: {"author__name": article.author.name},
        "joined": lambda article: {"author": {"id": article.author.id, "name": article.author.name}},
        "under a key": lambda article: {"by": article.author.name},
        "to many": lambda article: {
            "author": {"name": article.author.name},
            "tags": [{"name": tag.name} for tag in article.tags.all()],
        },
    }[name]
    return [{"id": article.id, **row(article)} for article in articles]


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_raw_sql_beside_relations(raw, name, database):
    articles = raw(Article.objects.using(database).order_by("pk"))
    expected = by_instances(name, articles.all())
    assert json.loads(dumps(articles.all(), fields=FIELDS[name])) == expected
    stream = PyForgeStreamingResponse(articles.all(), fields=FIELDS[name], format="array")
    assert json.loads(b"".join(stream.streaming_content)) == expected
