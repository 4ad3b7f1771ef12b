"""What the report reads from the source of a plain view: its rows, their native share, and the lines to write."""

import html
import io
import json
from types import ModuleType

import pytest
from django.core.management import call_command
from django.db.models import F, Value
from django.http import JsonResponse
from django.test import RequestFactory
from django.urls import path
from django.utils import timezone

from pyforge_web import FileUrl, Flat, dumps, rows
from pyforge_web.report.endpoints import find_endpoints
from pyforge_web.report.verdicts import judge_static
from pyforge_web.report.view_rows import find_view_rows
from pyforge_web.serializers import CompiledSerializer
from tests.app.models import Article, Author, Everything, Tag
from tests.report import row_views

NAMES = {"rows": rows, "F": F, "Value": Value, "Flat": Flat, "FileUrl": FileUrl, "models": row_views.models}


@pytest.fixture
def data(db):
    author = Author.objects.create(name="Ann")
    for number in range(3):
        article = Article.objects.create(title=f"title {number}", author=author, published=timezone.now())
        article.tags.add(Tag.objects.create(name=f"tag {number}"))
    Everything.objects.create(file="files/a.txt")


def write_changed(view):
    """Return the rows that the lines of the report write, read from JSON."""
    (change,) = find_view_rows(view).changes
    code = change.removeprefix("the QuerySet itself, without list(): ")
    known = {**NAMES, **vars(row_views), "found": Article.objects.all()}
    return json.loads(dumps(eval(code, known)))


@pytest.mark.parametrize(
    ("view", "key"),
    [
        (row_views.values_of_columns, "rows"),
        (row_views.dicts_in_a_comprehension, "results"),
        (row_views.files, None),
    ],
)
def test_the_lines_to_write_give_what_the_view_gives(data, view, key):
    written = json.loads(view(RequestFactory().get("/")).content)
    assert write_changed(view) == (written[key] if key else written)
    found = find_view_rows(view)
    assert set(found.fields) == {"native"}
    assert sum(found.fields.values()) == len((written[key] if key else written)[0])


def test_what_is_computed_in_python_is_named(db):
    """The function that makes the dict of a row is read too."""
    found = find_view_rows(row_views.dicts_of_a_function)
    assert (found.models, dict(found.fields)) == (["tests_app.Article"], {"native": 1, "python": 1})
    (reason,) = found.reasons
    assert reason.startswith("article.title.upper() is computed in Python: Computed()")
    assert found.changes == ['rows(Article.objects.all(), ["id", {"upper": Computed(...)}])']


def test_a_column_that_django_converts_is_named_with_its_reason(db, monkeypatch):
    field = Article._meta.get_field("title")
    monkeypatch.setattr(field, "from_db_value", lambda value, expression, connection: value, raising=False)
    (column,) = CompiledSerializer.for_model(Article, ["title"]).explain("default")
    found = find_view_rows(row_views.values_of_columns)
    assert dict(found.fields) == {"native": 2, column.path: 1}
    assert column.path != "native"
    assert dict(found.reasons) == {column.reason: 1}


@pytest.mark.django_db(databases="__all__")
def test_the_report_shows_the_share_and_the_lines(settings, tmp_path):
    settings.ROOT_URLCONF = urlconf = ModuleType("urlconf")
    urlconf.urlpatterns = [path("rows/", row_views.dicts_of_a_function)]
    file, out = tmp_path / "report.html", io.StringIO()
    call_command("pyforge_report", "--html", str(file), stdout=out)
    for text in (out.getvalue(), html.unescape(file.read_text())):
        assert "tests_app.Article: 1 native, 1 python" in text
        assert 'pass rows(Article.objects.all(), ["id", {"upper": Computed(...)}])' in text
        assert "article.title.upper() is computed in Python" in text


def test_the_report_has_the_share_of_each_view(db):
    urlconf = ModuleType("urlconf")
    views = (
        row_views.dicts_of_a_function, row_views.Authors.as_view(), row_views.one, row_views.nothing,
        lambda request: JsonResponse({"ok": True}),
    )  # fmt: skip
    urlconf.urlpatterns = [path(f"{number}/", view) for number, view in enumerate(views)]
    verdicts = [judge_static(endpoint) for endpoint in find_endpoints(urlconf)]
    assert verdicts == [
        "measure it: with the rows themselves 50% of the values would be native",
        "measure it: with the rows themselves 100% of the values would be native",
        "leave alone: one object, not a list",
        "measure it: a change of import",
        "measure it: a change of import",
    ]
    assert find_endpoints(urlconf)[3].reasons == {"its source names no rows of a model": 1}


def test_a_function_that_calls_itself_for_a_row_is_read_once(db):
    assert find_view_rows(describe_tree).models == []


def describe_tree(request):
    def describe(article):
        return [describe(other) for other in article.author.articles.all()]

    return JsonResponse([describe(article) for article in Article.objects.all()], safe=False)
