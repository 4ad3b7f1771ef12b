"""Annotations of every sort, as a table like that of `shapes.py`."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import models
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    Max,
    Min,
    OuterRef,
    Q,
    StdDev,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models import functions as fn
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KT, KeyTextTransform, KeyTransform

from tests.querysets.models import (
    Customs,
    Event,
    Place,
    Town,
)

ANNOTATIONS = {
    "annotations behind the model": lambda q: q(Event).annotate(
        twice=F("number") * 2, later=F("at") + timedelta(days=1)
    ),
    "annotations in the middle": lambda q: q(Event).annotate(x=fn.Length("kind")).values("at", "x", "day"),
    "an annotation that is only filtered by": lambda q: q(Event).alias(x=F("number")).filter(x__gt=1),
    "a backslash and accents in an alias": lambda q: q(Event).annotate(**{"a\\b": F("at"), "caf\u00e9": F("day")}),
    "Value() of every type": lambda q: q(Event).values(
        n=Value(5),
        t=Value("x"),
        f=Value(1.5),
        d=Value(Decimal("1.50")),
        e=Value(date(2026, 1, 2)),
        no=Value(None, models.TextField()),
        b=Value(True),
    ),
    "Count": lambda q: q(Town).order_by("pk").annotate(n=Count("streets")),
    "Sum, Avg, Min, Max": lambda q: (
        q(Event)
        .order_by("kind")
        .values("kind")
        .annotate(s=Sum("price"), a=Avg("price"), least=Min("at"), most=Max("day"), n=Avg("number"), f=Sum("score"))
    ),
    "Sum and Avg of durations": lambda q: (
        q(Event).values("live").annotate(s=Sum("length"), a=Avg("length")).order_by("live")
    ),
    "StdDev": lambda q: q(Event).values("live").annotate(d=StdDev("number")).order_by("live"),
    "aggregates with filter and default": lambda q: (
        q(Event)
        .values("kind")
        .annotate(n=Count("pk", filter=Q(live=True)), s=Sum("price", filter=Q(number=99), default=Decimal("0.10")))
        .order_by("kind")
    ),
    "grouped by a moment": lambda q: q(Event).values("at").annotate(n=Count("pk")).order_by("at"),
    "grouped by a day, through an alias": lambda q: q(Event).values(d=F("day")).annotate(n=Count("pk")).order_by("d"),
    "having": lambda q: q(Event).values("kind").annotate(n=Count("pk")).filter(n__gt=1).order_by("kind"),
    "F() arithmetic of decimals": lambda q: q(Event).values(
        "pk", x=F("price") * F("price") / 3, y=F("price") + Decimal("0.001")
    ),
    "F() arithmetic of floats and ints": lambda q: q(Event).values(
        "pk", x=F("score") * 3, y=F("number") % 2, z=F("score") / 7
    ),
    "differences of moments and of days": lambda q: q(Event).values("pk", d=F("at") - F("at"), e=F("day") - F("day")),
    "Case": lambda q: q(Event).values(
        "pk", x=Case(When(live=True, then=F("at")), default=None), y=Case(When(number__gt=2, then=F("price")))
    ),
    "Coalesce, Greatest, NullIf": lambda q: q(Event).values(
        x=fn.Coalesce("price", Decimal("1.10")), y=fn.Greatest("at", "before__at"), z=fn.NullIf("kind", Value("a"))
    ),
    "text functions": lambda q: q(Event).values(
        x=fn.Concat("kind", Value("\u00e9\\")), y=fn.Substr("kind", 1, 1), z=fn.MD5("kind")
    ),
    "number functions": lambda q: q(Event).values(
        "pk", x=fn.Round("score", 2), y=fn.Ceil("price"), z=fn.Sqrt("number")
    ),
    "TruncMonth of a moment": lambda q: q(Event).values("pk", x=fn.TruncMonth("at")),
    "TruncDate, TruncTime": lambda q: q(Event).values("pk", x=fn.TruncDate("at"), y=fn.TruncTime("at")),
    "TruncDay of a day, TruncHour of a time": lambda q: q(Event).values(
        "pk", x=fn.TruncDay("day"), y=fn.TruncHour("clock")
    ),
    "Extract": lambda q: q(Event).values(
        "pk", x=fn.ExtractYear("at"), y=fn.ExtractHour("clock"), z=fn.ExtractWeek("day")
    ),
    "Cast": lambda q: q(Event).values(
        "pk",
        t=fn.Cast("number", models.TextField()),
        f=fn.Cast("price", models.FloatField()),
        d=fn.Cast("score", models.DecimalField(max_digits=7, decimal_places=3)),
        n=fn.Cast("score", models.IntegerField()),
        e=fn.Cast("at", models.DateField()),
    ),
    "Window": lambda q: q(Event).values(
        "pk",
        x=Window(fn.RowNumber(), partition_by="kind", order_by="pk"),
        y=Window(fn.Lag("at"), order_by="pk"),
        z=Window(Sum("price"), partition_by="kind"),
    ),
    "a filter over a Window": lambda q: (
        q(Event).annotate(n=Window(fn.RowNumber(), partition_by="kind", order_by="pk")).filter(n=1).order_by("pk")
    ),
    "Subquery": lambda q: q(Event).values(
        "pk", x=Subquery(q(Event).filter(kind=OuterRef("kind")).order_by("pk").values("at")[:1]), y=Exists(q(Place))
    ),
    "Subquery of JSON, of a decimal, of a UUID": lambda q: q(Event).values(
        "pk",
        x=Subquery(q(Event).filter(pk=OuterRef("pk")).values("data")[:1]),
        y=Subquery(q(Event).filter(pk=OuterRef("pk")).values("price")[:1]),
        z=Subquery(q(Event).filter(pk=OuterRef("pk")).values("key")[:1]),
    ),
    "KeyTransform": lambda q: q(Event).values("pk", x=KeyTransform("n", "data"), y=KeyTransform("list", "data")),
    "KeyTransform to a text that looks like a number": lambda q: q(Event).values(
        "pk", "data__deep__text", x=F("data__deep")
    ),
    "KT": lambda q: q(Event).values("pk", x=KT("data__deep__text"), y=KeyTextTransform("n", "data")),
    "a JSON column under another name": lambda q: q(Event).values("pk", x=F("data")),
    "JSONObject": lambda q: q(Event).values(x=fn.JSONObject(k="kind", n="number")),
    "RawSQL": lambda q: q(Event).values("pk", x=RawSQL("number + %s", [1]), y=RawSQL("kind", [])),
    "RawSQL with an output_field": lambda q: q(Event).values(
        "pk",
        x=RawSQL("price", [], models.DecimalField(max_digits=9, decimal_places=2)),
        y=RawSQL("at", [], models.DateTimeField()),
    ),
    "RawSQL of a moment, without one": lambda q: q(Event).values("pk", x=RawSQL("at", []), y=RawSQL("data", [])),
    "FilteredRelation": lambda q: (
        q(Town)
        .order_by("pk")
        .annotate(s=FilteredRelation("streets", condition=Q(streets__slug="rue-a")))
        .values("pk", "s__slug")
    ),
    "custom fields below expressions": lambda q: q(Customs).values(
        x=Max("backwards"), y=Max("year"), z=Min("cents"), w=Max("borrowed"), v=fn.Coalesce("loud", "loud")
    ),
}
