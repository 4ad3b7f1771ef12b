"""Errors of the database where Django's cursor is left out: the exceptions are Django's, at the first row and later."""

import pytest
from django.db import DatabaseError, connections, transaction
from django.db.models import Case, F, Func, IntegerField, Max, TextField, Value, When

import pyforge_web
from tests.querysets.models import Scalars
from tests.unheard import unheard

pytestmark = pytest.mark.django_db(databases="__all__")


def failing(database, key):
    """An expression that the database cannot compute for the row with this key."""
    if connections[database].vendor == "sqlite":
        bad = Func(Value("{"), function="json", output_field=TextField())
        return Case(When(pk=key, then=bad), default=Value("1"), output_field=TextField())
    return Value(1, IntegerField()) / (F("pk") - Value(key, IntegerField()))


def read_instances(queryset):
    return list(queryset)


WAYS = {
    "all at once": lambda queryset: pyforge_web.dumps(queryset.values("pk", "x")),
    "rows of fields": lambda queryset: pyforge_web.dumps(queryset, fields=["pk", "x"]),
    "bare rows": pyforge_web.dumps,
    "in a response": pyforge_web.PyForgeJsonResponse,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["first", "last"])
def test_error_of_a_row(database, place, way):
    rows = Scalars.objects.using(database)
    first = rows.order_by("pk").values_list("pk", flat=True).first()
    key = first if place == "first" else rows.aggregate(last=Max("pk"))["last"]
    queryset = rows.annotate(x=failing(database, key)).order_by("pk")
    found = []
    with unheard(connections[database]):
        for call in (read_instances, WAYS[way], WAYS[way]):
            with pytest.raises(DatabaseError) as raised, transaction.atomic(using=database):
                call(queryset.all())
            found.append((type(raised.value), str(raised.value), type(raised.value.__cause__)))
    assert found[1:] == found[:1] * 2
    assert len(rows.all()) == rows.count()


@pytest.mark.parametrize("number", [0, 2])
def test_error_of_a_page(database, number):
    """All rows of a page are fetched at once."""
    rows = Scalars.objects.using(database).order_by("pk")
    key = rows.values_list("pk", flat=True)[number]
    queryset = rows.annotate(x=failing(database, key))[:3]
    found = []
    with unheard(connections[database]):
        for call in (read_instances, WAYS["bare rows"], WAYS["rows of fields"]):
            with pytest.raises(DatabaseError) as raised, transaction.atomic(using=database):
                call(queryset.all())
            found.append((type(raised.value), str(raised.value)))
    assert found[1:] == found[:1] * 2
