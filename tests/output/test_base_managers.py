"""A relation to one is what its attribute gives: the base manager of the related model may hide rows from it."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, F, Manager, Value
from django.db.models.functions import Concat, Upper

from pyforge_web import Computed, Display, FileUrl, dumps
from tests.oracle import join_all
from tests.output.attribute_reader import follow
from tests.output.models import Address, Maker, Product
from tests.output.ways import WAYS_IN, WAYS_OUT

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request, vendors, db):
    using = vendors[request.param]
    makers = [
        Maker.everything.using(using).create(name=f"m{number}", deleted=number == 1, logo="a b", mood="gb"[number % 2])
        for number in range(3)
    ]
    makers[2].owner = makers[1]
    makers[2].save()
    for maker in makers:
        Address.everything.using(using).create(maker=maker, town=f"of {maker}", deleted=maker is makers[2])
        Product.objects.using(using).create(name=f"p{maker}", maker=maker, seller=makers[0])
        Product.objects.using(using).create(name=f"q{maker}", maker=makers[2], seller=maker)
    Product.objects.using(using).create(name="nobody's", maker=makers[1])
    return using


def nested(instance, name, read):
    found = follow(instance, name)
    return found and {key: each(found) for key, each in read.items()}


FIELDS = {
    "a path": (["id", "maker__name"], lambda p: {"id": p.pk, "maker__name": follow(p, "maker", "name")}),
    "a longer path": (["maker__owner__name"], lambda p: {"maker__owner__name": follow(p, "maker", "owner", "name")}),
    "a path to a key": (["maker__address"], lambda p: {"maker__address": follow(p, "maker", "address", "pk")}),
    "columns": ([{"maker": ["name"]}], lambda p: {"maker": nested(p, "maker", {"name": lambda m: m.name})}),
    "a column renamed": (
        [{"seller": [{"x": F("name")}]}],
        lambda p: {"seller": nested(p, "seller", {"x": lambda m: m.name})},
    ),
    "an expression": (
        [{"maker": [{"x": Upper("name")}]}],
        lambda p: {"maker": nested(p, "maker", {"x": lambda m: m.name.upper()})},
    ),
    "an expression that is a query": (
        [{"maker": [{"x": Count("products")}]}],
        lambda p: {"maker": nested(p, "maker", {"x": lambda m: m.products.count()})},
    ),
    "two levels": (
        [{"maker": ["name", {"owner": [{"x": Concat("name", Value("!"))}]}]}],
        lambda p: {
            "maker": nested(
                p,
                "maker",
                {"name": lambda m: m.name, "owner": lambda m: nested(m, "owner", {"x": lambda o: f"{o.name}!"})},
            )
        },
    ),
    "backwards": (
        [{"maker": ["address__town", {"address": ["town"]}]}],
        lambda p: {
            "maker": nested(
                p,
                "maker",
                {
                    "address__town": lambda m: follow(m, "address", "town"),
                    "address": lambda m: nested(m, "address", {"town": lambda a: a.town}),
                },
            )
        },
    ),
    "a label": (
        [{"x": Display("maker__mood")}],
        lambda p: {"x": (shown := follow(p, "maker", "get_mood_display")) and shown()},
    ),
    "a file": ([{"x": FileUrl("maker__logo")}], lambda p: {"x": follow(p, "maker", "logo", "url")}),
    "a function": (
        [{"x": Computed(lambda name: [name], "seller__name")}],
        lambda p: {"x": [follow(p, "seller", "name")]},
    ),
    "another key": ([{"x": F("maker__name")}], lambda p: {"x": follow(p, "maker", "name")}),
}


LOADED = {
    "not loaded": lambda q: q,
    "joined": lambda q: q.select_related("maker__owner", "maker__address", "seller"),
    "joined, all": join_all,
    "prefetched": lambda q: q.prefetch_related("maker", "seller"),
    "joined and prefetched": lambda q: q.select_related("maker").prefetch_related("maker"),
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("loaded", LOADED)
def test_what_a_relation_to_one_gives_is_its_attribute(alias, name, loaded):
    fields, read = FIELDS[name]

    def products():
        return LOADED[loaded](Product.objects.using(alias).order_by("pk"))

    expected = json.loads(json.dumps([read(each) for each in products()], cls=DjangoJSONEncoder))
    for way_in in WAYS_IN.values():
        for way_out in WAYS_OUT.values():
            assert way_out(way_in(products()), fields=fields, fetch=True) == expected


def test_the_instance_around_is_in_memory(alias):
    fields = ["name", {"products": ["name", "maker__name", {"maker": ["name", {"x": Count("products")}]}]}]
    for makers in (Maker.everything.using(alias), Maker.everything.using(alias).prefetch_related("products")):
        written = json.loads(dumps(makers.order_by("pk"), fields=fields))
        for row, maker in zip(written, makers.order_by("pk"), strict=True):
            assert {each["maker__name"] for each in row["products"]} <= {maker.name}
            assert len(row["products"]) == maker.products.count()
            assert all(each["maker"] == {"name": maker.name, "x": maker.products.count()} for each in row["products"])


def test_another_base_manager_is_followed_at_once(alias, monkeypatch):
    products = Product.objects.using(alias).order_by("pk")

    def written():
        rows = json.loads(dumps(products.all(), fields=["maker__name", {"maker": ["name"]}]))
        return [[row["maker__name"], (row["maker"] or {}).get("name")] for row in rows]

    def expected():
        return [[follow(each, "maker", "name")] * 2 for each in products.all()]

    plain = Manager()
    plain.model = Maker
    hidden = expected()
    assert written() == hidden
    monkeypatch.setitem(Maker._meta.__dict__, "base_manager", plain)
    assert written() == expected() != hidden
    monkeypatch.undo()
    assert written() == expected() == hidden
