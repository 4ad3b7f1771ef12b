"""The rows of the relations' tests, in both databases."""

from tests.relations.conftest import *  # noqa: F403
