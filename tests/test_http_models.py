"""QuerySets, instances and pages: what `.values()` gives, alone and inside other data, in both texts."""

import json
import re
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import FieldError
from django.core.paginator import Paginator
from django.db import OperationalError
from django.db.models import Count, F, Value
from django.db.models.functions import Upper

import pyforge_web
from pyforge_web import PyForgeJsonResponse
from tests.app.models import Article, Author, Blob, Everything, Tag
from tests.oracle import Listed, Mapped, assert_text, django_value, encode, strict
from tests.querysets.judge import assert_rows
from tests.tables import cases

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def articles():
    ada, ben = Author.objects.create(name="Ada \u00e9"), Author.objects.create(name="Ben", born=date(1980, 1, 2))
    for n in range(5):
        article = Article.objects.create(
            title=f"Title {n} \u65e5\u672c",
            published=datetime(2026, 1, n + 1, 12, 0, 0, 123456, UTC) if n % 2 else None,
            price=Decimal(n) / 4,
            author=(ada, ben)[n % 2],
            editor=ada if n == 3 else None,
        )
        article.tags.add(Tag.objects.create(name=f"tag {n}"))
    Everything.objects.create()
    Everything.objects.create(
        boolean=True,
        date=date(2026, 1, 2),
        moment=datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC),
        decimal=Decimal("1.5"),
        duration=timedelta(days=-1, microseconds=5),
        email="a@example.com",
        file="files/secret.txt",
        path="/tmp/x",
        ip="2001:db8::1",
        json={"a": [1, None, {"\u00e9": 1.5}]},
        slug="slug",
        time=time(1, 2, 3, 4567),
        url="https://example.com/?a=1&b=2",
        uuid=uuid.UUID(int=5),
    )


def like_values(queryset):
    return list(queryset.values())


# name: (what is given, what Django must be given to say the same)
QUERYSETS = {
    "model": lambda: (Article.objects.all(), like_values(Article.objects.all())),
    "model, every scalar field": lambda: (
        Everything.objects.order_by("pk"),
        like_values(Everything.objects.order_by("pk")),
    ),
    "filtered, sliced": lambda: (
        Article.objects.filter(pk__gt=1)[1:3],
        like_values(Article.objects.filter(pk__gt=1)[1:3]),
    ),
    "annotated": lambda: (
        Article.objects.annotate(n=Count("tags"), up=Upper("title")),
        like_values(Article.objects.annotate(n=Count("tags"), up=Upper("title"))),
    ),
    "select_related": lambda: (Article.objects.select_related("author"), like_values(Article.objects.all())),
    "prefetch_related": lambda: (Article.objects.prefetch_related("tags"), like_values(Article.objects.all())),
    "none()": lambda: (Article.objects.none(), []),
    "values()": lambda: (Article.objects.values(), like_values(Article.objects.all())),
    "values() of some": lambda: (q := Article.objects.values("title", "author__name", up=F("pk") + Value(1)), list(q)),
    "values_list()": lambda: (q := Article.objects.values_list("pk", "price"), list(q)),
    "values_list(), flat": lambda: (q := Article.objects.values_list("title", flat=True), list(q)),
    "values_list(), named": lambda: (q := Article.objects.values_list("pk", "title", named=True), list(q)),
    "values() with groups": lambda: (q := Article.objects.order_by().values("author").annotate(n=Count("pk")), list(q)),
    "dates()": lambda: (q := Article.objects.dates("published", "month"), list(q)),
    "union": lambda: (
        q := Article.objects.order_by().values("pk").union(Author.objects.values("pk")),
        list(q),
    ),
    "related manager's all()": lambda: (
        Author.objects.first().articles.all(),
        like_values(Author.objects.first().articles),
    ),
    "instance": lambda: (Article.objects.first(), Article.objects.values().first()),
    "instance, every scalar field": lambda: (Everything.objects.last(), Everything.objects.values().last()),
    "instance, not saved": lambda: (Author(name="new"), {"id": None, "name": "new", "born": None}),
    "list of instances": lambda: (list(Article.objects.all()), like_values(Article.objects.all())),
    "list of two models": lambda: (
        [Article.objects.first(), Author.objects.first()],
        [Article.objects.values().first(), Author.objects.values().first()],
    ),
    "Page of a QuerySet": lambda: (
        Paginator(Article.objects.all(), 2).page(2),
        like_values(Article.objects.all()[2:4]),
    ),
    "Page of values()": lambda: (Paginator(q := Article.objects.values("pk"), 3).page(1), list(q[:3])),
    "Page of plain rows": lambda: (Paginator([{"a": 1}, {"a": 2}], 1).page(2), [{"a": 2}]),
    "contents evaluated before": lambda: (q := Article.objects.all(), (len(q), like_values(q))[1]),
}


@pytest.mark.parametrize("make", cases(QUERYSETS))
class TestLikeValues:
    def test_response(self, make):
        given, like = make()
        response = PyForgeJsonResponse(given)
        assert strict(response.content) == django_value(like)
        assert response.headers["Content-Type"] == "application/json"

    def test_dumps(self, make, form):
        given, like = make()
        assert_rows(encode(given, form), like, form)

    @pytest.mark.parametrize(
        "wrap", [lambda x: {"n": 1, "rows": x}, lambda x: [[x], x], lambda x: Mapped(k=Listed([x]))]
    )
    def test_nested(self, make, wrap, form):
        given, like = make()
        assert_rows(encode(wrap(given), form), wrap(like), form)


