"""The comparison: the kept input, written again by Django and by us, without the view."""

import json
import math
from decimal import Decimal

import pytest
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.test import Client

from pyforge_web import PyForgeJsonResponse, prepared, rows
from pyforge_web.toolbar import comparison
from pyforge_web.toolbar.comparison import Comparison, compare_captured
from pyforge_web.toolbar.differences import find_difference
from tests.app.models import Article, Author
from tests.panel import urls
from tests.panel.conftest import Panel

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer(site, monkeypatch):
    """A function (response maker) -> the panel of the response."""
    comparison._inputs.clear()

    def answer(make):
        monkeypatch.setattr(urls.IDLE, "callback", lambda request: make())
        return Panel(Client().get("/idle/"))

    return answer


@pytest.fixture
def articles():
    author = Author.objects.create(name="Ann")
    return Article.objects.bulk_create([Article(title=f"é{number}", author=author) for number in range(7)])


INPUTS = {
    "a dict": lambda: {"a": 1.5, "b": [Decimal("1.10"), None]},
    "a QuerySet": lambda: Article.objects.all(),
    "values in a dict": lambda: {"results": Article.objects.values("id", "title")},
    "an evaluated QuerySet": lambda: evaluated(Article.objects.all()),
    "an instance": lambda: Article.objects.first(),
    "instances": lambda: list(Article.objects.all()),
    "instances in a dict": lambda: {"rows": list(Article.objects.all()), "one": Article.objects.first()},
    "a page": lambda: Paginator(Article.objects.all(), 3).page(2),
    "rows() in a dict, of a QuerySet": lambda: {"rows": rows(Article.objects.all(), ["id", {"author": ["name"]}])},
    "rows() in a dict, of a page": lambda: {"rows": rows(Paginator(Article.objects.all(), 3).page(2), "*")},
    "rows() of instances": lambda: {"rows": rows(list(Article.objects.all()), ["title"])},
    "rows() of a prepared QuerySet": lambda: {"rows": newest(at=3)},
    "a page in a list": lambda: {"page": [Paginator(Article.objects.all(), 3).page(2)]},
}


@prepared(fields=["id", "title"])
def newest(at):
    return Article.objects.filter(id__gte=at)


def evaluated(queryset):
    assert len(queryset)
    return queryset


@pytest.mark.parametrize("kind", INPUTS)
def test_outputs_of_both_sides_are_equal(answer, articles, kind):
    panel = answer(lambda: PyForgeJsonResponse(INPUTS[kind]()))
    found = compare_captured(panel.request_id)
    assert isinstance(found, Comparison)
    assert (found.equal, found.same_bytes, found.difference) == (True, True, None)
    assert len(found.sides[1].text) == len(panel.response.content)
    assert found.queries == any(word in kind for word in ("QuerySet", "values", "page"))
    assert found.factor > 0


def test_chosen_fields_are_compared(answer, articles):
    panel = answer(lambda: PyForgeJsonResponse(Article.objects.all(), fields=["title"]))
    found = compare_captured(panel.request_id)
    assert found.equal
    assert json.loads(found.sides[0].text) == [{"title": each.title} for each in articles]


def test_the_view_does_not_run_again(answer):
    calls = []
    panel = answer(lambda: calls.append(1) or PyForgeJsonResponse({"a": 1}))
    assert compare_captured(panel.request_id).equal
    assert calls == [1]


def test_the_toolbars_window(answer, articles):
    panel = answer(lambda: PyForgeJsonResponse(Article.objects.all()))
    assert (
        f'class="remoteCall pf-button" href="/__debug__/pyforge/compare/?request_id={panel.request_id}"'
        in panel.content
    )
    content = Client().get("/__debug__/pyforge/compare/", {"request_id": panel.request_id}).json()["content"]
    assert "Equal in value" in content
    assert "django_bytes=True the bytes are" in content
    assert "djDebugClose" in content


