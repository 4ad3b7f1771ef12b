"""`.data` of a serializer of DRF is a row of the panel: who made its rows, how long that took, and why."""

import json

import pytest
from django.test import RequestFactory
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from pyforge_web.metering import collect
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer, project
from tests.app.models import Article, Author
from tests.panel import urls

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def articles():
    author = Author.objects.create(name="Ann")
    Article.objects.bulk_create(Article(title=f"{number}", author=author) for number in range(30))


class ArticleSerializer(CompiledSerializerMixin, serializers.ModelSerializer):
    class Meta:
        model = Article
        fields = ("id", "title")


class PlainSerializer(serializers.ModelSerializer):
    class Meta:
        model = Article
        fields = ("id", "title")


class OddSerializer(ArticleSerializer):
    def to_representation(self, instance):
        return {"odd": instance.title}


def data_of(kind, source):
    with collect(details=True) as found:
        _ = kind(source, many=True).data
    return [(group.source, group.label, group.value_type, group.path, group.all_rows) for group in found.groups], found


def test_rows_are_a_call_of_the_serializer():
    groups, found = data_of(ArticleSerializer, Article.objects.all())
    assert groups == [("serializer", "tests_app.Article", "ListSerializer", "values", 30)]
    assert found.groups[0].database_ns
    assert found.groups[0].why == ""


def test_the_bytes_of_rows_are_counted_once(db):
    """They are written by the serializer, and the renderer puts them into the body as they are."""
    from pyforge_web.rest_framework import CompiledListMixin

    class Articles(CompiledListMixin, generics.ListAPIView):
        queryset = Article.objects.all()
        serializer_class = ArticleSerializer
        renderer_classes = (PyForgeJSONRenderer,)
        authentication_classes = permission_classes = ()

    with collect(details=True) as found:
        response = Articles.as_view()(RequestFactory().get("/")).render()
    by_source = {group.source: group.bytes for group in found.groups}
    assert len(json.loads(response.content)) == 30
    assert by_source["serializer"] == len(response.content)
    # What is left of the renderer is a mark in the place of the rows.
    assert found.bytes - len(response.content) == by_source["direct"] < 100


def test_what_rest_framework_has_made_says_why():
    groups, found = data_of(OddSerializer, Article.objects.all())
    assert groups == [("serializer", "tests_app.Article", "ListSerializer", "django", 30)]
    assert found.groups[0].why == "OddSerializer.to_representation is its own"
    assert found.django_rows == 30


def test_the_query_of_a_list_that_rest_framework_made_is_not_one_inside_of_values():
    lists = type("Lists", (serializers.ListSerializer,), {"to_representation": lambda self, data: [{} for _ in data]})
    meta = type("Meta", (ArticleSerializer.Meta,), {"list_serializer_class": lists})
    own = type("OwnSerializer", (ArticleSerializer,), {"Meta": meta})
    for kind, path in ((OddSerializer, "django"), (own, "django")):
        groups, found = data_of(kind, Article.objects.all())
        assert groups[0][3:] == (path, 30)
        assert (found.groups[0].query_count, found.groups[0].database_ns > 0) == (0, True)


def test_instances_in_memory_say_so():
    groups, found = data_of(ArticleSerializer, list(Article.objects.all()))
    assert groups == [("serializer", "tests_app.Article", "ListSerializer", "instance", 30)]
    assert "in memory" in found.groups[0].why


def test_serializers_of_a_project_are_rows_too():
    assert data_of(PlainSerializer, Article.objects.all())[0] == []
    project.install_native_path()
    try:
        (group,) = data_of(PlainSerializer, Article.objects.all())[0]
    finally:
        project.uninstall_native_path()
    assert group == ("serializer", "tests_app.Article", "ListSerializer", "values", 30)


def test_an_error_of_a_field_is_its_own():
    class FailingSerializer(OddSerializer):
        def to_representation(self, instance):
            raise ZeroDivisionError

    with collect(details=True) as found, pytest.raises(ZeroDivisionError):
        _ = FailingSerializer(Article.objects.all(), many=True).data
    assert list(found.groups[0].errors) == ["ZeroDivisionError: "]


@pytest.mark.parametrize("kind", [ArticleSerializer, OddSerializer])
def test_the_panel_shows_the_serializer_beside_the_renderer(ask, monkeypatch, kind):
    class Articles(APIView):
        renderer_classes = (PyForgeJSONRenderer,)

        def get(self, request):
            return Response(kind(Article.objects.all(), many=True).data)

    monkeypatch.setattr(urls.IDLE, "callback", Articles.as_view())
    panel = ask("/idle/")
    sources = {group["source"]: group for group in panel.stats["groups"]}
    assert set(sources) == {"serializer", "direct"}
    assert sources["serializer"]["label"] == "tests_app.Article"
    assert "serializer" in panel.text
