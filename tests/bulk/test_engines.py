"""Engines, drivers and connections that change values, in both directions: a batch is judged as `full_clean` judges it.

What is changed is what `tests/databases` reads rows through.
"""

import contextlib
import datetime
import importlib.util
import sqlite3
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.backends.sqlite3 import base
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from pyforge_web import validate_many
from pyforge_web.bulk import equality
from pyforge_web.querysets import backends
from tests import mariadb
from tests.bulk.conftest import create_tables
from tests.bulk.models import Constrained, Country, Maker, Uniques
from tests.bulk.oracle import clean_by_django
from tests.databases.changes import attribute
from tests.databases.conftest import opened
from tests.databases.sqlite_changes import CHANGES as SQLITE
from tests.oracle import describe_errors

POSTGRESQL, MYSQL, NEW_CONNECTIONS = {}, {}, {}
if importlib.util.find_spec("psycopg"):
    from tests.databases.postgresql_changes import CHANGES as POSTGRESQL
mariadb.use_driver()
if importlib.util.find_spec("MySQLdb._mysql"):
    from tests.databases.mysql_changes import CHANGES as MYSQL
    from tests.databases.mysql_changes import NEW_CONNECTIONS

KEY = uuid.UUID("12345678-9abc-4ef0-8234-56789abcdef0")
MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
STORED = """
INSERT INTO bulk_country (id, code) VALUES (1, 'de'), (2, 'FR');
INSERT INTO bulk_maker (id, name, live, country_id) VALUES (1, 'm', %(true)s, 'de'), (2, 'n', %(true)s, NULL);
INSERT INTO bulk_uniques (id, sku, number, %(key)s, moment, kind) VALUES
(1, 'one', 5, '%(uuid)s', '2026-01-02 03:04:05', 'a'), (2, 'Two', 7, NULL, NULL, 'a');
"""


class ToEngine:
    """Sends every query to the engine of a test."""

    def db_for_read(self, model, **hints):
        return "engine"

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return False


def batches():
    """Keys of every type, stored, new and repeated; foreign keys that exist and that do not."""
    yield lambda: [
        Uniques(id=11, sku="one", number=1),
        Uniques(id=12, sku="ONE", number=5),
        Uniques(id=13, sku="new", number=6, key=KEY),
        Uniques(id=14, sku="new", number=7, moment=MOMENT),
        Uniques(id=15, sku="x", key=KEY, flag=True, maker_id=1, day=datetime.date(2026, 1, 2)),
        Uniques(id=16, sku="y", flag=True, maker_id=3, day=datetime.date(2026, 1, 2)),
        Uniques(id=17, sku="z", flag=False, maker_id=1, day=datetime.date(2026, 1, 2)),
    ]
    yield lambda: [Maker(id=21 + at, name="m", country_id=code) for at, code in enumerate(("de", "DE", "FR", "xx"))]
    yield lambda: [Country(id=31 + at, code=code) for at, code in enumerate(("de", "DE", "fr", "new", "new"))]


def judged(call):
    """Row and errors, or the type of what was raised."""
    try:
        return {row: describe_errors(error) for row, error in call().items()}
    except ValidationError:
        raise
    except Exception as error:
        return type(error)


def assert_batches_like_django(makers=None):
    for make in makers or batches():
        theirs = judged(lambda make=make: clean_by_django(make, "engine")[1])
        assert judged(lambda make=make: validate_many(make()).errors) == theirs


@contextlib.contextmanager
def filled(engine, settings, change, *, new_connection=False):
    """A connection of an engine to a database that has the rows, with what is done to it."""
    with contextlib.ExitStack() as stack:
        if new_connection:
            stack.enter_context(change(None))
        connection = stack.enter_context(opened(engine, settings))
        stack.enter_context(override_settings(DATABASE_ROUTERS=["tests.bulk.test_engines.ToEngine"]))
        if change and not new_connection:
            stack.enter_context(change(connection))
        yield connection


def fill(connection):
    """The rows, by SQL."""
    is_native = connection.features.has_native_uuid_field
    values = {
        "true": "1" if connection.vendor != "postgresql" else "true",
        "key": connection.ops.quote_name("key"),
        "uuid": KEY if is_native else KEY.hex,
    }
    with connection.cursor() as cursor:
        for table in ("uniques", "maker", "country"):
            cursor.execute(f"DELETE FROM bulk_{table}")
        for statement in (STORED % values).split(";")[:-1]:
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def unblocked(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory, django_db_setup, django_db_blocker):
    settings = connections["default"].settings_dict | {"NAME": str(tmp_path_factory.mktemp("sqlite") / "bulk.sqlite3")}
    with django_db_blocker.unblock(), opened(base.DatabaseWrapper, settings, "file") as connection:
        create_tables("file")
        fill(connection)
    return settings


