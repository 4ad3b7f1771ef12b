"""The two databases of the tests of rows, and how a body is read."""

from tests.querysets.conftest import (  # noqa: F401
    aliases,
    all_aliases,
    any_database,
    database,
    postgresql,
    postgresql_binaries,
    sqlite,
)
