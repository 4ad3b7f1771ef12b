"""Rows as `.values()` of a usual Django model gives them: 13 fields, the same ones in each run."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from benchmarks.texts import fresh, sentences

Row = dict[str, object]


def django_rows(count: int, text: str = "ASCII", seed: int = 13) -> list[Row]:
    """Rows of exact built-in types, with text of one kind."""
    draw = random.Random(seed)
    return [_row(draw, number, text) for number in range(1, count + 1)]


def fresh_rows(rows: list[Row]) -> list[Row]:
    """Equal rows, every str in them new, as a database driver gives them."""
    return [{key: fresh(value) if type(value) is str else value for key, value in row.items()} for row in rows]


def _row(draw: random.Random, number: int, text: str) -> Row:
    return {
        "id": number,
        "uuid": UUID(int=draw.getrandbits(128), version=4),
        "title": sentences(text, 40, draw),
        "slug": f"a-title-of-some-words-{draw.randrange(1000)}",
        "body": sentences(text, 180, draw),
        "author_id": draw.randrange(1, 500),
        "category": draw.choice(["news", "sport", "culture", None]),
        "price": Decimal(draw.randrange(100, 100_000)) / 100,
        "rating": draw.random() * 5,
        "live": draw.random() < 0.8,
        "created": datetime(2020, 1, 1, tzinfo=UTC) + timedelta(microseconds=draw.randrange(10**14)),
        "day": date(2020, 1, 1) + timedelta(days=draw.randrange(2000)),
        "views": draw.randrange(100_000),
    }
