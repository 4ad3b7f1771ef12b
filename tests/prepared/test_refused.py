"""What `@prepared` cannot take, and where its rows cannot stand: the error says what to write."""

import pytest
from django.db.models import Exists, Prefetch, Subquery

from pyforge_web import dumps, prepared, rows
from tests.relations.models import Article, Author

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


@prepared(fields=["id"])
def live_by(author):
    return Article.objects.filter(author=author).order_by("id")


def yields(author):
    yield from Article.objects.filter(author=author)


async def waits(author):
    return Article.objects.filter(author=author)


async def waits_and_yields(author):
    yield Article.objects.filter(author=author)


def test_a_decorator_without_fields_says_what_to_write():
    with pytest.raises(TypeError, match=r"write @prepared\(fields=\[\.\.\.\]\)"):
        prepared(live_by.function)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (yields, "yields is a generator: return the QuerySet"),
        (waits_and_yields, "waits_and_yields is a generator: return the QuerySet"),
        (waits, "waits is an async function: write def in place of async def"),
        (classmethod(live_by.function), "put @classmethod above it"),
        (Article, None),
        ("live_by", "'live_by' cannot be called"),
    ],
)
def test_what_cannot_be_prepared_is_refused_where_it_stands(function, words):
    if words is None:
        assert prepared(fields=["id"])(function)
        return
    with pytest.raises(TypeError, match=words):
        prepared(fields=["id"])(function)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda author: None, "returned NoneType, not a QuerySet"),
        (lambda author: [author] if author else [], "returned list, not a QuerySet"),
        (lambda author: Article.objects, r"returned Manager, not a QuerySet: return .all\(\)"),
        (lambda author: live_by(author=author), "returned PreparedRows, not a QuerySet: return .queryset"),
        (lambda author: waits(author), "returned coroutine, not a QuerySet: nothing is awaited"),
    ],
)
def test_what_is_no_queryset_is_refused(function, words):
    with pytest.raises(TypeError, match=words):
        dumps(prepared(fields=["id"])(function)(author=1))


USES = {
    "in": lambda value: Article.objects.filter(id__in=value),
    "exact": lambda value: Article.objects.filter(id=value),
    "annotation": lambda value: Article.objects.annotate(x=value),
    "output field": lambda value: dumps(Author.objects.all(), fields=[{"x": value}]),
    "output field of a relation": lambda value: dumps(Article.objects.all(), fields=[{"author": [{"x": value}]}]),
    "argument": lambda value: dumps(live_by(author=value)),
    "subquery": Subquery,
    "exists": Exists,
    "union": lambda value: Article.objects.union(value),
    "or": lambda value: Article.objects.all() | value,
    "prefetch": lambda value: list(Author.objects.prefetch_related(Prefetch("articles", value))),
    "filter": lambda value: value.filter(id=1),
}


@pytest.mark.parametrize("use", USES)
def test_rows_in_a_query_name_their_queryset(use):
    with pytest.raises((TypeError, AttributeError), match=r"live_by\(author=1\)\.queryset"):
        USES[use](live_by(author=1))


@pytest.mark.parametrize("use", ["in", "subquery", "exists", "union", "or", "prefetch", "filter"])
def test_their_queryset_can_stand_there(use):
    USES[use](live_by(author=1).queryset.all())


@pytest.mark.parametrize("use", ["in", "exact", "annotation", "output field", "argument"])
def test_other_rows_in_a_query_are_refused_too(use):
    with pytest.raises(TypeError, match="cannot stand in a query: use the QuerySet itself"):
        USES[use](rows(Article.objects.all(), ["id"]))


def test_what_rows_do_not_have_is_an_attribute_error():
    assert not hasattr(live_by(author=1), "nothing")
    assert not hasattr(live_by(author=1), "filter")
    assert hasattr(live_by(author=1), "ordered")
