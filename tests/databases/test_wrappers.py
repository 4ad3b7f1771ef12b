"""Engines and tools that wrap Django's engines are as native as Django's own."""

import importlib
import logging
import subprocess
import sys

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3 import base as sqlite
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper

import pyforge_web
from pyforge_web import checks, metering
from pyforge_web.querysets import backends
from pyforge_web.querysets.backends import cursors
from tests.databases.conftest import opened
from tests.querysets.judge import assert_like_django
from tests.querysets.models import Scalars


class ObjectProxy:
    """What passes everything on, as the proxies of OpenTelemetry and Datadog do (wrapt's)."""

    def __init__(self, wrapped):
        self.__wrapped__ = wrapped

    def __getattr__(self, name):
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value) if name == "__wrapped__" else setattr(self.__wrapped__, name, value)


class TracedCursor(ObjectProxy):
    def execute(self, *args):
        return self.__wrapped__.execute(*args)


class TracedConnection(ObjectProxy):
    def cursor(self, *args, **kwargs):
        return TracedCursor(self.__wrapped__.cursor(*args, **kwargs))


def traced(engine):
    class DatabaseWrapper(engine):
        def get_new_connection(self, conn_params):
            return TracedConnection(super().get_new_connection(conn_params))

    return DatabaseWrapper


def counted(engine):
    class CountingWrapper(CursorWrapper):
        def execute(self, sql, params=None):
            return super().execute(sql, params)

    class DatabaseWrapper(engine):
        def make_cursor(self, cursor):
            return CountingWrapper(cursor, self)

    return DatabaseWrapper


def logged(engine):
    class DatabaseWrapper(engine):
        def make_cursor(self, cursor):
            return CursorDebugWrapper(cursor, self)

    return DatabaseWrapper


def wrapper(path):
    try:
        return importlib.import_module(f"{path}.base").DatabaseWrapper
    except ImportError as error:  # not every package keeps pace with Django
        pytest.skip(f"{path}: {error}")


TOOLS = {"traced": traced, "counted": counted, "logged": logged}
SQLITE = {
    "django": lambda: sqlite.DatabaseWrapper,
    "django-prometheus": lambda: wrapper("django_prometheus.db.backends.sqlite3"),
    **{name: lambda tool=tool: tool(sqlite.DatabaseWrapper) for name, tool in TOOLS.items()},
}
POSTGRESQL_PATHS = {
    "django": "django.db.backends.postgresql",
    "django-prometheus": "django_prometheus.db.backends.postgresql",
    "dj_db_conn_pool": "dj_db_conn_pool.backends.postgresql",
    "django-tenants": "django_tenants.postgresql_backend",
    "psqlextra": "psqlextra.backend",
}


def cockroach(engine):
    """What django-cockroachdb does: a vendor of its own above Django's engine."""
    return type("DatabaseWrapper", (engine,), {"vendor": "cockroachdb", "display_name": "CockroachDB"})


POSTGRESQL = {
    "cockroachdb": lambda: cockroach(wrapper("django.db.backends.postgresql")),
    **{name: lambda path=path: wrapper(path) for name, path in POSTGRESQL_PATHS.items()},
    **{name: lambda tool=tool: tool(wrapper("django.db.backends.postgresql")) for name, tool in TOOLS.items()},
}


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker):
    with django_db_blocker.unblock():
        yield


def assert_native(connection):
    rows = Scalars.objects.using("engine").order_by("pk")
    assert_like_django(lambda: rows.all(), "engine", savepoint=False)
    assert backends.why_not_stock(connection) is None
    with metering.collect() as collector:
        pyforge_web.dumps(rows.all())
    assert (collector.django_rows, collector.native_columns > 20) == (0, True), collector


@pytest.mark.parametrize("name", SQLITE)
def test_sqlite_engine_is_native(name, sqlite_file):
    with opened(SQLITE[name](), sqlite_file) as connection:
        assert_native(connection)


