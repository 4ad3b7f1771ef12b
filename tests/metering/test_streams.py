"""What a collector says of a stream: one group, whichever way its rows come, at the line of the view that made it."""

import asyncio
import contextlib
import inspect

import pytest
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet

from pyforge_web import PyForgeStreamingResponse
from pyforge_web.metering import active_collectors, collect
from tests.app.models import Article, Author
from tests.querysets.models import Customs
from tests.tables import cases

pytestmark = pytest.mark.django_db

ALL = ("id", "title", "live", "published", "price", "author_id", "editor_id")
TWO = ("id", "title")


class Slow(QuerySet):
    """Fetches in its own way."""

    def _fetch_all(self):
        super()._fetch_all()


@pytest.fixture
def articles():
    author = Author.objects.create(name="Ann")
    return Article.objects.bulk_create([Article(title=f"{n}", author=author) for n in range(120)])


def evaluated():
    queryset = Article.objects.all()
    len(queryset)
    return queryset


# What is given, with which fields: type, fields, path, rows, rows by Django, why, whether it waits, queries beside it.
SOURCES = {
    "a QuerySet": (Article.objects.all, None, ("QuerySet", ALL, "values", 120, 0, "", True, 0)),
    "chosen fields": (Article.objects.all, TWO, ("QuerySet", TWO, "values", 120, 0, "", True, 0)),
    "values()": (lambda: Article.objects.values(*TWO), None, ("QuerySet", TWO, "values", 120, 0, "", True, 0)),
    "no rows": (lambda: Article.objects.filter(title="x"), None, ("QuerySet", ALL, "values", 0, 0, "", True, 0)),
    "no query": (Article.objects.none, None, ("QuerySet", (), "values", 0, 0, "", False, 0)),
    "Django's path": (
        lambda: Slow(Article).all(),
        None,
        ("Slow", (), "django", 120, 120, "Slow fetches its rows in its own way", True, 0),
    ),
    "an evaluated QuerySet": (evaluated, None, ("QuerySet", ALL, "instance", 120, 0, "", False, 0)),
    "a page": (
        lambda: Paginator(Article.objects.order_by("id"), 60).page(2),
        None,
        ("Page", ALL, "values", 60, 0, "", True, 0),
    ),
    "instances": (lambda: list(Article.objects.all()), TWO, ("list", TWO, "instance", 120, 0, "", False, 0)),
    "a RawQuerySet": (
        lambda: Article.objects.raw("SELECT * FROM tests_app_article"),
        None,
        ("RawQuerySet", (), "django", 0, 120, "raw SQL", True, 0),
    ),
    "QuerySets": (
        lambda: (Article.objects.filter(pk__gt=n).values("id")[:10] for n in range(3)),
        None,
        ("generator", ("id",), "values", 30, 0, "", True, 0),
    ),
}


@pytest.mark.usefixtures("articles")
@pytest.mark.parametrize("format", ["ndjson", "array"])
@pytest.mark.parametrize("case", cases(SOURCES))
def test_a_stream_is_one_group(case, format):  # noqa: A002
    make, fields, expected = case
    with collect(details=True) as found:
        source = make()
        line = inspect.currentframe().f_lineno + 1
        response = PyForgeStreamingResponse(source, format, fields=fields)
        size = sum(map(len, response))
    (said,) = found.groups
    assert (said.function, said.source, said.label) == ("dump_chunk", "stream", "tests_app.Article")
    assert said.site == (__file__, line, "test_a_stream_is_one_group")
    assert said.template is None
    is_waited = said.database_ns > 0
    assert (
        said.value_type, said.fields, said.path, said.rows, said.django_rows, said.why, is_waited, said.query_count
    ) == expected  # fmt: skip
    brackets = 2 if format == "array" else 0
    assert said.bytes == found.bytes == size - brackets
    assert said.database_ns == found.database_ns <= said.python_ns == found.python_ns
    assert (said.calls, said.rows, said.django_rows) == (found.calls, found.rows, found.django_rows)


