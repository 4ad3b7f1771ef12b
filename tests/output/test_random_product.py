"""Random draws from the product of ways in, ways out, QuerySets and fields: always what the instances have."""

import contextlib
import os
import random
from unittest import mock

import pytest
from django.db.models.base import ModelBase
from django.db.models.signals import post_init

from tests.output.random_product import draw, expected, write, write_compiled
from tests.output.test_changed_code import Upper, load_and_shout, shouted

pytestmark = pytest.mark.django_db(databases="__all__")
FULL = bool(os.environ.get("PYFORGE_FULL"))
SEED = int(os.environ.get("PYFORGE_SEED", random.randrange(10**6) if FULL else 1))


@contextlib.contextmanager
def receiver(model):
    def change(sender, instance, **kwargs):
        shouted(instance)

    post_init.connect(change, sender=model)
    try:
        yield
    finally:
        post_init.disconnect(change, sender=model)


def descriptor(model):
    names = [name for name in ("title", "name", "text") if name in model.__dict__]
    if not names:
        return contextlib.nullcontext()
    return mock.patch.object(model, names[0], Upper(model._meta.get_field(names[0])))


STATES = {
    "as it is": lambda model: contextlib.nullcontext(),
    "from_db": lambda model: mock.patch.object(model, "from_db", load_and_shout(model.from_db)),
    "post_init": receiver,
    "a descriptor": descriptor,
    "the class of the class": lambda model: mock.patch.object(
        ModelBase, "__call__", lambda cls, *args, **kwargs: shouted(type.__call__(cls, *args, **kwargs)), create=True
    ),
}


def compare(alias, number, seed):
    chance = random.Random(f"{seed} {number}")
    drawn = draw(chance, alias)
    state = chance.choice(["as it is"] * 6 + [*STATES])
    where = f"PYFORGE_SEED={seed}, number {number}: {drawn}, {state}"
    with STATES[state](drawn.kind.model):
        wanted = expected(drawn)
        try:
            written = write(drawn)
        except Exception as error:
            raise AssertionError(f"{where}: {error!r}") from error
        assert written == wanted, where
        if number % 10 == 0 and drawn.fields is not None and not (drawn.added or drawn.to_attrs):
            drawn.options = {}
            assert write_compiled(drawn) == expected(drawn), where


@pytest.mark.parametrize("part", range(10))
def test_like_the_instances_on_sqlite(part, sqlite):
    for number in range(part, 8000 if FULL else 400, 10):
        compare(sqlite, number, SEED)


def test_like_the_instances_on_postgresql(filled, db):
    for number in range(4000 if FULL else 80):
        compare(filled["postgresql"], number, SEED + 1)
