"""Sources of views that the report reads in part, or not at all: it never raises, and promises nothing wrong."""

import json
from types import ModuleType

import pytest
from django.http import JsonResponse
from django.test import RequestFactory
from django.urls import path
from rest_framework import generics, serializers

from pyforge_web import _native
from pyforge_web.report import environment
from pyforge_web.report.endpoints import find_endpoints
from pyforge_web.report.model_paths import explain_columns
from pyforge_web.report.verdicts import judge_static
from pyforge_web.report.view_rows import find_view_rows
from pyforge_web.rest_framework import reads
from tests.app.models import Article
from tests.report import source_views
from tests.report.test_view_rows import data, write_changed  # noqa: F401 - a fixture

NATIVE_VIEWS = ["first_rows", "the_same_model_twice"]


@pytest.mark.usefixtures("data")
def test_lines_for_a_part_of_the_rows():
    written = json.loads(source_views.first_rows(RequestFactory().get("/")).content)
    assert write_changed(source_views.first_rows) == written["rows"]


@pytest.mark.parametrize(
    ("name", "modes"),
    [
        ("one_of_the_rows", {"native": 2}),
        ("awaited", {"native": 2}),
        ("unpacked", {"native": 1, "python": 2}),
        ("no_columns", {}),
        ("odd_columns", {"native": 3, "python": 7}),
        ("two_rows_in_one", {}),
        ("values_of_names", {}),
        ("the_same_model_twice", {"native": 2}),
        ("helped", {"native": 1, "python": 1}),
    ],
)
def test_share_of_each_source(name, modes, db):
    found = find_view_rows(getattr(source_views, name))
    assert dict(found.fields) == modes
    assert len(found.models) == len(set(found.models)) == bool(modes)


@pytest.mark.parametrize("view", [len, source_views.without_source, eval("lambda request: 1"), object()], ids=range(4))
def test_code_without_source_has_no_rows(view):
    assert find_view_rows(view).models == []


def endpoint_of(view):
    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [path("rows/", view)]
    (found,) = find_endpoints(urlconf)
    return found


def test_view_without_source_is_a_page():
    assert endpoint_of(eval("lambda request: None")).kind == "html"


def make_view(serializer):
    return generics.ListAPIView.as_view(queryset=Article.objects.all(), serializer_class=serializer)


def test_serializer_without_a_model():
    endpoint = endpoint_of(make_view(type("Plain", (serializers.Serializer,), {"title": serializers.CharField()})))
    assert (endpoint.mode, judge_static(endpoint)) == ("unknown", "measure it")
    assert list(endpoint.reasons) == ["the serializer has no model, so it is not read from rows"]


def test_serializer_that_needs_a_request():
    class NeedsRequest(serializers.ModelSerializer):
        class Meta:
            model = Article
            fields = ("title",)

        def get_fields(self):
            return {self.context["request"].GET["name"]: serializers.CharField()}

    endpoint = endpoint_of(make_view(NeedsRequest))
    assert endpoint.mode == "unknown"
    assert list(endpoint.reasons) == ["KeyError: 'request'"]


def test_serializer_with_reasons(db):
    class Methods(serializers.ModelSerializer):
        short = serializers.SerializerMethodField()
        long = serializers.SerializerMethodField()

        class Meta:
            model = Article
            fields = ("title", "short", "long")

        @reads("title")
        def get_short(self, article):
            return article.title

        def get_long(self, article):
            return article.title

    endpoint = endpoint_of(make_view(Methods))
    assert (endpoint.mode, judge_static(endpoint)) == ("instances", "renderer only: a few percent")
    assert any("@reads" in reason for reason in endpoint.reasons)
    declared = type("Declared", (Methods,), {"get_long": Methods.get_short})
    assert judge_static(endpoint_of(make_view(declared))).startswith("rows with lean instances")


def test_operation_of_ninja_is_ninjas():
    from ninja import NinjaAPI

    api = NinjaAPI(urls_namespace="report")
    api.get("/titles")(lambda request: JsonResponse({}))
    urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [path("api/", api.urls)]
    assert "ninja" in {found.kind for found in find_endpoints(urlconf)}


def test_database_that_does_not_exist_explains_nothing():
    assert explain_columns(Article, "nowhere") == []


def test_debug_build_is_named(monkeypatch):
    monkeypatch.setattr(_native, "BUILD_PROFILE", "debug")
    assert "debug build" in environment.summarize_environment().reason


def test_package_that_is_not_there_has_no_version(monkeypatch):
    monkeypatch.setattr(environment, "_PACKAGES", ("Django", "no-such-package"))
    assert environment.summarize_environment().show_packages().startswith("Django ")
