"""Every field of the table with every awkward value: Django and the compiled validator, on two equal instances."""

import os
import zlib
from functools import partial

import pytest

from tests.validation import judge, tables
from tests.validation.fields import CLASSES, FIELDS
from tests.validation.values import EMPTY, POOL

THOROUGH = "PYFORGE_SLOW_TESTS" in os.environ
SHOWN = 5


def values_for(row):
    """A field as it is meets all values; one with options a part of them, another part for each."""
    if THOROUGH or row in CLASSES:
        return POOL
    start = zlib.crc32(row.encode())
    return EMPTY | {name: make for n, (name, make) in enumerate(POOL.items()) if (n + start) % 10 == 0}


@pytest.mark.parametrize("row", FIELDS)
def test_field(row):
    """Two equal models, so that what a field does at its first use alone is compared too."""
    theirs, mine = (tables.model_of(value=FIELDS[row]()) for _ in range(2))
    found, batch = [], []
    makers = tables.maker(theirs), tables.maker(mine)
    for name, value in values_for(row).items():
        makes = [partial(make, value) for make in makers]
        texts, expected = judge.compare(*makes)
        found += (f"{name}: {text}" for text in texts)
        if expected.error is None or hasattr(expected.error, "error_dict"):
            batch.append(makes)
    assert not found, report(found)
    found = list(judge.rows_differences(*zip(*batch, strict=True)) if batch else ())
    assert not found, report(found)


def report(found):
    return "\n".join([f"{len(found)} differences:", *found[:SHOWN]])
