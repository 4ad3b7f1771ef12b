"""Expressions that name what the QuerySet has added to its rows: alike natively and on Django's path."""

import json

import pytest
from django.core.paginator import Paginator
from django.db.models import Count, F, QuerySet, Value
from django.db.models.functions import Concat, Upper
from django.test import override_settings

import pyforge_web
from pyforge_web import PyForgeStreamingResponse, rows
from tests.relations.models import Article, Author

pytestmark = pytest.mark.django_db(databases="__all__")

QUERIES = {
    "annotate": lambda: Author.objects.annotate(n=Count("articles")).order_by("pk"),
    "alias": lambda: Author.objects.alias(n=Count("articles")).order_by("pk"),
    "slice": lambda: Author.objects.annotate(n=Count("articles")).order_by("-n", "pk")[:2],
    "filter": lambda: Author.objects.annotate(n=Count("articles")).filter(n__gte=1).order_by("pk"),
    "prefetch": lambda: Author.objects.annotate(n=Value(3)).prefetch_related("articles").order_by("pk"),
    "empty": lambda: Author.objects.annotate(n=Value(3)).filter(pk=-1).order_by("pk"),
    "none": lambda: Author.objects.annotate(n=Value(3)).none(),
}
FIELDS = {
    "one": ["id", {"more": F("n") + 1}],
    "two": [{"more": F("n") + 1, "loud": Upper("name")}, "id"],
    "nested": [{"more": F("n") * 2}, {"articles": ["id"]}],
    "beside": ["name", {"own": F("name"), "text": Concat("name", Value("!")), "more": F("n") + F("pk")}],
}


def ways(make, fields):
    """The rows by each way out."""
    yield json.loads(pyforge_web.dumps(make(), fields=fields))
    yield json.loads(pyforge_web.dumps({"x": rows(make(), fields)}))["x"]
    yield json.loads(pyforge_web.dumps(Paginator(make(), 50).page(1), fields=fields))
    yield json.loads(b"".join(PyForgeStreamingResponse(make(), "array", fields=fields, chunk_size=2)))


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("fields", FIELDS)
def test_expressions_of_annotations_on_both_paths(sqlite, query, fields):
    native = list(ways(QUERIES[query], FIELDS[fields]))
    with override_settings(PYFORGE_WEB={"NATIVE": False}):
        django = list(ways(QUERIES[query], FIELDS[fields]))
    assert native == django
    assert all(each == native[0] for each in native)
    computed = list(QUERIES[query]().annotate(more=FIELDS[fields][0 if fields in ("two", "nested") else 1]["more"]))
    assert [row["more"] for row in native[0]] == [each.more for each in computed]


def test_expressions_of_annotations_behind_a_tool(sqlite, monkeypatch):
    """A tool that patches Django's QuerySets sends all rows by Django's path."""
    make, fields = QUERIES["annotate"], FIELDS["two"]
    native = list(ways(make, fields))
    fetch = QuerySet._fetch_all
    monkeypatch.setattr(QuerySet, "_fetch_all", lambda self: fetch(self))
    assert list(ways(make, fields)) == native


def test_expressions_of_annotations_take_no_more_statements(sqlite, django_assert_num_queries):
    with override_settings(PYFORGE_WEB={"NATIVE": False}), django_assert_num_queries(1):
        pyforge_web.dumps(Article.objects.annotate(n=Value(1)), fields=["id", {"more": F("n") + 1}])
