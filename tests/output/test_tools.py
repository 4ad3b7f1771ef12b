"""Tools that patch Django's compiler are asked, and packages that make rows in their own way make ours."""

import json

import pytest
from django.db.models.sql.compiler import SQLCompiler

import pyforge_web
from pyforge_web.querysets.django_path import why_django
from tests.relations.models import Article, Author, Peculiar
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize("name", ["as_sql", "execute_sql", "results_iter"])
def test_a_patched_compiler_is_called(name, sqlite, monkeypatch):
    """As django-silk and django-cachalot patch it: with `functools.wraps`, which keeps the name and the module."""
    from functools import wraps

    original = getattr(SQLCompiler, name)
    calls = []

    @wraps(original)
    def patched(self, *args, **kwargs):
        calls.append(name)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(SQLCompiler, name, patched)
    queryset = on(sqlite)(Article).order_by("pk")
    if name != "as_sql":  # which our own path calls, too
        assert f"SQLCompiler.{name}" in why_django(queryset)
    for fields in (None, ["id", "title"], ["id", {"author": ["name"]}]):
        calls.clear()
        pyforge_web.dumps(queryset.all(), fields=fields)
        assert calls


HIDING = {
    "_fetch_all": {"_fetch_all"},
    "__iter__": {"__iter__"},
    "_iterator": {"_iterator"},
    "iterator": {"iterator"},
    "_clone": {"_clone"},
}


@pytest.mark.parametrize("name", HIDING)
def test_a_queryset_of_its_own_rows_takes_djangos_path(name, sqlite, monkeypatch):
    queryset_class = type(Peculiar.objects.all())
    original = getattr(queryset_class, name)
    monkeypatch.setattr(queryset_class, name, lambda self, *args, **kwargs: original(self, *args, **kwargs))
    queryset = Peculiar.objects.using(sqlite).order_by("pk")
    assert "in its own way" in why_django(queryset)
    ours = json.loads(pyforge_web.dumps(queryset, fields=["id", "text"]))
    assert ours == [{"id": each.pk, "text": each.text} for each in queryset.all()]


def test_rows_hidden_in_python_stay_hidden(sqlite, monkeypatch):
    queryset_class = type(Peculiar.objects.all())

    def fetch_all(self):
        super(queryset_class, self)._fetch_all()
        self._result_cache = [each for each in self._result_cache if each.pk % 2]

    Peculiar.objects.using(sqlite).create(author=Author.objects.using(sqlite).first(), text="hidden or not")
    monkeypatch.setattr(queryset_class, "_fetch_all", fetch_all)
    queryset = Peculiar.objects.using(sqlite).order_by("pk")
    expected = [each.pk for each in queryset.all()]
    assert len(expected) < Peculiar.objects.using(sqlite).count()
    for fields in (None, ["id"], ["id", {"author": ["name"]}]):
        rows = json.loads(pyforge_web.dumps(queryset.all(), fields=fields))
        assert [row["id"] for row in rows] == expected
        stream = pyforge_web.PyForgeStreamingResponse(queryset.all(), "array", fields=fields)
        assert [row["id"] for row in json.loads(b"".join(stream.streaming_content))] == expected


def test_a_locked_query_locks_no_joined_table(filled, db):
    from django.db import connections, transaction
    from django.test.utils import CaptureQueriesContext

    alias = filled["postgresql"]
    queryset = Article.objects.using(alias).select_for_update().order_by("pk")
    with transaction.atomic(using=alias), CaptureQueriesContext(connections[alias]) as captured:
        ours = json.loads(pyforge_web.dumps(queryset, fields=["id", {"editor": ["name"]}, "author__name"]))
    assert 'FOR UPDATE OF "relations_article"' in captured.captured_queries[-1]["sql"]
    with transaction.atomic(using=alias):
        assert [row["id"] for row in ours] == [each.pk for each in queryset]


def test_names_of_values_are_djangos_not_the_projects(sqlite, monkeypatch):
    """A project's `values()` that adds a column does not shift the columns of ours."""
    from django.db.models import F, QuerySet

    class Dated(QuerySet):
        def values(self, *fields, **expressions):
            return super().values(*fields, big=F("id") * 100, **expressions)

    queryset = Dated(Author, using=sqlite).order_by("pk")
    for fields in (["name", "id"], ["name", {"country": ["name"]}], "*"):
        ours = json.loads(pyforge_web.dumps(queryset.all(), fields=fields))
        assert [row["name"] for row in ours] == [each.name for each in Author.objects.using(sqlite).order_by("pk")]


@pytest.mark.parametrize("fields", [["name"], ["name", "id"]])
def test_a_union_ordered_by_a_hidden_column(fields, sqlite):
    authors = Author.objects.using(sqlite).order_by()
    queryset = authors.filter(pk__lte=2).union(authors.filter(pk__gt=1)).order_by("born", "id")
    ours = json.loads(pyforge_web.dumps(queryset, fields=fields))
    assert ours == [{name: getattr(each, name) for name in fields} for each in queryset.all()]
