"""Three databases with the same rows."""

import pytest

from tests.relations import data
from tests.relations.two_databases import database as steady_database  # noqa: F401 - without ORDER BY in one order
from tests.relations.two_databases import filled, sqlite  # noqa: F401


@pytest.fixture(scope="session")
def all_filled(filled, all_vendors, shared_rows):  # noqa: F811
    """The databases and MariaDB, filled once."""
    if "mysql" in all_vendors:
        shared_rows.add(data.load, all_vendors["mysql"])
    return all_vendors


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database(request, all_filled, db):
    """The alias of each database in turn; MariaDB takes a part of the tests."""
    return all_filled[request.param]
