"""Every shape of a QuerySet, as a table: `name: q -> QuerySet`; `q(Model)` is a QuerySet of the database under test."""

from django.db.models import (
    Count,
    F,
    Prefetch,
    Value,
)
from django.db.models import functions as fn

from tests.querysets.expressions import ANNOTATIONS
from tests.querysets.models import (
    Box,
    Customs,
    Deed,
    Diner,
    Event,
    House,
    Letter,
    Names,
    OldPlace,
    Place,
    Restaurant,
    Scalars,
    Seat,
    Street,
    Town,
)

MODELS = {
    f"model {model.__name__}": lambda q, model=model: q(model).order_by("pk")
    for model in (Scalars, Customs, Names, Town, Street, House, Deed, Place, Restaurant, Diner, OldPlace, Letter, Box)
} | {"model Seat, with a composite key": lambda q: q(Seat).order_by("room", "number")}

COLUMNS = {
    "values()": lambda q: q(Event).values(),
    "values() of some, reordered": lambda q: q(Event).values("at", "kind", "id", "price"),
    "values() through a foreign key": lambda q: q(Street).order_by("pk").values("slug", "town__name", "town__id"),
    "values() of name and attname": lambda q: q(Deed).order_by("pk").values("house", "house_id", "pk", "instant"),
    "values() of one name twice": lambda q: q(Event).values("kind", "at", "kind"),
    "values() of a composite key": lambda q: q(Seat).values("pk", "taken"),
    "values_list() of a composite key": lambda q: q(Seat).values_list("pk", flat=True),
    "annotate() of a composite key": lambda q: (
        q(Seat).order_by("room", "number").annotate(key=F("pk"), next=F("number") + 1)
    ),
    "values_list()": lambda q: q(Event).values_list(),
    "values_list() of some": lambda q: q(Event).values_list("at", "price", "data"),
    "values_list() of one name twice": lambda q: q(Event).values_list("kind", "kind"),
    "values_list(), flat": lambda q: q(Event).values_list("at", flat=True),
    "values_list(), flat, without a name": lambda q: q(Event).values_list(flat=True),
    "values_list(), named, of one name twice": lambda q: q(Event).values_list("kind", "kind", named=True),
    "values_list(), named": lambda q: q(Event).values_list("pk", "day", named=True),
    "values_list() of an expression": lambda q: q(Event).values_list("pk", F("number") + 1, fn.Upper("kind")),
    "values() with expressions among names": lambda q: q(Event).values("at", up=fn.Upper("kind"), twice=F("price") * 2),
    "values() through an M2M": lambda q: q(Deed).order_by("pk", "towns").values("pk", "towns__name", "towns"),
    "values() through a reverse key": lambda q: q(Event).order_by("pk").values("pk", "after__at"),
    "only()": lambda q: q(Event).only("kind"),
    "defer()": lambda q: q(Event).defer("at", "data"),
    "select_related()": lambda q: q(Street).order_by("pk").select_related("town__country"),
    "prefetch_related()": lambda q: q(Town).order_by("pk").prefetch_related("streets"),
    "prefetch_related() behind values()": lambda q: q(Town).order_by("pk").values("name").prefetch_related("streets"),
    "values() behind prefetch_related()": lambda q: (
        q(Town).order_by("pk").prefetch_related("streets").values_list("name")
    ),
    "Prefetch()": lambda q: q(Town).order_by("pk").prefetch_related(Prefetch("streets", to_attr="them")),
    "a column with a blank, a column named t": lambda q: (
        q(Names).order_by("spaced").values("spaced", "t", "gr\u00f6\u00dfe")
    ),
    "chains of keys": lambda q: (
        q(Deed).order_by("pk").values("house", "house__town", "house__street", "amount", "instant")
    ),
    "custom fields through a cast name": lambda q: q(Customs).values(
        "year", x=F("cents"), y=F("borrowed"), z=F("lent")
    ),
    "JSON of all sorts": lambda q: q(Customs).values_list("document", "wrapped", "decoded", "encoded"),
}

EXTRA = {
    "extra(select=)": lambda q: q(Event).extra(select={"x": "number + 1", "y": "kind"}),
    "extra(select=) of a moment": lambda q: (
        q(Event).extra(select={"x": "at", "d": "day", "c": "clock"}).values("x", "d", "c")
    ),
    "extra(select=) of a decimal, JSON, a UUID": lambda q: q(Event).extra(
        select={"x": "price", "j": "data", "k": "key"}
    ),
    "extra(select=) with values()": lambda q: q(Event).extra(select={"x": "live"}).values("pk", "x", "at"),
    "extra(select=) that is not asked for": lambda q: q(Event).extra(select={"x": "number"}).values("pk", "at"),
    "extra(select_params=)": lambda q: q(Event).extra(select={"x": "number + %s"}, select_params=[5]).values("x", "pk"),
    "extra(where=, order_by=)": lambda q: q(Event).extra(where=["number > %s"], params=[1], order_by=["-id"]),
    "extra(tables=)": lambda q: (
        q(Letter).extra(tables=["querysets_event"], select={"x": "querysets_event.kind"}).values("x", "created")
    ),
}

