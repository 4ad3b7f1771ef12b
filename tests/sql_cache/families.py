"""Families of QuerySets that are alike: `name: [(make, fields), ...]`, whose members must never answer for each other.

In some only values differ, in others the structure alone. `make(objects)` is given the function from a model to its
manager in the database under test.
"""

import datetime
import uuid
from decimal import Decimal

from django.db.models import Avg, Case, Count, Exists, F, Max, Min, OuterRef, Prefetch, Q, Sum, Value, When
from django.db.models.functions import Coalesce, Length, Lower, Upper

from tests.relations.models import Article, Author, Comment, Contribution, Country, Profile, Restaurant, Tag

UTC = datetime.UTC
TITLE = ["id", "title"]
NAME = ["id", "name"]


def articles(*values, fields=TITLE, key="filter", lookup=None, **options):
    """Members that differ in the value of one lookup."""

    def member(value):
        return lambda objects: getattr(objects(Article), key)(**{lookup: value}, **options).order_by("id")

    return [(member(value), fields) for value in values]


def members(*makes, fields=TITLE):
    return [(make, fields) for make in makes]


def moment(hour, fold=0):
    return datetime.datetime(2026, 1, 2, hour, tzinfo=UTC, fold=fold)


VALUES = {
    "integer": articles(1, 2, 3, 10**30, -(10**30), 0, -1, lookup="id"),
    "integer as text": articles("1", 1, "2", lookup="id"),
    "integer and float": articles(1, 1.0, 1.5, True, lookup="id"),
    "greater than integer": articles(1, 2, 10**30, -(10**30), 1.5, lookup="id__gt"),
    "at least integer": articles(1, 1.5, 10**30, lookup="id__gte"),
    "less than integer": articles(3, 3.5, -(10**30), 10**30, lookup="id__lt"),
    "at most integer": articles(3, 10**30, lookup="id__lte"),
    "excluded integer": articles(1, 2, 10**30, key="exclude", lookup="id"),
    "text": articles("a", "b", "", "%", "_", "'", lookup="title"),
    "text without case": articles("a", "A", "%", None, lookup="title__iexact"),
    "part of text": articles("1", "%", "_", "\\", lookup="title__contains"),
    "part of text without case": articles("T", "%", lookup="title__icontains"),
    "start of text": articles("t", "T", "", lookup="title__startswith"),
    "start without case": articles("t", "A", lookup="title__istartswith"),
    "end of text": articles("1", "2", lookup="title__endswith"),
    "end without case": articles("1", "A", lookup="title__iendswith"),
    "null": articles(True, False, 1, 0, "x", lookup="editor__isnull"),
    "null or a key": articles(None, 1, 2, lookup="editor"),
    "excluded null or key": articles(None, 1, 2, key="exclude", lookup="editor"),
    "decimal": articles(Decimal("1.0"), Decimal("1.00"), Decimal(1), 1, Decimal("1E+2"), lookup="price"),
    "decimal range": articles((0, 5), (Decimal(1), 2), (5, 0), lookup="price__range"),
    "moment": articles(moment(3), moment(3, 1), moment(4), lookup="published__gte"),
    "moment in zones": articles(
        moment(3), moment(3).astimezone(datetime.timezone(datetime.timedelta(hours=2))), lookup="published__lte"
    ),
    "UUID": articles(uuid.UUID(int=1), uuid.UUID(int=2), str(uuid.UUID(int=1)), lookup="key"),
    "list": articles([1], [2], [1, 2], [2, 1], [1, 1], [], [None], [1, None], [10**30], lookup="id__in"),
    "tuple and set": articles((1, 2), {1, 2}, frozenset({2}), range(3), lookup="id__in"),
    "excluded list": articles([1], [], [1, 2], [None], key="exclude", lookup="id__in"),
    "list of texts": articles(["a"], ["b", "c"], lookup="title__in"),
    "list of keys": articles([1], [2], [1, 2], [], lookup="author__in"),
    "behind a key": articles("x", "y", lookup="author__name"),
    "behind two keys": articles("FR", "JP", lookup="author__country__code"),
    "behind many": articles("x", "tag", lookup="tags__name__contains"),
    "key of many": articles(1, 2, lookup="tags"),
    "range of keys": articles((1, 2), (2, 3), [1, 2], lookup="id__range"),
    "regex": articles("^t", "1$", lookup="title__regex"),
    "year": articles(2025, 2026, lookup="published__year"),
    "day": articles(datetime.date(2026, 1, 2), datetime.date(2026, 1, 3), lookup="published__date"),
    "JSON": articles({}, {"a": 1}, [], None, "x", 1, True, lookup="data"),
    "key of JSON": articles(1, "1", None, lookup="data__a"),
    "two values": [
        (lambda objects, a=a, b=b: objects(Article).filter(id__gte=a, id__lte=b).order_by("id"), TITLE)
        for a, b in ((1, 3), (3, 1), (2, 2))
    ],
    "either of two values": [
        (lambda objects, a=a, b=b: objects(Article).filter(Q(id=a) | Q(title=b)).order_by("id"), TITLE)
        for a, b in ((1, "a"), (2, "b"), (10**30, "a"), (1, ""))
    ],
    "instance": [
        (lambda objects, n=n: objects(Article).filter(author=objects(Author).order_by("pk")[n]).order_by("id"), TITLE)
        for n in range(3)
    ],
    "limits": [
        (lambda objects, low=low, high=high: objects(Article).order_by("id")[low:high], TITLE)
        for low, high in ((None, 2), (0, 2), (1, 2), (1, 3), (2, None), (0, 0), (5, 7), (None, 100))
    ],
    "boolean": [
        (lambda objects, v=v: objects(Comment, "everything").filter(hidden=v).order_by("pk"), ["id", "text"])
        for v in (True, False, 1, 0)
    ],
    "not boolean": [
        (lambda objects, v=v: objects(Comment, "everything").exclude(hidden=v).order_by("pk"), ["id", "text"])
        for v in (True, False)
    ],
    "annotated value": [
        (lambda objects, v=v: objects(Article).annotate(x=Value(v)).order_by("id"), ["id", "x"])
        for v in (1, True, "1", 2, "2", 1.0, None, Decimal(1))
    ],
    "having": [
        (lambda objects, v=v: objects(Article).annotate(n=Count("tags")).filter(n__gte=v).order_by("id"), ["id", "n"])
        for v in (0, 1, 2)
    ],
    "having and where": [
        (
            lambda objects, v=v, w=w: (
                objects(Article)
                .filter(id__gte=w)
                .annotate(n=Count("tags"))
                .filter(n__gte=v, title__gte="")
                .order_by("id")
            ),
            ["id", "n"],
        )
        for v, w in ((0, 1), (1, 0), (2, 2), (1, 1))
    ],
    "coalesced value": [
        (
            lambda objects, v=v, w=w: (
                objects(Article)
                .filter(id__lt=w)
                .annotate(x=Coalesce("price", Value(v)), n=Count("tags"))
                .order_by("id")
            ),
            ["id", "x", "n"],
        )
        for v, w in ((1, 3), (2, 3), (3, 2))
    ],
    "prefetched with a filter": [
        (
            lambda objects, v=v: (
                objects(Author)
                .prefetch_related(Prefetch("articles", objects(Article).filter(id__gte=v).order_by("id")))
                .order_by("id")
            ),
            ["id", {"articles": ["id"]}],
        )
        for v in (1, 2, 3)
    ],
    "prefetched slice": [
        (
            lambda objects, v=v: (
                objects(Author)
                .prefetch_related(Prefetch("articles", objects(Article).order_by("id")[:v], to_attr="some"))
                .order_by("id")
            ),
            ["id", {"some": ["id"]}],
        )
        for v in (1, 2)
    ],
    "parents of relations": [
        (lambda objects, v=v: objects(Article).filter(id__in=v).order_by("id"), ["id", {"tags": ["name"]}, "author"])
        for v in ([1], [2], [1, 2, 3], [3, 4])
    ],
    "key of a relation": [
        (lambda objects, v=v: objects(Author).filter(country=v).order_by("id"), NAME) for v in ("FR", "JP", None)
    ],
    "country by code": [
        (lambda objects, v=v: objects(Country).filter(code__in=v).order_by("code"), ["code", {"authors": ["id"]}])
        for v in (["FR"], ["JP", "IS"], ["FR", "FR"])
    ],
    "parent table": [
        (lambda objects, v=v: objects(Restaurant).filter(name__gte=v).order_by("pk"), ["pk", "name"])
        for v in ("", "z", "a")
    ],
    "arithmetic": [
        (lambda objects, v=v: objects(Article).annotate(x=F("id") + v).order_by("id"), ["id", "x"]) for v in (1, 2, 1.5)
    ],
}
STRUCTURES = {
    "orders": [
        (lambda objects, o=o: objects(Article).order_by(*o), TITLE)
        for o in (("id",), ("-id",), ("title", "id"), ("-title", "id"), ("author", "id"), ("author__name", "-id"))
    ],
    "orders by expressions": [
        (lambda objects, o=o: objects(Article).order_by(o, "id"), TITLE)
        for o in (
            F("price").asc(),
            F("price").desc(),
            F("price").desc(nulls_last=True),
            F("price").asc(nulls_first=True),
            Lower("title"),
            Upper("title").desc(),
            "price",
        )
    ],
    "default orders": members(
        lambda objects: objects(Tag).all(),
        lambda objects: objects(Tag).order_by(),
        lambda objects: objects(Tag).reverse(),
        lambda objects: objects(Tag).order_by("name", "pk"),
        lambda objects: objects(Tag).order_by("parent", "pk"),
        lambda objects: objects(Tag).order_by("parent_id", "pk"),
        fields=NAME,
    ),
    "filter and exclude": members(
        lambda objects: objects(Article).filter(id=1),
        lambda objects: objects(Article).exclude(id=1).order_by("id"),
        lambda objects: objects(Article).filter(~Q(id=1)).order_by("id"),
        lambda objects: objects(Article).filter(Q(id=1) | Q(id=2)).order_by("id"),
        lambda objects: objects(Article).filter(Q(id=1) & Q(id=2)),
        lambda objects: objects(Article).filter(Q(id=1) ^ Q(id=2)).order_by("id"),
        lambda objects: objects(Article).filter(Q(id=1) | ~Q(id=2)).order_by("id"),
        lambda objects: objects(Article).none(),
    ),
    "lookups of one column": [
        (lambda objects, k=k: objects(Article).filter(**{k: 2}).order_by("id"), TITLE)
        for k in ("id", "id__gt", "id__gte", "id__lt", "id__lte", "pk", "author", "author_id", "author__id", "editor")
    ],
    "columns of one lookup": [
        (lambda objects, k=k: objects(Article).filter(**{k: "x"}).order_by("id"), TITLE)
        for k in ("title", "body", "author__name", "editor__name", "title__contains", "body__contains")
    ],
    "chained and joined": members(
        lambda objects: objects(Article).filter(tags=1, tags__name="x"),
        lambda objects: objects(Article).filter(tags=1).filter(tags__name="x"),
        lambda objects: objects(Article).filter(tags__name="x").filter(tags=1),
    ),
    "groups of conditions": members(
        lambda objects: objects(Article).filter(Q(id=1) | Q(id=2), title="a"),
        lambda objects: objects(Article).filter(Q(id=1) | Q(id=2, title="a")).order_by("id"),
        lambda objects: objects(Article).filter(Q(id=1), Q(id=2) | Q(title="a")),
    ),
    "distinct": members(
        lambda objects: objects(Article).filter(tags__id__gte=0).order_by("id"),
        lambda objects: objects(Article).filter(tags__id__gte=0).order_by("id").distinct(),
        lambda objects: objects(Article).filter(tags__id__gte=0).order_by("tags__name", "id").distinct(),
    ),
    "deferred": [
        (lambda objects, q=q: q(objects(Article).order_by("id")), None)
        for q in (
            lambda q: q,
            lambda q: q.only("title"),
            lambda q: q.only("title", "price"),
            lambda q: q.defer("body"),
            lambda q: q.defer("body", "price"),
            lambda q: q.only("id"),
        )
    ],
    "fields": [
        (lambda objects: objects(Article).order_by("id"), f) for f in (["id"], ["title"], TITLE, ["title", "id"])
    ],
    "relations": [
        (lambda objects: objects(Article).order_by("id"), f)
        for f in (
            [{"author": ["name"]}],
            [{"editor": ["name"]}],
            [{"author": ["id"]}],
            [{"tags": ["name"]}],
            [{"comments": ["text"]}],
            ["tags"],
            [{"author": ["name", {"country": ["name"]}]}],
            [{"contributors": ["name"]}],
            [{"see_also": ["title"]}],
            [{"seen_from": ["title"]}],
            [{"notes": ["text"]}],
        )
    ],
    "values": [
        (lambda objects, q=q: q(objects(Article).order_by("id")), None)
        for q in (
            lambda q: q.values("id"),
            lambda q: q.values("title"),
            lambda q: q.values("id", "title"),
            lambda q: q.values("title", "id"),
            lambda q: q.values_list("id", "title"),
            lambda q: q.values_list("id", flat=True),
            lambda q: q.values_list("id", "title", named=True),
            lambda q: q.values("author"),
            lambda q: q.values("author_id"),
            lambda q: q.values("author__name"),
            lambda q: q.values(x=F("id")),
            lambda q: q.values(x=F("title")),
            lambda q: q.values("id", x=Value(1)),
            lambda q: q.values("id", x=Value("1")),
        )
    ],
    "grouped": [
        (lambda objects, q=q: q(objects(Article)), None)
        for q in (
            lambda q: q.values("author").annotate(n=Count("id")).order_by("author"),
            lambda q: q.values("author").annotate(n=Max("id")).order_by("author"),
            lambda q: q.values("author").annotate(n=Min("id")).order_by("author"),
            lambda q: q.values("author").annotate(n=Sum("id")).order_by("author"),
            lambda q: q.values("author").annotate(n=Avg("id")).order_by("author"),
            lambda q: q.values("editor").annotate(n=Count("id")).order_by("editor"),
            lambda q: q.values("author").annotate(n=Count("tags")).order_by("author"),
            lambda q: q.values("author").annotate(n=Count("tags", distinct=True)).order_by("author"),
            lambda q: q.annotate(n=Count("id")).values("author", "n").order_by("author", "n"),
            lambda q: q.values("author").annotate(n=Count("id", filter=Q(id__gt=2))).order_by("author"),
            lambda q: q.values("author").annotate(n=Count("id", filter=Q(id__gt=3))).order_by("author"),
            lambda q: q.values("author", "editor").annotate(n=Count("*")).order_by("author", "editor"),
        )
    ],
    "annotations": [
        (lambda objects, x=x: objects(Article).annotate(x=x).order_by("id"), ["id", "x"])
        for x in (
            F("title"),
            F("body"),
            F("author__name"),
            Upper("title"),
            Lower("title"),
            Length("title"),
            Coalesce("editor__name", "author__name"),
            Coalesce("author__name", "editor__name"),
            Coalesce("editor__name", Value("-")),
            Coalesce("editor__name", Value("+")),
            F("id") + F("author"),
            F("id") * F("author"),
            Value(1),
            Case(When(id=1, then=Value("a")), default=Value("b")),
            Case(When(id=2, then=Value("a")), default=Value("b")),
            Exists(Tag.objects.filter(id=OuterRef("id"))),
        )
    ],
    "joined": [
        (lambda objects, r=r: objects(Article).select_related(*r).order_by("id"), None)
        for r in (("author",), ("editor",), ("author", "editor"), ("author__country",), ())
    ],
    "related managers": [
        (lambda objects, m=m: m(objects(Author).order_by("pk").first()), TITLE)
        for m in (
            lambda a: a.articles.order_by("id"),
            lambda a: a.edited.order_by("id"),
            lambda a: a.contributed.order_by("id"),
        )
    ],
    "unions and locks": members(
        lambda objects: objects(Article).filter(id=1).union(objects(Article).filter(id=2)),
        lambda objects: objects(Article).filter(id=1).union(objects(Article).filter(id=3)),
        lambda objects: objects(Article).filter(id=1).intersection(objects(Article).filter(id=1)),
    ),
    "extra": members(
        lambda objects: objects(Article).extra(where=["id = 1"]),
        lambda objects: objects(Article).extra(where=["id = %s"], params=[2]),
        lambda objects: objects(Article).extra(order_by=["-id"]),
    ),
    "one to one": members(
        lambda objects: objects(Profile).filter(author=1),
        lambda objects: objects(Profile).filter(author__id=1),
        lambda objects: objects(Profile).filter(pk=1),
        fields=["about"],
    ),
    "from the other side": members(
        lambda objects: objects(Author).filter(bio__about="x"),
        lambda objects: objects(Author).filter(bio__isnull=True).order_by("id"),
        lambda objects: objects(Author).filter(bio__isnull=False).order_by("id"),
        lambda objects: objects(Author).exclude(bio__about="x").order_by("id"),
        fields=NAME,
    ),
    "subqueries": members(
        lambda objects: objects(Article).filter(author__in=objects(Author).filter(id__gte=1)).order_by("id"),
        lambda objects: objects(Article).filter(author__in=objects(Author).filter(id__gte=2)).order_by("id"),
        lambda objects: objects(Article).exclude(tags__name="x").order_by("id"),
        lambda objects: objects(Article).exclude(tags__name="y").order_by("id"),
        lambda objects: objects(Article).filter(id=F("author")).order_by("id"),
        lambda objects: objects(Article).filter(id=F("editor")).order_by("id"),
        lambda objects: objects(Article).filter(id__in=[1, F("author")]).order_by("id"),
    ),
    "models that look alike": [
        (lambda objects, m=m: objects(m).filter(id__gte=1).order_by("id"), ["id"])
        for m in (Article, Author, Tag, Profile, Contribution)
    ],
    "counted pages": members(
        lambda objects: objects(Article).annotate(n=Count("tags")).order_by("-n", "id")[:2],
        lambda objects: objects(Article).annotate(n=Count("tags")).order_by("n", "id")[:2],
        lambda objects: objects(Article).annotate(n=Count("comments")).order_by("n", "id")[:2],
    ),
}
FAMILIES = {**VALUES, **STRUCTURES}
