"""What needs a process of its own: `python -m tests.querysets.children NAME`; see `test_children.py`."""

import gc
import os
import sys

import django

SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


@scenario
def memory_of_100_000_rows():
    """The peak of a wide table on SQLite, over the size of the output."""
    from django.db import connection

    from pyforge_web import dumps
    from tests.crash.memory import forget_peak, status
    from tests.querysets.models import Event

    rows = 100_000
    with connection.schema_editor() as editor:
        editor.create_model(Event)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) INSERT INTO querysets_event "
            "SELECT i, 'kind ' || (i %% 9), i / 100.0, i / 7.0, i %% 5, i %% 2, "
            "       '2026-01-02 03:04:05.' || printf('%%06d', i), '2026-01-02', '03:04:05', i * 1000, "
            '\'{"n": \' || i || \', "list": [1, 2, "three"], "text": "some more of it"}\', '
            "       printf('%%032x', i), NULL FROM n",
            [rows],
        )
    dumps(Event.objects.order_by("pk")[:500])
    gc.collect()
    forget_peak()
    before = status("VmRSS")
    size = len(dumps(Event.objects.order_by("pk")))
    grown = status("VmHWM") - before
    print(f"{size / 2**20:.0f} MiB of output, {grown / size:.2f} times that at the peak")
    assert size > 200 * rows
    assert 0.9 * size < grown <= 1.3 * size, grown / size


def shapes_on_postgresql(**options):
    """Every shape, on a server of its own."""
    from django.db import connections

    from tests import postgres
    from tests.created_databases import create_database
    from tests.querysets import data
    from tests.querysets.judge import assert_like_django
    from tests.querysets.pg.models import Arrays, Extras
    from tests.querysets.shapes import SHAPES
    from tests.querysets.test_postgresql import ARRAYS, EXTRAS
    from tests.querysets.test_postgresql import SHAPES as OF_POSTGRESQL

    with postgres.server() as settings:
        connections.databases["postgres"] = {**settings, "OPTIONS": options}
        connections.configure_settings(connections.databases)
        database = connections["postgres"]
        create_database(database)
        try:
            data.load("postgres")
            Arrays.objects.using("postgres").bulk_create(Arrays(**values) for values in ARRAYS)
            Extras.objects.using("postgres").bulk_create(Extras(**values) for values in EXTRAS)
            for name, shape in (SHAPES | OF_POSTGRESQL).items():
                try:
                    assert_like_django(
                        lambda shape=shape: shape(lambda m: m._default_manager.using("postgres")), "postgres"
                    )
                except BaseException:
                    print(f"in the shape {name!r}:")
                    raise
        finally:
            database.creation.destroy_test_db(settings["NAME"], verbosity=0)
            database.close()


@scenario
def psycopg_in_python():
    """The Python implementation of psycopg has loaders of its own; asked for with PSYCOPG_IMPL=python."""
    import psycopg

    assert psycopg.pq.__impl__ == "python"
    shapes_on_postgresql()


@scenario
def server_side_binding():
    """Parameters that the server binds, by a class of cursors of its own."""
    shapes_on_postgresql(server_side_binding=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    SCENARIOS[sys.argv[1]]()
    print("passed")
