"""`name: (q -> QuerySet, fields)`; `q(Model)` is a QuerySet of the database under test, each compared with Django."""

import json

from django.db import connections
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Value, Window
from django.db.models.functions import RowNumber, Upper

from tests.relations.models import (
    Article,
    Author,
    Book,
    Comment,
    Contribution,
    Country,
    Day,
    Dish,
    Entry,
    Loan,
    Loose,
    Meaning,
    Note,
    OldPlace,
    Owner,
    Pet,
    Place,
    Profile,
    Restaurant,
    Shelf,
    Tag,
    Word,
)


def locked(queryset):
    """Return the QuerySet with its own rows locked, where a database can lock those alone."""
    has_of = connections[queryset.db].features.has_select_for_update_of or connections[queryset.db].vendor == "sqlite"
    return queryset.select_for_update(of=("self",) if has_of else ())


def by_pk(model, *lookups):
    """`q -> QuerySet` of all rows; `lookups` are those of `prefetch_related`, or functions that make them."""

    def make(q):
        made = [lookup(q) if callable(lookup) else lookup for lookup in lookups]
        return q(model).prefetch_related(*made).order_by("pk")

    return make


TO_ONE = {
    "a key": (by_pk(Article), ["id", {"author": ["name"]}]),
    "a key that may be null": (by_pk(Article), ["title", {"editor": ["id", "name", "born"]}]),
    "three keys deep": (
        by_pk(Article),
        [{"author": ["id", {"country": ["code", "name"]}, {"mentor": ["name", {"country": ["name"]}]}]}, "price"],
    ),
    "a key and its column": (
        by_pk(Article),
        ["author_id", {"author": ["id", "country_id", "country"]}],
    ),
    "only keys of the joined": (by_pk(Article), [{"editor": ["pk"]}, {"author": ["pk", "id"]}]),
    "nothing of its own": (by_pk(Article), [{"author": ["name"]}]),
    "two to one model": (by_pk(Article), ["pk", {"author": ["name"]}, {"editor": ["name"]}]),
    "a key to itself": (by_pk(Author), ["id", {"mentor": ["id", {"mentor": ["id"]}]}]),
    "one to one": (by_pk(Profile), ["about", "picture", {"author": ["name"]}]),
    "one to one, from the other side": (by_pk(Author), ["id", {"profile": ["about", "picture"]}]),
    "there and back": (by_pk(Author), ["id", {"profile": ["about", {"author": ["name"]}]}]),
    "one to one behind a key": (by_pk(Article), ["id", {"editor": [{"profile": ["about"]}]}]),
    "to_field": (by_pk(Book), ["title", {"shelf": ["id", "code"]}]),
    "a UUID": (by_pk(Pet), ["name", {"owner": ["id", "name"]}, {"home": ["name"]}]),
    "a date": (by_pk(Entry), ["text", {"day": ["date"]}]),
    "a key with a converter": (by_pk(Meaning), ["text", "word_id", {"word": ["text"]}]),
    "a parent link": (by_pk(Restaurant), ["stars", "name", {"place_ptr": ["id", "name"]}]),
    "a child": (by_pk(Place), ["name", {"restaurant": ["stars", "name", "id"]}]),
    "a key of a parent": (by_pk(Restaurant), ["stars", {"country": ["name"]}]),
    "a key to a child": (
        by_pk(Dish),
        ["name", {"restaurant": ["name", "stars", {"country": ["name"]}]}],
    ),
    "a proxy": (by_pk(OldPlace), ["name", {"country": ["name"]}]),
    "rows that are not there": (by_pk(Loose), ["id", "author_id", {"author": ["id", "name"]}]),
    "all types": (
        by_pk(Comment),
        ["at", {"article": ["price", "published", "data", "key", "title"]}],
    ),
}

