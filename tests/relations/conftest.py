"""Three databases with the same rows."""

import pytest

from tests.relations import data
from tests.relations.two_databases import database as steady_database  # noqa: F401 - without ORDER BY in one order
from tests.relations.two_databases import filled, sqlite  # noqa: F401


@pytest.fixture(scope="session")
def all_filled(filled, all_vendors, django_db_blocker):  # noqa: F811
    """The databases and MariaDB, filled once."""
    if "mysql" in all_vendors:
        with django_db_blocker.unblock():
            data.load(all_vendors["mysql"])
    return all_vendors


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database(request, all_filled, db):
    """The alias of each database in turn; MariaDB takes a part of the tests."""
    data.load(all_filled[request.param])  # a test with transactions of its own empties all tables at its end
    return all_filled[request.param]