class TestSafe:
    def test_plain_lists_still_need_it(self):
        for data in ([1], (1,), [{"a": 1}], "text", 5, None):
            with pytest.raises(TypeError, match="safe parameter to False"):
                PyForgeJsonResponse(data)

    @pytest.mark.parametrize("data", [[], (), Article.objects.none(), list(Article.objects.none())])
    def test_empty_lists_need_it_no_more(self, data):
        assert PyForgeJsonResponse(data).content == b"[]"

    @pytest.mark.parametrize(
        ("data", "hint"),
        [
            (Article.objects, "call .all() on it"),
            (Article, "write an instance of it"),
            ((n for n in [1]), "write list(value)"),
            (Article.objects.all, "call it"),
        ],
    )
    def test_the_hint_comes_before_safe(self, data, hint):
        with pytest.raises(TypeError, match=re.escape(hint)):
            PyForgeJsonResponse(data)

    def test_a_mixed_list_needs_it(self):
        mixed = [Author.objects.first(), {"a": 1}, Group(name="g"), 5]
        with pytest.raises(TypeError, match="safe parameter to False"):
            PyForgeJsonResponse(mixed)
        like = [Author.objects.values().first(), {"a": 1}, {"id": None, "name": "g"}, 5]
        assert strict(PyForgeJsonResponse(mixed, safe=False).content) == django_value(like)


class TestQueries:
    def test_one_for_a_queryset(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            PyForgeJsonResponse(Article.objects.all())
        with django_assert_num_queries(1):
            pyforge_web.dumps({"rows": Article.objects.values("title")})

    def test_none_for_instances(self, django_assert_num_queries):
        instances = list(Article.objects.all())
        with django_assert_num_queries(0):
            PyForgeJsonResponse(instances)

    def test_none_for_an_evaluated_queryset(self, django_assert_num_queries):
        queryset = Article.objects.all()
        assert len(queryset) == 5
        with django_assert_num_queries(0):
            pyforge_web.dumps(queryset)

    def test_none_for_columns_that_are_not_loaded(self, django_assert_num_queries):
        instances = list(Article.objects.only("pk", "title"))
        with django_assert_num_queries(0):
            assert b"Title 0" in pyforge_web.dumps(instances)

    def test_never_more_for_more_rows(self, django_assert_num_queries):
        with django_assert_num_queries(2):
            pyforge_web.dumps([Article.objects.all(), Author.objects.all()])


class TestFields:
    def test_choose_and_order(self, form):
        like = list(Article.objects.values("title", "id"))
        assert_text(encode(Article.objects.all(), form, fields=["title", "id"]), like, form)

    @pytest.mark.parametrize("data", ["queryset", "list", "page", "instance", "evaluated"])
    def test_everywhere(self, data):
        queryset = Article.objects.all()
        like = list(Article.objects.values("title", "author_id"))
        given = {
            "queryset": queryset,
            "list": list(queryset),
            "page": Paginator(queryset, 10).page(1),
            "instance": queryset.first(),
            "evaluated": [queryset, len(queryset)][0],
        }[data]
        expected = like[0] if data == "instance" else like
        assert strict(PyForgeJsonResponse(given, fields=["title", "author_id"]).content) == django_value(expected)
        assert strict(pyforge_web.dumps(given, fields=("title", "author_id"))) == django_value(expected)

    def test_through_the_client(self, client):
        assert client.get("/articles/").json() == list(Article.objects.values("id", "title"))

    @pytest.mark.parametrize(
        "given", [lambda: Article.objects.all(), lambda: Article.objects.first(), lambda: list(Article.objects.all())]
    )
    def test_an_unknown_name_lists_what_there_is(self, given):
        with pytest.raises((FieldError, TypeError, ValueError), match=r"(?s)titel.*author_id.*title"):
            PyForgeJsonResponse(given(), fields=["id", "titel"])

    @pytest.mark.parametrize("wrong", ["title", 5, [5], [None], {"title"}])
    def test_only_a_list_of_names(self, wrong):
        with pytest.raises(TypeError, match="fields"):
            pyforge_web.dumps(Article.objects.first(), fields=wrong)

    def test_methods_and_properties_are_no_columns(self):
        for name in ("delete", "pk_set", "objects", "__class__", "_state"):
            with pytest.raises((FieldError, TypeError, ValueError), match=name):
                pyforge_web.dumps(Article.objects.first(), fields=[name])


def test_bytes_are_refused_with_their_place(form):
    Blob.objects.create(content=b"x")
    with pytest.raises(TypeError, match=r"^Object of type (bytes|memoryview) is not JSON serializable") as caught:
        encode({"blobs": Blob.objects.all()}, form)
    assert "$.blobs[0].content" in str(caught.value)


def test_a_file_is_its_name_and_is_never_opened(form):
    everything = Everything.objects.last()
    assert everything.file.name == "files/secret.txt"
    ours = json.loads(encode(everything, form))
    assert ours["file"] == "files/secret.txt"


@pytest.mark.django_db(transaction=True)
def test_a_database_error_is_djangos(form):
    with pytest.raises(OperationalError, match="no such column") as caught:
        encode({"rows": Article.objects.extra(where=["nonsense = 1"])}, form)
    assert "$.rows" in "\n".join(caught.value.__notes__)
