"""Whatever changes the rows of a connection, ours are Django's; what is not the driver's own is said."""

import contextlib
import importlib
import importlib.util

import pytest
from django.db.backends.sqlite3 import base
from django.db.models.functions import Upper

import pyforge_web
from pyforge_web.querysets import backends
from tests.databases.conftest import opened
from tests.databases.sqlite_changes import CHANGES as SQLITE
from tests.oracle import assert_same, django_value, strict
from tests.querysets.judge import assert_like_django, like_values
from tests.querysets.models import Scalars
from tests.streams.reading import read
from tests.unheard import sql_cache

POSTGRESQL, WITHOUT_STREAMS = {}, {}
if importlib.util.find_spec("psycopg"):
    from tests.databases.postgresql_changes import CHANGES as POSTGRESQL
    from tests.databases.postgresql_changes import WITHOUT_STREAMS

# Only the readers of single columns change: the rest of a statement stays native.
BY_COLUMN = {
    "operations, booleans",
    "operations, dates",
    "operations, all columns",
    "operations patched",
    "operations patched, decimals",
    "JSON patched",
    "field patched",
    "field with converters",
}
# Nothing of the driver's is replaced: what the session prints is looked at, or the column.
STOCK = {
    *BY_COLUMN,
    "column of floats",
    "column of texts",
    "column of another width",
    "binary cursor",
    "dates of SQL",
    "session in Tokyo",
    "texts as bytes",
    "server-side binding",
}
# These change their rows while they execute, which shows when they have: Django's statement comes after ours. What a
# binary cursor sends is not known as text.
LATE = {"cursor that executes", "cursor_factory that executes", "cursor_factory that sets rows", "binary cursor"}


def shapes(alias):
    rows = Scalars.objects.using(alias).order_by("pk")
    return {
        "values": lambda: rows.values(),
        "values_list": lambda: rows.values_list("pk", "char", "date", "moment", "decimal", "boolean", "uuid"),
        "flat": lambda: rows.values_list("moment", flat=True),
        "expressions": lambda: rows.values("date", upper=Upper("char")),
        "ordered": lambda: rows.order_by("date", "pk").values("date", "time"),
        "models": lambda: rows.all(),
    }


def outcome(call):
    try:
        return call()
    except Exception as error:
        return type(error)


def assert_all_like_django(alias, name=None):
    for make in shapes(alias).values():
        if name in LATE:
            ours = outcome(lambda make=make: strict(pyforge_web.dumps(make())))
            assert_same(ours, outcome(lambda make=make: django_value(like_values(make()))))
        else:
            assert_like_django(make, alias, savepoint=False)


def page():
    return Scalars.objects.using("engine").order_by("pk")[:20]


@pytest.fixture(params=["", "remembered"])
def pages(request, monkeypatch):
    """A function that reads pages of a connection until nothing is found out about them any more.

    With the SQL cache they take the shortest way then. Nobody listens, as to the rows of `assert_like_django`.
    """
    with sql_cache(monkeypatch, is_on=bool(request.param)):
        yield lambda: [outcome(lambda: pyforge_web.dumps(page(), fields="*")) for _ in range(3)]


def assert_page_like_django():
    for _ in range(2):
        ours = outcome(lambda: strict(pyforge_web.dumps(page(), fields="*")))
        assert_same(ours, outcome(lambda: django_value(like_values(page()))))


def assert_stream_like_django():
    """The rows of a stream are those of `iterator()`."""
    rows = Scalars.objects.using("engine").order_by("pk").values("pk", "char", "date", "moment", "decimal", "json")
    try:
        expected = django_value(list(rows.iterator(chunk_size=3)))
    except Exception:
        return  # what the end of a broken stream says is a matter of tests/streams
    assert_same(strict(read(rows, "array", chunk_size=3)), expected)


@pytest.fixture(autouse=True)
def first_use(sqlite_file, django_db_blocker):
    """The readers of all columns are known before anything changes. No test writes, so none needs a transaction."""
    with django_db_blocker.unblock():
        with opened(base.DatabaseWrapper, sqlite_file):
            pyforge_web.dumps(Scalars.objects.using("engine"))
        yield


@pytest.mark.parametrize("name", SQLITE)
def test_sqlite_rows_are_djangos(name, sqlite_file):
    engine, options, change = SQLITE[name]
    settings = sqlite_file | {"OPTIONS": options}
    with opened(engine or base.DatabaseWrapper, settings) as connection, (change or contextlib.nullcontext)(connection):
        for _ in range(2):
            assert_all_like_django("engine", name)
        assert_stream_like_django()
        assert name in (STOCK | LATE) or backends.why_not_stock(connection)


@pytest.mark.parametrize("name", SQLITE)
def test_sqlite_pages_are_djangos(name, sqlite_file, pages):
    engine, options, change = SQLITE[name]
    with opened(base.DatabaseWrapper, sqlite_file):
        pages()
    settings = sqlite_file | {"OPTIONS": options}
    with opened(engine or base.DatabaseWrapper, settings) as connection:
        pages()
        with change(connection) if change else contextlib.nullcontext():
            assert_page_like_django()


@pytest.mark.parametrize("name", [name for name in SQLITE if SQLITE[name][2]])
def test_sqlite_rows_are_native_again_afterwards(name, sqlite_file):
    _, options, change = SQLITE[name]
    with opened(base.DatabaseWrapper, sqlite_file | {"OPTIONS": options}) as connection, change(connection):
        assert_all_like_django("engine")
    with opened(base.DatabaseWrapper, sqlite_file) as connection:
        assert backends.why_not_stock(connection) is None
        assert_all_like_django("engine")


def test_sqlite_change_in_the_middle_is_seen(sqlite_file):
    with opened(base.DatabaseWrapper, sqlite_file) as connection:
        assert_all_like_django("engine")
        connection.connection.row_factory = lambda cursor, row: row[::-1]
        assert_all_like_django("engine")
        connection.connection.row_factory = None
        assert backends.why_no_backend(connection) is None
        assert_all_like_django("engine")


@pytest.mark.parametrize("name", POSTGRESQL)
def test_postgresql_rows_are_djangos(name, postgresql_settings):
    engine, options, change = POSTGRESQL[name]
    wrapper = importlib.import_module("django.db.backends.postgresql.base").DatabaseWrapper
    with opened(engine or wrapper, postgresql_settings | {"OPTIONS": options}) as connection:
        pyforge_web.dumps(Scalars.objects.using("engine")[:1]) if change else None
        with change(connection) if change else contextlib.nullcontext():
            assert_all_like_django("engine", name)
            assert_all_like_django("engine", name)
            assert_stream_like_django()
            assert name in (STOCK | LATE) or backends.why_not_stock(connection)


@pytest.mark.parametrize("name", [*POSTGRESQL, *WITHOUT_STREAMS])
def test_postgresql_pages_are_djangos(name, postgresql_settings, pages):
    engine, options, change = (POSTGRESQL | WITHOUT_STREAMS)[name]
    wrapper = importlib.import_module("django.db.backends.postgresql.base").DatabaseWrapper
    with opened(wrapper, postgresql_settings):
        pages()
    with opened(engine or wrapper, postgresql_settings | {"OPTIONS": options}) as connection:
        pages()
        with change(connection) if change else contextlib.nullcontext():
            assert_page_like_django()
