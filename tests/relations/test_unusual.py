"""What leads to Django's path, what leads back, keys of several columns, and more keys than SQLite takes parameters."""

import json

import pytest
from django.db.models import Count, F, Prefetch

import pyforge_web
from pyforge_web import CompiledSerializer
from tests import tables
from tests.oracle import assert_same, django_value, strict
from tests.relations.models import Article, Author, Comment, Country, Pet, Place, Profile, Tag, Word
from tests.relations.oracle import expected
from tests.relations.test_cases import on
from tests.relations.test_statements import statements
from tests.relations.unusual import Box, Half, Item, LowLevel, MiddleLevel, Person, Slot
from tests.streams.reading import read

pytestmark = pytest.mark.django_db(databases="__all__")


def by_pk(model, *lookups):
    return lambda q: q(model).prefetch_related(*(lookup(q) for lookup in lookups)).order_by("pk")


def hidden_parents(q):
    """Of the comments' own QuerySet: Django asks for the articles before it knows whose comments they are."""
    return Prefetch("comments", q(Comment).prefetch_related(Prefetch("article", q(Article).filter(price=None))))


CASES = {
    "a key of several columns": (lambda q: q(Slot).order_by("tenant", "number"), ["pk", "text", {"author": ["name"]}]),
    "its columns": (lambda q: q(Slot).order_by("tenant", "number"), ["number", {"author": ["id", {"pupils": ["id"]}]}]),
    "rows with such a key": (
        by_pk(Author, lambda q: Prefetch("slots", q(Slot).order_by("number"))),
        ["id", {"slots": ["pk", "text"]}],
    ),
    "an iterable of its own": (lambda q: Half.objects.using(q(Half).db), ["text", {"person": ["name"]}]),
    "an iterable of its own, flat": (lambda q: Half.objects.using(q(Half).db), ["text", "person_id"]),
    "an iterable of its own, of a relation": (by_pk(Person), ["name", {"halves": ["text"]}]),
    "there and back": (
        by_pk(Article, lambda q: Prefetch("comments__article", q(Article).filter(price=None))),
        ["id", {"comments": ["text", {"article": ["id", "title"]}]}],
    ),
    "there and back, from the other's own QuerySet": (
        by_pk(Article, hidden_parents),
        ["id", {"comments": ["text", {"article": ["id", "title"]}]}],
    ),
    "there and back by a one to one": (
        by_pk(
            Author,
            lambda q: Prefetch("profile", q(Profile).prefetch_related(Prefetch("author", q(Author).filter(born=None)))),
        ),
        ["id", {"profile": ["about", {"author": ["id"]}]}],
    ),
    "the same from its key": (
        by_pk(Pet, lambda q: Prefetch("home", q(Place).prefetch_related(Prefetch("pet", q(Pet).filter(owner=None))))),
        ["id", {"home": ["name", {"pet": ["name"]}]}],
    ),
    "back to what was filtered": (
        by_pk(Author, lambda q: Prefetch("articles", q(Article).filter(price__gt=3).order_by("pk"))),
        ["id", {"articles": ["id", {"author": ["id", {"articles": ["id"]}]}]}],
    ),
    "keys that are relations": (
        by_pk(Author),
        ["id", {"employee": ["pk", "salary", {"badge": ["text", {"colleagues": ["person_id"]}]}, {"staff": ["pk"]}]}],
    ),
    "names of one column, sliced": (
        by_pk(
            MiddleLevel,
            lambda q: Prefetch("best_of", q(LowLevel).order_by("-pk")[:2], to_attr="some"),
            lambda q: Prefetch("some__best", q(MiddleLevel)),
        ),
        ["pk", "level_key", {"some": ["level_key", "up_id", "pk", "name", {"best": ["pk", "up_id"]}]}],
    ),
    "names of one column, distinct and sliced": (
        by_pk(
            MiddleLevel,
            lambda q: Prefetch("best_of", q(LowLevel).distinct().order_by("-pk")[:2], to_attr="some"),
        ),
        ["pk", {"some": ["level_key", "up_id", "pk", "name"]}],
    ),
    "names of one column, annotated and sliced": (
        by_pk(
            Author,
            lambda q: Prefetch(
                "articles",
                # Not of a column that is loaded too: Django's own instances come short then.
                q(Article).annotate(a=F("author_id")).defer("author_id").order_by("-pk")[:2],
                to_attr="some",
            ),
        ),
        ["id", {"some": ["a", "title", {"tags": ["name"]}]}],
    ),
    "keys of several columns, sliced": (
        by_pk(Author, lambda q: Prefetch("slots", q(Slot).order_by("pk")[:2], to_attr="some")),
        ["id", {"some": ["number"]}],
    ),
    "names of one column, joined": (
        lambda q: q(LowLevel).order_by("pk"),
        ["level_key", "up_id", "name", {"best": ["level_key", "pk", "up_id", "name"]}],
    ),
    "a manager that joins, defers and adds": (
        by_pk(Item),
        ["data", "name_2", {"box": ["double", {"items": ["select", "box_id_2", "data"]}]}, {"other_boxes": ["name"]}],
    ),
    "an annotation with the name of a column that is joined": (
        lambda q: q(Article).annotate(author__name=F("title")).order_by("pk"),
        ["id", "author__name", {"author": ["name"]}],
    ),
    "counted through the relation that is nested": (
        lambda q: q(Article).annotate(n=Count("tags")).filter(n__gt=0, tags__name="tag 2").order_by("pk"),
        ["n", {"tags": ["name"]}, {"author": ["name"]}],
    ),
    "a parent of a parent": (
        by_pk(LowLevel),
        ["name", "text", {"best": ["name", {"liked_by": ["name"]}]}, {"friends": ["name"]}, {"up": ["name"]}],
    ),
    "a UUID, generically, by a text": (lambda q: q(Box).order_by("name"), ["name", {"stickers": ["text", "key"]}]),
}


