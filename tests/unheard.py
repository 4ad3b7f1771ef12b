"""Connections that nobody listens to: what goes straight to the driver does so on them alone."""

import contextlib

from pyforge_web.querysets.backends.direct_driver import CURSOR_PATH


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
