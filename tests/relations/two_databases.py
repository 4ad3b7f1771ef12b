"""The fixtures of two databases with the same rows, for the tests of other rooms too."""

import pytest

from tests.relations import data


@pytest.fixture(scope="session")
def filled(vendors, django_db_blocker):
    """The databases, filled once."""
    with django_db_blocker.unblock():
        for alias in vendors.values():
            data.load(alias)
    return vendors


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, filled, db):
    """The alias of each database in turn."""
    for alias in ("default", filled[request.param]):  # some rows are always asked of the default database
        data.load(alias)  # a test with transactions of its own empties all tables at its end
    return filled[request.param]


@pytest.fixture
def sqlite(filled, db):
    data.load("default")
    return "default"
