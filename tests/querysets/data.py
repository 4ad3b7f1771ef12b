"""The rows of the tests' models: ordinary values, every extreme, and what time zones trip over."""

import datetime
import uuid
from datetime import UTC, date, time, timedelta
from decimal import Decimal

from django.db import connections

from tests.querysets.models import (
    Amount,
    Box,
    Country,
    Customs,
    Deed,
    Diner,
    Event,
    House,
    Instant,
    Letter,
    Names,
    Place,
    Restaurant,
    Scalars,
    Seat,
    Street,
    Town,
)


def moment(*parts):
    return datetime.datetime(*parts, tzinfo=UTC)


# In Europe/Paris the local times 02:30 of these days are twice there, and never there.
SUMMER_ENDS, SUMMER_BEGINS = moment(2026, 10, 25, 2, 30), moment(2026, 3, 29, 2, 30)
MOMENTS = (
    moment(2026, 1, 2, 3, 4, 5),
    moment(2026, 1, 2, 3, 4, 5, 1),
    moment(2026, 7, 2, 23, 59, 59, 999_999),
    moment(1999, 12, 31, 22, 30, 0, 120_000),
    SUMMER_BEGINS,
    SUMMER_ENDS,
    moment(1890, 1, 1),  # local mean times have seconds in their offset
    moment(2, 1, 1),
    moment(9998, 12, 31, 12),
)
TEXTS = (
    "plain",
    'a "quoted" \\ text\n\t\x7f',
    "caf\u00e9 \u65e5\u672c\u8a9e \U0001f600 \u2028",
    "",
    "</script>",
    "a surprisingly long text, " * 20,
)
# Field of Scalars: values to store in it, beside None.
VALUES = {
    "big": [0, 2**63 - 1, -(2**63)],
    "boolean": [True, False],
    "char": [text[:80] for text in TEXTS],
    "date": [date(2026, 2, 28), date(1, 1, 1), date(9999, 12, 31)],
    "decimal": [Decimal(x) for x in ("1.50", "0", "-0.01", "9999999.99", "1.01", "2.67", "100")],
    "duration": [
        timedelta(0),
        timedelta(days=-1, microseconds=5),
        timedelta(days=400, hours=1, microseconds=123_000),
        timedelta(microseconds=-1),
    ],
    "email": ["a@example.com"],
    "file": ["files/caf\u00e9.txt", ""],
    "fine": [Decimal(x) for x in ("0.0000001", "0", "-0.0000000001", "1234.0123456789", "1")],
    "float": [0.1, -0.0, 1e16, 5e-324, 1.7976931348623157e308, 3.0, -2.5e-7, 123456789.125],
    "image": ["images/a.png"],
    "integer": [5, -(2**31), 2**31 - 1],
    "ip": ["192.168.0.1", "2001:db8::1", "::ffff:10.0.0.1"],
    "ip4": ["10.1.2.3"],
    "json": [
        {},
        [],
        "text",
        5,
        1.5,
        True,
        2**70,
        {"a": [1, None, {"caf\u00e9 \U0001f600": -0.0}], "</script>": "\u2028\u0001", "": 1e300},
        [[[[]]], [{}], "2026-01-02"],
        {"long": "text " * 300},
    ],
    "moment": MOMENTS,
    "path": ["/tmp/\u00e9"],
    "positive": [2**31 - 1],
    "positive_big": [2**63 - 1],
    "positive_small": [32767],
    "slug": ["a-slug_1"],
    "small": [-32768, 32767],
    "text": TEXTS,
    "time": [time(0), time(23, 59, 59, 999_999), time(1, 2, 3, 4567), time(12, 0, 0, 500_000)],
    "url": ["https://example.com/?a=1&b=%20#c"],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")],
    "whole": [Decimal(0), Decimal("-123456789012"), Decimal("1")],
}


