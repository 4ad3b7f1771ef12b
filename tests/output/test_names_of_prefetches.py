"""A `to_attr` that the class has: Django loads nothing where the instances have that attribute already."""

import functools
import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Prefetch
from django.test.utils import isolate_apps
from django.utils.functional import cached_property

from tests.output.ways import WAYS_IN, WAYS_OUT
from tests.relations.models import Article, Author

pytestmark = pytest.mark.django_db(databases="__all__")


def find_pieces(writer):
    return list(writer.pieces.order_by("pk")[:1])


def give_nothing(writer, name):
    raise AttributeError(name)


ATTRIBUTES = {
    "none": {},
    "a cached_property of Django's": {"found": cached_property(find_pieces)},
    "a cached_property of Python's": {"found": functools.cached_property(find_pieces)},
    "a default": {"found": None},
    "an empty list": {"found": []},
    "__getattr__": {"__getattr__": give_nothing},
}


def define_models():
    class Writer(models.Model):
        name = models.CharField(max_length=40)

        class Meta:
            app_label, managed, db_table = "output", False, Author._meta.db_table

    class Piece(models.Model):
        title = models.CharField(max_length=80)
        writer = models.ForeignKey(Writer, models.CASCADE, db_column="author_id", related_name="pieces")

        class Meta:
            app_label, managed, db_table = "output", False, Article._meta.db_table

    return Writer, Piece


@pytest.fixture(params=ATTRIBUTES)
def writers(request, database):
    with isolate_apps("tests.output"):
        writer, piece = define_models()
    for name, attribute in ATTRIBUTES[request.param].items():
        setattr(writer, name, attribute)
        if hasattr(attribute, "__set_name__"):
            attribute.__set_name__(writer, name)
    pieces = piece.objects.using(database).order_by("pk")
    return lambda: writer.objects.using(database).order_by("pk").prefetch_related(Prefetch("pieces", pieces, "found"))


def test_what_a_to_attr_has_is_what_instances_have(writers):
    found = [(each.name, each.found) for each in writers()]
    rows = [
        {"name": name, "found": objects if objects is None else [{"title": one.title} for one in objects]}
        for name, objects in found
    ]
    expected = json.loads(json.dumps(rows, cls=DjangoJSONEncoder))
    for way_in in WAYS_IN.values():
        for way_out in WAYS_OUT.values():
            assert way_out(way_in(writers()), fields=["name", {"found": ["title"]}]) == expected