@pytest.mark.parametrize(
    "options", [{}, {"server_side_binding": True}, {"pool": True}], ids=["plain", "binding", "pool"]
)
@pytest.mark.parametrize("name", POSTGRESQL)
def test_postgresql_engine_is_native(name, options, postgresql_settings):
    if name == "dj_db_conn_pool":
        options = {name: value for name, value in options.items() if name != "pool"}  # it is one itself
    settings = postgresql_settings | {"OPTIONS": options, "CONN_MAX_AGE": 0}
    with opened(POSTGRESQL[name](), settings) as connection:
        try:
            assert_native(connection)
        finally:
            connection.close_pool()
    if name == "dj_db_conn_pool":
        importlib.import_module("dj_db_conn_pool.core").pool_container.get("engine").dispose()


def test_fallback_is_logged_once(sqlite_file, caplog, monkeypatch):
    monkeypatch.setattr(cursors, "_warned", set())  # another test may have met the same reason

    class DatabaseWrapper(sqlite.DatabaseWrapper):
        timezone = None

    with opened(DatabaseWrapper, sqlite_file) as connection, caplog.at_level(logging.WARNING, "pyforge_web.databases"):
        for _ in range(3):
            assert "time zone of its own" in backends.why_no_backend(connection)
    (record,) = caplog.records
    assert "reference/databases.html" in record.getMessage()


def test_explain_says_why(sqlite_file):
    with opened(sqlite.DatabaseWrapper, sqlite_file) as connection:
        connection.ensure_connection()
        connection.connection.text_factory = bytes
        paths = pyforge_web.CompiledSerializer.for_model(Scalars).explain(using="engine")
        assert {path.path for path in paths} == {"django"}
        assert all("text_factory" in path.reason for path in paths)
        assert "text_factory" in backends.why_no_backend(connections["engine"])


def test_check_names_an_engine_without_native_path(sqlite_file):
    class DatabaseWrapper(sqlite.DatabaseWrapper):
        timezone = None

    assert checks.check_databases() == []
    with opened(DatabaseWrapper, sqlite_file) as connection:
        (message,) = checks.check_databases()
        assert (message.id, connection.connection) == ("pyforge_web.W005", None)
        assert "'engine'" in message.msg
        assert "time zone of its own" in message.msg


def test_engine_of_another_database_is_named():
    class DatabaseWrapper(BaseDatabaseWrapper):
        vendor = "oracle"

    assert "no native path for oracle" in backends._load_backend(DatabaseWrapper)


UNOPENED = """
import django
from django.conf import settings
DATABASES = {"default": {"ENGINE": "django.db.backends.%s", "NAME": "x"}}
settings.configure(DATABASES=DATABASES, INSTALLED_APPS=["pyforge_web"])
django.setup()
from django.core.checks import run_checks
print([message.id for message in run_checks() if "W005" in str(message.id)])
"""


@pytest.mark.parametrize("engine", ["sqlite3", "postgresql", "mysql", "dummy"])
def test_engine_without_a_connection_is_known(engine):
    """Nothing has been imported by a first connection yet."""
    if engine == "mysql":
        pytest.importorskip("MySQLdb")
    run = subprocess.run([sys.executable, "-c", UNOPENED % engine], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.returncode) == ("[]", 0), run.stderr[-2000:]


def test_queries_under_sentry_are_native_and_seen(request):
    command = [sys.executable, "-m", "tests.databases.sentry_checks"]
    child = subprocess.run(command, cwd=request.config.rootpath, capture_output=True, text=True, timeout=120)
    assert child.returncode == 0, child.stderr[-3000:]


def test_queries_under_opentelemetry_are_native_and_seen(request):
    command = [sys.executable, "-m", "tests.databases.tracing_checks"]
    child = subprocess.run(command, cwd=request.config.rootpath, capture_output=True, text=True, timeout=120)
    assert child.returncode == 0, child.stderr[-3000:]
