"""Instances in memory: what they have loaded is written, and nothing is queried that was not asked for."""

import json

import pytest
from django.core.exceptions import FieldError
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Prefetch, QuerySet
from django.test.utils import CaptureQueriesContext

import pyforge_web
from pyforge_web import CompiledSerializer
from tests.oracle import assert_same, django_text, django_value, strict
from tests.relations.cases import TO_MANY, TO_ONE, by_pk
from tests.relations.models import Article, Author, Comment, Note, Peculiar, Restaurant, Tag
from tests.relations.oracle import dicts, expected, fetched
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")
CASES = TO_ONE | {f"many, {name}": case for name, case in TO_MANY.items()}
FIELDS = ["id", {"author": ["name", {"country": ["code"]}]}, {"tags": ["name"]}, {"comments": ["text"]}]


def loaded(q):
    return q(Article).select_related("author__country").prefetch_related("tags", "comments").order_by("pk")


def dumps_without_query(database, value, **options):
    with CaptureQueriesContext(connections[database]) as queries:
        text = pyforge_web.dumps(value, **options)
    assert not queries.captured_queries
    return text


@pytest.mark.parametrize("name", CASES)
def test_fetch_true_loads_all_that_is_missing(name, database):
    make, fields = CASES[name]
    with CaptureQueriesContext(connections[database]) as theirs:
        rows = fetched(list(make(on(database))), fields)
    with CaptureQueriesContext(connections[database]) as ours:
        text = pyforge_web.dumps(list(make(on(database))), fields=fields, fetch=True)
    assert_same(strict(text), django_value(rows))
    assert len(ours) <= len(theirs), [query["sql"] for query in ours.captured_queries]


def test_what_is_loaded_costs_no_query(database):
    rows = expected(loaded(on(database)), FIELDS)
    queryset = loaded(on(database))
    instances = list(queryset)
    for value in (queryset, instances, tuple(instances), Paginator(instances, 100).page(1)):
        assert_same(strict(dumps_without_query(database, value, fields=FIELDS)), django_value(rows))
    one = dumps_without_query(database, instances[3], fields=FIELDS)
    assert_same(strict(one), django_value(rows[3]))
    serializer = CompiledSerializer.for_model(Article, FIELDS)
    assert serializer.dump_instance(instances[3]) == one
    assert serializer.to_dict(instances[3]) == json.loads(one)


def test_each_door(database):
    rows = expected(loaded(on(database)), FIELDS)
    serializer = CompiledSerializer.for_model(Article, FIELDS)
    page = Paginator(on(database)(Article).order_by("pk"), 100).page(1)
    for text in (
        pyforge_web.PyForgeJsonResponse(on(database)(Article).order_by("pk"), fields=FIELDS).content,
        pyforge_web.PyForgeJsonResponse(page, fields=FIELDS).content,
        pyforge_web.PyForgeJsonResponse(list(page), fields=FIELDS, fetch=True).content,
        serializer.dump_queryset(on(database)(Article).order_by("pk")),
    ):
        assert_same(strict(text), django_value(rows))
    indented = pyforge_web.PyForgeJsonResponse(
        on(database)(Article).order_by("pk"), fields=FIELDS, json_dumps_params={"indent": 1}
    )
    assert_same(strict(indented.content), django_value(rows))
    assert b"\n" in indented.content
    one = pyforge_web.PyForgeJsonResponse(page[2], fields=FIELDS, fetch=True, json_dumps_params={"indent": 1})
    assert_same(strict(one.content), django_value(rows[2]))


