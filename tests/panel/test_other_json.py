"""Views that do not use PyForge Web: the panel says how much JSON they write, and offers to measure it both ways."""

import json

import pytest
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pyforge_web import PyForgeJsonResponse
from pyforge_web.toolbar import comparison, formats
from pyforge_web.toolbar.comparison import Comparison, compare_captured
from pyforge_web.toolbar.other_json import AUTHORS
from tests.app.models import Article, Author
from tests.panel import urls
from tests.panel.conftest import Panel

pytestmark = pytest.mark.django_db


@pytest.fixture
def articles():
    author = Author.objects.create(name="Ann")
    return Article.objects.bulk_create([Article(title=f"é{number}", author=author) for number in range(30)])


@pytest.fixture
def answer(site, monkeypatch):
    """A function (view) -> the panel of its response."""
    comparison._inputs.clear()

    def answer(view, url="/idle/"):
        monkeypatch.setattr(urls.IDLE, "callback", view)
        return Panel(Client().get(url))

    return answer


def rows():
    return list(Article.objects.values("id", "title", "published"))


def json_response(request):
    return JsonResponse({"rows": rows()})


def text_response(request):
    return HttpResponse(json.dumps([row["title"] for row in rows()] * 3), content_type="application/json")


def element_response(request):
    template = engines["django"].from_string("<body>{{ rows|json_script:'rows' }}{{ rows|json_script:'more' }}</body>")
    return HttpResponse(template.render({"rows": [row["title"] for row in rows()]}))


def drf_view(queryset, **more):
    from rest_framework import generics, serializers

    class ArticleSerializer(serializers.ModelSerializer):
        class Meta:
            model = Article
            fields = ("id", "title", "author")

    return generics.ListAPIView.as_view(queryset=queryset, serializer_class=ArticleSerializer, **more)


def test_a_json_response_is_counted_with_its_queries(answer, articles):
    panel = answer(json_response)
    other = panel.stats["other"]
    assert (other["kind"], other["size"], other["queries"]) == ("response", len(panel.response.content), 1)
    assert other["sites"][0][::2] == ["tests/panel/test_other_json.py", "json_response"]
    assert "of JSON by JsonResponse" in panel.text
    assert "It ran 1 query in " in panel.text
    assert AUTHORS["response"].after in panel.text
    assert panel.subtitle.endswith("of JSON without PyForge")
    assert "No PyForge calls" not in panel.text


@pytest.mark.parametrize("view", [json_response, text_response])
def test_the_same_data_is_measured_both_ways(answer, articles, view):
    panel = answer(view)
    result = compare_captured(panel.request_id)
    assert isinstance(result, Comparison)
    assert result.equal
    assert json.loads(result.sides[1].text) == json.loads(panel.response.content)
    address = f"/__debug__/pyforge/compare/?request_id={panel.request_id}"
    assert f'href="{address}"' in panel.content
    assert "Equal in value" in Client().get(address).json()["content"]


def test_queries_are_timed_exactly(answer, articles):
    """Django's query log has milliseconds alone: many fast queries would be nothing."""
    with CaptureQueriesContext(connection) as captured:
        panel = answer(lambda request: [rows() for _ in range(30)] and json_response(request))
    other = panel.stats["other"]
    assert other["queries"] == len(captured) == 31
    assert 0 < other["query_us"] < panel.stats["totals"]["request_us"]
    # What was measured, and no guess what the JSON costs beside it.
    words = " ".join(panel.text.split())
    assert f"It ran {formats.count_queries(31)} in {formats.format_time(other['query_us'])}" in words
    assert "prefetch_related(). PyForge Web did not" in words


def test_elements_of_json_script_are_counted(answer, articles):
    panel = answer(element_response)
    assert (panel.stats["other"]["kind"], panel.stats["other"]["elements"]) == ("element", 2)
    assert "of JSON in the page by json_script" in panel.text
    assert AUTHORS["element"].after in panel.text.replace("&quot;", '"')
    assert "Measure the same data both ways" in panel.text


def test_elements_of_json_script_are_written_again_both_ways(answer, articles):
    result = compare_captured(answer(element_response).request_id)
    assert (result.equal, result.same_bytes) == (True, False)  # ours has no spaces
    titles = [article.title for article in articles]
    assert json.loads(result.sides[0].text) == json.loads(result.sides[1].text) == [titles, titles]


def test_a_list_of_drf_is_measured_from_its_queryset(answer, articles):
    pytest.importorskip("rest_framework")
    panel = answer(drf_view(Article.objects.all()))
    assert panel.stats["other"]["kind"] == "drf"
    assert "of JSON by Django REST framework" in panel.text
    result = compare_captured(panel.request_id)
    assert [side.name for side in result.sides] == ["DRF", "PyForge"]
    assert (result.equal, result.same_bytes, result.queries) == (True, True, True)
    assert result.sides[0].text == panel.response.content


