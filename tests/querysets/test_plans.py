"""Our SQL has the query plan of Django's: an index that serves Django serves us."""

import pytest
from django.db import connection
from django.db.models import Count, F, Max, Window
from django.db.models.functions import RowNumber, TruncMonth

import pyforge_web
from tests.querysets.judge import like_values, run
from tests.querysets.models import Event, Instant
from tests.querysets.shapes import SHAPES
from tests.querysets.test_shapes import on
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")

DATES = ("at", "day", "clock")
INDEXED = {
    **{f"ORDER BY {name}": lambda name=name: Event.objects.values(name, "price").order_by(name) for name in DATES},
    **{f"ORDER BY {name} DESC, model": lambda name=name: Event.objects.order_by(f"-{name}") for name in DATES},
    **{f"GROUP BY {name}": lambda name=name: Event.objects.values(name).annotate(n=Count("pk")) for name in DATES},
    **{f"DISTINCT {name}": lambda name=name: Event.objects.values(name).distinct() for name in DATES},
    **{
        f"DISTINCT, ORDER BY {name}": lambda name=name: Event.objects.values(name).distinct().order_by(name)
        for name in DATES
    },
    **{
        f"UNION of {name}": lambda name=name: (
            Event.objects.values(name).union(Event.objects.values(name)).order_by(name)
        )
        for name in DATES
    },
    "ORDER BY of two, an index of both": lambda: Event.objects.values("at", "kind").order_by("kind", "at"),
    "ORDER BY of two, where the first is fixed": lambda: Event.objects.filter(kind="a").values("at").order_by("at"),
    "ORDER BY twice selected": lambda: Event.objects.values("at", x=F("at")).order_by("x"),
    "ORDER BY an alias": lambda: Event.objects.values(x=F("at")).order_by("x"),
    "ORDER BY F().desc()": lambda: Event.objects.values("at").order_by(F("at").desc(nulls_last=True)),
    "ORDER BY a number, of DISTINCT rows": lambda: Event.objects.values("at", "day").distinct().order_by("day", "at"),
    "ORDER BY, LIMIT": lambda: Event.objects.values("at").order_by("at")[:3],
    "ORDER BY through a relation": lambda: Event.objects.values("before__at").order_by("before__at"),
    "extra(order_by=)": lambda: Event.objects.values("at").extra(order_by=["at"]),
    "extra(order_by=) by position": lambda: Event.objects.extra(select={"x": "at"}, order_by=["x"]),
    "WHERE a range": lambda: Event.objects.filter(at__year=2026).values("at", "day"),
    "WHERE, a covering index": lambda: Event.objects.filter(at__gt="2026-01-01T00:00Z").values("at").order_by("at"),
    "a covering index of two": lambda: Event.objects.filter(kind="a").values("kind", "at"),
    "MAX": lambda: Event.objects.values("kind").annotate(x=Max("at")).order_by("kind"),
    "the key itself": lambda: Instant.objects.values("at").order_by("at"),
    "TruncMonth": lambda: Event.objects.values(m=TruncMonth("at")).annotate(n=Count("pk")).order_by("m"),
    "a window": lambda: Event.objects.values("at", n=Window(RowNumber(), order_by="at")),
    "dates()": lambda: Event.objects.dates("day", "month"),
    "datetimes()": lambda: Event.objects.filter(at__year__gt=1900, at__year__lt=3000).datetimes("at", "day"),
    "difference": lambda: Event.objects.values("at").difference(Event.objects.filter(kind="a").values("at")),
}


def plan(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [step for *_, step in cursor.fetchall()]


def statements(make):
    """Ours, Django's; before it there may be one that finds the parent of a related manager."""
    *_, ours = run("default", lambda: pyforge_web.dumps(make())).statements["default"]
    *_, djangos = run("default", lambda: like_values(make())).statements["default"]
    return ours, djangos


def assert_same_plan(make):
    ours, djangos = statements(make)
    assert plan(ours) == plan(djangos), (ours, djangos)


@pytest.mark.parametrize("make", cases(INDEXED))
def test_where_an_index_serves(make, sqlite):
    assert_same_plan(make)


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_every_shape(shape, sqlite):
    assert_same_plan(on(sqlite, shape))


def test_a_worse_plan_would_be_seen(sqlite):
    djangos = str(Event.objects.values("at").order_by("at").query)
    assert 'SELECT "querysets_event"."at"' in djangos
    assert plan(djangos.replace('SELECT "querysets_event"."at"', 'SELECT +"querysets_event"."at"')) != plan(djangos)


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_postgresql_gets_djangos_very_statement(shape, postgresql):
    make = on(postgresql, shape)
    ours = run(postgresql, lambda: pyforge_web.dumps(make())).statements[postgresql]
    assert ours == run(postgresql, lambda: like_values(make())).statements[postgresql]