def test_columns_native_django_s_and_rescued():
    Customs.objects.all().delete()  # others keep some there for their whole session
    Customs.objects.bulk_create([Customs(unchanged="a", backwards="abc", loud="x") for _ in range(60)])
    Author.objects.bulk_create([Author(name=f"{n}", born="1990-01-02") for n in range(60)])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tests_app_author SET born = '1990-01-02 00:00:00' WHERE name in ('2', '55')")
    with collect(details=True) as found:
        b"".join(PyForgeStreamingResponse(Customs.objects.values("unchanged", "backwards")))
        b"".join(PyForgeStreamingResponse(Author.objects.values("born")))
    customs, authors = found.groups
    counts = {name: (each.native, each.django, each.fallbacks) for name, each in customs.columns.items()}
    assert counts == {"unchanged": (60, 0, 0), "backwards": (0, 60, 0)}
    assert "Backwards.from_db_value" in customs.columns["backwards"].why
    assert customs.columns["backwards"].callback_ns > 0
    born = authors.columns["born"]
    assert (born.native, born.django, born.fallbacks) == (58, 0, 2)
    assert (found.native_columns, found.django_columns, found.fallbacks) == (2, 1, 2)


@pytest.mark.usefixtures("articles")
def test_two_streams_of_two_lines_and_one_line_of_two_streams():
    with collect(details=True) as found:
        responses = [PyForgeStreamingResponse(Article.objects.values("id")) for _ in range(2)]
        responses += [PyForgeStreamingResponse(Article.objects.values("id"))]
        for parts in zip(*responses, strict=True):  # in turns
            assert all(parts)
    assert [(said.rows, said.duplicates > 0) for said in found.groups] == [(240, True), (120, False)]


def test_an_async_iterable_is_one_group():
    async def rows():
        for number in range(5):
            yield {"number": number}

    async def ask():
        with collect(details=True) as found:
            response = PyForgeStreamingResponse(rows())
            assert len(b"".join([part async for part in response]).splitlines()) == 5
        return found

    found = asyncio.run(ask())
    (said,) = found.groups
    assert (said.label, said.value_type, said.calls) == ("async_generator", "async_generator", 5)
    assert said.site.name.endswith("ask")


def test_a_row_that_fails_is_in_the_group_of_its_stream():
    with collect(details=True) as found:
        body = b"".join(PyForgeStreamingResponse([{"a": 1}, {1}]))
    assert b"pyforge_error" in body
    (said,) = found.groups
    assert (said.calls, said.source, said.bytes) == (2, "stream", len(body)), "the row, and the line that tells of it"


def test_a_query_that_fails_ends_the_body():
    with collect(details=True) as found:
        body = b"".join(PyForgeStreamingResponse(Article.objects.extra(where=["nothing = 1"])))
    assert b"pyforge_error" in body
    (said,) = found.groups
    assert (said.label, said.bytes, said.database_ns > 0) == ("tests_app.Article", len(body), True)


@pytest.mark.usefixtures("articles")
def test_without_a_collector_nothing_is_kept_of_the_line():
    response = PyForgeStreamingResponse(Article.objects.all())
    assert response._body.gi_frame.f_locals["writer"]._origin is None
    with collect() as found:
        b"".join(response)
    assert (found.rows, found.groups) == (120, [])


class LeftError(Exception):
    """The client has left."""


@pytest.mark.usefixtures("articles")
def test_a_client_that_leaves(caplog):
    with collect(details=True) as found:
        response = PyForgeStreamingResponse(Article.objects.all())
        with contextlib.suppress(LeftError):
            for _ in response:
                raise LeftError
        response.close()
    (said,) = found.groups
    assert (said.calls, said.rows) == (1, 50)
    assert active_collectors.get() == ()
    assert caplog.records == []
