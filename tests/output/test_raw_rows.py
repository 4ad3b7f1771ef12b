"""Raw SQL keeps its rows after a way out exactly when Django's own keeps them: what is written then is what it has."""

import pytest
from django.core.paginator import Paginator

from tests.output.models import Region
from tests.output.ways import WAYS_OUT

pytestmark = pytest.mark.django_db(databases="__all__")
NAMES = ["id", "code", "name"]


def make():
    return Region.objects.raw("SELECT id, code, name FROM output_region ORDER BY id")


@pytest.fixture(autouse=True)
def regions(db):
    Region.objects.bulk_create(Region(code=number, name=f"region {number}") for number in range(3))


def change_rows():
    Region.objects.filter(code=0).update(name="changed")
    Region.objects.create(code=Region.objects.count() + 7, name="new")


BEFORE = {
    "nothing": lambda raw: None,
    "iterated": list,
    "half iterated": lambda raw: next(iter(raw)),
    "len": len,
    "bool": bool,
    "index": lambda raw: raw[1],
    "slice": lambda raw: raw[:1],
    "iterator": lambda raw: list(raw.iterator()),
    "repr": repr,
    "columns": lambda raw: raw.columns,
    "a page": lambda raw: list(Paginator(raw, 2).page(1)),
    "using": lambda raw: list(raw.using("default")),
    "prefetch": lambda raw: list(raw.prefetch_related("visits")),
}


def read(raw):
    return [{name: getattr(each, name) for name in NAMES} for each in raw]


@pytest.mark.parametrize("fields", [None, NAMES])
@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("way_out", WAYS_OUT)
def test_what_was_kept_is_written(before, way_out, fields):
    django, ours = make(), make()
    BEFORE[before](django)
    BEFORE[before](ours)
    for change in (change_rows, Region.objects.all().delete, change_rows):
        change()
        # A stream keeps no rows in memory: it reads them as `iterator()` does.
        is_asked = way_out == "stream" and django._result_cache is None
        assert WAYS_OUT[way_out](ours, fields=fields) == read(django.iterator() if is_asked else django)
        assert (ours._result_cache is None) == (django._result_cache is None)
