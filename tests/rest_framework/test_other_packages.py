"""Packages around DRF, and views of other sorts: with the mixin they give what they give with DRF alone."""

import asyncio

import pytest
from adrf import generics as async_generics
from adrf import serializers as async_serializers
from adrf import views as async_views
from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.urls import path
from djangorestframework_camel_case.parser import CamelCaseJSONParser
from djangorestframework_camel_case.render import CamelCaseJSONRenderer
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from rest_framework import fields, filters, generics, pagination, permissions, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import (
    CompiledListMixin,
    CompiledSerializerMixin,
    PyForgeCursorPagination,
    PyForgeJSONRenderer,
    PyForgeLimitOffsetPagination,
    PyForgePageNumberPagination,
    reads,
)
from tests.relations.models import Article, Author, Tag

pytestmark = pytest.mark.django_db(databases="__all__")
PAGES = {
    pagination.CursorPagination: PyForgeCursorPagination,
    pagination.LimitOffsetPagination: PyForgeLimitOffsetPagination,
    pagination.PageNumberPagination: PyForgePageNumberPagination,
}
BOTH = pytest.mark.parametrize("mixins", [(), (CompiledListMixin,)], ids=["data", "rows"])


def serializer_of(model, names, *mixins, base=serializers.ModelSerializer, **attributes):
    meta = type("Meta", (), {"model": model, "fields": names})
    return type(f"{model.__name__}Serializer", (*mixins, base), {"Meta": meta, **attributes})


def article_serializer(*mixins):
    return serializer_of(
        Article,
        ["id", "title", "first_author", "author", "tags"],
        *mixins,
        first_author=fields.CharField(source="author.name", read_only=True),
        author=serializer_of(Author, ["id", "name", "born"], *mixins)(),
        tags=serializer_of(Tag, ["name"], *mixins)(many=True),
    )


def list_view(serializer_class, *, mixins=(), base=generics.ListAPIView, **attributes):
    standard = {
        "queryset": Article.objects.order_by("pk").select_related("author").prefetch_related("tags"),
        "serializer_class": serializer_class,
        "permission_classes": [],
        "authentication_classes": [],
    }
    return type("ArticleList", (*mixins, base), {**standard, **attributes})


def respond(view, address="/", **extra):
    response = view.as_view()(APIRequestFactory().get(address, **extra))
    if hasattr(response, "render"):
        response.render()
    return response


@pytest.mark.parametrize("standard", PAGES, ids=lambda kind: kind.__name__)
@BOTH
def test_schema_of_spectacular_is_the_same(standard, mixins):
    schemas = []
    for bases, pages in (((), standard), ((CompiledSerializerMixin,), PAGES[standard])):
        view = list_view(
            article_serializer(*bases),
            mixins=mixins if bases else (),
            pagination_class=pages,
            filter_backends=[filters.OrderingFilter, filters.SearchFilter],
            search_fields=["title"],
            schema=AutoSchema(),
        )
        generator = SchemaGenerator(patterns=[path("articles/", view.as_view())])
        schema = generator.get_schema(request=None, public=True)
        schemas.append(schema)
    assert schemas[0]["paths"] == schemas[1]["paths"]
    assert schemas[0]["components"] == schemas[1]["components"]


@BOTH
def test_camel_case_writes_what_it_writes_for_drf(mixins, sqlite):
    options = {"renderer_classes": [CamelCaseJSONRenderer], "parser_classes": [CamelCaseJSONParser]}
    expected = respond(list_view(article_serializer(), **options)).content
    given = respond(list_view(article_serializer(CompiledSerializerMixin), mixins=mixins, **options)).content
    assert given == expected
    assert b"firstAuthor" in given


@BOTH
@pytest.mark.parametrize("address", ["/", "/?ordering=-title", "/?search=1&ordering=id", "/?ordering=nothing"])
def test_filters_are_those_of_drf(address, mixins, sqlite):
    options = {"filter_backends": [filters.OrderingFilter, filters.SearchFilter], "search_fields": ["title"]}
    expected = respond(list_view(article_serializer(), renderer_classes=[JSONRenderer], **options), address)
    view = list_view(
        article_serializer(CompiledSerializerMixin), mixins=mixins, renderer_classes=[PyForgeJSONRenderer], **options
    )
    assert respond(view, address).content == expected.content


