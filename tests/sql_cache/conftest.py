"""The SQL cache is on in these tests, cold at the start of each, and never compares on its own: the tests compare."""

import pytest

from pyforge_web.querysets.sql_cache.memory import sql_memory
from tests.relations.two_databases import database, filled, sqlite  # noqa: F401
from tests.unheard import sql_cache


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    """The memory of the cache, which must be on at the end."""
    sql_memory.reset()
    with sql_cache(monkeypatch) as memory:
        yield memory
