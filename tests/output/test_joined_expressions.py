"""Expressions of a relation to one, and names that the query adds, mean what `.values()` of the model gives."""

import json

import pytest
from django.core.exceptions import FieldError
from django.db import connections
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Upper
from django.db.models.lookups import GreaterThan, In
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from pyforge_web import Attribute, Computed, PyForgeStreamingResponse, dumps, rows
from tests.relations.models import Article, Author

pytestmark = pytest.mark.django_db(databases="__all__")


class OwnFunction(Func):
    template = "(%(expressions)s || name)"


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
    "SQL of an instance": Func(F("name"), template="%(expressions)s || password", output_field=CharField()),
    "SQL of a class": OwnFunction("name", output_field=CharField()),
    "a list": Case(When(id__in=[F("mentor"), 2], then=Value("a")), default=Value("b")),
    "a range": Case(When(id__range=(F("mentor"), 9), then=Value("a")), default=Value("b")),
    "a list of a lookup": Case(When(In(F("id"), [F("mentor"), 2]), then=Value("a")), default=Value("b")),
    "a lookup": Case(When(GreaterThan(F("id"), F("mentor")), then=Value("a")), default=Value("b")),
    "one or the other": Case(When(Q(id=1) ^ Q(mentor=1), then=Value("a")), default=Value("b")),
    "a part of a text": F("name")[0:2],
    "a function of many": Upper("articles__author__name"),
    "a condition of the key": Q(pk__in=[1, 2]),
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


# QuerySets whose rows or numbers a join of many would change, and the output fields beside.
AROUND = {
    "plain": (lambda rows: rows, []),
    "a count": (lambda rows: rows.annotate(n=Count("tags")), ["n"]),
    "a count as output": (lambda rows: rows, [{"n": Count("tags")}]),
    "a condition of many": (lambda rows: rows.filter(tags__id__gt=0), []),
    "distinct": (lambda rows: rows.filter(tags__id__gt=0).distinct(), []),
    "a slice": (lambda rows: rows[1:4], []),
    "another relation": (lambda rows: rows, [{"editor": [{"y": Count("articles")}]}]),
}


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("aggregate", [Count("articles"), Sum("articles__price"), Count("pupils")], ids=str)
@pytest.mark.parametrize("around", AROUND)
def test_an_aggregate_of_a_relation_counts_its_rows(around, aggregate, native, sqlite):
    change, beside = AROUND[around]
    articles = change(Article.objects.using(sqlite).order_by("pk"))
    values = dict(Author.objects.using(sqlite).annotate(x=aggregate).values_list("pk", "x"))
    counts = dict(Author.objects.using(sqlite).annotate(x=Count("articles")).values_list("pk", "x"))
    tags = dict(Article.objects.using(sqlite).annotate(n=Count("tags")).values_list("pk", "n"))
    with override_settings(PYFORGE_WEB={"NATIVE": native}):
        written = json.loads(dumps(articles, fields=["pk", {"author": [{"x": aggregate}]}, *beside]))
    expected = []
    for each in articles:
        row = {"pk": each.pk, "author": {"x": values[each.author_id]}}
        if around.startswith("a count"):
            row["n"] = tags[each.pk]
        if around == "another relation":
            row["editor"] = None if each.editor_id is None else {"y": counts[each.editor_id]}
        expected.append(row)
    assert written == json.loads(dumps(expected))


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("name", ["author", None])
def test_two_aggregates_are_those_of_values(name, native, sqlite):
    """Django counts the rows of both joins, and so does each way."""
    pair = {"x": Count("articles"), "y": Count("pupils")}
    like = {row.pop("pk"): row for row in Author.objects.using(sqlite).values("pk", **pair)}
    fields = [{key: expression} for key, expression in pair.items()]
    with override_settings(PYFORGE_WEB={"NATIVE": native}):
        if name is None:
            authors = Author.objects.using(sqlite).order_by("pk")
            assert json.loads(dumps(authors, fields=fields)) == [like[each.pk] for each in authors]
            assert json.loads(dumps(list(authors), fields=fields, fetch=True)) == [like[each.pk] for each in authors]
        else:
            articles = Article.objects.using(sqlite).order_by("pk")
            written = json.loads(dumps(articles, fields=[{name: fields}]))
            assert written == [{name: like[each.author_id]} for each in articles]


def test_the_expressions_of_instances_are_one_query(sqlite):
    authors = list(Author.objects.using(sqlite).order_by("pk"))
    fields = ["pk", {"x": Count("articles")}, {"y": Upper("name")}, {"z": Q(id__gt=2)}]
    with CaptureQueriesContext(connections[sqlite]) as queries:
        dumps(authors, fields=fields, fetch=True)
    assert len(queries) == 1


@pytest.mark.parametrize("native", [True, False])
def test_a_condition_of_many_gives_no_row_twice(native, sqlite):
    expression = Case(When(articles__price__gt=2, then=Value("a")), default=Value("b"))
    articles = Article.objects.using(sqlite).order_by("pk")
    with override_settings(PYFORGE_WEB={"NATIVE": native}):
        written = json.loads(dumps(articles, fields=["pk", {"author": ["pk", {"x": expression}]}]))
    assert [(row["pk"], row["author"]["pk"]) for row in written] == list(articles.values_list("pk", "author"))


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
