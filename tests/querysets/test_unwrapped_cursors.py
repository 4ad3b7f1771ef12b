"""Statements for which Django's wrapper of a cursor is left out, and all that keeps it in, on each database.

Each with and without the SQL cache: what is remembered of a page goes the shortest way.
"""

import asyncio
import contextlib
import gc
import json
import threading
from unittest import mock

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, Error, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.test.utils import CaptureQueriesContext

import pyforge_web
from pyforge_web.metering import collect
from pyforge_web.querysets.backends.direct_driver import DirectCursor, UnwrappedCursor
from tests.querysets.models import Event
from tests.unheard import sql_cache, unheard

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(params=["", "remembered"], autouse=True)
def cache(request, monkeypatch):
    with sql_cache(monkeypatch, is_on=bool(request.param)):
        yield


@pytest.fixture
def database(any_database, cache):
    """The connection of each database in turn, without what listens to it in these tests; it has been read from."""
    with unheard(connections[any_database]) as connection:
        for _ in range(3):
            write(connection)
        yield connection


def find_page(database):
    return Event.objects.using(database.alias).order_by("pk")[:3]


def write(database):
    return pyforge_web.dumps(find_page(database), fields="*")


@contextlib.contextmanager
def count_unwrapped():
    """What was asked for without Django's wrapper."""
    made = []

    def note(original):
        def opened(cls, *given):
            made.append(given)
            return original(cls, *given)

        return classmethod(opened)

    with (
        mock.patch.object(DirectCursor, "execute_on", note(DirectCursor.execute_on.__func__)),
        mock.patch.object(UnwrappedCursor, "open", note(UnwrappedCursor.open.__func__)),
    ):
        yield made


def test_unwrapped_rows_are_djangos(database):
    expected = json.loads(json.dumps(list(find_page(database).values()), cls=DjangoJSONEncoder))
    with count_unwrapped() as made:
        assert json.loads(write(database)) == expected
        assert json.loads(pyforge_web.dumps(find_page(database), fields=["pk"])) == [
            {"pk": row["id"]} for row in expected
        ]
        pyforge_web.dumps(find_page(database).values("id"))
    assert len(expected) == 3
    assert len(made) == 3


def test_unwrapped_page_leaves_no_cycle(database):
    """What a page leaves to the collector of garbage stays in memory for a while, with the driver's rows."""
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            write(database)
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["execute", "_execute", "__getattr__", "close"])
def test_unwrapped_not_past_patched_wrapper(database, name):
    expected, calls = write(database), []
    original = getattr(CursorWrapper, name, None)

    def listen(cursor, *given, **options):
        calls.append(given)
        return cursor.cursor.close() if original is None else original(cursor, *given, **options)

    with mock.patch.object(CursorWrapper, name, listen, create=True), count_unwrapped() as made:
        assert write(database) == expected
    assert calls
    assert not made
    with count_unwrapped() as made:
        assert write(database) == expected
    assert len(made) == 1


@pytest.mark.parametrize("is_own", [True, False])
@pytest.mark.parametrize("name", ["cursor", "create_cursor", "make_cursor", "_prepare_cursor"])
def test_unwrapped_not_past_patched_connection(database, name, is_own):
    expected, calls = write(database), []
    owner = database if is_own else type(database)
    original = getattr(owner, name)

    def listen(*given, **options):
        calls.append(given)
        return original(*given, **options)

    with mock.patch.object(owner, name, listen), count_unwrapped() as made:
        assert write(database) == expected
    assert calls
    assert not made


def test_unwrapped_not_past_listeners(database):
    expected, asked = write(database), []

    def listen(execute, sql, *given):
        asked.append(sql)
        return execute(sql, *given)

    with count_unwrapped() as made:
        with database.execute_wrapper(listen):
            assert write(database) == expected
        with CaptureQueriesContext(database) as captured:
            assert write(database) == expected
        with collect():
            assert write(database) == expected
    assert (len(asked), len(captured), made) == (1, 1, [])


def test_unwrapped_not_in_broken_transaction(database):
    with transaction.atomic(using=database.alias):
        database.needs_rollback = True
        with pytest.raises(transaction.TransactionManagementError):
            write(database)
        database.needs_rollback = False


def find_errors(query):
    """The error that Django raises for a query, and ours; nothing for one that has rows."""
    raised = []
    for read in (list, pyforge_web.dumps):
        try:
            with transaction.atomic(using=query.db):
                read(query.all())
        except Error as error:
            raised.append((type(error), str(error), type(error.__cause__)))
        else:
            raised.append(None)
    return raised


def test_unwrapped_errors_are_djangos(database):
    query = Event.objects.using(database.alias).extra(where=["nonsense = 1"])
    with count_unwrapped() as made:
        django, ours = find_errors(query)
    assert ours == django
    assert django is not None
    assert len(made) == 1


def test_unwrapped_errors_of_values_are_djangos(database):
    query = Event.objects.using(database.alias).annotate(big=F("pk") * 9223372036854775807 * 9)
    django, ours = find_errors(query)
    assert ours == django
    assert (django is None) == (database.vendor == "sqlite")  # which computes with floats then


def test_unwrapped_errors_are_noted(database):
    """Django looks at a connection again after an error, at the end of the request."""
    query = Event.objects.using(database.alias).extra(where=["nonsense = 1"])
    database.errors_occurred = False
    with pytest.raises(DatabaseError), transaction.atomic(using=database.alias):
        pyforge_web.dumps(query)
    assert database.errors_occurred
    database.errors_occurred = False


def raise_in_another_thread(connection, call):
    """What a call raises in a thread that was given the connection of this one."""
    raised = []

    def work():
        connections[connection.alias] = connection
        try:
            call()
        except DatabaseError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return str(raised)


def test_unwrapped_not_in_event_loop(database):
    async def write_in_loop():
        return write(database)

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(write_in_loop())


def test_unwrapped_in_another_thread(database):
    assert "created in a thread" in raise_in_another_thread(database, lambda: write(database))
