"""The seeds of the fuzz targets that need no build of their own, and that the oracle sees a difference."""

import random
from pathlib import Path

import pytest

from tests.fuzz import oracle

SEEDS = Path(__file__).parent / "seeds"


def seeds(target):
    return [pytest.param(path.read_bytes(), id=path.name) for path in sorted((SEEDS / target).iterdir())]


@pytest.mark.parametrize("body", seeds("body"))
def test_bodies_and_changed_ones_are_read_as_json_does(body):
    oracle.check_body(body)
    dice = random.Random(body)
    for _ in range(100):
        changed = bytearray(body)
        changed[dice.randrange(len(body))] = dice.randrange(256)
        oracle.check_body(bytes(changed))


@pytest.mark.parametrize("data", seeds("values"))
def test_values_are_written_as_django_does(data):
    oracle.check_values(data)
    dice = random.Random(data)
    for _ in range(100):
        oracle.check_values(data + dice.randbytes(40))
        oracle.check_values(dice.randbytes(200))


@pytest.mark.parametrize("data", seeds("changes"))
def test_changes_in_the_middle_of_a_walk_end_in_exceptions(data):
    oracle.check_changes(data)
    dice = random.Random(data)
    for _ in range(500):
        oracle.check_changes(data + dice.randbytes(60))
        oracle.check_changes(dice.randbytes(300))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("check_integer", (1, b"2")),
        ("check_float", (1.0, b"1")),
        ("check_scaled", (1.5, 5, 2, b'"1.5"')),
        ("check_text", ([0x61], [[b'"a"', b'"b"']] * 3)),
        ("check_stored", ("[1,]", True, [b""] * 3, [None, None])),
        ("check_stored", ("[1]", True, [b"[1]", b"[1]", b"[2]"], [None, None])),
        ("check_stored", ("[1]", True, [b"[1]"] * 3, [b"[1 ]", None])),
        ("check_date", ("2024-02-29", b'"2024-02-28"')),
        ("check_time", ("23:59:59.5", b'"23:59:59"')),
        ("check_datetime", ("2024-02-29 00:00:00+00", b'"2024-02-29T00:00:00+00:00"')),
        ("check_duration", ("3 04:05:06", b'"P3DT04H05M07S"')),
    ],
)
def test_the_oracle_sees_a_difference(name, arguments):
    with pytest.raises(AssertionError):
        getattr(oracle, name)(*arguments)