TO_MANY = {
    "a reverse key": (by_pk(Article), ["id", {"comments": ["text", "score"]}]),
    "a reverse key without a name": (by_pk(Article), ["id", {"contribution_set": ["role", "id"]}]),
    "many to many": (by_pk(Article), ["title", {"tags": ["name", "id"]}]),
    "many to many, from the other side": (by_pk(Tag), ["name", {"article_set": ["id", "title"]}]),
    "many to many through a model, with duplicates": (
        by_pk(Article),
        ["id", {"contributors": ["name"]}],
    ),
    "the same from the other side": (by_pk(Author), ["id", {"contributed": ["title"]}]),
    "many to many to itself": (by_pk(Author), ["id", {"friends": ["id", {"friends": ["id"]}]}]),
    "the same, not symmetrical": (
        by_pk(Article),
        ["id", {"see_also": ["id"]}, {"seen_from": ["id"]}],
    ),
    "a reverse key to itself": (by_pk(Author), ["id", {"pupils": ["id", {"pupils": ["name"]}]}]),
    "a generic relation": (by_pk(Article), ["id", {"notes": ["text"]}]),
    "a generic relation by a text": (by_pk(Article), ["id", {"labels": ["text", "object_id"]}]),
    "a generic relation of a child": (by_pk(Restaurant), ["id", {"notes": ["text"]}]),
    "behind a key": (by_pk(Article), ["id", {"author": ["id", {"articles": ["id", "title"]}]}]),
    "behind a key that may be null": (
        by_pk(Article),
        ["id", {"editor": ["id", {"friends": ["name"]}, {"country": ["code", {"authors": ["id"]}]}]}],
    ),
    "behind a one to one": (
        by_pk(Author),
        ["id", {"profile": ["about", {"author": [{"pupils": ["id"]}]}]}],
    ),
    "with keys of its own": (
        by_pk(Article),
        [{"comments": ["text", {"writer": ["name", {"country": ["name"]}]}, {"article": ["id"]}]}],
    ),
    "three levels": (
        by_pk(Country),
        ["code", {"authors": ["name", {"articles": ["title", {"tags": ["name"]}, {"comments": ["text", "at"]}]}]}],
    ),
    "four levels and back": (
        by_pk(Tag, lambda q: Prefetch("article_set", q(Article).order_by("pk"))),
        [{"article_set": [{"author": [{"articles": ["id", {"tags": ["name", {"tag_set": ["name"]}]}]}]}]}],
    ),
    "to_field": (by_pk(Shelf), ["id", {"books": ["title"]}]),
    "a UUID": (
        lambda q: q(Owner).order_by("name"),
        ["id", {"pets": ["name", "owner_id"]}, {"read": ["title"]}, {"loan_set": ["since"]}],
    ),
    "many to many to UUIDs": (by_pk(Book), ["id", {"readers": ["name", {"pets": ["name"]}]}]),
    "a date": (
        by_pk(Day),
        ["date", {"entries": ["text", {"others": ["date"]}]}, {"mentions": ["text"]}],
    ),
    "a key with a converter": (
        by_pk(Word),
        ["text", {"meanings": ["text", {"words": ["text"]}]}, {"shared": ["text"]}],
    ),
    "of a parent": (
        by_pk(Restaurant),
        ["stars", {"near": ["name"]}, {"favourites": ["name"]}, {"dishes": ["name"]}],
    ),
    "of a child behind its parent": (
        by_pk(Place),
        ["name", {"restaurant": ["stars", {"dishes": ["name"]}]}],
    ),
    "of a parent behind a child": (
        by_pk(Place),
        ["name", {"restaurant": [{"near": ["name"]}, {"favourites": ["name"]}]}],
    ),
    "of a proxy": (by_pk(OldPlace), ["name", {"near": ["name"]}, {"favourites": ["name"]}]),
    "what its manager adds": (by_pk(Article), ["id", {"comments": ["twice", "text"]}]),
    "only a key": (by_pk(Article), [{"tags": ["pk"]}, {"comments": ["article"]}]),
}