@pytest.mark.parametrize("named", ["settings", "view", "method"])
def test_the_lines_of_drf_name_the_renderer_that_wrote_and_where_it_is_named(answer, articles, named):
    """A view with renderers of its own does not look at the settings: lines for the settings would change nothing."""
    pytest.importorskip("rest_framework")
    from rest_framework.renderers import JSONRenderer
    from rest_framework.views import APIView

    class CamelRenderer(JSONRenderer):
        pass

    more = {"view": {"renderer_classes": [CamelRenderer]}}.get(named, {})
    view = drf_view(Article.objects.all(), **more)
    if named == "method":
        view.cls = type("View", (view.cls,), {"get_renderers": lambda self: [CamelRenderer()]})
        view = view.cls.as_view(**view.initkwargs)
    text = answer(view).content.replace("&quot;", '"')
    if named == "settings":
        first = APIView.renderer_classes[0]
        assert f'- "DEFAULT_RENDERER_CLASSES": ["{first.__module__}.{first.__name__}"]' in text
        assert AUTHORS["drf"].after in text
    else:
        assert "- renderer_classes = [" in text
        assert "CamelRenderer]" in text
        assert AUTHORS["drf_view"].after in text
        assert "DEFAULT_RENDERER_CLASSES" not in text


def make_pages(**attributes):
    from rest_framework import pagination

    name = "LimitOffsetPagination" if "default_limit" in attributes else "PageNumberPagination"
    return type("Pages", (getattr(pagination, name),), attributes)


PAGES = [
    ({"page_size": 20}, "/idle/"),
    ({"page_size": 20}, "/idle/?page=2"),
    ({"default_limit": 20}, "/idle/"),
    ({"default_limit": 20}, "/idle/?limit=7&offset=11"),
]


@pytest.mark.parametrize(("pages", "url"), PAGES)
def test_a_page_of_drf_is_measured_from_its_query(answer, articles, pages, url):
    """The paginator has read the page into a list. Both sides ask for the page again, and serialize it."""
    pytest.importorskip("rest_framework")
    panel = answer(drf_view(Article.objects.order_by("id"), pagination_class=make_pages(**pages)), url)
    with CaptureQueriesContext(connection) as captured:
        result = compare_captured(panel.request_id)
    assert (result.equal, result.same_bytes, result.queries) == (True, True, True)
    assert result.sides[0].text == panel.response.content
    assert len(captured) >= 2  # a page for each side and round


def test_a_list_of_instances_of_drf_is_serialized_again(answer, articles):
    """No QuerySet is left of it: the instances are those of the request."""
    pytest.importorskip("rest_framework")
    serialized = []
    from rest_framework.pagination import CursorPagination

    pages = type("Pages", (CursorPagination,), {"page_size": 20, "ordering": "id"})
    view = drf_view(Article.objects.order_by("id"), pagination_class=pages)
    serializer_class = view.initkwargs["serializer_class"]
    original = serializer_class.to_representation
    serializer_class.to_representation = lambda self, instance: serialized.append(1) or original(self, instance)
    panel = answer(view)
    before = len(serialized)
    result = compare_captured(panel.request_id)
    assert (result.equal, result.same_bytes, result.queries) == (True, True, False)
    assert len(serialized) >= before + 20


def test_an_instance_of_drf_is_serialized_again(answer, articles):
    pytest.importorskip("rest_framework")
    from rest_framework.response import Response
    from rest_framework.views import APIView

    serializer_class = drf_view(Article.objects.all()).initkwargs["serializer_class"]
    article = articles[0]
    article.title = "é" * 300

    class ArticleView(APIView):
        def get(self, request):
            return Response(serializer_class(article).data)

    result = compare_captured(answer(ArticleView.as_view()).request_id)
    assert (result.equal, result.same_bytes) == (True, True)


def test_data_without_a_serializer_is_rendered_again(answer, articles):
    pytest.importorskip("rest_framework")
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class RowsView(APIView):
        def get(self, request):
            return Response({"rows": rows()})

    result = compare_captured(answer(RowsView.as_view()).request_id)
    assert (result.equal, result.same_bytes, result.queries) == (True, True, False)


def test_our_own_response_is_not_the_json_of_others(answer, articles):
    panel = answer(lambda request: PyForgeJsonResponse(Article.objects.all()))
    assert panel.stats["other"] == {}


def test_our_own_renderer_is_not_the_json_of_others(answer, articles):
    pytest.importorskip("rest_framework")
    from pyforge_web.rest_framework import PyForgeJSONRenderer

    panel = answer(drf_view(Article.objects.all(), renderer_classes=[PyForgeJSONRenderer]))
    assert panel.stats["other"] == {}


@pytest.mark.parametrize(
    "view",
    [
        lambda request: HttpResponse("text"),
        lambda request: JsonResponse({"ok": True}),
        lambda request: HttpResponse(b"{" + b" " * 500, content_type="text/html"),
    ],
)
def test_small_and_other_bodies_are_not_mentioned(answer, view):
    panel = answer(view)
    assert panel.stats["other"] == {}
    assert "No PyForge calls were made during this request." in panel.text


def test_text_that_is_not_json_is_measured_as_an_error(answer):
    panel = answer(lambda request: HttpResponse("{" * 500, content_type="application/json"))
    assert isinstance(compare_captured(panel.request_id), str)


def test_nothing_is_kept_for_large_bodies(answer, articles, site):
    site.PYFORGE_WEB = {"PANEL": {"COMPARE_BYTES": 100}}
    panel = answer(json_response)
    assert panel.stats["env"]["compare"] is False
    assert "Measure the same data" not in panel.text
    assert "COMPARE_BYTES keeps inputs up to 100 bytes" in panel.text
