"""What the shortest way of a page needs: a connection that nobody listens to, an SQL cache that does not compare."""

import contextlib

from django.test import override_settings

from pyforge_web.querysets.backends.direct_driver import CURSOR_PATH
from pyforge_web.querysets.sql_cache import remembered
from pyforge_web.querysets.sql_cache.memory import sql_memory

NEVER = 10**9


@contextlib.contextmanager
def sql_cache(monkeypatch, *, is_on=True):
    """The SQL cache, on or off, and empty at the end."""
    monkeypatch.setattr(remembered, "ALWAYS_CHECK", False)
    with override_settings(PYFORGE_WEB={"SQL_CACHE": is_on, "SQL_CACHE_CHECK": NEVER}):
        yield sql_memory
    sql_memory.reset()


@contextlib.contextmanager
def unheard(connection):
    """A connection without what listens to it in these tests."""
    connection.ensure_connection()
    before = list(connection.execute_wrappers)
    connection.execute_wrappers.clear()
    # A patch that pytest has taken back leaves the method of the class on the connection itself.
    left = {name: vars(connection).pop(name) for name in CURSOR_PATH & vars(connection).keys()}
    try:
        yield connection
    finally:
        vars(connection).update(left)
        connection.execute_wrappers[:] = before
