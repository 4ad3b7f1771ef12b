"""A selection that is kept gives the query that `select_slots` gives, whatever the QuerySet has besides."""

import pytest
from django.db.models import Exists, F, OuterRef, Q

from pyforge_web.querysets.relations.columns import select_slots
from pyforge_web.rest_framework.compiled import find_plan
from pyforge_web.rest_framework.queries import as_scanned
from pyforge_web.rest_framework.selections import find_joined_selection, select_level
from tests.relations.models import Article, Author
from tests.rest_framework.cases import make

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.rest_framework.urls")]
CASES = make(())
NATIVE = [name for name, case in CASES.items() if case.native and name not in ("nothing", "sliced")]
CHANGES = {
    "all": lambda queryset: queryset.all(),
    "ordered": lambda queryset: queryset.order_by("-pk"),
    "filtered": lambda queryset: queryset.filter(pk__gt=1),
    "either": lambda queryset: queryset.filter(Q(pk=1) | ~Q(pk=2)),
    "exists": lambda queryset: queryset.filter(Exists(queryset.model.objects.filter(pk=OuterRef("pk")))),
    "reversed": lambda queryset: queryset.order_by("pk").reverse(),
    "annotated": lambda queryset: queryset.annotate(other=F("pk")),
    "extra": lambda queryset: queryset.extra(select={"other": "1"}),
    "distinct": lambda queryset: queryset.distinct(),
    "part": lambda queryset: queryset.order_by("pk")[1:3],
    "locked": lambda queryset: queryset.select_for_update(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", NATIVE)
def test_query_is_that_of_select_slots(name, change, sqlite):
    case = CASES[name]
    queryset = as_scanned(CHANGES[change](case.queryset().all()))
    plan = find_plan(case.serializer(), queryset)
    for _ in range(2):  # found, and kept
        given, names = select_level(queryset, plan.level, list(plan.level.slots), None)
        expected, expected_names = select_slots(queryset, list(plan.level.slots), None)
        assert given.query.sql_with_params() == expected.query.sql_with_params()
        assert names == expected_names
        if change != "part":
            assert given.filter(pk__gt=0).query.sql_with_params() == expected.filter(pk__gt=0).query.sql_with_params()


@pytest.mark.parametrize("joined", ["author__name", "tags__name", "comments__text"])
def test_query_with_joins_is_that_of_select_slots(joined, sqlite):
    case = CASES["renamed"]
    queryset = Article.objects.filter(**{f"{joined}__contains": "1"})
    plan = find_plan(case.serializer(), queryset)
    given, _ = select_level(queryset, plan.level, list(plan.level.slots), None)
    expected, _ = select_slots(queryset, list(plan.level.slots), None)
    assert given.query.sql_with_params() == expected.query.sql_with_params()


def test_kept_selection_is_not_changed_by_its_queries(sqlite):
    plan = find_plan(CASES["renamed"].serializer(), Article.objects.all())
    slots = list(plan.level.slots)
    before = select_level(Article.objects.all(), plan.level, slots, None)[0].query.sql_with_params()
    changed, _ = select_level(Article.objects.all(), plan.level, slots, None)
    changed.query.add_annotation(F("pk"), "other")
    changed.query.setup_joins(["tags"], Article._meta, changed.query.get_initial_alias())
    assert select_level(Article.objects.all(), plan.level, slots, None)[0].query.sql_with_params() == before


def test_selections_of_plain_columns_are_kept():
    assert find_joined_selection(Author, [((), "id"), ((), "name")]).attributes is not None
