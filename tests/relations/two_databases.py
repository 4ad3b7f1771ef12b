"""The fixtures of two databases with the same rows, for the tests of other rooms too."""

import pytest

from tests.relations import data


@pytest.fixture(scope="session")
def filled(vendors, shared_rows):
    """The databases, filled once."""
    for alias in vendors.values():
        shared_rows.add(data.load, alias)
    return vendors


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, filled, db):
    """The alias of each database in turn."""
    return filled[request.param]


@pytest.fixture
def sqlite(filled, db):
    return "default"
