"""`python -m tests.streams.fill`: make the tables of the served site and fill them with ROWS rows."""

import django
from django.conf import settings
from django.db import connections

ROWS = 100_000
SQL = {
    "sqlite": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) INSERT INTO querysets_event "
        "SELECT i, 'kind ' || (i %% 9), i / 100.0, i / 7.0, i %% 5, i %% 2, "
        "       '2026-01-02 03:04:05.' || printf('%%06d', i), '2026-01-02', '03:04:05', i * 1000, "
        '       \'{"n": \' || i || \', "list": [1, 2, "three"], "text": "\' || hex(zeroblob(100)) || \'"}\', '
        "       printf('%%032x', i), NULL FROM n"
    ),
    "postgresql": (
        "INSERT INTO querysets_event SELECT i, 'kind ' || (i %% 9), i / 100.0, i / 7.0, i %% 5, i %% 2 = 1, "
        "       timestamptz '2026-01-02 03:04:05Z' + i * interval '1 microsecond', '2026-01-02', '03:04:05', "
        "       i * interval '1 millisecond', "
        "       jsonb_build_object('n', i, 'list', '[1, 2, \"three\"]'::jsonb, 'text', repeat('00', 100)), "
        "       lpad(to_hex(i), 32, '0')::uuid, NULL FROM generate_series(1, %s) AS i"
    ),
}


def fill() -> None:
    """Fill the table of events in each database."""
    from tests.querysets.models import Event

    for alias in set(settings.DATABASES) - {"default"}:
        connection = connections[alias]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("DROP SCHEMA IF EXISTS streams CASCADE")
                cursor.execute("CREATE SCHEMA streams")
        with connection.schema_editor() as editor:
            editor.create_model(Event)
        with connection.cursor() as cursor:
            cursor.execute(SQL[connection.vendor], [ROWS])
        connection.close()


if __name__ == "__main__":
    django.setup()
    fill()
