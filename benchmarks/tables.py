"""Fills the tables of `models.py`: the same rows in each run and in each database."""

import random
from collections.abc import Callable
from datetime import time, timedelta

from django.db import connections
from django.db.models import Model

from benchmarks.models import Article, Author, Comment, Document, Grouped, Imported, Listing, Narrow, Tag, Wide
from benchmarks.rows import django_rows
from benchmarks.texts import sentences

BATCH = 10_000  # made by Python; what is more is copied by the database
MODELS = (Author, Narrow, Wide, Document, Tag, Article, Comment, Listing, Imported, Grouped)
_ANALYZE = {"sqlite": "VACUUM", "postgresql": "VACUUM ANALYZE", "mysql": "ANALYZE TABLE {table}"}
TAGS, COMMENTS = 3, 4  # of each article


def create(alias: str) -> None:
    """Make the tables anew, empty but for the authors."""
    database = connections[alias]
    there = set(database.introspection.table_names())
    with database.schema_editor() as editor:
        for model in reversed(MODELS):
            if model._meta.db_table in there:
                editor.delete_model(model)
        for model in MODELS:
            editor.create_model(model)
    Author.objects.using(alias).bulk_create(Author(name=f"Author {number}") for number in range(1, 501))


def drop(alias: str) -> None:
    """Leave a database that is not ours as it was."""
    with connections[alias].schema_editor() as editor:
        for model in reversed(MODELS):
            editor.delete_model(model)


def fill(alias: str, model: type[Model], count: int) -> None:
    """Insert `count` rows, which must be a multiple of `BATCH` beyond it."""
    model._default_manager.using(alias).bulk_create(_MAKERS[model](min(count, BATCH)), batch_size=500)
    database = connections[alias]
    names = [database.ops.quote_name(field.column) for field in model._meta.concrete_fields if not field.primary_key]
    columns, table = ", ".join(names), database.ops.quote_name(model._meta.db_table)
    with database.cursor() as cursor:
        for _ in range(BATCH, count, BATCH):
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} ORDER BY id LIMIT {BATCH}")
        cursor.execute(_ANALYZE[database.vendor].format(table=table))


def fill_articles(alias: str, count: int) -> None:
    """Insert `count` articles with their tags and comments."""
    draw = random.Random(4)
    rows = django_rows(count)
    tags = Tag.objects.using(alias).bulk_create(Tag(name=f"Tag {n}", slug=f"tag-{n}") for n in range(100))
    names = ("uuid", "title", "body", "author_id", "price", "created", "live", "views")
    articles = [Article(**{name: row[name] for name in names}) for row in rows]
    Article.objects.using(alias).bulk_create(articles, batch_size=500)
    through = Article.tags.through
    pairs = [(article, tag) for article in articles for tag in draw.sample(tags, TAGS)]
    through.objects.using(alias).bulk_create(through(article_id=article.pk, tag_id=tag.pk) for article, tag in pairs)
    comments = (
        Comment(
            article=article,
            name=f"Reader {draw.randrange(1000)}",
            text=sentences("French", 90, draw),
            score=draw.randrange(100),
            created=article.created + timedelta(microseconds=draw.randrange(10**12)),
        )
        for article in articles
        for _ in range(COMMENTS)
    )
    Comment.objects.using(alias).bulk_create(comments, batch_size=500)
    with connections[alias].cursor() as cursor:
        cursor.execute(_ANALYZE[connections[alias].vendor].format(table=Comment._meta.db_table))


def fill_listings(alias: str, count: int) -> None:
    """Insert `count` listings, each with three tags; one in seven has no file."""
    draw = random.Random(5)
    tags = Tag.objects.using(alias).bulk_create(Tag(name=f"Tag {n}", slug=f"tag-{n}") for n in range(100))
    names = ("uuid", "title", "author_id", "price", "created", "live", "views")
    listings = [
        Listing(
            **{name: row[name] for name in names},
            slug=f"listing-{number}",
            state=draw.choice(Listing.STATES)[0],
            cover=f"covers/{number} é.png" if number % 7 else "",
            rating=draw.random() * 5,
        )
        for number, row in enumerate(django_rows(count))
    ]
    Listing.objects.using(alias).bulk_create(listings, batch_size=500)
    through = Listing.tags.through
    pairs = [(listing, tag) for listing in listings for tag in draw.sample(tags, TAGS)]
    through.objects.using(alias).bulk_create(through(listing_id=listing.pk, tag_id=tag.pk) for listing, tag in pairs)
    with connections[alias].cursor() as cursor:
        cursor.execute(_ANALYZE[connections[alias].vendor].format(table=Listing._meta.db_table))


def _narrow(count: int) -> list[Model]:
    draw = random.Random(1)
    return [Narrow(name=f"name {draw.randrange(10**6)}", views=draw.randrange(10**5)) for _ in range(count)]


def _wide(count: int) -> list[Model]:
    draw = random.Random(2)
    rows = django_rows(count)
    for row in rows:
        del row["id"], row["category"]
        # From 0.1 s up: orjson 3.13.0 writes 37,470 us of a `time` as `.37470`, and would be refused.
        row["opens"] = time(draw.randrange(24), draw.randrange(60), draw.randrange(60), draw.randrange(10**5, 10**6))
        row["length"] = timedelta(days=draw.randrange(3), microseconds=draw.randrange(8 * 10**10))
    return [Wide(**row) for row in rows]


def _documents(count: int) -> list[Model]:
    draw = random.Random(3)
    return [_document(draw, number) for number in range(1, count + 1)]


def _document(draw: random.Random, number: int) -> Document:
    attributes = {
        "colour": draw.choice(["red", "green", None]),
        "size": {"height": draw.random() * 100, "width": draw.randrange(500), "unit": "cm"},
        "summary": sentences("French", 150, draw),
        "stock": [draw.randrange(1000) for _ in range(10)],
        "featured": draw.random() < 0.5,
    }
    tags = [f"tag {draw.randrange(1000)}" for _ in range(12)]
    states = [
        {"at": f"2026-11-{day:02}T10:00:00Z", "by": draw.randrange(500), "state": "changed", "note": 'a "quoted" word'}
        for day in range(1, 9)
    ]
    return Document(title=f"Document {number}", attributes=attributes, tags=tags, history=states)


_MAKERS: dict[type[Model], Callable[[int], list[Model]]] = {Narrow: _narrow, Wide: _wide, Document: _documents}
