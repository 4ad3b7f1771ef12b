"""`PyForgeJsonResponse.fields(...)` and what `manage.py check` says of it."""

import importlib
import sys

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db.models import F, Prefetch

from pyforge_web import PyForgeJsonResponse, dumps
from pyforge_web.querysets.relations import declared as module
from tests.relations.models import Article, Comment
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def only_these(monkeypatch):
    monkeypatch.setattr(module, "_declared", {})


def faults():
    return [message for message in run_checks() if message.id == "pyforge_web.E020"]


def test_declared_fields_are_fields(sqlite):
    declared = PyForgeJsonResponse.fields(Article, ["id", {"author": ["name"]}])
    flat = PyForgeJsonResponse.fields(Article, ["id", "title"])
    queryset = on(sqlite)(Article).order_by("pk")
    assert dumps(queryset, fields=declared) == dumps(queryset, fields=["id", {"author": ["name"]}])
    assert PyForgeJsonResponse(queryset, fields=flat).content == dumps(queryset, fields=["id", "title"])
    assert not faults()


@pytest.mark.parametrize("source", [Article, "relations.Article", Article.objects.all()])
def test_a_wrong_name_is_found_with_its_place(source):
    PyForgeJsonResponse.fields(source, ["id", {"author": ["name", {"country": ["cod"]}]}])
    line = sys._getframe().f_lineno - 1
    (found,) = faults()
    assert found.msg.startswith(f"{__file__}, line {line}: Cannot resolve keyword 'cod'")
    assert "Choices are: code, name" in found.msg
    with pytest.raises(Exception, match="Cannot resolve keyword 'cod'"):
        call_command("check")


def test_a_queryset_says_what_it_adds():
    queryset = Article.objects.annotate(more=F("price")).prefetch_related(
        Prefetch("comments", Comment.objects.annotate(loud=F("text")), to_attr="best")
    )
    PyForgeJsonResponse.fields(queryset, ["more", {"best": ["loud", "twice"]}, {"comments": ["twice"]}])
    assert not faults()
    PyForgeJsonResponse.fields(Article, ["more", {"author": ["id"]}])
    assert len(faults()) == 1


def test_a_model_that_does_not_exist():
    PyForgeJsonResponse.fields("relations.Artikel", ["id"])
    assert "Artikel" in faults()[0].msg


def test_what_is_no_list_of_fields_is_told_at_once():
    with pytest.raises(TypeError, match="must be a list of field names"):
        PyForgeJsonResponse.fields(Article, "id")
    with pytest.raises(ValueError, match="fields of tags is empty"):
        PyForgeJsonResponse.fields(Article, [{"tags": []}])
    assert not faults()


def test_a_place_is_noted_once():
    for _ in range(50):
        PyForgeJsonResponse.fields(Article, ["no"])
    assert len(faults()) == 1


def test_views_are_imported_before_they_are_judged(tmp_path, monkeypatch, settings):
    tmp_path.joinpath("declaring_urls.py").write_text(
        "from django.urls import path\n"
        "from pyforge_web import PyForgeJsonResponse\n"
        "from tests.relations.models import Article\n\n"
        "FIELDS = PyForgeJsonResponse.fields(Article, ['id', {'tags': ['nme']}])\n"
        "urlpatterns = [path('', lambda request: PyForgeJsonResponse(Article.objects.all(), fields=FIELDS))]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    settings.ROOT_URLCONF = "declaring_urls"
    (found,) = faults()
    assert "declaring_urls.py, line 5: Cannot resolve keyword 'nme'" in found.msg
    del sys.modules["declaring_urls"]


def test_the_request_has_the_same_error(sqlite):
    declared = PyForgeJsonResponse.fields(Article, ["id", {"tags": ["nme"]}])
    with pytest.raises(Exception, match="Cannot resolve keyword 'nme' into field of Tag"):
        PyForgeJsonResponse(on(sqlite)(Article).none(), fields=declared)


class TestExplain:
    def rows(self, *arguments, **options):
        from pyforge_web import CompiledSerializer

        found = CompiledSerializer.for_model(*arguments).explain(**options)
        return {row.name: (row.kind, row.path, row.reason) for row in found}

    def test_each_column_and_relation_has_a_row(self, database):
        fields = [
            "id",
            {"author": ["name", {"country": ["code"]}]},
            {"tags": ["name"]},
            {"comments": [{"writer": ["pk"]}]},
        ]
        rows = self.rows(Article, fields, using=database)
        assert list(rows) == [
            "id",
            "author",
            "author.name",
            "author.country",
            "author.country.code",
            "tags",
            "tags.name",
            "comments",
            "comments.writer",
            "comments.writer.pk",
        ]
        assert {path for _, path, _ in rows.values()} == {"native"}
        assert rows["author.country"] == ("relation", "native", "columns of the same statement")
        assert rows["tags"] == ("relation", "native", "a statement of its own for all rows")
        assert rows["tags.name"][0] == "text"

    def test_what_is_djangos_and_why(self):
        from tests.relations.models import Author, Note, Word

        rows = self.rows(Author, ["name", {"peculiar": ["text"]}, {"country": ["code"]}])
        assert rows["peculiar"] == ("relation", "django", "OwnWayQuerySet fetches its rows in its own way")
        assert rows["peculiar.text"][1:] == (
            "django",
            "Django reads the whole statement: OwnWayQuerySet fetches its rows in its own way",
        )
        assert {rows[name][1] for name in ("name", "country", "country.code")} == {"native"}
        rows = self.rows(Note, ["text", {"subject": ["id"]}])
        assert rows["subject"][1] == rows["text"][1] == "django"
        assert "GenericForeignKey" in rows["text"][2]
        assert self.rows(Word, [{"meanings": ["id", "word_id"]}])["meanings.word_id"][1] == "django"

    def test_a_queryset_is_asked(self):
        fields = ["id", {"tags": ["name"]}]
        union = Article.objects.all().union(Article.objects.all())
        assert {row[1] for row in self.rows(Article, fields, queryset=union).values()} == {"django"}
        prefetched = Article.objects.prefetch_related(Prefetch("comments", Comment.objects.annotate(loud=F("text"))))
        rows = self.rows(Article, ["id", {"comments": ["text"]}], queryset=prefetched)
        assert {row[1] for row in rows.values()} == {"native"}

    def test_the_command(self, capsys):
        call_command("pyforge_explain", "relations.Article", fields='["id", {"author": ["name"]}]')
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == ["Written", "column", "id", "author", "author.name"]
        call_command("pyforge_explain", "relations.Article", fields="id, title")
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == ["Written", "column", "id", "title"]
        for wrong in ('["no"]', "no", "{", "[", "5", '[{"author": []}]'):
            with pytest.raises(CommandError, match="--fields: "):
                call_command("pyforge_explain", "relations.Article", fields=wrong)
