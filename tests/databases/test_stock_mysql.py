"""Whatever changes the rows of MariaDB, ours are Django's; what is not the driver's own is said."""

import contextlib

import pytest
from django.db import connections

import pyforge_web
from pyforge_web.querysets import backends
from tests import mariadb
from tests.databases import test_stock
from tests.databases.conftest import opened
from tests.databases.test_stock import (
    assert_all_like_django,
    assert_page_like_django,
    assert_stream_like_django,
    outcome,
    pages,  # noqa: F401 - a fixture
    shapes,
)
from tests.querysets.models import Scalars

mariadb.use_driver()
pytest.importorskip("MySQLdb._mysql", reason="the changes are mysqlclient's")
from tests.databases.mysql_changes import CHANGES, NEW_CONNECTIONS, OPTIONS  # noqa: E402

# Nothing of the driver's own is replaced: what the session does is in what the server sends, or in the values that are
# sent, or it is asked of the column.
STOCK = {
    *(name for name in OPTIONS if not name.startswith(("conv", "cursorclass"))),
    *(name for name in CHANGES if name.startswith(("encoder", "encoding", "session", "results"))),
    *(
        "other SQL",
        "statement before",
        "statement after",
        "rows before",
        "operations patched, datetimes",
        *test_stock.BY_COLUMN,
    ),
    *("operations, keys",),
    # The driver puts its own in their place.
    *("conv of VAR_STRING", "conv of BLOB", "conv of STRING"),
} - {"bytes for texts"}
# Django cannot ask the server for its version with these: it raises, and where it does so depends on what it knows.
BROKEN = {
    *("cursor of dicts", "cursor of dicts by an attribute", "cursorclass of dicts", "cursorclass of later"),
    "cursor's kind of row",
}
# These are seen when the statement has been executed, or are the driver's own code by another name.
LATE = {"cursor's result by another"}


@pytest.fixture(scope="module")
def mysql_settings(filled_mysql):
    """The settings of a database whose tables are filled, of which several connections may be opened."""
    return connections[filled_mysql].settings_dict


@pytest.fixture(autouse=True)
def unblocked(mysql_settings, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def assert_both_raise():
    for make in shapes("engine").values():
        for call in (lambda make=make: pyforge_web.dumps(make()), lambda make=make: list(make())):
            with pytest.raises((KeyError, TypeError, AttributeError)):
                call()


@pytest.mark.parametrize("name", CHANGES)
def test_rows_are_djangos(name, mysql_settings):
    engine, options, change = CHANGES[name]
    from django.db.backends.mysql.base import DatabaseWrapper

    with contextlib.ExitStack() as stack:
        if name in NEW_CONNECTIONS:
            stack.enter_context(change(None))
        settings = mysql_settings | {"OPTIONS": options}
        connection = stack.enter_context(opened(engine or DatabaseWrapper, settings))
        if change and name not in NEW_CONNECTIONS:
            pyforge_web.dumps(Scalars.objects.using("engine")[:1])
            stack.enter_context(change(connection))
        if name in BROKEN:
            assert_both_raise()
        else:
            for _ in range(2):
                assert_all_like_django("engine", name)
            assert_stream_like_django()
        assert name in (STOCK | LATE) or backends.why_not_stock(connection)


@pytest.mark.parametrize("name", CHANGES)
def test_pages_are_djangos(name, mysql_settings, pages):  # noqa: F811
    engine, options, change = CHANGES[name]
    from django.db.backends.mysql.base import DatabaseWrapper

    with contextlib.ExitStack() as stack:
        if name in NEW_CONNECTIONS:
            stack.enter_context(change(None))
        else:
            with opened(DatabaseWrapper, mysql_settings):
                pages()
        connection = stack.enter_context(opened(engine or DatabaseWrapper, mysql_settings | {"OPTIONS": options}))
        pages()
        if change and name not in NEW_CONNECTIONS:
            stack.enter_context(change(connection))
        assert_page_like_django()


@pytest.mark.parametrize("name", [name for name in CHANGES if CHANGES[name][2]])
def test_rows_are_native_again_afterwards(name, mysql_settings):
    from django.db.backends.mysql.base import DatabaseWrapper

    with opened(DatabaseWrapper, mysql_settings) as connection:
        if name not in NEW_CONNECTIONS:
            with CHANGES[name][2](connection):
                outcome(lambda: pyforge_web.dumps(Scalars.objects.using("engine")))
        connection.close()
        assert_all_like_django("engine")
        assert backends.why_not_stock(connection, both_ways=True) is None


def reads_one(execute, sql, params, many, context):
    result = execute(sql, params, many, context)
    if sql.startswith("SELECT"):
        context["cursor"].cursor.fetchmany(2)
    return result


def test_rows_that_a_wrapper_has_fetched_are_gone(mysql):
    with connections[mysql].execute_wrapper(reads_one):
        assert_all_like_django(mysql)
