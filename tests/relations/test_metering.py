"""What collectors hear of nested reads: each statement is a reading, as that of a flat QuerySet is."""

import pytest
from django.db.models import F, Prefetch

import pyforge_web
from pyforge_web.metering import collect
from tests.relations.models import Article, Author, Comment, Meaning, Peculiar, Tag, Word
from tests.relations.test_cases import on
from tests.relations.unusual import Half, Person
from tests.streams.reading import read

pytestmark = pytest.mark.django_db(databases="__all__")
FIELDS = ["id", {"author": ["name", {"country": ["name"]}]}, {"tags": ["name"]}, {"comments": ["text"]}]


def group_of(call):
    with collect(details=True) as found:
        call()
    (group,) = found.groups
    assert group.database_ns == found.database_ns
    return group, found


def test_each_statement_is_a_reading(database):
    queryset = on(database)(Article).order_by("pk")
    group, found = group_of(lambda: pyforge_web.dumps(queryset, fields=FIELDS))
    assert (group.path, group.source, group.why) == ("values", "direct", "")
    assert group.label == "relations.Article, relations.Tag, relations.Comment"
    assert group.query_count == 0, "all of them are those of the QuerySet"
    assert list(group.columns) == [
        "id",
        "author.name",
        "author.country.name",
        "tags.name",
        "comments.text",
    ]
    numbers = {
        "id": len(queryset),
        "author": len(queryset),
        "tags": sum(article.tags.count() for article in queryset),
        "comments": sum(article.comments.count() for article in queryset),
    }
    assert {name: (column.native, column.django, column.fallbacks) for name, column in group.columns.items()} == {
        name: (numbers[name.split(".")[0]], 0, 0) for name in group.columns
    }
    assert group.rows == found.rows == sum(numbers.values()) - numbers["author"]
    assert (found.native_columns, found.django_columns, found.fallbacks, found.django_rows) == (5, 0, 0, 0)
    assert 0 < found.database_ns < found.python_ns


def test_columns_that_django_converts(database):
    queryset = on(database)(Word).order_by("pk")
    group, found = group_of(lambda: pyforge_web.dumps(queryset, fields=["text", {"meanings": ["text", "word_id"]}]))
    rows = Meaning.objects.using(database).count()
    assert (found.native_columns, found.django_columns) == (1, 2)
    columns = {name: (column.native, column.django) for name, column in group.columns.items()}
    assert columns == {"text": (0, len(queryset)), "meanings.text": (rows, 0), "meanings.word_id": (0, rows)}
    assert "from_db_value" in group.columns["text"].why
    assert group.columns["meanings.word_id"].callback_ns > 0


def test_a_relation_on_djangos_path(sqlite):
    rows = list(Half.objects.all())
    group, found = group_of(
        lambda: pyforge_web.dumps(on(sqlite)(Person).order_by("pk"), fields=["id", {"halves": ["text"]}])
    )
    assert group.path == "values + django"
    assert group.why == "ListIterable makes rows in its own way"
    assert group.label == "relations.Person, relations.Half"
    assert (found.django_rows, group.django_rows, group.query_count) == (len(rows), len(rows), 0)


def test_a_relation_that_is_iterated_in_its_own_way(sqlite):
    group, _ = group_of(
        lambda: pyforge_web.dumps(on(sqlite)(Author).order_by("pk"), fields=["id", {"peculiar": ["text"]}])
    )
    assert (group.path, group.label) == ("django", "relations.Author")
    assert group.why == "peculiar: OwnWayQuerySet iterates its rows in its own way"


def test_a_whole_queryset_on_djangos_path(sqlite):
    queryset = Peculiar.objects.order_by("pk")
    group, found = group_of(lambda: pyforge_web.dumps(queryset, fields=["id", {"author": ["name"]}]))
    assert (group.path, group.label) == ("django", "relations.Peculiar")
    assert group.why == "OwnWayQuerySet fetches its rows in its own way"
    assert (found.django_rows, found.native_columns) == (Peculiar.objects.count(), 0)


def test_instances_in_memory(sqlite):
    articles = list(on(sqlite)(Article).select_related("author"))
    group, _ = group_of(lambda: pyforge_web.dumps(articles, fields=["id", {"author": ["name"]}]))
    assert (group.path, group.label, group.query_count) == ("instance", "relations.Article", 0)
    group, _ = group_of(lambda: pyforge_web.dumps(articles, fields=["id", {"tags": ["name"]}], fetch=True))
    assert group.query_count == 1


def test_nothing_to_ask_for(sqlite):
    group, _ = group_of(lambda: pyforge_web.dumps(on(sqlite)(Article).none(), fields=FIELDS))
    assert (group.path, group.label, group.rows, group.database_ns) == ("values", "relations.Article", 0, 0)


def test_each_chunk_of_a_stream(database):
    queryset = on(database)(Article).order_by("pk")
    fields = ["id", {"tags": ["name"]}]
    with collect(details=True) as found:
        read(queryset, "ndjson", fields=fields, chunk_size=5)
    tags = sum(article.tags.count() for article in queryset)
    (group,) = found.groups
    assert (group.function, group.source, group.path, group.query_count) == ("dump_chunk", "stream", "values", 0)
    assert (group.label, group.calls) == ("relations.Article, relations.Tag", 4), (
        "the last one finds that there is no more"
    )
    rows = {name: column.native for name, column in group.columns.items()}
    assert rows == {"id": len(queryset), "tags.name": tags}
    assert found.rows == len(queryset) + tags
    assert 0 < found.database_ns < found.python_ns


def test_a_prefetch(sqlite):
    queryset = on(sqlite)(Article).prefetch_related(Prefetch("comments", Comment.objects.filter(score=1)))
    group, _ = group_of(lambda: pyforge_web.dumps(queryset, fields=["id", {"comments": ["text"]}]))
    assert group.columns["comments.text"].native == Comment.objects.filter(score=1).count()
    assert Tag._meta.label not in group.label


def test_relations_behind_others_have_their_place(sqlite):
    fields = [
        "id",
        {"author": [{"articles": ["title", {"tags": ["name"]}]}]},
        {"see_also": ["id"]},
        {"seen_from": ["id"]},
    ]
    group, _ = group_of(lambda: pyforge_web.dumps(on(sqlite)(Article), fields=fields))
    assert list(group.columns) == [
        "id",
        "author.articles.title",
        "author.articles.tags.name",
        "see_also.id",
        "seen_from.id",
    ]


def test_what_is_compiled_for_them_is_a_compilation(sqlite):
    rows = on(sqlite)(Article).annotate(never_before=F("id"))
    with collect() as found:
        pyforge_web.dumps(rows, fields=["never_before", {"comments": ["text", "score", "at", "hidden"]}])
    assert {(event.label, event.kind) for event in found.compiled} >= {("relations.Article", "serializer")}
    assert all(event.django == 0 for event in found.compiled)
