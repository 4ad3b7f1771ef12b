"""Every field of the table with every awkward value: Django and the compiled validator, on two equal instances."""

import zlib

import pytest

from tests.validation.fields import CLASSES, FIELDS
from tests.validation.sweep import THOROUGH, assert_values
from tests.validation.values import EMPTY, POOL


def values_for(row):
    """A field as it is meets all values; one with options a part of them, another part for each."""
    if THOROUGH or row in CLASSES:
        return POOL
    start = zlib.crc32(row.encode())
    return EMPTY | {name: make for n, (name, make) in enumerate(POOL.items()) if (n + start) % 20 == 0}


@pytest.mark.parametrize("row", FIELDS)
def test_field(row):
    assert_values(FIELDS[row], values_for(row))
