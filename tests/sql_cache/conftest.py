"""The SQL cache is on in these tests, cold at the start of each, and never compares on its own: the tests compare."""

import pytest
from django.test import override_settings

from pyforge_web.querysets.sql_cache import remembered
from pyforge_web.querysets.sql_cache.memory import sql_memory
from tests.relations.two_databases import database, filled, sqlite  # noqa: F401

NEVER = 10**9


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    """The memory of the cache, which must be on at the end."""
    sql_memory.reset()
    monkeypatch.setattr(remembered, "ALWAYS_CHECK", False)
    with override_settings(PYFORGE_WEB={"SQL_CACHE": True, "SQL_CACHE_CHECK": NEVER}):
        yield sql_memory
    sql_memory.reset()
