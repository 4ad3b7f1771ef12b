"""Paginators hand on a QuerySet that behaves as the list of instances of DRF's own."""

import operator
import pickle

import pytest
from django.db import connections
from django.db.models import Count, QuerySet, prefetch_related_objects
from django.test.utils import CaptureQueriesContext
from rest_framework import pagination
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import (
    PyForgeCursorPagination,
    PyForgeLimitOffsetPagination,
    PyForgePageNumberPagination,
    QuerySetPaginationMixin,
)
from pyforge_web.rest_framework.pagination import count_queryset
from tests.relations.models import Author, Peculiar

pytestmark = pytest.mark.django_db(databases="__all__")
PAIRS = [
    (pagination.PageNumberPagination, PyForgePageNumberPagination, "?page=2"),
    (pagination.PageNumberPagination, PyForgePageNumberPagination, "?page=last"),
    (pagination.PageNumberPagination, PyForgePageNumberPagination, ""),
    (pagination.LimitOffsetPagination, PyForgeLimitOffsetPagination, "?limit=2&offset=3"),
    (pagination.LimitOffsetPagination, PyForgeLimitOffsetPagination, "?limit=2&offset=900"),
    (pagination.CursorPagination, PyForgeCursorPagination, ""),
]


def paginate(kind, query, queryset):
    paginator = type("Pages", (kind,), {"page_size": 3, "default_limit": 3, "ordering": "name", "max_page_size": 5})()
    page = paginator.paginate_queryset(queryset, Request(APIRequestFactory().get(f"/{query}")))
    return paginator, page


@pytest.mark.parametrize(("standard", "ours", "query"), PAIRS)
def test_page_is_that_of_drf(standard, ours, query, sqlite):
    queryset = Author.objects.order_by("name")
    expected, given = paginate(standard, query, queryset), paginate(ours, query, queryset)
    assert list(given[1]) == list(expected[1])
    assert given[0].get_paginated_response([]).data == expected[0].get_paginated_response([]).data
    assert getattr(given[0], "display_page_controls", None) == getattr(expected[0], "display_page_controls", None)
    assert given[0].get_html_context() == expected[0].get_html_context()


@pytest.mark.parametrize("query", ["?page=0", "?page=99", "?page=x"])
def test_missing_page_raises_what_drf_raises(query, sqlite):
    messages, statements = [], []
    for kind in (pagination.PageNumberPagination, PyForgePageNumberPagination):
        with CaptureQueriesContext(connections["default"]) as captured, pytest.raises(NotFound) as error:
            paginate(kind, query, Author.objects.order_by("name"))
        messages.append(str(error.value))
        statements.append([query["sql"] for query in captured.captured_queries])
    assert messages[0] == messages[1]
    assert statements[0] == statements[1]  # none for what is no number of a page


def page_of(queryset=None):
    return paginate(PyForgePageNumberPagination, "?page=1", queryset or Author.objects.order_by("name"))[1]


def test_page_is_not_evaluated_before_it_is_read(sqlite):
    assert page_of()._result_cache is None


def test_page_keeps_what_is_set_on_its_instances(sqlite):
    page = page_of()
    page[0].extra = 1
    assert page[0].extra == 1
    assert [getattr(author, "extra", None) for author in page] == [1, None, None]
    assert list(reversed(page))[-1].extra == 1


def test_page_has_the_methods_of_a_list(sqlite):
    page, expected = page_of(), list(page_of())
    other = Author(name="other")
    for instances in (page, expected):
        instances.append(other)
        instances.insert(0, other)
        instances.extend([other])
        instances.remove(other)
        del instances[1]
        instances[0] = other
        instances.pop()
        instances.sort(key=lambda author: author.name)
        instances.reverse()
    assert page == expected
    assert operator.add(page, [other]) == [*expected, other]
    assert operator.add([other], page) == [other, *expected]
    assert page.copy() == expected
    assert page.count(other) == expected.count(other)
    assert page.count() == len(page) == len(expected)
    assert page.index(other) == expected.index(other)
    assert other in page
    page.clear()
    assert not page


def test_page_pickles_as_a_list(sqlite):
    page = page_of()
    assert pickle.loads(pickle.dumps(page)) == list(page)


def test_page_takes_prefetches_afterwards(sqlite, django_assert_num_queries):
    page = page_of()
    list(page)
    with django_assert_num_queries(1):
        prefetch_related_objects(page, "country")


def test_queryset_that_fetches_in_its_own_way_gives_a_list(sqlite):
    assert type(page_of(Peculiar.objects.order_by("pk"))) is list


def test_list_gives_a_list(sqlite):
    assert page_of([1, 2, 3, 4]) == [1, 2, 3]


def test_own_paginate_queryset_is_kept(sqlite):
    class Own(pagination.PageNumberPagination):
        def paginate_queryset(self, queryset, request, view=None):
            return ["own"]

    kind = type("Mixed", (QuerySetPaginationMixin, Own), {})
    assert kind().paginate_queryset([], None) == ["own"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Author.objects.all(),
        lambda: Author.objects.filter(name__contains="1").order_by("name"),
        lambda: Author.objects.distinct(),
        lambda: Author.objects.all()[1:3],
        lambda: Author.objects.annotate(count=Count("articles")),
        lambda: Author.objects.annotate(count=Count("articles")).filter(count__gt=1),
        lambda: Author.objects.values("country").annotate(Count("pk")),
        lambda: Author.objects.filter(pk=1).union(Author.objects.filter(pk=2)),
        lambda: Author.objects.select_related("country").select_for_update(),
        lambda: Author.objects.extra(where=["born IS NOT NULL"]),
        lambda: Author.objects.filter(articles__isnull=False),
        lambda: Author.objects.none(),
        lambda: Author.objects.filter(pk__in=[]),
        lambda: Peculiar.objects.all(),
    ],
)
def test_count_is_that_of_the_queryset(make, sqlite):
    found = []
    for count in (count_queryset, lambda queryset: queryset.count()):
        connections["default"].queries_log.clear()
        with CaptureQueriesContext(connections["default"]) as statements:
            found.append((count(make()), [query["sql"] for query in statements]))
    assert found[0] == found[1]


def test_count_of_an_own_method_is_asked(sqlite):
    class Counted(QuerySet):
        def count(self):
            return 7

    queryset = Counted(Author).order_by("name")
    assert paginate(PyForgePageNumberPagination, "", queryset)[0].page.paginator.count == 7
    assert paginate(PyForgeLimitOffsetPagination, "", queryset)[0].count == 7