def test_changed_instances_are_written_as_they_are(sqlite):
    article, other = loaded(on(sqlite))[:2]
    article.title, article.author = "changed", other.author
    article.tags.all()._result_cache.clear()
    fields = ["title", {"author": ["id", "name"]}, {"tags": ["name"]}]
    assert_same(strict(dumps_without_query(sqlite, [article], fields=fields)), django_value(dicts([article], fields)))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([{"editor": ["id"]}], ["editor is not loaded", "select_related('editor')", "fetch=True"]),
        ([{"tags": ["id"]}], ["tags is not loaded", "prefetch_related('tags')"]),
        ([{"notes": ["text"]}], ["notes is not loaded", "prefetch_related('notes')"]),
        ([{"author": [{"profile": ["about"]}]}], ["author.profile is", "select_related('author__profile')"]),
        ([{"author": [{"articles": ["id"]}]}], ["author.articles is", "prefetch_related('author__articles')"]),
        ([{"comments": [{"writer": ["name"]}]}], ["comments.writer is", "select_related('comments__writer')"]),
    ],
)
@pytest.mark.parametrize("how", ["list", "queryset", "one"])
def test_what_is_not_loaded_is_an_error_that_says_what_to_add(fields, words, how, sqlite):
    queryset = on(sqlite)(Article).select_related("author").prefetch_related("comments").order_by("pk")
    list(queryset)
    value = {"list": list(queryset), "queryset": queryset, "one": queryset._result_cache[1]}[how]
    with (
        CaptureQueriesContext(connections[sqlite]) as queries,
        pytest.raises(ValueError, match="is not loaded") as refused,
    ):
        pyforge_web.dumps(value, fields=fields)
    assert all(word in str(refused.value) for word in words), refused.value
    assert not queries.captured_queries
    rows = fetched(list(on(sqlite)(Article).order_by("pk")), fields)
    rows = rows[1] if how == "one" else rows
    assert_same(strict(pyforge_web.dumps(value, fields=fields, fetch=True)), django_value(rows))


def test_fetch_loads_only_those_that_lack_it(sqlite):
    instances = list(on(sqlite)(Article).order_by("pk"))
    for instance in instances[::2]:
        list(instance.tags.all())
        instance.author.name = "kept"
    fields = ["id", {"author": ["name"]}, {"tags": ["name"]}]
    with CaptureQueriesContext(connections[sqlite]) as queries:
        text = pyforge_web.dumps(instances, fields=fields, fetch=True)
    assert len(queries) == 2
    assert_same(strict(text), django_value(dicts(instances, fields)))
    assert text.count(b'"kept"') == len(instances[::2])


def test_nulls_and_parents_need_no_loading(sqlite):
    authors = [author for author in on(sqlite)(Author).order_by("pk") if author.country_id is None]
    assert authors
    assert b'"country":null' in dumps_without_query(sqlite, authors, fields=["id", {"country": ["code"]}])
    restaurants = list(on(sqlite)(Restaurant).order_by("pk"))
    fields = ["stars", {"place_ptr": ["name"]}]
    ours = dumps_without_query(sqlite, restaurants, fields=fields)
    assert_same(strict(ours), django_value(dicts(restaurants, fields)))


def test_a_deferred_key_is_not_loaded(sqlite):
    article = on(sqlite)(Article).only("title").order_by("pk")[1]
    with CaptureQueriesContext(connections[sqlite]) as queries:
        with pytest.raises(ValueError, match="author is not loaded"):
            pyforge_web.dumps(article, fields=["title", {"author": ["name"]}])
        with pytest.raises(ValueError, match=r"refresh_from_db\(fields=\['body'\]\)"):
            pyforge_web.dumps([article], fields=["body", {"tags": ["name"]}])
    assert not queries.captured_queries


def test_unsaved_instances(sqlite):
    author = Author(name="new")
    article = Article(title="new", author=author)
    assert pyforge_web.dumps(article, fields=["title", {"author": ["name"]}, {"editor": ["id"]}]) == (
        b'{"title":"new","author":{"name":"new"},"editor":null}'
    )
    assert pyforge_web.dumps(author, fields=[{"profile": ["about"]}]) == b'{"profile":null}'
    with pytest.raises(ValueError, match="tags is not loaded"):
        pyforge_web.dumps(article, fields=[{"tags": ["name"]}])
    with pytest.raises(ValueError, match="before this many-to-many relationship"):
        pyforge_web.dumps(article, fields=[{"tags": ["name"]}], fetch=True)


