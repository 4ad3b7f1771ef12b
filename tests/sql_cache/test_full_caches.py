"""What is kept of queries is bounded. Where a place is full all in it goes, and the next use finds out anew."""

import pytest
from django.db import connections

import pyforge_web
from pyforge_web.querysets.backends import columns, direct_driver, postgresql_text, select_lists
from pyforge_web.querysets.relations import flat_plan, related_pages, remembered_pages, tree_classes, tree_walk
from tests.relations.models import Article, Author, Comment, Country, Tag
from tests.sql_cache.oracle import run, run_django_keeping
from tests.unheard import unheard

pytestmark = pytest.mark.django_db(databases="__all__")
LIMITS = [
    (columns, "_MOST_PLANS"),
    (direct_driver, "_MOST_TEXTS"),
    (postgresql_text, "_MOST_ROWS"),
    (select_lists, "_MOST_SELECTS"),
    (select_lists, "_MOST_ORDERS"),
    (flat_plan, "_MOST_FLAT_PLANS"),
    (related_pages, "_MOST_RELATED"),
    (remembered_pages, "_MOST_PAGES"),
    (tree_classes, "_MOST_CLASSES"),
    (tree_walk, "_MOST_WALKS"),
]
SHAPES = [
    (Article, ["id", "title"]),
    (Article, ["price", "id", "published"]),
    (Article, ["id", {"tags": ["name"]}]),
    (Article, ["id", {"comments": ["text"]}, {"author": ["name", {"country": ["code"]}]}]),
    (Author, ["id", "name", "born"]),
    (Author, ["id", {"articles": ["title", {"tags": ["name"]}]}]),
    (Tag, ["name", "parent"]),
    (Comment, ["text", "score", "at"]),
    (Country, None),
    (Tag, None),
]


@pytest.mark.parametrize("most", [1, 2])
def test_rows_where_all_places_are_full(database, cache, monkeypatch, most):
    for module, name in LIMITS:
        monkeypatch.setattr(module, name, most)

    def bind(model, fields, low, high):
        return lambda: (model._default_manager.using(database).order_by("pk")[low:high], fields)

    slices = [(0, 3), (1, 2), (0, 50), (2, 4)]
    makes = [bind(*shape, *limits) for limits in slices for shape in SHAPES]
    expected = [run_django_keeping(make, cache) for make in makes]
    for _ in range(3):
        assert [run(make) for make in makes] == expected
        for number, make in enumerate(makes[: len(SHAPES)]):
            assert [run(makes[at]) for at in (number, number + len(SHAPES), number)] == [
                expected[at] for at in (number, number + len(SHAPES), number)
            ]
            assert run(make) == expected[number]
    results = [each.result for each in expected]
    with unheard(connections[database]):  # the shortest ways are taken where nobody listens
        for _ in range(3):
            assert [write(make) for make in makes] == results
            assert [write(make) for make in makes for _ in range(3)] == [each for each in results for _ in range(3)]
    assert cache.hits


def write(make):
    queryset, fields = make()
    return pyforge_web.dumps(queryset, fields=fields) if fields else pyforge_web.dumps(queryset)
