"""Behind pgbouncer in transaction mode each transaction may have another session: streams, both ways of Django."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time

import pytest
from django.db import connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper

import pyforge_web
from pyforge_web.querysets import backends
from tests.databases.conftest import opened
from tests.oracle import assert_same, django_value, strict
from tests.querysets.models import Scalars
from tests.streams.reading import read

SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 1
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture(scope="module")
def bouncer(postgresql_settings, tmp_path_factory):
    """The settings of a connection through pgbouncer."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("pgbouncer is not installed: apt-get install pgbouncer")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("pgbouncer")
    there = postgresql_settings
    text = SETTINGS.format(host=there["HOST"], port=there["PORT"] or 5432, user=there["USER"], listen=port)
    (folder / "pgbouncer.ini").write_text(text)
    user = []
    if os.getuid() == 0:  # it refuses to run as root
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = ["-u", "postgres" if "postgres" in names else "nobody"]
        for path in (folder.parent, folder, folder / "pgbouncer.ini"):
            path.chmod(0o755)
    process = subprocess.Popen([program, "-q", *user, folder / "pgbouncer.ini"], stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield there | {"HOST": "127.0.0.1", "PORT": str(port)}
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port, process):
    """Until pgbouncer listens."""
    for _ in range(200):
        assert process.poll() is None, "pgbouncer did not start"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("pgbouncer does not listen")


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker):
    with django_db_blocker.unblock():
        yield


def rows():
    return Scalars.objects.using("engine").order_by("pk")


@pytest.mark.parametrize("disabled", [True, False], ids=["client-side", "server-side"])
def test_stream_and_response(disabled, bouncer):
    """A cursor on the server needs one session: a transaction around the stream, or the setting that Django has."""
    with opened(DatabaseWrapper, bouncer | {"DISABLE_SERVER_SIDE_CURSORS": disabled}) as connection:
        assert backends.why_not_stock(connection) is None
        expected = django_value(list(rows().values()))
        with contextlib.nullcontext() if disabled else transaction.atomic(using="engine"):
            assert_same(strict(read(rows(), "array", chunk_size=3)), expected)
        for _ in range(3):
            assert_same(strict(pyforge_web.dumps(rows())), expected)


def test_two_streams_through_one_session(bouncer):
    with opened(DatabaseWrapper, bouncer | {"DISABLE_SERVER_SIDE_CURSORS": True}):
        expected = django_value(list(rows().values()))
        with opened(DatabaseWrapper, bouncer | {"DISABLE_SERVER_SIDE_CURSORS": True}, "other"):
            for alias in ("engine", "other", "engine"):
                read_rows = Scalars.objects.using(alias).order_by("pk")
                assert_same(strict(read(read_rows, "array", chunk_size=2)), expected)
        assert connections["engine"].connection is not None