@pytest.mark.parametrize(("make", "fields"), tables.rows(CASES))
def test_like_django(make, fields, database):
    rows = django_value(expected(make(on(database)), fields))
    assert rows
    assert_same(strict(pyforge_web.dumps(make(on(database)), fields=fields)), rows)
    assert_same(strict(read(make(on(database)), "array", fields=fields, chunk_size=500)), rows)


def test_a_key_of_several_columns_is_said_to_be_djangos(database):
    rows = CompiledSerializer.for_model(Slot, ["pk", {"author": ["name"]}]).explain(database)
    assert {row.path for row in rows} == {"django"}
    assert "a key of several columns" in rows[0].reason


def test_more_keys_than_sqlite_takes_parameters(sqlite):
    q = on(sqlite)
    author = q(Author).first()
    articles = [Article(title=f"many {number}", author=author) for number in range(33_000)]
    q(Article).bulk_create(articles, batch_size=2_000)
    through, tag = Article.tags.through, q(Tag).first()
    pairs = [through(article_id=article.pk, tag_id=tag.pk) for article in articles]
    through.objects.using(sqlite).bulk_create(pairs, batch_size=5_000)
    rows = q(Article).filter(title__startswith="many").order_by("pk")
    found = statements(sqlite, rows, ["id", {"tags": ["name"]}, {"comments": ["id"]}])
    assert len(found) == 3
    text = pyforge_web.dumps(rows, fields=["id", {"tags": ["id"]}])
    pks = rows.values_list("pk", flat=True)
    assert strict(text) == django_value([{"id": pk, "tags": [{"id": tag.pk}]} for pk in pks])
    words = q(Word).bulk_create((Word(text=f"word {number}") for number in range(33_000)), batch_size=2_000)
    assert len(json.loads(pyforge_web.dumps(q(Word), fields=["text", {"meanings": ["id"]}]))) == len(words) + 3


def test_texts_as_keys(database):
    """Texts as keys: quoted, escaped, in the parameters of the statement."""
    odd = ["'", '"', "%", "\\", "%s", "\u00e9"]
    q = on(database)
    q(Country).bulk_create(Country(code=code, name=code) for code in odd)
    q(Author).bulk_create(Author(name=code, country_id=code) for code in odd)
    rows = q(Country).filter(code__in=odd).order_by("name")
    fields = ["code", {"authors": ["name"]}]
    assert_same(strict(pyforge_web.dumps(rows, fields=fields)), django_value(expected(rows, fields)))