@contextlib.contextmanager
def tables_of(alias):
    """The rows in the tables of a server's database; none of them afterwards."""
    fill(connections[alias])
    yield connections[alias].settings_dict
    with connections[alias].cursor() as cursor:
        for table in ("uniques", "maker", "country"):
            cursor.execute(f"DELETE FROM bulk_{table}")


@pytest.fixture(scope="module")
def postgresql_settings(tables, django_db_blocker):
    with django_db_blocker.unblock(), tables_of(tables["postgresql"]) as settings:
        yield settings


@pytest.fixture(scope="module")
def mysql_settings(all_tables, django_db_blocker):
    with django_db_blocker.unblock(), tables_of(all_tables["mysql"]) as settings:
        yield settings


@contextlib.contextmanager
def adapter(connection, kind, function):
    """What sqlite3 sends for values of a type."""
    sqlite3.register_adapter(kind, function)
    try:
        yield
    finally:
        del sqlite3.adapters[kind, sqlite3.PrepareProtocol]


# With these no question of Django's can be asked: it raises while it looks at the answer.
BROKEN = {
    *("row_factory dict", "bytes for texts", "cursor of dicts", "cursor of dicts by an attribute"),
    *("cursorclass of dicts", "cursorclass of later", "cursor's kind of row"),
}
SQLITE_ADAPTERS = {
    "adapter of texts": (None, {}, lambda c: adapter(c, str, lambda value: value.upper())),
    "adapter of int": (None, {}, lambda c: adapter(c, int, lambda value: value + 1)),
}


@pytest.mark.parametrize("name", [name for name in SQLITE | SQLITE_ADAPTERS if name not in BROKEN])
def test_sqlite_batches_are_djangos(name, sqlite_file):
    engine, options, change = (SQLITE | SQLITE_ADAPTERS)[name]
    with filled(engine or base.DatabaseWrapper, sqlite_file | {"OPTIONS": options}, change) as connection:
        assert_batches_like_django()
        assert name not in SQLITE_ADAPTERS or backends.why_not_stock(connection, both_ways=True)


def negated_row(cursor, row):
    return tuple(-value if isinstance(value, int) else value for value in row)


def repeating_rows(count, period):
    """Repeats of one row and of many, with NULLs that equal nothing and NULLs that equal NULL."""
    yield lambda: [
        Uniques(
            id=50 + at, sku=f"s{at % period}", number=at % 7 or None, kind="ab"[at % 2], flag=(None, True)[at % 3 > 0]
        )
        for at in range(count)
    ]
    yield lambda: [
        Constrained(
            id=50 + at, name=f"{'nN'[at % 2]}{at % period}", number=at % 5, live=(None, True)[at % 2], width=at % 9
        )
        for at in range(count)
    ]


@pytest.mark.parametrize("period", [1, 11, 100])
@pytest.mark.parametrize("size", [3, 8, 20_000])
def test_numbers_of_rows_are_not_read_from_a_changed_driver(size, period, sqlite_file, monkeypatch):
    monkeypatch.setattr(equality, "_COMPARED_ROWS", size)
    with filled(base.DatabaseWrapper, sqlite_file, lambda c: attribute(c, row_factory=negated_row)) as connection:
        assert backends.why_not_stock(connection, both_ways=True)
        assert_batches_like_django(repeating_rows(30, period))


def test_rows_without_repeats_are_one_question_a_set(sqlite_file):
    with filled(base.DatabaseWrapper, sqlite_file, lambda c: attribute(c, row_factory=negated_row)) as connection:
        rows = [Uniques(sku=f"new {at}") for at in range(300)]
        with CaptureQueriesContext(connection) as captured:
            assert validate_many(rows).ok
    assert len([query for query in captured if "HAVING" in query["sql"]]) == 1


@pytest.mark.parametrize("name", [name for name in POSTGRESQL if name not in BROKEN])
def test_postgresql_batches_are_djangos(name, postgresql_settings):
    from django.db.backends.postgresql.base import DatabaseWrapper

    engine, options, change = POSTGRESQL[name]
    with filled(engine or DatabaseWrapper, postgresql_settings | {"OPTIONS": options}, change):
        assert_batches_like_django()


@pytest.mark.parametrize("name", [name for name in MYSQL if name not in BROKEN])
def test_mysql_batches_are_djangos(name, mysql_settings):
    from django.db.backends.mysql.base import DatabaseWrapper

    engine, options, change = MYSQL[name]
    settings = mysql_settings | {"OPTIONS": options}
    with filled(engine or DatabaseWrapper, settings, change, new_connection=name in NEW_CONNECTIONS):
        assert_batches_like_django()
