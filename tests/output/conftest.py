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