def test_to_attr_and_added_values(sqlite):
    make = by_pk(Article, lambda q: Prefetch("comments", q(Comment).filter(score=3), to_attr="best"))
    fields = ["id", {"best": ["text", "twice"]}]
    instances = list(make(on(sqlite)))
    ours = dumps_without_query(sqlite, instances, fields=fields)
    assert_same(strict(ours), django_value(dicts(instances, fields)))
    # Named as if it were a value, it would be written with all columns.
    with pytest.raises(FieldError, match="Cannot resolve keyword 'best'"):
        pyforge_web.dumps(instances, fields=["best", {"author": ["id"]}])


def test_instances_of_several_models(sqlite):
    values = [*on(sqlite)(Article).order_by("pk")[:2], *on(sqlite)(Author).order_by("pk")[:2]]
    with pytest.raises(FieldError, match="of Author"):
        pyforge_web.dumps(values, fields=["id", {"tags": ["name"]}], fetch=True)
    values = [*on(sqlite)(Peculiar).order_by("pk")[:2], *on(sqlite)(Article).order_by("pk")[:2]]
    fields = ["id", {"author": ["name"]}]
    with CaptureQueriesContext(connections[sqlite]) as queries:
        ours = pyforge_web.dumps(values, fields=fields, fetch=True)
    assert len(queries) == 2
    assert_same(strict(ours), django_value(dicts(values, fields)))


def test_a_generic_foreign_key_is_djangos(database):
    fields = ["text", {"subject": ["id"]}]
    rows = dicts(on(database)(Note).prefetch_related("subject").order_by("pk"), fields)
    assert len(rows) > 3
    assert_same(strict(pyforge_web.dumps(on(database)(Note).order_by("pk"), fields=fields)), django_value(rows))
    instances = list(on(database)(Note).order_by("pk"))
    with pytest.raises(ValueError, match=r"prefetch_related\('subject'\)"):
        pyforge_web.dumps(instances, fields=fields)
    assert pyforge_web.dumps(instances, fields=fields, fetch=True, django_bytes=True) == django_text(rows).encode()


def test_a_related_manager_that_was_prefetched(sqlite):
    article = on(sqlite)(Article).prefetch_related("tags__parent").order_by("pk")[3]
    fields = ["name", {"parent": ["name"]}]
    ours = dumps_without_query(sqlite, article.tags.all(), fields=fields)
    rows = expected(on(sqlite)(Tag).filter(article=article), fields)
    assert rows
    assert_same(strict(ours), django_value(rows))


def test_fetch_loads_deferred_columns_together(sqlite):
    fields = ["title", "body", "price", {"author": ["name", "born"]}, {"tags": ["name"]}]
    rows = expected(on(sqlite)(Article).order_by("pk"), fields)
    instances = list(on(sqlite)(Article).only("title").order_by("pk"))
    instances[1].title = "changed"
    rows[1]["title"] = "changed"
    with CaptureQueriesContext(connections[sqlite]) as queries:
        ours = pyforge_web.dumps(instances, fields=fields, fetch=True)
    assert_same(strict(ours), django_value(rows))
    assert len(queries) == 3  # the columns and the keys of the authors, authors, tags


def test_flat_fields_are_fetched_too(sqlite, django_assert_num_queries):
    """A column that was deferred, of all instances together."""
    for make in (list, lambda rows: rows, lambda rows: next(iter(rows))):
        loaded = make(Article.objects.using(sqlite).defer("title").order_by("pk"))
        if isinstance(loaded, QuerySet):
            len(loaded)  # evaluated
        with django_assert_num_queries(1, using=sqlite):
            ours = pyforge_web.dumps(loaded, fields=["id", "title"], fetch=True)
        rows = Article.objects.using(sqlite).order_by("pk")
        whole = [{"id": row.id, "title": row.title} for row in rows]
        assert json.loads(ours) == (whole[0] if isinstance(loaded, Article) else whole)
