"""Statements that go straight to the driver, and all that makes Django's own cursor run them."""

import asyncio
import contextlib
from unittest import mock

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import OperationalError, connections, transaction
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext

import pyforge_web
from pyforge_web.querysets.backends import DirectCursor
from tests.querysets.test_unwrapped_cursors import raise_in_another_thread
from tests.relations.models import Article

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]
FIELDS = ["id", "title"]


def write():
    return pyforge_web.dumps(Article.objects.filter(id__gte=1).order_by("id")[:3], fields=FIELDS)


@pytest.fixture(autouse=True)
def quiet():
    """The connection without what listens to it in these tests."""
    database = connections["default"]
    database.ensure_connection()
    before = list(database.execute_wrappers)
    database.execute_wrappers.clear()
    for _ in range(4):
        write()
    yield
    database.execute_wrappers[:] = before


@contextlib.contextmanager
def counted():
    """The statements that went straight to the driver."""
    made, original = [], DirectCursor.execute_on.__func__

    def execute(cls, *given):
        made.append(given)
        return original(cls, *given)

    with mock.patch.object(DirectCursor, "execute_on", classmethod(execute)):
        yield made


def test_direct_is_taken():
    with counted() as made:
        write()
    assert len(made) == 1


def heard(owner, name):
    """A method that a tool has wrapped."""
    original, calls = getattr(owner, name), []

    def listen(*args, **kwargs):
        calls.append(args)
        return original(*args, **kwargs)

    return mock.patch.object(owner, name, listen), calls


@pytest.mark.parametrize(
    ("find", "name"),
    [
        (lambda: CursorWrapper, "execute"),
        (lambda: CursorWrapper, "_execute"),
        (lambda: SQLiteCursorWrapper, "execute"),
        (lambda: type(connections["default"]), "create_cursor"),
        (lambda: type(connections["default"]), "cursor"),
        (lambda: connections["default"], "cursor"),
        (lambda: connections["default"], "create_cursor"),
        (lambda: connections["default"], "make_cursor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_direct_not_past_tools(find, name):
    expected = write()
    patch, calls = heard(find(), name)
    with patch, counted() as made:
        assert write() == expected
    assert (len(calls), made) == (1, [])
    with counted() as made:
        assert write() == expected
    assert len(made) == 1


def test_direct_not_past_listeners():
    expected, asked = write(), []

    def listen(execute, sql, *given):
        asked.append(sql)
        return execute(sql, *given)

    with counted() as made:
        with connections["default"].execute_wrapper(listen):
            assert write() == expected
        with CaptureQueriesContext(connections["default"]) as captured:
            assert write() == expected
    assert (len(asked), len(captured), made) == (1, 1, [])


def test_direct_errors_are_djangos():
    with transaction.atomic():
        connections["default"].needs_rollback = True
        with pytest.raises(transaction.TransactionManagementError):
            write()
        connections["default"].needs_rollback = False
    with mock.patch.object(Article._meta, "db_table", "relations_nowhere"), pytest.raises(OperationalError):
        write()

    async def in_a_loop():
        return write()

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(in_a_loop())


def test_direct_in_another_thread():
    assert "created in a thread" in raise_in_another_thread(connections["default"], write)
