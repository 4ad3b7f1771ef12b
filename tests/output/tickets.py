"""The rows of people and tickets."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.output.models import Person, Ticket


def load(alias):
    """Fills the tables in a database; what is there is left alone."""
    if Ticket.objects.using(alias).exists():
        return
    people = [Person.objects.using(alias).create(name=name) for name in ("Ada", "Ben", "Zoé")]
    for number in range(6):
        ticket = Ticket.objects.using(alias).create(
            title=f"Ticket {number} é",
            state="ocx?oc"[number],
            rank=(1, 2, None, 3)[number % 4],
            cover=(None, "covers/a b.png", "")[number % 3],
            price=None if number == 2 else Decimal(number) / 4,
            at=None if number == 3 else datetime(2026, number + 1, 1, 12, 0, 0, 123456, UTC),
            owner=(people[0], people[1], None)[number % 3],
        )
        ticket.watchers.set(people[: number % 3])
