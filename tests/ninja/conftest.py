"""The rows of the relations' tests."""

from tests.relations.two_databases import *  # noqa: F403
