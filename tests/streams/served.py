"""`python -m tests.streams.served WHAT PORT`: the site of `urls.py` in a process of its own.

`WHAT` is "wsgi" (the server of `runserver`), "asgi" (uvicorn), or "prepare": fill the tables. The databases are those
of STREAMS_DATABASES, as JSON.
"""

import json
import os
import sys

import django
from django.conf import settings

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


def prepare():
    from django.db import connections

    from tests.querysets.models import Event

    for alias in json.loads(os.environ["STREAMS_DATABASES"]):
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


def wsgi(port):
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    server = ThreadedWSGIServer(("127.0.0.1", port), WSGIRequestHandler)
    server.set_app(get_wsgi_application())
    server.serve_forever()


def asgi(port):
    import uvicorn
    from django.core.asgi import get_asgi_application

    uvicorn.run(get_asgi_application(), host="127.0.0.1", port=port, log_level="error", lifespan="off")


def main(what, port):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    settings.DATABASES = {"default": {}, **json.loads(os.environ["STREAMS_DATABASES"])}
    settings.ROOT_URLCONF = "tests.streams.urls"
    settings.DATABASE_ROUTERS = []
    django.setup()
    if what == "prepare":
        return prepare()
    from tests.streams.urls import watch_cursors

    watch_cursors()
    return {"wsgi": wsgi, "asgi": asgi}[what](int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