PARENTS = {
    "filtered": (
        lambda q: q(Article).filter(price__gt=3).order_by("-price"),
        ["id", {"tags": ["name"]}, {"author": ["name"]}],
    ),
    "filtered through the relation": (
        lambda q: q(Article).filter(tags__name="tag 2").order_by("pk"),
        ["id", {"tags": ["name"]}, {"comments": ["text"]}],
    ),
    "twice the same": (
        lambda q: q(Article).filter(comments__score__gte=0).order_by("pk", "comments__pk"),
        ["id", {"tags": ["name"]}, {"author": ["name"]}],
    ),
    "filtered through a key": (
        lambda q: q(Article).filter(Q(editor__country__code="FR") | Q(price=None)).order_by("pk"),
        ["id", {"editor": ["name", {"country": ["code"]}]}, {"tags": ["name"]}],
    ),
    "distinct": (
        lambda q: q(Article).filter(tags__isnull=False).distinct().order_by("pk"),
        ["title", {"tags": ["name"]}, {"editor": ["name"]}],
    ),
    "distinct, ordered by a relation": (
        lambda q: q(Article).filter(tags__isnull=False).distinct().order_by("author__name", "pk"),
        ["body", {"author": ["name"]}, {"comments": ["text"]}],
    ),
    "distinct with an annotation": (
        lambda q: q(Article).annotate(tag=F("tags__name")).distinct().order_by("pk", "tag"),
        ["body", {"tags": ["name"]}],
    ),
    "sliced": (lambda q: q(Article).order_by("pk")[3:7], ["id", {"tags": ["name"]}, {"comments": ["text"]}]),
    "ordered by a relation": (
        lambda q: q(Article).order_by("author__name", "-pk"),
        ["id", {"author": ["name"]}, {"tags": ["id"]}],
    ),
    "ordered at random places": (
        lambda q: q(Article).order_by(F("price").desc(nulls_last=True), "pk"),
        ["price", {"tags": ["id"]}],
    ),
    "without an order": (lambda q: q(Article), ["id", {"tags": ["name"]}]),
    "without an order, joined": (lambda q: q(Article), ["id", {"author": ["name"]}]),
    "without an order, sliced": (lambda q: q(Article)[:5], ["id", {"author": ["name"]}]),
    "annotated": (
        lambda q: q(Article).annotate(n=Count("comments"), loud=Upper("title"), one=Value(1)).order_by("pk"),
        ["n", "loud", "one", {"tags": ["name"]}, {"author": ["name"]}],
    ),
    "annotated, of which nothing is asked": (
        lambda q: q(Article).annotate(n=Count("tags")).order_by("-n", "pk"),
        ["title", {"author": ["name"]}, {"tags": ["name"]}],
    ),
    "annotated and filtered": (
        lambda q: q(Article).annotate(n=Count("tags")).filter(n__gt=1).order_by("pk"),
        [{"editor": ["id", {"country": ["code"]}]}, {"tags": ["name"]}],
    ),
    "annotated with a subquery": (
        lambda q: q(Article).annotate(has=Exists(q(Comment).filter(article=OuterRef("pk")))).order_by("pk"),
        ["has", {"comments": ["text"]}],
    ),
    "annotated with a window": (
        lambda q: q(Article).annotate(n=Window(RowNumber(), order_by="id")).filter(n__lt=6).order_by("pk"),
        ["n", "title", "published", {"tags": ["name"]}, {"author": ["name"]}],
    ),
    "extra(select=)": (
        lambda q: q(Article).extra(select={"more": "relations_article.id + 1"}).order_by("pk"),
        ["more", {"tags": ["name"]}, {"author": ["name"]}],
    ),
    "only()": (lambda q: q(Article).only("title").order_by("pk"), ["title", {"tags": ["name"]}]),
    "defer()": (lambda q: q(Article).defer("body").order_by("pk"), ["title", {"author": ["name"]}]),
    "select_related()": (
        lambda q: q(Article).select_related("author__country").order_by("pk"),
        ["id", {"editor": ["name"]}],
    ),
    "a related manager": (
        lambda q: q(Author).order_by("pk")[1].articles.order_by("pk"),
        ["id", {"tags": ["name"]}, {"author": ["name"]}],
    ),
    "a related manager of many": (
        lambda q: q(Tag).order_by("pk")[1].article_set.order_by("pk"),
        ["id", {"tags": ["name"]}],
    ),
    "of which a query knows its parent": (
        lambda q: q(Article).order_by("pk")[1].comments.all(),
        ["text", {"article": ["title"]}],
    ),
    "reversed": (lambda q: q(Article).order_by("pk").reverse(), ["id", {"comments": ["id"]}]),
    "locked": (lambda q: locked(q(Article)).order_by("pk"), ["id", {"tags": ["name"]}]),
    "a union": (
        lambda q: q(Article).filter(pk__lt=4).union(q(Article).filter(pk__gt=9)).order_by("pk"),
        ["id", {"tags": ["name"]}, {"author": ["name"]}],
    ),
}

