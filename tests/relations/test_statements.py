"""Which statements are sent: how many, of which columns, and that no instance is made of their rows."""

import re
import sys

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models import Prefetch
from django.db.models.base import Model
from django.test.utils import CaptureQueriesContext

import pyforge_web
from pyforge_web.metering import collect
from tests.oracle import assert_same, django_value, strict
from tests.relations.cases import TO_MANY, TO_ONE
from tests.relations.models import Article, Author, Comment, Country, Peculiar, Restaurant, Tag
from tests.relations.oracle import expected
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")
CASES = TO_ONE | {f"many, {name}": case for name, case in TO_MANY.items()}


def statements(database, queryset, fields):
    with CaptureQueriesContext(connections[database]) as queries:
        pyforge_web.dumps(queryset, fields=fields)
    return [query["sql"] for query in queries.captured_queries]


def selected(sql):
    """The columns between SELECT and FROM, without their aliases."""
    columns = re.match(r"SELECT (?:DISTINCT )?(.*?) FROM ", sql)[1].split(", ")
    return [re.sub(r" AS .*|^\+", "", column).replace('"', "").replace("relations_", "") for column in columns]


# fields: how many statements they cost, by the relations to many in them alone.
COSTS = [
    (["id", {"author": ["name"]}], 1),
    (["id", {"author": ["name", {"country": ["name"]}]}, {"editor": [{"mentor": ["name"]}]}], 1),
    (["id", {"tags": ["name"]}], 2),
    (["id", {"tags": ["name"]}, {"comments": ["text"]}, {"notes": ["text"]}], 4),
    (["id", {"author": [{"articles": ["id", {"tags": ["name"]}]}]}, {"comments": ["text", {"writer": ["name"]}]}], 4),
]


@pytest.mark.parametrize(("fields", "cost"), COSTS)
def test_the_number_depends_on_the_fields_alone(fields, cost, database):
    on(database)(Article).first().notes.first()  # Django asks for a content type once
    rows = on(database)(Article).filter(tags__isnull=False, comments__isnull=False).order_by("pk").distinct()
    for queryset in (rows, rows[:1], rows[:3], on(database)(Article).order_by("pk"), on(database)(Article)):
        assert len(statements(database, queryset, fields)) == cost


@pytest.mark.parametrize("many", [1, 40, 400])
def test_the_number_does_not_depend_on_the_rows(many, sqlite):
    tags = list(on(sqlite)(Tag))
    author = on(sqlite)(Author).first()
    articles = Article.objects.bulk_create(Article(title=f"{n}", author=author) for n in range(many))
    for article in articles[::10]:
        article.tags.set(tags)
    fields = ["title", {"author": ["name"]}, {"tags": ["name", {"parent": ["name"]}]}, {"comments": ["text"]}]
    queryset = Article.objects.filter(pk__gte=articles[0].pk).order_by("pk")
    assert len(statements(sqlite, queryset, fields)) == 3
    assert_same(strict(pyforge_web.dumps(queryset, fields=fields)), django_value(expected(queryset, fields)))


# QuerySet, fields: the columns of each statement.
COLUMNS = [
    (Article, ["title"], [{"article.title"}]),
    (Article, [{"author": ["name"]}], [{"author.name"}]),
    (Article, [{"editor": ["name"]}], [{"author.name", "author.id"}]),
    (
        Article,
        ["title", {"tags": ["name"]}],
        [{"article.title", "article.id"}, {"tag.name", "article_tags.article_id"}],
    ),
    (Article, ["id", {"comments": ["text"]}], [{"article.id"}, {"comment.text", "comment.article_id"}]),
    (
        Article,
        [{"author": [{"country": ["name"]}, {"pupils": ["name"]}]}],
        [{"country.name", "country.code", "author.id"}, {"author.name", "author.mentor_id"}],
    ),
    (
        Restaurant,
        ["stars", {"dishes": ["name"]}],
        [{"restaurant.stars", "restaurant.place_ptr_id"}, {"dish.name", "dish.restaurant_id"}],
    ),
]