def test_what_django_writes_otherwise_is_a_difference(answer):
    panel = answer(lambda: PyForgeJsonResponse({"a": {"price": math.nan}}, nan="null"))
    found = compare_captured(panel.request_id)
    assert not found.equal
    assert (found.difference.path, found.difference.django, found.difference.pyforge) == ("$.a.price", "NaN", "null")


def test_what_django_refuses_is_said(answer):
    panel = answer(lambda: PyForgeJsonResponse({"a": range(3)}))
    found = compare_captured(panel.request_id)
    assert found.sides[0].error == "TypeError: Object of type range is not JSON serializable"
    assert not found.equal
    assert not found.same_bytes
    content = Client().get("/__debug__/pyforge/compare/", {"request_id": panel.request_id}).json()["content"]
    assert "One of the two refuses the value" in content


def test_rows_that_went_away_meanwhile_are_no_failure(answer, articles):
    panel = answer(lambda: PyForgeJsonResponse(Article.objects.all()))
    Article.objects.all().delete()
    assert compare_captured(panel.request_id).equal


def test_secrets_are_hidden_in_a_difference():
    for key in ("password", "api_key", "SESSION_TOKEN"):
        found = find_difference({key: {"x": "one"}}, {key: {"x": "two"}})
        assert (found.path, found.django, found.pyforge) == (f"$.{key}.x", "hidden", "hidden")
    assert find_difference({"a": ["one"]}, {"a": ["two"]}).django == '"one"'


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        (1, 1.0, "$"),
        (0.0, -0.0, "$"),
        (True, 1, "$"),
        ([1, [2, 3]], [1, [2, 4]], "$[1][1]"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "$"),
        ({"a": [1]}, {"a": [1, 2]}, "$.a"),
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, "$.a"),
        ([[]] * 3, [[]] * 3, None),
    ],
)
def test_the_first_difference(one, other, path):
    found = find_difference(one, other)
    assert (found and found.path) == path


def test_nothing_is_kept_without_debug(answer, site):
    panel = answer(lambda: PyForgeJsonResponse({"a": 1}))
    assert panel.stats["env"]["compare"] is True
    site.DEBUG = False
    assert isinstance(compare_captured(panel.request_id), str)
    assert comparison.CapturingCollector(details=True)._most == 0


def test_large_inputs_are_not_kept(answer, site):
    site.PYFORGE_WEB = {"PANEL": {"COMPARE_BYTES": 10}}
    assert answer(lambda: PyForgeJsonResponse({"a": 1})).stats["env"]["compare"] is True
    panel = answer(lambda: PyForgeJsonResponse({"a": "x" * 10}))
    assert panel.stats["env"]["compare"] is False
    assert "Compare with Django" not in panel.text
    size = len(PyForgeJsonResponse({"a": "x" * 10}).content)
    assert f"the response has {size} bytes, and COMPARE_BYTES keeps inputs up to 10 bytes" in panel.text
    assert "not here" in compare_captured(panel.request_id)
    site.PYFORGE_WEB = {"PANEL": {"COMPARE_BYTES": 0}}
    panel = answer(lambda: PyForgeJsonResponse({}))  # whoever wants none is not told why there is none
    assert panel.stats["env"]["compare"] is False
    assert "COMPARE_BYTES" not in panel.text


def test_few_inputs_are_kept(answer, site):
    site.PYFORGE_WEB = {"PANEL": {"COMPARE_BYTES": 100}}
    first = answer(lambda: PyForgeJsonResponse({"a": 1}))
    for _ in range(10):
        answer(lambda: PyForgeJsonResponse({"a": 1}))
    assert len(comparison._inputs) == 10
    assert isinstance(compare_captured(first.request_id), str)
    for _ in range(10):
        last = answer(lambda: PyForgeJsonResponse({"a": "x" * 80}))
    assert sum(each.size for each in comparison._inputs.values()) <= 500
    assert compare_captured(last.request_id).equal


def test_a_response_that_is_none_of_ours_has_no_button(answer):
    panel = answer(lambda: HttpResponse("text"))
    assert panel.stats["env"]["compare"] is False
    assert "Compare" not in panel.text
