"""Pages, related rows and list serializers in forms that few projects have: all as DRF has them."""

import pytest
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Prefetch, Window
from django.db.models.functions import RowNumber
from rest_framework import fields, pagination, relations, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import (
    PyForgeCursorPagination,
    PyForgeJSONRenderer,
    PyForgeLimitOffsetPagination,
    PyForgePageNumberPagination,
    RowsData,
    compiled,
    explain,
    reads,
)
from tests.relations import models as m
from tests.rest_framework.test_reasons import MIXINS, assert_as_drf, field, make, outcome

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


class OwnCount(Paginator):
    @property
    def count(self):
        return 4


PAIRS = {
    "pages": (pagination.PageNumberPagination, PyForgePageNumberPagination),
    "limits": (pagination.LimitOffsetPagination, PyForgeLimitOffsetPagination),
    "cursor": (pagination.CursorPagination, PyForgeCursorPagination),
}
OPTIONS = {
    "no size": {"page_size": None, "default_limit": None},
    "no template": {"template": None},
    "own count": {"django_paginator_class": OwnCount},
    "behind a relation": {"ordering": "country__name", "page_size": 100},
    "another column": {"ordering": "password"},
}
SOURCES = {
    "all": lambda: m.Author.objects.order_by("name"),
    "nothing": lambda: m.Author.objects.none(),
    "own class": lambda: m.Peculiar.objects.order_by("pk"),
    "key of two columns": lambda: m.Slot.objects.order_by("pk"),
    "a list": lambda: list(m.Author.objects.order_by("name")),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("pair", PAIRS)
def test_page_with_options(pair, options, source):
    def read(kind, mixins):
        given = {"page_size": 2, "default_limit": 2, "ordering": "pk", **OPTIONS[options]}
        paginator = type("Pages", (kind,), given)()
        rows = SOURCES[source]()
        page = paginator.paginate_queryset(rows, Request(APIRequestFactory().get("/")))
        if page is None:
            return None
        model = {"own class": m.Peculiar, "key of two columns": m.Slot}.get(source, m.Author)
        data = make(mixins, model, ["pk"])(page, many=True).data
        return data, paginator.get_paginated_response(data).data, getattr(paginator, "display_page_controls", None)

    standard, ours = PAIRS[pair]
    assert outcome(lambda: read(ours, MIXINS)) == outcome(lambda: read(standard, ()))


@pytest.mark.parametrize("change", ["same", "longer", "ordered"])
def test_page_is_compared_with_a_page(change):
    def page(kind, size=2, ordering="name"):
        request = Request(APIRequestFactory().get("/"))
        return type("Pages", (kind,), {"page_size": size})().paginate_queryset(
            m.Author.objects.order_by(ordering), request
        )

    other = {"same": {}, "longer": {"size": 3}, "ordered": {"ordering": "-name"}}[change]
    standard, ours = PAIRS["pages"]
    assert (page(ours) == page(ours, **other)) is (page(standard) == page(standard, **other))


RELATED = {
    "no row of the parent": lambda: m.Book.objects.filter(shelf=None),
    "some rows of parents": lambda: m.Book.objects.order_by("pk"),
}


@pytest.mark.parametrize("rows", RELATED)
def test_list_of_a_relation_without_parents(rows):
    def make_kind(mixins):
        books = make(mixins, m.Book, ["title"])(source="shelf.books", many=True, read_only=True)
        return make(mixins, m.Book, ["id", "found"], found=books)

    assert_as_drf(make_kind, RELATED[rows]())


PREFETCHED = {
    "none": lambda: Prefetch("comments", m.Comment.objects.none()),
    "no keys": lambda: Prefetch("comments", m.Comment.objects.filter(pk__in=[])),
    "parts": lambda: Prefetch("comments", m.Comment.everything.order_by("pk")[:1], to_attr="best"),
    "distinct parts": lambda: Prefetch("comments", m.Comment.everything.distinct()[:2], to_attr="best"),
    "another path": lambda: "author__articles",
    "generic": lambda: "notes__subject",
    "behind generic": lambda: "notes__subject__author",
    "nothing behind generic": lambda: "notes__subject__nothing",
}


@pytest.mark.parametrize("lookup", PREFETCHED)
@pytest.mark.parametrize("source", ["comments", "author.articles", "labels", "notes"])
def test_prefetched_relation(lookup, source):
    def make_kind(mixins):
        model = {"comments": m.Comment, "author.articles": m.Article, "labels": m.Label, "notes": m.Note}[source]
        found = make(mixins, model, ["id"])(source=source, many=True, read_only=True)
        return make(mixins, m.Article, ["id", "found"], found=found)

    assert_as_drf(make_kind, m.Article.objects.order_by("pk").prefetch_related(PREFETCHED[lookup]()))


@pytest.mark.parametrize("source", ["comments", "best"])
@pytest.mark.parametrize("is_distinct", [True, False])
def test_part_of_related_rows(is_distinct, source):
    rows = m.Comment.everything.distinct() if is_distinct else m.Comment.everything.all()

    def make_kind(mixins):
        comments = make(mixins, m.Comment, ["text"])(source=source, many=True, read_only=True)
        return make(mixins, m.Article, ["id", "found"], found=comments)

    lookup = Prefetch("comments", rows.order_by("pk")[:1], to_attr="best")
    assert_as_drf(make_kind, m.Article.objects.order_by("pk").prefetch_related(lookup))


def test_part_of_distinct_rows():
    numbered = m.Comment.everything.annotate(place=Window(RowNumber(), order_by="pk"))
    assert_as_drf(lambda mixins: make(mixins, m.Comment, ["text"]), numbered.filter(place__lte=3).distinct())


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), [float("nan")], object, b"x", 1 + 2j, "\ud800", 10**30])
def test_method_that_gives_what_json_does_not_have(value):
    def make_kind(mixins):
        method = {"found": fields.SerializerMethodField(), "get_found": reads_title(value)}
        return make(mixins, m.Article, ["id", "found"], **method)

    assert_as_drf(make_kind, m.Article.objects.order_by("pk")[:2])