@pytest.mark.parametrize(("model", "fields", "columns"), COLUMNS)
def test_only_what_is_named_is_selected(model, fields, columns, steady_database):
    found = [selected(sql) for sql in statements(steady_database, on(steady_database)(model).order_by("pk"), fields)]
    assert [set(each) for each in found] == columns
    assert [len(each) for each in found] == [len(each) for each in columns]


@pytest.mark.parametrize("name", CASES)
def test_no_instance_is_made(name, database):
    make, fields = CASES[name]
    queryset = make(on(database))
    made = []

    def note(frame, event, argument):
        if event == "call" and frame.f_code is Model.__init__.__code__:
            made.append(frame.f_locals["self"].__class__)

    sys.setprofile(note)
    try:
        text = pyforge_web.dumps(queryset, fields=fields)
    finally:
        sys.setprofile(None)
    assert len(text) > 2
    # Django reads a content type once in a process, into a cache of its own.
    assert set(made) <= {ContentType}


def test_each_statement_is_for_each_key_once(database):
    fields = [{"author": ["id", {"articles": ["id"]}]}]
    _, children = statements(database, on(database)(Article).order_by("pk"), fields)
    keys = re.search(r"IN \(([^)]*)\)", children)[1].split(", ")
    assert len(keys) == len(set(keys)) == on(database)(Article).values("author").distinct().count()


def test_no_statement_for_no_keys(database):
    assert (
        len(statements(database, on(database)(Article).filter(editor=None), ["id", {"editor": [{"pupils": ["id"]}]}]))
        == 1
    )
    assert len(statements(database, on(database)(Article).filter(pk=-1), ["id", {"tags": ["id"]}])) == 1
    prefetched = on(database)(Article).prefetch_related(Prefetch("tags", on(database)(Tag).none()))
    assert len(statements(database, prefetched, ["id", {"tags": ["id"]}])) == 1


def test_what_takes_djangos_path_is_right_and_fixed_in_number(database):
    fields = ["code", {"authors": ["name", {"peculiar": ["text", {"author": ["name"]}]}]}]
    queryset = on(database)(Country).order_by("pk")
    assert_same(strict(pyforge_web.dumps(queryset, fields=fields)), django_value(expected(queryset, fields)))
    assert len(statements(database, queryset, fields)) == 3  # Django knows whose the last ones are
    fields = ["text", {"author": ["name", {"articles": ["id"]}]}]
    direct = on(database)(Peculiar).order_by("pk")
    assert_same(strict(pyforge_web.dumps(direct, fields=fields)), django_value(expected(direct, fields)))
    # A class that fetches in its own way is asked as it is: a copy with a join may not have what it looks at.
    assert len(statements(database, on(database)(Peculiar).order_by("pk"), fields)) == 3


def test_the_collector_hears_of_all_rows_and_columns(sqlite):
    with collect() as found:
        text = pyforge_web.dumps(on(sqlite)(Article).order_by("pk"), fields=["id", {"comments": ["text"]}])
    assert found.rows == Article.objects.count() + Comment.objects.count()
    assert (found.native_columns, found.django_columns, found.fallbacks) == (2, 0, 0)
    assert (found.calls, found.bytes) == (1, len(text))


def test_the_query_plan_of_sqlite_reads_the_table_in_its_order(sqlite):
    """Without an order, an index that has all columns would be read in its own."""
    author = on(sqlite)(Author).order_by("-pk").first()
    first = on(sqlite)(Article).order_by("pk").first()
    Article.objects.filter(pk=first.pk).update(author=author)
    for fields in (["id", {"author": ["name"]}], ["id", "author_id", {"tags": ["name"]}]):
        ours = pyforge_web.dumps(Article.objects.all(), fields=fields)
        assert_same(strict(ours), django_value(expected(Article.objects.all(), fields)))
