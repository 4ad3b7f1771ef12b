"""Two databases with the rows of the tests of relations."""

from tests.relations.two_databases import database, filled, sqlite

__all__ = ["database", "filled", "sqlite"]
