"""`"*"` has no deferred columns, whatever the other fields of the list load, and whoever reads the rows."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Prefetch
from django.test import override_settings

from pyforge_web import Attribute, Computed, PyForgeJsonResponse, PyForgeStreamingResponse, dumps, rows
from tests.output.ways import expected
from tests.relations.models import Article, Author

pytestmark = pytest.mark.django_db(databases="__all__")


class OwnEncoder(DjangoJSONEncoder):
    pass


WAYS_IN = {
    "queryset": lambda queryset: queryset,
    "evaluated": lambda queryset: (len(queryset), queryset)[1],
    "list": list,
}
WAYS_OUT = {
    "dumps": lambda data: dumps(data),
    "stream": lambda data: b"".join(PyForgeStreamingResponse(data, "array", chunk_size=2)),
    "tolist()": lambda data: json.dumps(data.tolist(), cls=DjangoJSONEncoder),
    "encoder=": lambda data: PyForgeJsonResponse(data, OwnEncoder).content,
    "NATIVE off": override_settings(PYFORGE_WEB={"NATIVE": False})(lambda data: dumps(data)),
}
QUERYSETS = {
    "defer": lambda queryset: queryset.defer("body", "price"),
    "only": lambda queryset: queryset.only("title"),
    "a deferred key": lambda queryset: queryset.defer("author", "editor"),
    "distinct": lambda queryset: queryset.defer("body").distinct(),
    "sliced": lambda queryset: queryset.defer("body")[1:3],
    "a prefetch": lambda queryset: queryset.defer("body").prefetch_related("tags"),
}
OTHERS = {
    "a relation to one": {"author": ["name"]},
    "a relation to many": {"tags": ["name"]},
    "a path": "editor__name",
    "the column itself": {"shown": F("body")},
    "a function of it": {"shown": Computed(str, "body")},
    "an attribute of it": {"shown": Attribute("body", reads=["body"])},
}


@pytest.mark.parametrize("way_out", WAYS_OUT)
@pytest.mark.parametrize("way_in", WAYS_IN)
@pytest.mark.parametrize("name", QUERYSETS)
def test_a_star_beside_what_loads_more(name, way_in, way_out, database):
    queryset = QUERYSETS[name](Article.objects.using(database).order_by("pk"))
    stars = expected(queryset.all(), ["*"])
    for other in OTHERS.values():
        for fields in (["*", other], [other, "*"]):
            data = WAYS_IN[way_in](queryset.all())
            written = json.loads(WAYS_OUT[way_out](rows(data, fields, fetch=True)))
            key = other if isinstance(other, str) else next(iter(other))
            assert [{name: row[name] for name in row if name != key} for row in written] == stars, other


@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_a_star_of_a_prefetch(way_out, database):
    articles = Article.objects.using(database).defer("body").order_by("pk")
    queryset = Author.objects.using(database).prefetch_related(Prefetch("articles", articles)).order_by("pk")
    fields = [{"articles": ["*", {"shown": F("body")}, "editor__name"]}]
    for way_in in WAYS_IN.values():
        written = json.loads(WAYS_OUT[way_out](rows(way_in(queryset.all()), fields, fetch=True)))
        assert {name for row in written for article in row["articles"] for name in article} >= {"title", "shown"}
        assert not any("body" in article for row in written for article in row["articles"])


JOINS = {
    "defer": lambda queryset: queryset.select_related("author__country").defer("author__name", "author__country__name"),
    "only": lambda queryset: queryset.select_related("author").only("title", "author__born"),
    "not joined": lambda queryset: queryset.defer("author__name"),
    "another one": lambda queryset: queryset.select_related("editor").defer("editor__name"),
    "all": lambda queryset: queryset.select_related("author__country").defer("body"),
}


@pytest.mark.parametrize("way_out", WAYS_OUT)
@pytest.mark.parametrize("name", JOINS)
def test_a_star_of_a_relation_that_is_joined(name, way_out, database):
    queryset = JOINS[name](Article.objects.using(database).order_by("pk"))
    for fields in ([{"author": ["*"]}], ["title", {"author": ["*", {"country": ["*"]}]}, {"tags": ["name"]}]):
        for way_in in WAYS_IN.values():
            written = json.loads(WAYS_OUT[way_out](rows(way_in(queryset.all()), fields, fetch=True)))
            assert written == expected(queryset.all(), fields), fields
