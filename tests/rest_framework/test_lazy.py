"""Lazy objects that hold a QuerySet or an instance: the data is what DRF makes of them."""

import pytest
from django.core.paginator import Paginator
from django.utils.functional import SimpleLazyObject
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import (
    CompiledSerializerMixin,
    PyForgeCursorPagination,
    PyForgeJSONRenderer,
    PyForgeLimitOffsetPagination,
    PyForgePageNumberPagination,
)
from tests.relations.models import Tag

pytestmark = pytest.mark.django_db(databases="__all__")


class Plain(serializers.ModelSerializer):
    class Meta:
        model = Tag
        fields = ("id", "name", "parent")


class Compiled(CompiledSerializerMixin, Plain):
    pass


HELD = {
    "QuerySet": (lambda queryset: queryset.all(), True),
    "list": (lambda queryset: list(queryset), True),
    "page": (lambda queryset: Paginator(queryset, 2).page(1), True),
    "instance": (lambda queryset: queryset.first(), False),
}


@pytest.mark.parametrize("name", HELD)
def test_lazy_objects(sqlite, name):
    make, many = HELD[name]
    queryset = Tag.objects.using(sqlite).order_by("pk")
    expected = Plain(SimpleLazyObject(lambda: make(queryset)), many=many).data
    assert expected
    assert Compiled(SimpleLazyObject(lambda: make(queryset)), many=many).data == expected
    if many:
        rows = Compiled(SimpleLazyObject(lambda: make(queryset)), many=True).rows
        assert PyForgeJSONRenderer().render(rows) == PyForgeJSONRenderer().render(expected)


def make_pages(queryset):
    """What each paginator gives for a lazy QuerySet."""
    request = Request(APIRequestFactory().get("/", {"limit": 2, "page_size": 2}))
    cursor = type("ByKey", (PyForgeCursorPagination,), {"ordering": "pk", "page_size": 2})()
    numbers = type("Two", (PyForgePageNumberPagination,), {"page_size": 2})()
    for paginator in (numbers, PyForgeLimitOffsetPagination(), cursor):
        page = paginator.paginate_queryset(queryset, request)
        yield paginator.get_paginated_response(Compiled(page, many=True).data).data


def test_pages_of_a_lazy_queryset(sqlite):
    queryset = Tag.objects.using(sqlite).order_by("pk")
    expected = list(make_pages(queryset))
    assert list(make_pages(SimpleLazyObject(queryset.all))) == expected
    assert all(len(each["results"]) == 2 for each in expected)
