"""Prepared functions never compare on their own in these tests: the tests compare."""

import pytest
from django.test import override_settings

from pyforge_web.querysets.sql_cache import remembered
from tests.relations.two_databases import database, filled, sqlite  # noqa: F401
from tests.unheard import NEVER


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """No comparison but ours."""
    monkeypatch.setattr(remembered, "ALWAYS_CHECK", False)
    with override_settings(PYFORGE_WEB={"SQL_CACHE_CHECK": NEVER}):
        yield
