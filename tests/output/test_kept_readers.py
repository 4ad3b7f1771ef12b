"""How the columns of a statement are read is found out once, foreign keys among them."""

import pytest

from pyforge_web import dumps
from pyforge_web.querysets.backends.database import DatabaseBackend
from tests.output.models import Ticket
from tests.output.test_fields import load

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_the_readers_of_a_foreign_key_are_kept(vendors, vendor, monkeypatch):
    load(vendors[vendor])
    made = []
    make_plan = DatabaseBackend._make_plan
    monkeypatch.setattr(DatabaseBackend, "_make_plan", lambda *args: made.append(args) or make_plan(*args))
    for _ in range(3):
        made.clear()
        dumps(Ticket.objects.using(vendors[vendor]), fields=["id", "owner_id", "owner__name"])
    assert made == []
