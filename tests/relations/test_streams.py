"""Streams with nested fields: each chunk of parents asks once for each relation, and the body is that of all rows."""

import asyncio
import json
from io import StringIO

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import FieldError, SynchronousOnlyOperation
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.models import BinaryField, Case, Prefetch, Value, When
from django.test.utils import CaptureQueriesContext

import pyforge_web
from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse, adumps
from tests.oracle import assert_same, django_text, django_value, strict
from tests.querysets.test_errors import cursors, is_closed  # noqa: F401
from tests.relations.cases import CASES, NO_ROWS, in_an_order
from tests.relations.models import Article, Author, Comment, Note, Tag
from tests.relations.oracle import expected
from tests.relations.test_cases import on
from tests.streams.reading import is_json, last_line, lines, read, read_async

pytestmark = pytest.mark.django_db(databases="__all__")
FIELDS = ["id", "title", {"author": ["name", {"country": ["name"]}]}, {"tags": ["name", {"article_set": ["id"]}]}]


def statements(database, call):
    with CaptureQueriesContext(connections[database]) as found:
        call()
    return [query["sql"] for query in found.captured_queries]


@pytest.mark.parametrize("name", CASES)
def test_like_django(name, database):
    make, fields = CASES[name]
    rows = expected(make(on(database)), fields)
    for size in (2, 500):
        ours = read(make(on(database)), "array", fields=fields, chunk_size=size, django_bytes=True)
        assert_same(in_an_order(ours, name, database), in_an_order(django_text(rows).encode(), name, database))


@pytest.mark.parametrize("name", NO_ROWS)
def test_no_rows(name, database):
    make, fields = NO_ROWS[name]
    assert read(make(on(database)), fields=fields) == b""
    assert read(make(on(database)), "array", fields=fields) == b"[]"


@pytest.mark.parametrize("size", [1, 2, 5, 6, 11, 12, 13, 50])
@pytest.mark.parametrize("reader", [read, read_async])
def test_chunks_of_any_size_make_the_same_body(reader, size, steady_database):
    rows = on(steady_database)(Article).order_by("pk")
    body = reader(rows, "array", fields=FIELDS, chunk_size=size)
    assert_same(body, pyforge_web.dumps(rows, fields=FIELDS))
    assert lines(reader(rows, fields=FIELDS, chunk_size=size)) == json.loads(body)


@pytest.mark.parametrize("size", [3, 4, 12, 500])
def test_one_statement_for_each_relation_and_chunk(size, database):
    """The second level of a chunk whose rows have no tags is not asked for."""
    rows = on(database)(Article).order_by("pk")
    keys = list(rows.values_list("pk", flat=True))
    chunks = [keys[start : start + size] for start in range(0, len(keys), size)]
    tagged = [chunk for chunk in chunks if Tag.objects.using(database).filter(article__in=chunk).exists()]
    found = statements(database, lambda: read(rows, fields=FIELDS, chunk_size=size))
    asked = [sql for sql in found if "relations_article_tags" in sql]
    assert len(asked) == len(chunks) + len(tagged)
    for chunk in chunks:
        assert any(f"IN ({', '.join(map(str, chunk))})" in sql for sql in asked)
    assert len(found) - len(asked) == 1


def test_the_number_of_statements_is_that_of_a_response(database):
    rows = on(database)(Article).order_by("pk")
    comments = {"comments": ["text", {"writer": ["name"]}]}
    for fields in (FIELDS, ["id", comments, {"contributors": ["id"]}, {"notes": ["id"]}]):
        whole = len(statements(database, lambda fields=fields: pyforge_web.dumps(rows, fields=fields)))
        assert len(statements(database, lambda fields=fields: read(rows, fields=fields))) == whole


def test_a_queryset_that_django_reads(database):
    """A union, chunk by chunk: what it lacks is prefetched for the instances of each."""
    q = on(database)
    union = q(Article).filter(pk__gt=3).union(q(Article).filter(pk__lte=3)).order_by("id")
    fields = ["id", {"author": ["name"]}, {"tags": ["name"]}]
    rows = expected(q(Article).order_by("pk"), fields)
    found = []
    body = read(union, "array", fields=fields, chunk_size=6)
    assert strict(body) == django_value(rows)
    found = statements(database, lambda: read(union, "array", fields=fields, chunk_size=6))
    assert len([sql for sql in found if "SELECT" in sql]) == 1 + 2 * 2
    notes = q(Note).order_by("pk")
    fields = ["text", {"subject": ["id"]}]
    assert_same(read(notes, "array", fields=fields, chunk_size=2), pyforge_web.dumps(notes, fields=fields))


def test_names_are_looked_at_before_the_first_row(database):
    with CaptureQueriesContext(connections[database]) as captured:
        for wrong in (["no"], [{"no": ["id"]}], [{"author": ["no"]}], [{"title": ["id"]}], [{"tags": ["no"]}]):
            with pytest.raises(FieldError):
                PyForgeStreamingResponse(on(database)(Article), fields=wrong)
        with pytest.raises(TypeError, match="needs a QuerySet of models"):
            PyForgeStreamingResponse(on(database)(Article).values("id"), fields=FIELDS)
    assert len(captured) == 0


