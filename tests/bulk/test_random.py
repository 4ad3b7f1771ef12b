"""Random batches of rows from small pools, so that most things collide with most others."""

import datetime
import random

import pytest

from tests.bulk.models import Constrained, Dated, Maker, OwnClean, Uniques
from tests.bulk.oracle import assert_like_django

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.filterwarnings("ignore:DateTimeField .* received a naive datetime"),
]
DAYS = [datetime.date(2026, 3, 1), "2026-03-02", datetime.date(2027, 3, 1), None]
KEYS = [1, 2, "1", "2", 3, 99, None, "x"]
POOLS = {
    Uniques: {
        "sku": ["a", "b", "c", "d", "e", "f", "", "A"],
        "number": [1, 2, 3, "1", "x", None, None, 4.0],
        "day": DAYS,
        "flag": [True, False, None, "t", "maybe"],
        "maker_id": KEYS,
        "only_id": [None, None, None, *KEYS],
        "email": [None, "", "a@b.de", "c@d.de", "bad"],
        "kind": ["a", "b", "c"],
        "hidden": [None, "h", "i"],
    },
    Constrained: {
        "name": ["a", "A", "b", "B", "c", "d", "e", ""],
        "other": ["", "x", "X", "y"],
        "number": [1, 6, "7", None, "z"],
        "live": [True, False, None, "t"],
        "maker_id": KEYS,
        "width": [0, 1, 2, -1, "2"],
    },
    Dated: {
        "title": ["t", "u", None, ""],
        "slug": ["s", "t", "u", "v", "no slug"],
        "maker_id": KEYS,
        "published": DAYS,
        "room": [1, 2, "2", 3],
        "moment": [None, "2026-03-01T23:30Z", "2026-03-02T00:30+01:00", "2026-03-01"],
    },
    OwnClean: {
        "name": ["a", " a", "b", "text", "field", "two", "much too long"],
        "maker_id": KEYS,
        "number": [1, 2, "2", 101, None, "x"],
    },
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("model", POOLS, ids=lambda model: model.__name__)
def test_batch_random_rows(alias, model, seed):
    chance = random.Random(seed)
    Maker.objects.bulk_create(Maker(id=number, name=f"m{number}") for number in range(1, 4))
    pools = POOLS[model]
    valid = [{name: next(v for v in pool if v not in ("", "x", "z")) for name, pool in pools.items()}]
    model.objects.create(**valid[0])
    values = [{name: chance.choice(pool) for name, pool in pools.items()} for _ in range(20)]
    exclude = chance.choice([None, [], chance.sample([name.removesuffix("_id") for name in pools], 2)])
    assert_like_django(lambda: [model(**each) for each in values], alias, exclude=exclude)
