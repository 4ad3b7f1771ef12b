"""Classes of a project that stand behind ours, or methods that it puts into DRF's own: they have their say."""

import io

import pytest
from django.core.paginator import Page, Paginator
from rest_framework import generics, pagination, parsers, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory
from rest_framework.utils.encoders import JSONEncoder

from pyforge_web.rest_framework import (
    CompiledListMixin,
    CompiledSerializerMixin,
    PyForgeCursorPagination,
    PyForgeJSONParser,
    PyForgeJSONRenderer,
    QuerySetPaginationMixin,
)
from tests.relations import models as m

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]
DATA = {"b": [1, None], "a": "ä"}
_encode, _iterencode, _init = JSONEncoder.encode, JSONEncoder.iterencode, JSONEncoder.__init__
_render, _parse = JSONRenderer.render, parsers.JSONParser.parse


class Enveloped(JSONRenderer):
    def render(self, data, *args, **kwargs):
        return super().render({"data": data}, *args, **kwargs)


class Unpacked(parsers.JSONParser):
    def parse(self, *args, **kwargs):
        return super().parse(*args, **kwargs)["b"]


class Listed:
    def list(self, request, *args, **kwargs):
        response = super().list(request, *args, **kwargs)
        response.data = {"data": response.data}
        return response


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = m.Author
        fields = ("id", "name")


class CompiledSerializer(CompiledSerializerMixin, AuthorSerializer):
    pass


def body(bases, renderer, serializer, paginator=None):
    attributes = {
        "queryset": m.Author.objects.order_by("pk"),
        "serializer_class": serializer,
        "renderer_classes": [renderer],
        "pagination_class": paginator,
    }
    view = type("Authors", (*bases, generics.ListAPIView), attributes).as_view()
    return view(APIRequestFactory().get("/")).render().content


@pytest.mark.parametrize("bases", [(Listed, CompiledListMixin), (CompiledListMixin, Listed)], ids=["before", "behind"])
@pytest.mark.parametrize("renderer", [Enveloped, JSONRenderer])
def test_list_and_renderer_of_a_base(bases, renderer):
    ours = type("Ours", (PyForgeJSONRenderer, renderer), {}) if renderer is Enveloped else PyForgeJSONRenderer
    assert body(bases, ours, CompiledSerializer) == body((Listed,), renderer, AuthorSerializer)


def test_parser_of_a_base():
    ours = type("Ours", (PyForgeJSONParser, Unpacked), {})
    sent = JSONRenderer().render(DATA)
    assert ours().parse(io.BytesIO(sent)) == Unpacked().parse(io.BytesIO(sent))


@pytest.mark.parametrize(
    ("owner", "name", "changed"),
    [
        (JSONEncoder, "encode", lambda self, value: _encode(self, {"sent": value})),
        (JSONEncoder, "iterencode", lambda self, value, _one_shot=False: _iterencode(self, [value], _one_shot)),
        (JSONEncoder, "__init__", lambda self, **options: _init(self, **options | {"sort_keys": True})),
        (JSONRenderer, "render", lambda self, data, *args, **options: _render(self, [data], *args, **options)),
        (parsers.JSONParser, "parse", lambda self, *args, **options: [_parse(self, *args, **options)]),
    ],
    ids=["encode", "iterencode", "init", "render", "parse"],
)
def test_method_of_drf_that_is_changed(owner, name, changed, monkeypatch):
    monkeypatch.setattr(owner, name, changed)
    expected = JSONRenderer().render(DATA)
    assert PyForgeJSONRenderer().render(DATA) == expected
    assert PyForgeJSONRenderer().render(CompiledSerializer(m.Author.objects.order_by("pk"), many=True).rows) == (
        JSONRenderer().render(AuthorSerializer(m.Author.objects.order_by("pk"), many=True).data)
    )
    parsed = parsers.JSONParser().parse(io.BytesIO(expected))
    assert PyForgeJSONParser().parse(io.BytesIO(expected)) == parsed


class SomeRows(Paginator):
    def __init__(self, object_list, per_page, **options):
        super().__init__(object_list.filter(name__contains="1"), per_page, **options)


class LoudPage(Page):
    def __iter__(self):
        for author in self.object_list:
            author.name = author.name.upper()
            yield author


class ReversedPage(Page):
    def __getitem__(self, index):
        return list(self.object_list)[::-1][index]


def paginator_of(page):
    return type("Pages", (Paginator,), {"_get_page": lambda self, *args, **options: page(*args, **options)})


class Counted:
    """As little as DRF's paginator asks for."""

    num_pages = 1

    def __init__(self, object_list, per_page):
        self.object_list, self.per_page, self.count = object_list, per_page, 7

    def page(self, number):
        return Page(self.object_list[: self.per_page], int(number), self)


@pytest.mark.parametrize(
    "kind",
    [SomeRows, paginator_of(LoudPage), paginator_of(ReversedPage), Counted],
    ids=["rows", "loud", "items", "own"],
)
@pytest.mark.parametrize("size", [2, 50])
def test_paginator_of_django_with_its_own_page(kind, size):
    def paged(*mixins):
        attributes = {"page_size": size, "django_paginator_class": kind}
        return type("Pages", (*mixins, pagination.PageNumberPagination), attributes)

    expected = body((), JSONRenderer, AuthorSerializer, paged())
    for serializer in (AuthorSerializer, CompiledSerializer):
        assert body((), JSONRenderer, serializer, paged(QuerySetPaginationMixin)) == expected


class FirstOfPage(pagination.CursorPagination):
    page_size, ordering = 3, "id"

    def paginate_queryset(self, queryset, request, view=None):
        return super().paginate_queryset(queryset.filter(name__contains="1"), request, view)[:1]


def test_cursor_of_a_base():
    ours = type("Ours", (PyForgeCursorPagination, FirstOfPage), {})
    for serializer in (AuthorSerializer, CompiledSerializer):
        assert body((), JSONRenderer, serializer, ours) == body((), JSONRenderer, AuthorSerializer, FirstOfPage)


class OwnList(serializers.ListSerializer):
    pass


class ChildList(OwnList):
    pass


def add_numbers(self, data):
    rows = serializers.ListSerializer.to_representation(self, data)
    return [row | {"number": number} for number, row in enumerate(rows)]


@pytest.mark.parametrize("list_class", [OwnList, ChildList])
def test_list_serializer_that_gets_a_method_later(list_class, monkeypatch):
    def make(mixins):
        options = {"model": m.Author, "fields": ("id", "name"), "list_serializer_class": list_class}
        author = type("Rows", (*mixins, serializers.ModelSerializer), {"Meta": type("Meta", (), options)})
        countries = {
            "Meta": type("Meta", (), {"model": m.Country, "fields": ("authors",)}),
            "authors": author(many=True),
        }
        return author, type("Countries", (*mixins, serializers.ModelSerializer), countries)

    expected, given = make(()), make((CompiledSerializerMixin,))

    def compare():
        for one, other, queryset in zip(expected, given, (m.Author.objects, m.Country.objects), strict=True):
            data = one(queryset.order_by("pk"), many=True).data
            assert other(queryset.order_by("pk"), many=True).data == data
            assert other(queryset.order_by("pk"), many=True).rows == data

    compare()
    monkeypatch.setattr(OwnList, "to_representation", add_numbers, raising=False)
    compare()
    monkeypatch.undo()
    compare()


def test_view_that_has_the_method_alone():
    class Methods:
        list = CompiledListMixin.list

    for serializer in (AuthorSerializer, CompiledSerializer):
        assert body((Methods,), PyForgeJSONRenderer, serializer) == body((), JSONRenderer, AuthorSerializer)
