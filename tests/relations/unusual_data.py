"""The rows of `unusual.py`."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from tests.relations.models import Author
from tests.relations.unusual import (
    Acquaintance,
    Amount,
    Badge,
    Bill,
    Box,
    Club,
    Employee,
    Fan,
    FewPeople,
    Half,
    Item,
    LevelNote,
    LowLevel,
    Member,
    MiddleLevel,
    Person,
    Price,
    ProxyBox,
    Slot,
    Sticker,
)

START = datetime(2026, 3, 4, 5, 6, 7, 123_456, tzinfo=UTC)


def load(db):
    """Fills the tables in a database."""
    employed(db)
    levels(db)
    clubs(db)
    amounts(db)
    boxes(db)


def employed(db):
    authors = list(Author.objects.using(db).order_by("pk"))
    for n in range(6):
        Slot.objects.using(db).create(tenant=n % 2, number=n, author=authors[n % 3] if n else None, text=f"slot {n}")
    staff = []
    for n, author in enumerate(authors[:5]):
        boss = staff[n // 2] if n > 1 else None
        staff.append(Employee.objects.using(db).create(person=author, boss=boss, salary=Decimal(n) / 4 if n else None))
    for n, employee in enumerate(staff[1:4]):
        badge = Badge.objects.using(db).create(employee=employee, text=f"badge {n}")
        badge.colleagues.add(*staff[:n])


def levels(db):
    low = [LowLevel.objects.using(db).create(name=f"low {n}", text=f"text {n}") for n in range(3)]
    middle = MiddleLevel.objects.using(db).create(name="middle")
    low[0].best = low[1].up.middle
    low[1].best = middle
    for n, level in enumerate(low):
        level.save(using=db)
        level.friends.add(*[each.up for each in low[:n]])
        for number in range(n):
            LevelNote.objects.using(db).create(level=level, at_middle=middle if number else None, text=f"{n} {number}")


def clubs(db):
    people = [Person.objects.using(db).create(name=name) for name in ("a", "B", "c", "bb", "e")]
    found = [Club.objects.using(db).create(slug=slug) for slug in ("z", "y", "x")]
    for n in range(8):
        Member.objects.using(db).create(
            club=found[n % 2] if n else None,
            person=people[n % 3],
            inviter=people[n % 5] if n % 4 else None,
            since=START + timedelta(days=n) if n % 2 else None,
        )
        one, other = people[n % 4], people[n * 3 % 5]
        Acquaintance.objects.using(db).create(one=one, other=other, witness=people[4] if n % 3 else None)
    for n in range(4):
        fan = Fan.objects.using(db).create(idol=FewPeople.objects.using(db).get(pk=people[n % 2].pk), text=f"fan {n}")
        fan.others.add(*FewPeople.objects.using(db).filter(pk__in=[person.pk for person in people[:n]]))
        Half.objects.using(db).bulk_create(Half(person=people[n], text=f"half {n} {m}") for m in range(n))


def amounts(db):
    made = [
        Amount.objects.using(db).create(
            value=Decimal(n * 110) / 100 - 1,
            at=START + timedelta(microseconds=n),
            length=timedelta(days=-n, microseconds=n),
            ratio=n / 3,
            flag=None if n > 1 else bool(n),
        )
        for n in range(4)
    ]
    prices = [Price.objects.using(db).create(value=Decimal(n * 10) / 100) for n in range(4)]
    for n in range(7):
        amount = made[n % 3] if n else None
        flag = made[n % 2] if n % 3 else None
        bill = Bill.objects.using(db).create(
            amount=amount, moment=amount, length=amount, ratio=amount, flag=flag, text=f"bill {n}"
        )
        bill.prices.add(*prices[: n % 4])


def boxes(db):
    made = [Box.objects.using(db).create(name=f"box {n}") for n in range(4)]
    for n, box in enumerate(made):
        for number in range(n):
            Sticker.objects.using(db).create(text=f"sticker {9 - number}", target=box)
        if n % 2:
            Sticker.objects.using(db).create(text="of a proxy", target=ProxyBox.objects.using(db).get(pk=box.pk))
    for n in range(6):
        item = Item(
            box=made[n % 3],
            data={"n": [n]} if n % 2 else None,
            select=f"item {n}",
            flag=[None, True, False][n % 3],
            address="10.0.0.1" if n % 2 else None,
            length=timedelta(hours=n, microseconds=n) if n else None,
            time=time(n, n, n, n * 1000) if n else None,
        )
        item.save(using=db)
        item.other_boxes.add(*made[: n % 4])
