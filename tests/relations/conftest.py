"""Two databases with the same rows."""

import pytest

from tests.relations import data


@pytest.fixture(scope="session")
def filled(request, django_db_setup, django_db_blocker):
    """The alias of each database, or the reason why it is not there."""
    found = {"sqlite": "default"}
    try:
        found["postgresql"] = request.getfixturevalue("postgres")
    except pytest.skip.Exception as reason:
        found["missing"] = reason
    with django_db_blocker.unblock():
        for vendor in ("sqlite", "postgresql"):
            if vendor in found:
                data.load(found[vendor])
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, filled, db):
    """The alias of each database in turn."""
    if request.param not in filled:
        raise filled["missing"]
    data.load(filled[request.param])  # a test with transactions of its own empties all tables at its end
    return filled[request.param]


@pytest.fixture
def sqlite(filled, db):
    data.load("default")
    return "default"
