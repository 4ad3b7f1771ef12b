"""Every field of the table with every awkward value: Django and the compiled validator, on two equal instances."""

import zlib
from functools import partial
from pathlib import Path

import pytest

from pyforge_web.fields import KINDS
from pyforge_web.validators import CompiledValidator
from tests.validation import oracle, tables
from tests.validation.fields import CLASSES, FIELDS
from tests.validation.sweep import THOROUGH, assert_values, report
from tests.validation.values import EMPTY, POOL


def values_for(row):
    """A field as it is meets all values; one with options a part of them, another part for each."""
    if THOROUGH or row in CLASSES:
        return POOL
    start = zlib.crc32(row.encode())
    return EMPTY | {name: make for n, (name, make) in enumerate(POOL.items()) if (n + start) % 20 == 0}


@pytest.mark.parametrize("row", FIELDS)
def test_table_clean_field(row):
    assert_values(FIELDS[row], values_for(row))


# Their own models and keys: what comes after the fields is for `test_models`.
AFTER_THE_FIELDS = {"validate_unique": False, "validate_constraints": False}


@pytest.mark.parametrize("kind", CLASSES)
def test_table_full_clean(kind):
    """Through the mixin, on proxies of two equal models."""
    pair = [tables.twin_of(tables.model_of(value=CLASSES[kind]())) for _ in range(2)]
    makers = [tables.maker(model) for model in pair]
    found = []
    for n, (name, value) in enumerate(POOL.items()):
        if n % 4 == 0:
            texts, _ = oracle.compare(
                *(partial(make, value) for make in makers),
                ours=partial(oracle.full_clean, **AFTER_THE_FIELDS),
                django=partial(oracle.django_full_clean, **AFTER_THE_FIELDS),
            )
            found += (f"{name}: {text}" for text in texts)
    assert not found, report(found)


def test_table_covers_kinds_and_rules():
    """And natively, or the comparisons show nothing; a rule has the name of its file."""
    seen_kinds, seen_rules = set(), set()
    for make_field in (FIELDS[row] for row in FIELDS if row in CLASSES or " with " in row):
        for found in CompiledValidator.for_model(tables.model_of(value=make_field())).explain():
            seen_kinds.add(found.conversion)
            seen_rules |= set(found.rules)
    files = {path.stem for path in Path("native/src/rules").glob("*.rs")} - {"mod", "choices"}
    assert files
    assert files <= seen_rules
    # "refused" has no JSON form; those of PostgreSQL are in test_postgresql.
    assert set(KINDS.values()) - {"refused"} <= seen_kinds


def test_table_rows_show_something():
    """Of the plain classes, each takes some values and refuses others."""
    for kind, make_field in CLASSES.items():
        make = tables.maker(tables.model_of(value=make_field()))
        verdicts = {
            oracle.run(lambda value=value, make=make: oracle.our_clean(make(value))).error is None
            for value in POOL.values()
        }
        assert verdicts == {True, False} or kind in ("old IP", "Binary, short"), kind