def read_async(view):
    return asyncio.run(view.as_view()(APIRequestFactory().get("/"))).render().content


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_async_views_are_those_of_drf(sqlite):
    options = {"base": async_generics.ListAPIView, "renderer_classes": [JSONRenderer]}
    expected = read_async(list_view(article_serializer(), **options))
    assert read_async(list_view(article_serializer(CompiledSerializerMixin), **options)) == expected

    class Articles(async_views.APIView):
        permission_classes = authentication_classes = ()
        renderer_classes = (PyForgeJSONRenderer,)

        async def get(self, request):
            serializer = article_serializer(CompiledSerializerMixin)(list_view(None).queryset.all(), many=True)
            return Response(await sync_to_async(lambda: serializer.rows)())

    assert read_async(Articles) == expected


@pytest.mark.django_db(databases="__all__", transaction=True)
def test_async_serializers_are_those_of_adrf(sqlite):
    found = []
    for bases in ((), (CompiledSerializerMixin,)):
        kind = serializer_of(Article, ["id", "title", "price"], *bases, base=async_serializers.ModelSerializer)
        queryset = Article.objects.order_by("pk")

        async def read(serializer):
            return await serializer.adata

        instances = list(queryset)
        rows = asyncio.run(read(kind(instances, many=True)))
        found.append((rows, kind(queryset, many=True).data, asyncio.run(read(kind(instances[0])))))
    assert found[0] == found[1]


def test_streamed_parts_are_those_of_drf(sqlite):
    def stream(kind, renderer):
        queryset = list_view(None).queryset
        parts = (kind(queryset[start : start + 5], many=True).data for start in range(0, 15, 5))
        return b"".join(StreamingHttpResponse(renderer.render(part) for part in parts))

    expected = stream(article_serializer(), JSONRenderer())
    assert stream(article_serializer(CompiledSerializerMixin), PyForgeJSONRenderer()) == expected


class PerUser(serializers.ModelSerializer):
    """Staff sees more, and a field of its own for each user."""

    greeting = fields.SerializerMethodField()

    class Meta:
        model = Article
        fields = ("id", "title", "price", "greeting")

    @reads("title")
    def get_greeting(self, article):
        return f"{self.context['request'].META['HTTP_USER']}: {article.title}"

    def get_fields(self):
        found = super().get_fields()
        if self.context["request"].META["HTTP_USER"] != "staff":
            del found["price"]
        return found


@BOTH
def test_fields_of_each_user_are_those_of_drf(mixins, sqlite):
    standard = list_view(PerUser, renderer_classes=[JSONRenderer])
    compiled = type("PerUser", (CompiledSerializerMixin, PerUser), {})
    view = list_view(compiled, mixins=mixins, renderer_classes=[PyForgeJSONRenderer])
    for user in ("staff", "guest", "staff", "other"):
        expected = respond(standard, HTTP_USER=user).content
        assert respond(view, HTTP_USER=user).content == expected
        assert (b"price" in expected) == (user == "staff")


class OnlyStaff(permissions.BasePermission):
    def has_permission(self, request, view):
        return request.META["HTTP_USER"] == "staff"


@BOTH
def test_permissions_and_errors_of_methods_are_those_of_drf(mixins, sqlite):
    @reads("title")
    def get_greeting(self, article):
        raise PermissionDenied(f"no {article.title}")

    refusing = type("Refusing", (PerUser,), {"get_greeting": get_greeting})
    for kind in (PerUser, refusing):
        options = {"permission_classes": [OnlyStaff]}
        standard = list_view(kind, renderer_classes=[JSONRenderer], **options)
        compiled = type("Compiled", (CompiledSerializerMixin, kind), {})
        view = list_view(compiled, mixins=mixins, renderer_classes=[PyForgeJSONRenderer], **options)
        for user in ("staff", "guest"):
            expected, given = respond(standard, HTTP_USER=user), respond(view, HTTP_USER=user)
            assert (given.status_code, given.content) == (expected.status_code, expected.content)