class TestInMemory:
    def test_an_evaluated_queryset(self, sqlite, django_assert_num_queries):
        rows = on(sqlite)(Article).order_by("pk").select_related("author").prefetch_related("tags")
        wanted = expected(rows.all(), ["id", {"author": ["name"]}, {"tags": ["name"]}])
        assert len(rows) > 3
        with django_assert_num_queries(0):
            body = read(rows, "array", fields=["id", {"author": ["name"]}, {"tags": ["name"]}], chunk_size=3)
        assert_same(strict(body), django_value(wanted))

    def test_an_iterable_of_instances(self, sqlite, django_assert_num_queries):
        rows = list(on(sqlite)(Article).order_by("pk").select_related("author").prefetch_related("tags"))
        fields = ["id", {"author": ["name"]}, {"tags": ["name"]}]

        async def each():
            for row in rows:
                yield row

        with django_assert_num_queries(0):
            body = read((row for row in rows), "array", fields=fields)
            assert read_async(each(), "array", fields=fields) == body
        assert_same(body, pyforge_web.dumps(rows, fields=fields))

    def test_what_is_not_loaded_ends_it_without_a_query(self, sqlite, django_assert_num_queries, caplog):
        rows = list(on(sqlite)(Article).order_by("pk"))
        with django_assert_num_queries(0):
            body = read(iter(rows), fields=["id", {"tags": ["name"]}])
        assert last_line(body)["row"] == 0
        assert "prefetch_related('tags')" in caplog.records[0].getMessage()


def bad(model, pk):
    """Something that JSON does not have, in one row."""
    return {"bad": Case(When(pk=pk, then=Value(b"x")), default=None, output_field=BinaryField())}


class TestARowThatFails:
    """Those before it are written, whichever statement it is in."""

    def assert_ends(self, make, fields, row, place, caplog):
        for form in ("ndjson", "array"):
            for size in (5, 500):
                caplog.clear()
                body = read(make(), form, fields=fields, chunk_size=size)
                (record,) = caplog.records
                assert record.row == row
                assert f"$[{row}]{place}" in record.getMessage()
                rows = json.loads(pyforge_web.dumps(make(), fields=["id"]))[:row]
                if form == "array":
                    assert not is_json(body)
                    written = json.loads(body + b"]")
                else:
                    assert last_line(body)["row"] == row
                    written = lines(body)[:-1]
                assert [each["id"] for each in written] == [each["id"] for each in rows]
                assert {len(each) for each in written} <= {len(fields)}

    def test_of_the_rows_themselves(self, database, caplog):
        pks = list(on(database)(Article).order_by("pk").values_list("pk", flat=True))

        def make():
            return on(database)(Article).annotate(**bad(Article, pks[7])).order_by("pk")

        self.assert_ends(make, ["id", {"tags": ["name"]}, "bad"], 7, ".bad", caplog)

    @pytest.mark.parametrize("index", [0, 3, 20])
    def test_of_a_relation(self, index, database, caplog):
        comments = list(on(database)(Comment).order_by("article_id", "-score", "pk"))
        chosen = comments[index]
        articles = list(on(database)(Article).order_by("pk").values_list("pk", flat=True))
        own = [comment.pk for comment in comments if comment.article_id == chosen.article_id]

        def make():
            prefetch = Prefetch("comments", on(database)(Comment).annotate(**bad(Comment, chosen.pk)))
            return on(database)(Article).prefetch_related(prefetch).order_by("pk")

        place = f".comments[{own.index(chosen.pk)}].bad"
        fields = ["id", {"tags": ["name"]}, {"comments": ["text", "bad"]}]
        self.assert_ends(make, fields, articles.index(chosen.article_id), place, caplog)

    def test_of_two_relations_the_earlier_row_counts(self, database, caplog):
        articles = list(on(database)(Article).order_by("pk"))
        late = next(n for n in range(5, 12) if articles[n].tags.exists() and articles[n].comments.exists())
        early = next(n for n in range(1, 5) if articles[n].comments.exists())
        comment, tag = articles[early].comments.last(), articles[late].tags.last()
        before = [n for n in range(late) if tag in articles[n].tags.all()]

        def make():
            prefetch = Prefetch("comments", on(database)(Comment).annotate(**bad(Comment, comment.pk)))
            tags = Prefetch("tags", on(database)(Tag).annotate(**bad(Tag, tag.pk)))
            return on(database)(Article).prefetch_related(tags, prefetch).order_by("pk")

        row = min([early, late, *before])
        place = ".comments" if row == early and early not in before else ".tags"
        self.assert_ends(make, ["id", {"tags": ["bad"]}, {"comments": ["bad"]}], row, place, caplog)

    def test_of_the_second_level(self, database, caplog):
        author = on(database)(Author).filter(articles__comments__isnull=False).order_by("-pk").first()
        articles = list(on(database)(Article).order_by("pk"))
        first = next(n for n, article in enumerate(articles) if article.author_id == author.pk)

        def make():
            friends = Prefetch("articles", on(database)(Article).annotate(**bad(Article, articles[first].pk)))
            authors = Prefetch("author", on(database)(Author).prefetch_related(friends))
            return on(database)(Article).prefetch_related(authors).order_by("pk")

        self.assert_ends(make, ["id", {"author": [{"articles": ["bad"]}]}], first, ".author.articles[", caplog)

    def test_a_statement_of_a_relation(self, database, caplog):
        comments = on(database)(Comment).extra(where=["nonsense = 1"])
        rows = on(database)(Article).prefetch_related(Prefetch("comments", comments)).order_by("pk")
        with transaction.atomic(using=database):
            body = read(rows, "ndjson", fields=["id", {"comments": ["text"]}], chunk_size=5)
            transaction.set_rollback(True, using=database)
        assert last_line(body)["row"] == 0
        assert "nonsense" in caplog.records[0].getMessage()

    def test_inside_of_an_iterable(self, sqlite):
        """A value that is nested rows of its own, of which nothing is left."""
        pk = on(sqlite)(Comment).filter(article__isnull=False).first().pk
        prefetch = Prefetch("comments", on(sqlite)(Comment).annotate(**bad(Comment, pk)))
        rows = on(sqlite)(Article).prefetch_related(prefetch).order_by("pk")
        fields = ["id", {"comments": ["bad"]}]

        from pyforge_web.encoders import select_fields

        def values():
            yield 1
            yield {"rows": select_fields(rows, fields)}

        body = read(values())
        assert lines(body)[0] == 1
        assert last_line(body)["row"] == 1
        assert len(lines(body)) == 2