PREFETCHED = {
    "filtered": (
        by_pk(Article, lambda q: Prefetch("comments", q(Comment).filter(score__gt=1))),
        ["id", {"comments": ["text", "score"]}],
    ),
    "ordered": (
        by_pk(Article, lambda q: Prefetch("tags", q(Tag).order_by("pk"))),
        ["id", {"tags": ["name"]}],
    ),
    "in no order of its parents": (
        lambda q: q(Article).prefetch_related(Prefetch("comments", q(Comment).order_by("text"))).order_by("-pk"),
        ["id", {"comments": ["text", {"answers": ["text"]}]}],
    ),
    "sliced": (
        by_pk(Article, lambda q: Prefetch("comments", q(Comment).order_by("-at")[:2], to_attr="latest")),
        ["id", {"latest": ["text", "at"]}],
    ),
    "sliced in the middle": (
        by_pk(Article, lambda q: Prefetch("tags", q(Tag).order_by("name", "pk")[1:3], to_attr="some")),
        ["id", {"some": ["name", {"parent": ["name"]}]}],
    ),
    "annotated": (
        by_pk(
            Article, lambda q: Prefetch("tags", q(Tag).annotate(n=Count("article"), loud=Upper("name")).order_by("pk"))
        ),
        ["id", {"tags": ["name", "n", "loud"]}],
    ),
    "annotated, a reverse key": (
        by_pk(Author, lambda q: Prefetch("articles", q(Article).annotate(n=Count("tags")).order_by("-n", "pk"))),
        ["id", {"articles": ["n", "title", {"tags": ["name"]}]}],
    ),
    "distinct": (
        by_pk(Article, lambda q: Prefetch("contributors", q(Author).distinct().order_by("pk"))),
        ["id", {"contributors": ["password"]}],
    ),
    "filtered through the same relation": (
        by_pk(Article, lambda q: Prefetch("tags", q(Tag).filter(article__price__gt=3).order_by("pk"))),
        ["id", {"tags": ["name"]}],
    ),
    "another manager": (
        by_pk(Article, lambda q: Prefetch("comments", Comment.everything.using(q(Article).db).all())),
        ["id", {"comments": ["text", "hidden"]}],
    ),
    "to_attr": (
        lambda q: (
            q(Article)
            .prefetch_related(Prefetch("comments", q(Comment).filter(score=3), to_attr="best"), "comments")
            .order_by("pk")
        ),
        ["id", {"best": ["text"]}, {"comments": ["text"]}],
    ),
    "to_attr without a QuerySet": (
        by_pk(Article, lambda q: Prefetch("tags", to_attr="labelled")),
        ["id", {"labelled": ["name"]}],
    ),
    "behind a to_attr": (
        lambda q: (
            q(Article)
            .prefetch_related(
                Prefetch("comments", q(Comment).filter(score=3), to_attr="best"),
                Prefetch("best__answers", q(Comment).filter(score=1), to_attr="few"),
            )
            .order_by("pk")
        ),
        ["id", {"best": ["text", {"few": ["text"]}]}],
    ),
    "two of one relation": (
        lambda q: (
            q(Article)
            .prefetch_related(
                Prefetch("comments", q(Comment).filter(score=3), to_attr="best"),
                Prefetch("comments", q(Comment).filter(score=0), to_attr="worst"),
            )
            .order_by("pk")
        ),
        [{"best": ["text"]}, {"worst": ["text"]}],
    ),
    "two levels": (
        by_pk(Author, lambda q: Prefetch("articles__comments", q(Comment).filter(score__gt=1).order_by("text"))),
        ["id", {"articles": ["title", {"comments": ["text"]}]}],
    ),
    "one within the other": (
        lambda q: (
            q(Author)
            .prefetch_related(
                Prefetch(
                    "articles",
                    q(Article)
                    .filter(price__gt=1)
                    .prefetch_related(Prefetch("tags", q(Tag).order_by("pk")[:1], to_attr="main")),
                )
            )
            .order_by("pk")
        ),
        ["id", {"articles": ["id", {"main": ["name"]}, {"tags": ["name"]}]}],
    ),
    "behind a key": (
        by_pk(Article, lambda q: Prefetch("author__pupils", q(Author).order_by("-pk"))),
        ["id", {"author": ["name", {"pupils": ["id"]}]}],
    ),
    "a key": (
        by_pk(Article, lambda q: Prefetch("editor", q(Author).filter(born=None))),
        ["id", {"editor": ["name", {"friends": ["name"]}, {"country": ["code"]}]}],
    ),
    "a key, to_attr": (
        by_pk(Article, lambda q: Prefetch("author", q(Author).filter(born=None), to_attr="unborn")),
        ["id", {"unborn": ["name"]}, {"author": ["name"]}],
    ),
    "a key, annotated and ordered": (
        by_pk(Article, lambda q: Prefetch("editor", q(Author).annotate(n=Count("articles")).order_by("n"))),
        ["id", {"editor": ["name", "n"]}],
    ),
    "a key by to_field": (
        by_pk(Book, lambda q: Prefetch("shelf", q(Shelf).filter(code="a-1"))),
        ["title", {"shelf": ["code", {"books": ["title"]}]}],
    ),
    "a key, a UUID": (
        by_pk(Pet, lambda q: Prefetch("owner", q(Owner).filter(name__gt="owner 0"))),
        ["name", {"owner": ["name"]}],
    ),
    "a one to one, from the other side": (
        by_pk(Author, lambda q: Prefetch("profile", q(Profile).filter(pk__gt=1))),
        ["id", {"profile": ["about"]}],
    ),
    "a key without a QuerySet": (
        lambda q: q(Article).prefetch_related("author").order_by("pk"),
        ["id", {"author": ["name", {"articles": ["id"]}]}],
    ),
    "a key whose base manager is its own": (
        lambda q: q(Comment).prefetch_related("answered").order_by("pk"),
        ["id", {"answered": ["text", "hidden"]}],
    ),
    "a generic relation": (
        by_pk(Article, lambda q: Prefetch("notes", q(Note).order_by("-text"))),
        ["id", {"notes": ["text"]}],
    ),
    "a through table": (
        by_pk(Article, lambda q: Prefetch("contribution_set", q(Contribution).order_by("role", "pk"))),
        ["id", {"contribution_set": ["role", {"author": ["name"]}]}],
    ),
    "none()": (
        by_pk(
            Article,
            lambda q: Prefetch("tags", q(Tag).none()),
            lambda q: Prefetch("author", q(Author).none(), to_attr="nobody"),
        ),
        ["id", {"tags": ["name"]}, {"nobody": ["name"]}],
    ),
    "an evaluated one": (
        by_pk(Article, lambda q: Prefetch("tags", evaluated(q(Tag).order_by("pk")))),
        ["id", {"tags": ["name"]}],
    ),
    "only()": (
        by_pk(Article, lambda q: Prefetch("tags", q(Tag).only("name"))),
        ["id", {"tags": ["name"]}],
    ),
    "what nobody asks for": (
        lambda q: q(Article).prefetch_related("tags", Prefetch("comments", q(Comment).none())).order_by("pk"),
        ["id", {"see_also": ["id"]}],
    ),
    "extra(select=)": (
        by_pk(Article, lambda q: Prefetch("tags", q(Tag).extra(select={"x": "relations_tag.id + 1"}))),
        ["id", {"tags": ["x", "name"]}],
    ),
    "loans of readers": (
        lambda q: (
            q(Book)
            .prefetch_related(
                Prefetch("readers", q(Owner).order_by("name")), Prefetch("loan_set", q(Loan).order_by("-pk"))
            )
            .order_by("pk")
        ),
        ["id", {"readers": ["name"]}, {"loan_set": ["since", {"owner": ["name"]}]}],
    ),
}


