"""Why SQL is not remembered, and what ends the cache: the rows and the statements are Django's each time."""

import copy

import pytest
from django.db.models import Count, F, FilteredRelation, Q
from django.db.models.functions import Lower
from django.test import override_settings
from django.utils.safestring import SafeString

from pyforge_web import dumps
from pyforge_web.querysets.sql_cache import memory, remembered
from pyforge_web.querysets.sql_cache.remembered import explain_sql
from tests.relations.models import Article, Author, Tag
from tests.sql_cache.oracle import run, run_django, run_django_keeping
from tests.sql_cache.test_changes import meta

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


def own_column():
    queryset = Article.objects.filter(id__gte=1)
    (lookup,) = queryset.query.where.children
    lookup.lhs = copy.copy(lookup.lhs)
    lookup.lhs.own = True
    return queryset


def own_expression():
    queryset = Article.objects.annotate(x=Lower("title"))
    queryset.query.annotations["x"].own = True
    return queryset


# What is written and the reason, of which a part is enough.
REASONS = {
    "FilteredRelation": (
        lambda: Article.objects.annotate(t=FilteredRelation("tags", condition=Q(tags__id__gt=1))).filter(t__id__gt=1),
        "the query has filtered relations",
    ),
    "own column": (own_column, "a column has attributes of its own"),
    "own expression": (own_expression, "Lower has attributes of its own"),
    "selected transform": (lambda: Article.objects.values("data__a"), "KeyTransform is selected"),
    "own text": (lambda: Article.objects.annotate(**{SafeString("x"): Lower("title")}), "SafeString is not plain text"),
    "transform": (lambda: Article.objects.annotate(d=F("data")).order_by("d__a", "id"), "it is ordered by a transform"),
    "no row": (lambda: Article.objects.filter(id__in=[]), "a condition is true of no row"),
    "an expression in order": (lambda: Article.objects.order_by(Lower("title"), "id"), "it is ordered by Lower"),
}


@pytest.mark.parametrize("name", REASONS)
def test_reason_and_rows(name, cache):
    make, reason = REASONS[name]

    def bind():
        queryset = make()
        return queryset if queryset.query.order_by else queryset.order_by("id"), None

    expected = run_django_keeping(bind, cache)
    assert reason in explain_sql(bind()[0])
    for _ in range(3):
        assert run(bind) == expected
    assert cache.hits == 0
    if name != "selected transform":  # Django's path: its SQL is never asked for
        assert any(reason in counted for counted in cache.reasons), cache.reasons


ORDERINGS = {
    "an expression": (Author, [F("name").asc()], "is ordered by OrderBy"),
    "no field": (Author, ["nowhere"], "which is not a path of fields"),
    "a circle": (Tag, ["parent"], "leads too far"),
}


@pytest.mark.parametrize("name", ORDERINGS)
def test_order_of_a_related_model(name, cache):
    model, ordering, reason = ORDERINGS[name]

    def bind():
        queryset = Tag.objects.order_by("parent") if model is Tag else Article.objects.order_by("author", "id")
        return queryset, ["id"]

    with meta(model, ordering=ordering):
        expected = run_django_keeping(bind, cache)
        assert reason in explain_sql(bind()[0])
        for _ in range(3):
            assert run(bind) == expected
    assert any(reason in counted for counted in cache.reasons)


def test_group_by_an_annotation(cache):
    """The group is a reference to what is selected: two of them are two entries."""

    def bind(column):
        queryset = Article.objects.annotate(x=Lower(column)).values("x").annotate(n=Count("id")).order_by("x")
        return lambda: (queryset, None)

    makes = [bind("title"), bind("body"), bind("author__name")]
    expected = [run_django_keeping(make, cache) for make in makes]
    for _ in range(3):
        assert [run(make) for make in makes] == expected
    assert explain_sql(makes[0]()[0]) is None
    assert cache.hits


def by_title(value):
    return lambda: (Article.objects.filter(title__gte=value).order_by("id"), ["id", "title"])


# What is wrong with an entry → what is said of it.
WRONG = {
    "sql": "Remembered: ",
    "parameters": "The parameters of ",
    "columns": "The columns of ",
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_entry_turns_the_cache_off(name, cache, monkeypatch, caplog):
    """Each use is compared here: the rows of a wrong entry are never written, and no entry is used after it."""
    monkeypatch.setattr(remembered, "ALWAYS_CHECK", True)
    expected = [run_django(by_title(value)) for value in ("a", "b")]
    assert [run(by_title(value)) for value in ("a", "b")] == expected
    assert (cache.hits, cache.checks) == (1, 1)
    (entry,) = cache.find_entries(Article).values()
    if name == "sql":
        write = entry.write_sql
        monkeypatch.setattr(type(entry), "write_sql", lambda *args: write(*args[1:]).replace(">=", "<="))
    elif name == "parameters":
        fill = remembered.fill_places
        monkeypatch.setattr(remembered, "fill_places", lambda *args: tuple(f"{each}!" for each in fill(*args)))
    else:
        entry.extra = [*entry.extra, "own"] if isinstance(entry.extra, list) else "own"
    assert run(by_title("b")) == expected[1]
    assert cache.differences == 1
    assert cache.why_off.startswith(WRONG[name])
    assert "differs from Django's" in caplog.text
    assert "the cache was turned off" in explain_sql(by_title("b")()[0])
    hits = cache.hits
    assert [run(by_title(value)) for value in ("a", "b")] == expected
    assert cache.hits == hits
    cache.reset()


def test_setting_off(cache):
    with override_settings(PYFORGE_WEB={"SQL_CACHE": False}):
        assert explain_sql(Article.objects.all()) == "the setting SQL_CACHE is off"


def test_many_entries_and_reasons(cache, monkeypatch):
    """Where there are too many entries all go; of reasons the first are counted."""
    monkeypatch.setattr(memory, "MOST_ENTRIES", 3)
    for at in range(8):
        queryset = Article.objects.annotate(**{f"x{at}": Lower("title")}).filter(id__gte=at).order_by("id")
        assert run(lambda queryset=queryset: (queryset, ["id"])) == run_django_keeping(
            lambda queryset=queryset: (queryset, ["id"]), cache
        )
        assert len(cache.find_entries(Article)) <= 3
    monkeypatch.setattr(memory, "_MOST_MISS_REASONS", 1)
    cache.reasons.clear()
    for expression in (Lower("title"), F("title").asc()):
        dumps(Article.objects.order_by(expression), fields=["id"])
    dumps(Article.objects.annotate(d=F("data")).order_by("d__a"), fields=["id"])
    assert len(cache.reasons) == 1