@pytest.mark.parametrize(
    "database", ["sqlite", "postgresql"], indirect=True
)  # cursors that say whether they are closed
class TestItIsClosed:
    def test_at_the_end_and_when_the_client_leaves(self, database, cursors):  # noqa: F811
        rows = on(database)(Article).order_by("pk")
        read(rows, fields=FIELDS, chunk_size=2)
        response = PyForgeStreamingResponse(rows, fields=FIELDS, chunk_size=2)
        parts = iter(response)
        next(parts)
        response.close()
        assert len(cursors) > 10
        assert all(map(is_closed, cursors))

    def test_when_a_row_fails(self, database, cursors):  # noqa: F811
        pk = on(database)(Comment).first().pk
        del cursors[:]
        prefetch = Prefetch("comments", on(database)(Comment).annotate(**bad(Comment, pk)))
        read(
            on(database)(Article).prefetch_related(prefetch),
            fields=["id", {"comments": ["bad"]}, {"tags": ["id"]}],
        )
        assert len(cursors) >= 2
        assert all(map(is_closed, cursors))


class TestAsync:
    def test_one_call(self, steady_database):
        rows = on(steady_database)(Article).order_by("pk")

        async def ours():
            response = await PyForgeJsonResponse.afrom(rows, fields=FIELDS)
            return await adumps(rows, fields=FIELDS), response.content

        text, body = async_to_sync(ours)()
        assert text == body
        assert_same(strict(text), django_value(expected(rows, FIELDS)))

    def test_what_is_not_loaded_is_fetched_on_request(self, sqlite):
        async def ours(**options):
            return await adumps(list(rows), fields=["id", {"tags": ["name"]}], **options)

        rows = on(sqlite)(Article).order_by("pk")
        len(rows)
        with pytest.raises(ValueError, match="prefetch_related"):
            async_to_sync(ours)()
        assert_same(
            strict(async_to_sync(ours)(fetch=True)), django_value(expected(rows.all(), ["id", {"tags": ["name"]}]))
        )

    def test_the_event_loop_is_told_off(self, sqlite):
        async def ours():
            pyforge_web.dumps(on(sqlite)(Article).all(), fields=FIELDS)

        with pytest.raises(SynchronousOnlyOperation):
            asyncio.run(ours())


class TestDump:
    def test_nested_fields(self, database, tmp_path):
        rows = on(database)(Article).order_by("pk")
        path = tmp_path / "articles.json"
        fields = json.dumps(FIELDS)
        call_command(
            "pyforge_dump", "relations.Article", format="array", fields=fields, database=database, output=str(path)
        )
        assert_same(path.read_bytes(), pyforge_web.dumps(rows, fields=FIELDS))
        out = StringIO()
        call_command("pyforge_dump", "relations.Article", fields=fields, database=database, stdout=out)
        assert lines(out.getvalue().encode()) == json.loads(path.read_text())

    @pytest.mark.parametrize("wrong", ['["no"]', "[", '[{"author": []}]', '[{"no": ["id"]}]', "id,no"])
    def test_wrong_fields(self, wrong, db):
        with pytest.raises(CommandError):
            call_command("pyforge_dump", "relations.Article", fields=wrong)
