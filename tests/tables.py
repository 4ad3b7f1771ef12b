"""Tables of cases that read like a specification: the name of a case is its test id."""

import pytest


def cases(table):
    """One parameter per row: `{"name": value}` or `{"name": (value, expected, ...)}` with `columns` > 1."""
    return [pytest.param(value, id=name) for name, value in table.items()]


def rows(table):
    return [pytest.param(*values, id=name) for name, values in table.items()]
