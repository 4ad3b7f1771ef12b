"""The two databases of the tests of rows, and how a body is read."""

from tests.querysets.conftest import aliases, database, postgresql, postgresql_binaries, sqlite  # noqa: F401