COMBINED = {
    "union() of models": lambda q: q(Event).filter(number=1).union(q(Event).filter(number=2)).order_by("id"),
    "union() of values()": lambda q: (
        q(Event).values("at", "price").union(q(Event).values("at", "price")).order_by("at", "price")
    ),
    "union(all=True)": lambda q: (
        q(Event).values_list("pk", "day").union(q(Event).values_list("pk", "day"), all=True).order_by("id")
    ),
    "union() of two models": lambda q: (
        q(Event).values("id", "at").union(q(Letter).values("id", "created")).order_by("id", "at")
    ),
    "union() of types that differ": lambda q: (
        q(Event).values_list("id", "price").union(q(Event).values_list("number", "price")).order_by("id", "price")
    ),
    "union() of days and moments": lambda q: (
        q(Event).values_list("at", "day").union(q(Event).values_list("at", "at")).order_by("at", "day")
    ),
    "union() of a decimal and a float": lambda q: (
        q(Event)
        .values_list("price", "number")
        .union(q(Event).values_list("price", "score"))
        .order_by("price", "number")
    ),
    "intersection()": lambda q: q(Event).intersection(q(Event).filter(live=True)).order_by("id"),
    "difference()": lambda q: (
        q(Event).values("id", "at").difference(q(Event).values("id", "at").filter(number=1)).order_by("id")
    ),
    "values() behind a union()": lambda q: (
        q(Place).order_by().union(q(Place).order_by()).values("name", "opened").order_by("name")
    ),
    "union() with an annotation": lambda q: (
        q(Event)
        .annotate(x=Value(1))
        .values("x", "id")
        .union(q(Letter).annotate(x=Value(2)).values("x", "id"))
        .order_by("x", "id")
    ),
    "| and &": lambda q: (q(Event).filter(number=1) | q(Event).filter(number=2)) & q(Event).filter(live=True),
    "distinct()": lambda q: q(Event).values("kind", "live").distinct().order_by("kind", "live"),
    "distinct() of moments": lambda q: q(Event).values_list("at", flat=True).distinct().order_by("at"),
    "dates()": lambda q: q(Event).dates("day", "month"),
    "dates(), latest first": lambda q: q(Event).dates("day", "year", order="DESC"),
    "datetimes()": lambda q: q(Event).filter(at__year__gt=1900, at__year__lt=3000).datetimes("at", "hour"),
    "datetimes() behind values()": lambda q: (
        q(Event).filter(at__year__gt=1900, at__year__lt=3000).values("kind").datetimes("at", "day")
    ),
}

SLICES = {
    "sliced": lambda q: q(Event).order_by("pk")[2:5],
    "sliced values_list(), flat": lambda q: q(Event).order_by("pk").values_list("key", flat=True)[:3],
    "reverse()": lambda q: q(Event).order_by("at", "pk").reverse(),
    "ordered by a selected column": lambda q: q(Event).values("at", "kind").order_by("at", "kind"),
    "ordered by a column that is not selected": lambda q: (
        q(Event).values("at", "price").order_by("-day", "pk").distinct()
    ),
    "ordered by an expression": lambda q: q(Event).order_by(
        fn.Upper("kind").desc(), F("price").asc(nulls_last=True), "pk"
    ),
    "ordered by a relation": lambda q: q(Street).order_by(F("town__name").desc(nulls_last=True), "pk"),
    "exclude()": lambda q: q(Event).exclude(after__number=1).exclude(price=None).order_by("pk"),
    "a filter that is a QuerySet": lambda q: q(Event).filter(pk__in=q(Event).filter(live=True)).order_by("pk"),
    "a method of a custom QuerySet": lambda q: q(Event).dear(),
    "a related manager": lambda q: q(Town).order_by("pk").first().streets.all(),
    "a related manager of an M2M": lambda q: q(Deed).order_by("pk").first().towns.order_by("pk"),
    "select_for_update()": lambda q: q(Event).select_for_update().order_by("pk"),
    "select_for_update(of=)": lambda q: (
        q(Street).filter(town__isnull=False).select_related("town").select_for_update(of=("self",))
    ),
    "generated columns": lambda q: q(Box).order_by("pk").values("label", "area", "double", "again"),
}

NO_ROWS = {
    "none()": lambda q: q(Event).none(),
    "none().values()": lambda q: q(Event).none().values("at"),
    "none().values_list(flat=True)": lambda q: q(Event).values_list("at", flat=True).none(),
    "pk__in=[]": lambda q: q(Event).filter(pk__in=[]),
    "[0:0]": lambda q: q(Event).values()[0:0],
    "a filter that nothing passes": lambda q: q(Event).filter(number=99),
    "a slice behind the end": lambda q: q(Event).order_by("pk")[100:200],
    "an empty group": lambda q: q(Event).filter(pk__in=[]).values("kind").annotate(n=Count("pk")),
    "union() of nothing": lambda q: q(Event).none().union(q(Event).filter(pk__in=[])),
}

SHAPES = MODELS | COLUMNS | ANNOTATIONS | EXTRA | COMBINED | SLICES
