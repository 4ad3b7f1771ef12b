"""Three databases with the same rows."""

import pytest

from tests.relations import data


@pytest.fixture(scope="session")
def filled(vendors, django_db_blocker):
    """The databases, filled once."""
    with django_db_blocker.unblock():
        for alias in vendors.values():
            data.load(alias)
    return vendors


@pytest.fixture(scope="session")
def all_filled(filled, all_vendors, django_db_blocker):
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


@pytest.fixture
def sqlite(filled, db):
    data.load("default")
    return "default"


@pytest.fixture(params=["sqlite", "postgresql"])
def steady_database(request, filled, db):
    """The alias of each database whose rows without ORDER BY come in one order, whatever columns are selected."""
    data.load(filled[request.param])
    return filled[request.param]
