"""Parts of the panel that few requests show: operations of ninja, large numbers, pages that cannot be asked again."""

import uuid

import pytest
from debug_toolbar.toolbar import DebugToolbar
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch
from ninja import NinjaAPI, Schema

from pyforge_web import CompiledValidator, PyForgeJsonResponse, panels
from pyforge_web.panels import PyForgePanel
from pyforge_web.rest_framework import CompiledSerializerMixin
from pyforge_web.toolbar import formats
from pyforge_web.toolbar.comparison import compare_captured
from pyforge_web.toolbar.stat_limits import clip_middle
from tests.app.models import Article
from tests.panel import urls
from tests.panel.conftest import Panel
from tests.panel.test_other_json import answer, articles, drf_view, make_pages  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


class ArticleOut(Schema):
    id: int
    title: str


def list_articles(request):
    return Article.objects.order_by("pk")


def create_article(request):
    return 204, None


@pytest.mark.usefixtures("articles")
def test_an_operation_of_ninja_is_named_with_its_line(answer):  # noqa: F811
    api = NinjaAPI(urls_namespace=str(uuid.uuid4()))
    api.post("/articles", response={204: None})(create_article)
    api.get("/articles", response=list[ArticleOut])(list_articles)
    match = next(found for pattern in api.urls[0] if (found := pattern.resolve("articles")))
    panel = answer(match.func)
    other = panel.stats["other"]
    assert other["kind"] == "ninja"
    ((file, line, name),) = other["sites"]
    assert (file, name) == ("tests/panel/test_other_parts.py", "list_articles")
    assert line == list_articles.__code__.co_firstlineno
    assert compare_captured(panel.request_id).equal


def test_a_body_of_another_type_is_not_mentioned(answer):  # noqa: F811
    text = "[" + "1, " * 500 + "1]"
    assert not answer(lambda request: HttpResponse(text, content_type="text/plain")).stats["other"]


@pytest.mark.usefixtures("articles")
@pytest.mark.parametrize("failing", ["filter_queryset", "other rows"])
def test_a_page_whose_rows_cannot_be_asked_again_is_its_instances(answer, failing):  # noqa: F811
    calls = []

    def filter_queryset(self, queryset):
        calls.append(1)
        if len(calls) > 1 and failing == "filter_queryset":
            raise LookupError("the request is over")
        return queryset.filter(pk__gt=0) if len(calls) == 1 else queryset.none()

    view = drf_view(Article.objects.order_by("pk"), pagination_class=make_pages(default_limit=20))
    view.cls = type("View", (view.cls,), {"filter_queryset": filter_queryset})
    panel = answer(view.cls.as_view(**view.initkwargs))
    result = compare_captured(panel.request_id)
    assert result.equal
    assert len(calls) > 1


@pytest.mark.usefixtures("articles")
def test_a_serializer_with_the_mixin_is_measured_as_it_is(answer):  # noqa: F811
    view = drf_view(Article.objects.order_by("pk"))
    plain = view.initkwargs["serializer_class"]
    mixed = type(plain)("Mixed", (CompiledSerializerMixin, plain), {})
    result = compare_captured(answer(view.cls.as_view(**{**view.initkwargs, "serializer_class": mixed})).request_id)
    assert (result.equal, result.same_bytes) == (True, True)


@pytest.mark.usefixtures("articles")
def test_values_in_another_format_are_counted(ask, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tests_app_article SET published = '2026-1-2 3:4'")
    monkeypatch.setattr(urls.IDLE, "callback", lambda request: PyForgeJsonResponse(Article.objects.values("published")))
    assert "30 values in another format" in ask("/idle/").text


@pytest.mark.usefixtures("articles")
def test_rows_that_django_made_are_counted(ask, monkeypatch):
    found = Article.objects.filter(pk__gt=0).union(Article.objects.filter(pk=0))
    monkeypatch.setattr(urls.IDLE, "callback", lambda request: PyForgeJsonResponse([*found], safe=False))
    panel = ask("/idle/")
    assert ("by Django" in panel.text) is bool(panel.totals["django_rows"])


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (9_100, "9.10 KB"), (1_840_000, "1.84 MB"), (2 * 10**9, "2,000 MB")],
)
def test_sizes_have_three_figures_and_a_unit(size, text):
    assert formats.format_size(size) == text


def test_a_comparison_that_is_gone_says_so(site):
    content = Client().get("/__debug__/pyforge/compare/", {"request_id": "gone"}).json()["content"]
    assert "Equal in value" not in content
    assert content.strip()


def test_an_error_without_a_code_is_counted(ask, monkeypatch):
    def refuse(value):
        raise ValidationError("no")

    def judge(request):
        field = Article._meta.get_field("title")
        monkeypatch.setattr(field, "validators", [*field.validators, refuse])
        CompiledValidator.for_model(Article).clean_rows([Article(title="x", author_id=1)]).error_list()
        return urls.idle(request)

    monkeypatch.setattr(urls.IDLE, "callback", judge)
    assert "title: without a code" in ask("/idle/").text


def test_long_sql_is_shown_without_its_middle():
    sql = "SELECT " + ", ".join(f"column_{number}" for number in range(200)) + " FROM here"
    shown = clip_middle(sql)
    assert len(shown) <= 500
    assert (shown.startswith("SELECT column_0"), shown.endswith("FROM here")) == (True, True)
    assert clip_middle("SELECT 1") == "SELECT 1"


def test_panel_without_the_addresses_of_the_toolbar(site, monkeypatch):
    def find_address(name):
        raise NoReverseMatch(name)

    monkeypatch.setattr(panels, "find_address", find_address)
    panel = Panel(Client().get("/data/"))
    assert "/__debug__/pyforge/compare/" not in panel.content


def test_instrumentation_is_opened_once_and_closed_once(site):
    toolbar = DebugToolbar(RequestFactory().get("/"), lambda request: HttpResponse(""))
    panel = toolbar.get_panel_by_id("PyForgePanel")
    assert isinstance(panel, PyForgePanel)
    panel.generate_stats(toolbar.request, HttpResponse(""))  # before it was enabled
    panel.enable_instrumentation()
    collector = panel._collector
    panel.enable_instrumentation()
    assert panel._collector is collector
    panel.disable_instrumentation()
    panel.disable_instrumentation()
    assert panel._token is None
