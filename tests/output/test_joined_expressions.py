"""Expressions of a relation to one, and names that the query adds, mean what `.values()` of the model gives."""

import json

import pytest
from django.core.exceptions import FieldError
from django.db.models import Case, Count, Exists, F, FilteredRelation, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Upper
from django.test import override_settings

from pyforge_web import Attribute, Computed, PyForgeStreamingResponse, dumps, rows
from tests.relations.models import Article, Author

pytestmark = pytest.mark.django_db(databases="__all__")

WRITTEN = Article.objects.filter(author=OuterRef("pk")).order_by("pk")
EXPRESSIONS = {
    "function": Upper("name"),
    "condition": Q(name__contains="1"),
    "count": Count("articles"),
    "exists": Exists(WRITTEN),
    "not exists": ~Exists(WRITTEN),
    "subquery": Subquery(WRITTEN.values("title")[:1]),
    "queryset": WRITTEN.values("title")[:1],
    "subquery in a function": Coalesce(Subquery(WRITTEN.values("title")[:1]), Value("none")),
    "exists in a case": Case(When(Exists(WRITTEN), then=Value(1)), default=Value(0)),
    "exists in a condition": Q(Exists(WRITTEN)),
    "raw SQL": RawSQL("name || '!'", ()),
}
WAYS_IN = {
    "queryset": lambda articles, fields: dumps(articles, fields=fields),
    "joined already": lambda articles, fields: dumps(articles.select_related("author"), fields=fields),
    "loaded already": lambda articles, fields: dumps(articles.prefetch_related("author"), fields=fields),
    "list": lambda articles, fields: dumps(list(articles), fields=fields, fetch=True),
    "stream": lambda articles, fields: b"".join(
        PyForgeStreamingResponse(articles, "array", fields=fields, chunk_size=2)
    ),
}
# What an expression may begin with besides a field: the QuerySet that adds it, and the expression.
NAMES = {
    "an alias": (lambda rows: rows.alias(y=F("title")), F("y")),
    "a transform of an alias": (lambda rows: rows.alias(y=F("published")), F("y__year")),
    "a transform of an annotation": (lambda rows: rows.annotate(y=F("published")), F("y__year")),
    "a key of an annotation": (lambda rows: rows.annotate(y=F("data")), F("y__a")),
    "a filtered relation": (
        lambda rows: rows.annotate(y=FilteredRelation("editor", condition=Q(editor__name__gt=""))),
        F("y__name"),
    ),
}


@pytest.mark.parametrize("way_in", WAYS_IN)
@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_of_a_relation_is_one_of_its_model(name, way_in, sqlite):
    expression = EXPRESSIONS[name]
    values = dict(Author.objects.using(sqlite).annotate(x=expression).values_list("pk", "x"))
    articles = Article.objects.using(sqlite).order_by("-pk")
    written = json.loads(WAYS_IN[way_in](articles, ["pk", {"author": ["pk", {"x": expression}]}]))
    keys = articles.values_list("pk", "author")
    assert written == [{"pk": pk, "author": {"pk": author, "x": values[author]}} for pk, author in keys]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_of_a_relation_that_leads_back(name, sqlite):
    expression = EXPRESSIONS[name]
    values = dict(Author.objects.using(sqlite).annotate(x=expression).values_list("pk", "x"))
    authors = Author.objects.using(sqlite).order_by("-pk")
    written = json.loads(dumps(authors, fields=["pk", {"articles": [{"author": [{"x": expression}]}]}]))
    assert written == [
        {"pk": each.pk, "articles": [{"author": {"x": values[each.pk]}}] * each.articles.count()} for each in authors
    ]


@pytest.mark.parametrize("name", NAMES)
def test_an_expression_may_begin_with_what_the_query_adds(name, sqlite):
    add, expression = NAMES[name]
    articles = Article.objects.using(sqlite).order_by("pk")
    written = json.loads(dumps(add(articles), fields=["pk", {"x": expression}]))
    assert written == list(add(articles).values("pk", x=expression))


def test_what_an_alias_adds_is_no_name_of_a_row(sqlite):
    with pytest.raises(FieldError, match="'y'"):
        dumps(Article.objects.using(sqlite).alias(y=F("title")), fields=["y"])


@pytest.mark.parametrize("native", [True, False])
def test_a_queryset_can_be_written_twice(native, sqlite):
    """Its rows are asked for anew, also where Django reads them."""
    articles = Article.objects.using(sqlite).order_by("pk")
    like = list(articles.values("pk", x=Upper("title")))
    written = rows(articles.all(), ["pk", {"x": Upper("title")}])
    with override_settings(PYFORGE_WEB={"NATIVE": native}):
        assert json.loads(dumps({"one": written, "two": written})) == {"one": like, "two": like}
        Article.objects.using(sqlite).update(title="another")
        assert {row["x"] for row in json.loads(dumps(written))} == {"ANOTHER"}
        values = rows(articles.values("title"))
        assert {row["title"] for row in json.loads(dumps(values))} == {"another"}
        Article.objects.using(sqlite).update(title="a third")
        assert {row["title"] for row in json.loads(dumps(values))} == {"a third"}


def stop(*values):
    raise StopIteration


@pytest.mark.parametrize("output", [Computed(stop, "pk"), Attribute("stops", reads=["pk"])])
@pytest.mark.parametrize("way_in", WAYS_IN)
def test_a_function_that_raises_stop_iteration_is_named(output, way_in, sqlite, monkeypatch, caplog):
    monkeypatch.setattr(Article, "stops", property(stop), raising=False)
    articles = Article.objects.using(sqlite).order_by("pk")
    if way_in == "stream":
        WAYS_IN[way_in](articles, [{"x": output}])
        assert "raised StopIteration" in caplog.text
        return
    with pytest.raises(RuntimeError, match="raised StopIteration"):
        WAYS_IN[way_in](articles, [{"x": output}])
