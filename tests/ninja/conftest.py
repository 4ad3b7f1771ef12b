"""The rows of the relations' tests."""

from tests.relations.conftest import *  # noqa: F403
