"""A model that reads its attributes by code of its own: each value is what `getattr` gives, whatever its field says."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from pyforge_web import Attribute, Computed, Display, FileUrl, PyForgeJsonResponse, dumps
from tests.output.models import Guarded
from tests.output.ways import WAYS_IN, WAYS_OUT, read_bare, read_fields

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(params=["sqlite", "postgresql"])
def guarded(request, vendors, db):
    alias = vendors[request.param]
    first = Guarded.objects.using(alias).create(text="one", number=1, cover="a/b.png")
    Guarded.objects.using(alias).create(text="two", before=first)
    return Guarded.objects.using(alias).order_by("pk")


def as_json(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


FIELDS = {
    "flat": ["id", "text", "number", "cover"],
    "star": "*",
    "a path": ["id", "before__text", "before__number"],
    "nested": [{"before": ["text", "number"]}, {"after": ["text", "number", "cover"]}],
}


def test_bare_rows_are_the_attributes(guarded):
    expected = as_json([read_bare(each) for each in guarded.all()])
    for way_in in WAYS_IN.values():
        for way_out in WAYS_OUT.values():
            assert way_out(way_in(guarded.all())) == expected
    one = guarded.first()
    assert json.loads(dumps(one)) == json.loads(PyForgeJsonResponse(one).content) == expected[0]


@pytest.mark.parametrize("fields", FIELDS)
def test_fields_are_the_attributes(guarded, fields):
    expected = as_json([read_fields(each, FIELDS[fields]) for each in guarded.all()])
    for way_in in WAYS_IN.values():
        for way_out in WAYS_OUT.values():
            assert way_out(way_in(guarded.all()), fields=FIELDS[fields], fetch=True) == expected


def test_made_values_are_of_the_attributes(guarded):
    fields = [{"both": Computed(lambda text, number: [text, number], "text", "number")}]
    expected = as_json([{"both": [each.text, each.number]} for each in guarded.all()])
    for way_in in WAYS_IN.values():
        assert json.loads(dumps(way_in(guarded.all()), fields=fields)) == expected


READS = ["text", "number", "before__text", "after__text"]
MADE = {
    "a method": ({"x": Attribute("both", reads=READS)}, lambda each: each.both()),
    "a label": ({"x": Display("kind")}, lambda each: each.get_kind_display()),
    "a file": ({"x": FileUrl("loud")}, lambda each: each.loud.url),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("way", WAYS_IN)
def test_an_instance_reads_its_columns_once(guarded, name, way):
    fields, read = MADE[name]
    expected = as_json([{"x": read(each)} for each in guarded.all()])
    assert json.loads(dumps(WAYS_IN[way](guarded.all()), fields=[fields], fetch=True)) == expected
    loaded = guarded.select_related("before").prefetch_related("after")
    assert json.loads(dumps(list(loaded), fields=[fields])) == expected


def test_side_effects_of_reading_are_seen_once(guarded, monkeypatch):
    reads, method = [], Guarded.__getattribute__

    def note(self, name):
        if name in ("text", "number"):
            reads.append(name)
        return method(self, name)

    monkeypatch.setattr(Guarded, "__getattribute__", note)
    for each in guarded.all():
        each.both()
    expected, reads[:] = list(reads), []
    dumps(guarded.all(), fields=[{"x": Attribute("both", reads=READS)}])
    assert sorted(reads) == sorted(expected)
