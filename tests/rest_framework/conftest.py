"""The rows of the relations' tests, in both databases."""

from tests.relations.two_databases import *  # noqa: F403
