"""What is kept of queries is bounded in bytes: a client may choose names and values, and each of them may be long."""

import gc
import itertools
import random
import tracemalloc

import pytest
from django.db.models import CharField, F, Value
from rest_framework import serializers

from pyforge_web import CompiledSerializer, dumps, rows
from pyforge_web.querysets.sql_cache.memory import LONGEST_KEY, MOST_BYTES, MOST_ENTRIES, sql_memory
from pyforge_web.rest_framework import CompiledSerializerMixin
from tests.app.models import Article, Author, Everything
from tests.unheard import sql_cache

pytestmark = pytest.mark.django_db
LONG = 5 * LONGEST_KEY
CALLS = 20
NUMBERS = itertools.count()  # no text comes twice: CPython 3.12 never frees what is interned, and counts it once


class AuthorSerializer(CompiledSerializerMixin, serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ("id", "name")


def annotated(name):
    return Article.objects.annotate(**{name: F("title")})


# What a view may make of a text that a client has sent.
USES = {
    "key of a JSON column": lambda text: dumps(Everything.objects.values(f"json__{text}")),
    "name of a value": lambda text: dumps(Article.objects.values("id", **{text: F("title")})),
    "name of an annotation": lambda text: dumps(annotated(text)),
    "name of an annotation in values": lambda text: dumps(annotated(text).values("id", text)),
    "annotation that is not written": lambda text: dumps(annotated(text), fields=["id"]),
    "annotation below DRF": lambda text: AuthorSerializer(Author.objects.annotate(**{text: F("name")}), many=True).rows,
    "output key": lambda text: dumps(Article.objects.all(), fields=["id", {text: F("title")}]),
    "output key of a relation": lambda text: dumps(
        Article.objects.all(), fields=["id", {"author": ["id", {text: F("name")}]}]
    ),
    "output key, renamed": lambda text: dumps(rows(Article.objects.all(), [{text: F("title")}], keys="camel")),
    "key of an instance": lambda text: dumps([Article(title="x")], fields=[{text: F("title")}]),
    "value of an annotation": lambda text: dumps(Article.objects.annotate(shown=Value(text, output_field=CharField()))),
    "output field with a value": lambda text: dumps(Article.objects.all(), fields=[{"shown": Value(text)}]),
    "output key of a serializer": lambda text: CompiledSerializer.for_model(Article, [{text: F("title")}]),
    "value of a condition": lambda text: dumps(Article.objects.filter(title=text)),
    "order by a JSON key": lambda text: dumps(Everything.objects.order_by(f"json__{text}"), fields=["id"]),
}


@pytest.fixture
def row():
    Everything.objects.create()
    return Article.objects.create(title="a", author=Author.objects.create(name="b"))


def held_bytes():
    """Return what is held of the package's objects, and of the texts that this file has made."""
    gc.collect()
    only = [tracemalloc.Filter(True, pattern) for pattern in ("*/pyforge_web/*", __file__)]
    traces = tracemalloc.take_snapshot().filter_traces(only).statistics("filename")
    return sum(trace.size for trace in traces)


@pytest.mark.parametrize("is_on", [False, True], ids=["SQL not remembered", "SQL remembered"])
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_long_texts_of_clients_are_not_kept(use, is_on, row, monkeypatch):
    texts = (f"{'k' * LONG}{number}" for number in NUMBERS)
    with sql_cache(monkeypatch, is_on=is_on):
        for _ in range(2):
            use(next(texts))
        tracemalloc.start()
        try:
            before = held_bytes()
            for _ in range(CALLS):
                use(next(texts))
            assert held_bytes() - before < 2 * LONG
        finally:
            tracemalloc.stop()


def structures(number):
    chosen = random.Random(number)
    lookups = ["iexact", "contains", "gt", "lt", "startswith"]
    names = chosen.sample(["title", "author__name", "editor__name", "tags__name"], 3)
    found = Article.objects.filter(**{f"{name}__{chosen.choice(lookups)}": "x" for name in names})
    dumps(found.order_by(*chosen.sample(["title", "-live", "price", "author__name"], 2)), fields=["id", "title"])


def fields_of_relations(number):
    chosen = random.Random(number)
    articles = chosen.sample(["id", "title", "live", "price", "published"], chosen.randint(1, 5))
    dumps(Article.objects.all(), fields=["id", {"author": ["name", {"articles": articles}]}, {"tags": ["id"]}])


def lists(number):
    dumps(Article.objects.filter(pk__in=range(number)), fields=["id"])


@pytest.mark.parametrize("use", [structures, fields_of_relations, lists])
def test_counted_bytes_are_not_less_than_those_that_are_held(use, row, monkeypatch):
    with sql_cache(monkeypatch):
        tracemalloc.start()
        try:
            for number in range(1, 60):
                use(number)
            counted = sql_memory._size
            before = held_bytes()
            sql_memory.clear()
            assert 0 < before - held_bytes() <= counted <= MOST_BYTES
        finally:
            tracemalloc.stop()


def test_entries_and_bytes_stay_within_their_bounds(row, monkeypatch):
    monkeypatch.setattr("pyforge_web.querysets.sql_cache.memory.MOST_BYTES", 200_000)
    monkeypatch.setattr("pyforge_web.querysets.sql_cache.memory.MOST_ENTRIES", 20)
    with sql_cache(monkeypatch):
        for number in range(1, 100):
            (structures, fields_of_relations, lists)[number % 3](number)
            assert len(Article._meta._pyforge_sql) <= sql_memory._count <= 20 < MOST_ENTRIES
            assert sql_memory._size <= 200_000
