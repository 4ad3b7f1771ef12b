"""The rows of the relations' tests, in both databases."""

import pytest

from tests.querysets import data as scalars
from tests.relations.two_databases import *  # noqa: F403


@pytest.fixture(scope="session")
def filled_scalars(vendors, shared_rows):
    """The databases with the rows of `tests.querysets`, which the serializer of scalars shows."""
    for alias in vendors.values():
        shared_rows.add(scalars.load, alias)
    return vendors