def evaluated(queryset):
    list(queryset)
    return queryset


NO_ROWS = {
    "none()": (lambda q: q(Article).none(), ["id", {"tags": ["name"]}]),
    "pk__in=[]": (lambda q: q(Article).filter(pk__in=[]), [{"author": ["name"]}, {"tags": ["name"]}]),
    "a filter that nothing passes": (lambda q: q(Article).filter(title="no"), ["id", {"tags": ["name"]}]),
    "[0:0]": (lambda q: q(Article)[0:0], ["id", {"tags": ["name"]}]),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in (("to one", TO_ONE), ("to many", TO_MANY), ("parents", PARENTS), ("Prefetch", PREFETCHED))
    for name, case in cases.items()
}

# Cases whose related rows have no order: InnoDB's depends on the columns that are selected.
UNORDERED = {"to many: many to many through a model, with duplicates"}


def in_an_order(text, name, database):
    """Return JSON with its lists sorted, for a case without an order on a database that has none."""
    if name not in UNORDERED or connections[database].vendor != "mysql":
        return text

    def ordered(value):
        if isinstance(value, dict):
            return {key: ordered(item) for key, item in value.items()}
        return sorted(map(ordered, value), key=json.dumps) if isinstance(value, list) else value

    return json.dumps(ordered(json.loads(text))).encode()
