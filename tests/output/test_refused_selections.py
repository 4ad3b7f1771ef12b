"""Names in `select_related` that Django refuses when the rows are iterated: it raises, and so does each way out."""

import pytest

from tests.output.models import Ticket
from tests.output.ways import TICKET_FIELDS, require_as_iterated

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


@pytest.mark.parametrize("fields", TICKET_FIELDS.values(), ids=TICKET_FIELDS)
@pytest.mark.parametrize("select", SELECTIONS.values(), ids=SELECTIONS)
def test_selections_raise_as_in_iteration(alias, select, fields):
    tickets = Ticket.objects.using(alias).order_by("pk")
    require_as_iterated(lambda: select(tickets), fields)
