"""QuerySets that make other objects than their model's, and lazy objects: what is written is what iterating gives."""

import json

import pytest
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models.query import ModelIterable
from django.utils.functional import SimpleLazyObject

from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse, dumps, rows
from tests.relations.models import Author, Country, Place, Restaurant, Tag

pytestmark = pytest.mark.django_db(databases="__all__")


class AsRestaurants(ModelIterable):
    """Gives the child of each row."""

    def __iter__(self):
        for place in super().__iter__():
            yield Restaurant.objects.using(self.queryset.db).filter(pk=place.pk).first() or place


class AsAuthors(ModelIterable):
    """Gives rows of another model, which has a secret column."""

    def __iter__(self):
        for country in super().__iter__():
            yield from Author.objects.using(self.queryset.db).filter(country=country).order_by("pk")


class AsNames(ModelIterable):
    """Gives values that are no rows among the rows."""

    def __iter__(self):
        for country in super().__iter__():
            yield country
            yield country.name


def iterated(queryset, iterable):
    queryset._iterable_class = iterable
    return queryset


class Own(DjangoJSONEncoder):
    """Django's encoder under another name, which writes what it is given."""


WAYS_OUT = {
    "dumps": lambda data, fields=None: dumps(data, fields=fields),
    "response": lambda data, fields=None: PyForgeJsonResponse(data, fields=fields, safe=False).content,
    "stream": lambda data, fields=None: b"".join(PyForgeStreamingResponse(data, "array", fields=fields)),
    "rows": lambda data, fields=None: dumps(rows(data, fields)),
    "encoder": lambda data, fields=None: PyForgeJsonResponse(data, Own, fields=fields, safe=False).content,
    "plain": lambda data, fields=None: json.dumps(rows(data, fields).tolist(), cls=DjangoJSONEncoder),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_columns_of_a_child_class(sqlite, way):
    restaurants = Restaurant.objects.using(sqlite)
    queryset = Place.objects.using(sqlite).filter(pk__in=restaurants.values("pk")).order_by("pk")
    expected = [{"name": each.name, "stars": each.stars} for each in restaurants.order_by("pk")]
    assert expected
    assert json.loads(WAYS_OUT[way](iterated(queryset, AsRestaurants), ["name", "stars"])) == expected


@pytest.mark.parametrize("way", ["dumps", "response", "rows", "encoder", "plain"])
def test_secret_columns_of_another_model(sqlite, way):
    queryset = iterated(Country.objects.using(sqlite).order_by("pk"), AsAuthors)
    with pytest.raises(TypeError, match="password"):
        WAYS_OUT[way](queryset)
    expected = [{"name": each.name} for each in queryset.all()]
    assert expected
    assert json.loads(WAYS_OUT[way](iterated(queryset.all(), AsAuthors), ["name"])) == expected


def test_secret_columns_of_another_model_in_a_stream(sqlite):
    """The stream ends before the row, and says so."""
    queryset = iterated(Country.objects.using(sqlite).order_by("pk"), AsAuthors)
    body = b"".join(PyForgeStreamingResponse(queryset))
    assert b"pyforge_error" in body
    assert b"hash" not in body


@pytest.mark.parametrize("way", WAYS_OUT)
def test_values_among_rows(sqlite, way):
    queryset = iterated(Country.objects.using(sqlite).order_by("pk"), AsNames)
    expected = [each if isinstance(each, str) else {"code": each.code, "name": each.name} for each in queryset.all()]
    assert json.loads(WAYS_OUT[way](queryset.all())) == expected


LAZY = {
    "QuerySet": lambda queryset: queryset.all(),
    "list": lambda queryset: list(queryset),
    "page": lambda queryset: Paginator(queryset, 2).page(1),
    "page of a list": lambda queryset: Paginator(list(queryset), 2).page(1),
    "page of a lazy QuerySet": lambda queryset: Paginator(SimpleLazyObject(queryset.all), 2).page(1),
    "instance": lambda queryset: queryset.first(),
}


@pytest.mark.parametrize("fields", [None, ["name"], ["id", {"parent": ["name"]}]], ids=str)
@pytest.mark.parametrize("name", LAZY)
def test_lazy_objects_are_what_they_hold(sqlite, name, fields):
    queryset = Tag.objects.using(sqlite).select_related("parent").order_by("pk")
    ways = ["dumps", "response", "rows", "plain"] + ["stream"] * (name != "instance")
    for way in ways:
        expected = WAYS_OUT[way](LAZY[name](queryset), fields)
        assert WAYS_OUT[way](SimpleLazyObject(lambda: LAZY[name](queryset)), fields) == expected, way
