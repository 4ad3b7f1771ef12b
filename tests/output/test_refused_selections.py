"""Names in `select_related` that Django refuses when the rows are iterated: it raises, and so does each way out."""

import pytest

from tests.oracle import outcome
from tests.output.models import Ticket
from tests.output.ways import WAYS_IN, WAYS_OUT

pytestmark = pytest.mark.django_db(databases="__all__")

SELECTIONS = {
    "unknown": lambda tickets: tickets.select_related("nothing"),
    "deep": lambda tickets: tickets.select_related("owner__nothing"),
    "a column": lambda tickets: tickets.select_related("title"),
    "to many": lambda tickets: tickets.select_related("watchers"),
    "only": lambda tickets: tickets.select_related("owner").only("title"),
    "only of the other": lambda tickets: tickets.select_related("owner").only("owner__name"),
    "deferred": lambda tickets: tickets.select_related("owner").defer("owner"),
    "both": lambda tickets: tickets.select_related("owner").only("title", "owner"),
    "its column": lambda tickets: tickets.select_related("owner").only("title", "owner__name"),
    "twice": lambda tickets: tickets.select_related("owner").select_related("nothing"),
    "taken back": lambda tickets: tickets.select_related("nothing").select_related(None),
}
FIELDS = {
    "bare": None,
    "flat": ["title"],
    "path": ["id", "owner__name"],
    "keys": ["watchers"],
    "nested": ["title", {"watchers": ["name"]}, {"owner": ["name"]}],
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("select", SELECTIONS.values(), ids=SELECTIONS)
def test_selections_raise_as_in_iteration(alias, select, fields):
    tickets = Ticket.objects.using(alias).order_by("pk")
    for way_in in (WAYS_IN["queryset"], WAYS_IN["page"]):
        expected = outcome(lambda: list(select(tickets)))
        for name, way_out in WAYS_OUT.items():
            if name == "stream":
                continue  # it has begun, and ends there
            found = outcome(lambda: way_out(way_in(select(tickets)), fields=fields))  # noqa: B023
            assert found == expected if type(expected) is tuple else len(found) == len(expected), name
