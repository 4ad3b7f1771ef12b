"""Members of a family, one after the other and all at once: each has the statements and the rows that Django gives."""

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.relations.models import Article, Restaurant
from tests.sql_cache.families import FAMILIES, STRUCTURES, VALUES
from tests.sql_cache.oracle import run, run_django_keeping

pytestmark = pytest.mark.django_db(databases="__all__")


def bind(database, member):
    make, fields = member
    # Django asks for a content type once, and then remembers it: the first of two runs alone would have that statement.
    ContentType.objects.db_manager(database).get_for_models(Article, Restaurant)

    def objects(model, manager="_default_manager"):
        return getattr(model, manager).using(database)

    return lambda: (make(objects), fields)


def sequences(members):
    """Orders in which members follow each other: forward, backward, each twice, any."""
    yield members
    yield members[::-1]
    yield [member for member in members for _ in range(2)]
    yield random.Random(18).choices(members, k=3 * len(members))


@pytest.mark.parametrize("name", FAMILIES)
def test_families_alike(name, database, cache):
    bound = [bind(database, member) for member in FAMILIES[name]]
    expected = {id(make): run_django_keeping(make, cache) for make in bound}
    for sequence in sequences(bound):
        cache.clear()
        for make in sequence:
            assert run(make) == expected[id(make)]
    assert cache.why_off is None


def test_families_all_interleaved(database, cache):
    bound = [bind(database, member) for members in FAMILIES.values() for member in members]
    expected = {id(make): run_django_keeping(make, cache) for make in bound}
    for make in random.Random(7).choices(bound, k=3 * len(bound)):
        assert run(make) == expected[id(make)]
    assert cache.hits > len(bound)


def test_families_of_values_hit(database, cache):
    """The cache would be right if it remembered nothing: many members are answered from it."""
    for name in ("integer", "text", "part of text", "list of keys", "behind two keys", "limits", "having", "boolean"):
        before = cache.hits
        for _, member in itertools.product(range(2), VALUES[name]):
            run(bind(database, member))
        assert cache.hits > before, name


def test_families_of_structures_hit(database, cache):
    for name in ("orders", "values", "grouped", "annotations", "relations", "joined", "deferred", "chained and joined"):
        before = cache.hits
        for _, member in itertools.product(range(2), STRUCTURES[name]):
            run(bind(database, member))
        assert cache.hits > before, name


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_families_in_threads(filled, cache):
    alias = filled["postgresql"]
    bound = [bind(alias, member) for members in FAMILIES.values() for member in members]
    expected = {id(make): run_django_keeping(make, cache) for make in bound}

    def work(seed):
        try:
            chosen = random.Random(seed).choices(bound, k=len(bound))
            return [index for index, make in enumerate(chosen) if run(make) != expected[id(make)]]
        finally:
            for connection in connections.all(initialized_only=True):
                BaseDatabaseWrapper.close(connection)  # SQLite's own leaves a database in memory open

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [[], [], [], []]
    assert cache.hits > len(bound)
