"""Two databases with the rows of the tests of relations."""

import pytest

from tests.output import tickets
from tests.relations.two_databases import database, filled, sqlite

__all__ = ["database", "filled", "sqlite"]


@pytest.fixture(scope="session")
def filled_tickets(vendors, shared_rows):
    """The databases with people and tickets."""
    for alias in vendors.values():
        shared_rows.add(tickets.load, alias)
    return vendors


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request, filled_tickets, db):
    """The alias of each database in turn, with its people and tickets."""
    return filled_tickets[request.param]
