"""How the columns of a statement are read is found out once, foreign keys among them."""

import pytest

from pyforge_web import dumps
from pyforge_web.querysets.backends.database import DatabaseBackend
from tests.output.models import Ticket

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_the_readers_of_a_foreign_key_are_kept(filled_tickets, vendor, monkeypatch):
    made = []
    make_plan = DatabaseBackend._make_plan
    monkeypatch.setattr(DatabaseBackend, "_make_plan", lambda *args: made.append(args) or make_plan(*args))
    for _ in range(3):
        made.clear()
        dumps(Ticket.objects.using(filled_tickets[vendor]), fields=["id", "owner_id", "owner__name"])
    assert made == []