def reads_title(value):
    return reads("title")(lambda self, article: value)


def test_deep_value_of_a_method():
    value = []
    for _ in range(300):
        value = [value]

    def make_kind(mixins):
        method = {"found": fields.SerializerMethodField(), "get_found": reads_title(value)}
        return make(mixins, m.Article, ["id", "found"], **method)

    assert_as_drf(make_kind, m.Article.objects.order_by("pk")[:2])


@pytest.mark.parametrize("stored", ["x'ff'", "'plain'"])
def test_text_of_an_object_whose_column_is_no_text(stored):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {m.Author._meta.db_table} SET name = {stored}")

    def make_kind(mixins):
        return make(mixins, m.Article, ["id", "found"], **field(relations.StringRelatedField(source="author")))

    assert_as_drf(make_kind, m.Article.objects.order_by("pk"))


def test_explanation_of_an_instance_and_of_a_list():
    kind = make(MIXINS, m.Author, ["id", "name"])
    assert explain(kind()) == explain(kind) == explain(kind(many=True))


def test_list_class_that_has_the_native_path_already():
    first = make(MIXINS, m.Author, ["id"])
    own = type("OwnList", (type(first(many=True)),), {})

    def make_kind(mixins):
        options = type("Meta", (), {"model": m.Author, "fields": ["id"], "list_serializer_class": own})
        return type("Authors", (*mixins, serializers.ModelSerializer), {"Meta": options})

    kind = make_kind(MIXINS)
    assert type(kind(many=True)) is own
    assert_as_drf(lambda mixins: kind if mixins else make((), m.Author, ["id"]), m.Author.objects.order_by("pk"))


def test_many_that_is_no_list_serializer():
    class Counting(serializers.ModelSerializer):
        @classmethod
        def many_init(cls, *args, **kwargs):
            return fields.IntegerField()

    kind = make((*MIXINS, Counting), m.Author, ["id"])
    assert type(kind(many=True)) is fields.IntegerField


def test_kept_plans_are_bounded(monkeypatch):
    monkeypatch.setattr(compiled, "_LIMIT", len(compiled._kept_plans) + 1)
    for name in ("id", "name", "born"):
        assert_as_drf(lambda mixins, name=name: make(mixins, m.Author, [name]), m.Author.objects.order_by("pk"))


@pytest.mark.parametrize("is_made", [True, False])
def test_rows_are_changed_in_place(is_made):
    rows = RowsData(None, None, [3, 1, 2]) if is_made else RowsData(b"[3,1,2]", lambda: [3, 1, 2], [])
    expected = [3, 1, 2]
    for one in (rows, expected):
        one[0] = 5
        one.sort(reverse=True)
    assert rows == expected
    assert PyForgeJSONRenderer().render(rows) == JSONRenderer().render(expected)