def scalars(database):
    """A row of nulls, then rows that go through the values of all fields side by side."""
    yield Scalars(char=f"nulls of {database}")
    for n in range(max(map(len, VALUES.values()))):
        row = Scalars(**{name: values[n % len(values)] for name, values in VALUES.items()})
        if connections[database].vendor == "mysql":
            row.uuid = with_known_variant(row.uuid)
        yield row


def with_known_variant(value):
    """A UUID that MariaDB's own type takes: it refuses variants that RFC 9562 does not know."""
    if not value:
        return value
    value = uuid.UUID(str(value))
    return uuid.UUID(int=value.int & ~(0xC000 << 48) | 0x8000 << 48)


def customs():
    for n, at in enumerate(MOMENTS[:4]):
        yield Customs(
            unchanged=f"text {n}",
            backwards="abc \u00e9" if n else None,
            loud="loud",
            naked=at,
            borrowed=at,
            lent=f"{at:%Y-%m-%d %H:%M:%S}" if n else "soon",
            cents=Decimal("1.15"),
            year=at,
            weekday=at.date(),
            document={"a": n, "\u00e9": [n, None]},
            wrapped=[n, {"b": 1.5}],
            decoded={"a": {"b": n}},
            encoded={"at": at, "price": Decimal("1.5"), "n": n},
        )


def events():
    for n in range(12):
        yield Event(
            kind="abcd"[n % 4],
            price=None if n == 5 else Decimal(n * 37) / 100,
            score=n / 7,
            number=n % 5,
            live=n % 3 > 0,
            at=MOMENTS[n % len(MOMENTS)],
            day=date(2026, 1 + n % 3, 1 + n),
            clock=time(n, n, n, n * 1001),
            length=timedelta(hours=n, microseconds=n % 2),
            data={"n": n, "list": [n, "x"], "deep": {"text": "123", "null": None}},
            key=with_known_variant(uuid.UUID(int=n * 10**30)),
        )


def relations(db):
    """Towns, streets, houses and deeds: keys of all types, chains of them, and rows without a parent."""
    country = Country.objects.using(db).create(code="FR")
    towns = [Town.objects.using(db).create(id=uuid.UUID(int=n), name=f"Town {n}", country=country) for n in (1, 2)]
    street = Street.objects.using(db).create(slug="rue-a", town=towns[0])
    Street.objects.using(db).create(slug="nowhere")
    house = House.objects.using(db).create(town=towns[0], street=street)
    House.objects.using(db).create(town=towns[1])
    instant = Instant.objects.using(db).create(at=MOMENTS[1])
    amount = Amount.objects.using(db).create(value=Decimal("12.340"))
    deed = Deed.objects.using(db).create(house=house, instant=instant, amount=amount)
    deed.towns.set(towns)
    Deed.objects.using(db).create()


def inherited(db):
    Place.objects.using(db).create(name="Square", opened=MOMENTS[0])
    Restaurant.objects.using(db).create(name="Chez \u00c9lise", opened=MOMENTS[2], serves=["soup", {"fish": 2}])
    Diner.objects.using(db).create(name="Diner", serves=[], rent=Decimal("1200.50"))
    Letter.objects.using(db).create(created=MOMENTS[1], subject="Hello")
    for n in (1, 2):
        Seat.objects.using(db).create(room=1, number=n, taken=MOMENTS[n])


def load(db):
    """Fills the tables of `tests.querysets` in a database; what is there is left alone."""
    if Scalars.objects.using(db).exists():
        return
    for rows in (scalars(db), customs(), events()):
        rows = list(rows)
        type(rows[0]).objects.using(db).bulk_create(rows)
    first, second, *_ = Event.objects.using(db).order_by("pk")
    Event.objects.using(db).filter(pk=second.pk).update(before=first)
    relations(db)
    inherited(db)
    for n, at in enumerate(MOMENTS[:3]):
        Box.objects.using(db).create(name=f"box {n}\u00e9", width=n, price=Decimal(n * 115) / 100, packed=at)
        names = {"spaced": at, "order": Decimal(n) / 4, "gr\u00f6\u00dfe": at.date(), "select": at.time()}
        Names.objects.using(db).create(t=f"t{n}", **names)
