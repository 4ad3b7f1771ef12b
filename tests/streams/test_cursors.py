"""The cursor of a stream: whose it is, when it is opened, how much is fetched, and that it is always closed."""

import pytest
from asgiref.sync import async_to_sync
from django.core import signals
from django.db import close_old_connections, connections, transaction
from django.test.utils import CaptureQueriesContext

from pyforge_web import PyForgeStreamingResponse
from pyforge_web.querysets import statement
from tests.app.models import Blob
from tests.oracle import assert_same
from tests.querysets.models import Event, Place
from tests.querysets.test_errors import cursors, is_closed  # noqa: F401
from tests.streams.reading import last_line, read, read_async

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def database(any_database):
    """The alias of each database in turn, MariaDB among them."""
    return any_database


@pytest.fixture(autouse=True)
def kept_connections():
    """The end of a response closes old connections; here they are the test's, as in Django's test client."""
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_finished.connect(close_old_connections)


class WatchedCursor:
    """A cursor that notes its fetches. A patched class of the driver would be read through Django."""

    def __init__(self, cursor, taken):
        self.cursor, self.taken = cursor, taken

    def __getattr__(self, name):
        return getattr(self.cursor, name)

    def fetchmany(self, size):
        rows = self.cursor.fetchmany(size)
        self.taken.append((size, len(rows)))
        return rows


@pytest.fixture
def fetches(database, monkeypatch):
    """How many rows each fetch asked for and got."""
    taken = []
    original = statement.read_statement

    def watched(driver):
        executed = original(driver)
        return executed._replace(cursor=WatchedCursor(executed.cursor, taken))

    monkeypatch.setattr(statement, "read_statement", watched)
    return taken


def server_side(cursor):
    return type(cursor).__name__ == "ServerSideCursor"


def leave_early(rows, *, chunks):
    """Reads some chunks and goes, as a client that closes its connection."""
    response = PyForgeStreamingResponse(rows, chunk_size=2)
    parts = iter(response)
    for _ in range(chunks):
        next(parts)
    response.close()


def leave_early_async(rows, *, chunks):
    async def leave():
        response = PyForgeStreamingResponse(rows, chunk_size=2)
        parts = aiter(response)
        for _ in range(chunks):
            await anext(parts)
        await parts.aclose()

    async_to_sync(leave)()


class TestWhichOne:
    def test_as_iterator(self, database, cursors):  # noqa: F811
        """A server-side cursor where the database has them."""
        list(Event.objects.using(database).iterator())
        read(Event.objects.using(database))
        read_async(Event.objects.using(database))
        assert {type(cursor) for cursor in cursors} == {type(cursors[0])}
        assert server_side(cursors[0]) is (database == "postgres")

    def test_unless_the_settings_say_no(self, database, cursors, monkeypatch):  # noqa: F811
        monkeypatch.setitem(connections[database].settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
        list(Event.objects.using(database).iterator())
        body = read(Event.objects.using(database).order_by("pk"), chunk_size=5)
        assert not any(map(server_side, cursors))
        monkeypatch.undo()
        assert_same(body, read(Event.objects.using(database).order_by("pk")))


class TestHowMuch:
    def test_the_first_byte_comes_before_one_row_in_a_hundred_is_read(self, database, fetches):
        Place.objects.using(database).bulk_create(Place(name=f"place {n}") for n in range(6_000))
        parts = iter(PyForgeStreamingResponse(Place.objects.using(database)))
        assert fetches == []
        assert next(parts).startswith(b'{"id":')
        assert sum(got for _, got in fetches) < 60
        rest = b"".join(parts)
        assert sum(got for _, got in fetches) == Place.objects.using(database).count()
        assert rest.count(b"\n") == sum(got for _, got in fetches[1:])

    def test_chunk_size_is_that_of_a_fetch(self, database, fetches):
        read(Event.objects.using(database), chunk_size=7)
        assert fetches == [(7, 7), (7, 5), (7, 0)]

    def test_nothing_is_asked_before_somebody_reads(self, database):
        with CaptureQueriesContext(connections[database]) as captured:
            response = PyForgeStreamingResponse(Event.objects.using(database))
            assert not captured.captured_queries
            response.close()
            assert b"".join(response) == b""
            assert not captured.captured_queries


class TestItIsClosed:
    def test_at_the_end(self, database, cursors):  # noqa: F811
        read(Event.objects.using(database))
        read_async(Event.objects.using(database), "array")
        assert [is_closed(cursor) for cursor in cursors] == [True, True]

    def test_when_a_row_fails(self, database, cursors):  # noqa: F811
        Blob.objects.using(database).create(content=b"x")
        del cursors[:]
        assert last_line(read(Blob.objects.using(database).all()))["row"] == 0
        assert [is_closed(cursor) for cursor in cursors] == [True]

    def test_when_the_database_fails(self, database, cursors):  # noqa: F811
        with transaction.atomic(using=database):
            read(Event.objects.using(database).extra(where=["nonsense = 1"]))
            transaction.set_rollback(True, using=database)
        assert cursors
        assert all(map(is_closed, cursors))

    @pytest.mark.parametrize("chunks", [1, 2, 5])
    @pytest.mark.parametrize("leave", [leave_early, leave_early_async])
    def test_when_the_client_leaves(self, leave, chunks, database, cursors):  # noqa: F811
        leave(Event.objects.using(database), chunks=chunks)
        assert [is_closed(cursor) for cursor in cursors] == [True]

    @pytest.mark.parametrize("chunks", [1, 2])
    @pytest.mark.parametrize("leave", [leave_early, leave_early_async])
    def test_the_source_hears_of_it_too(self, leave, chunks):
        ended = []

        def rows():
            try:
                yield from range(10)
            finally:
                ended.append("sync")

        async def awaited():
            try:
                for n in range(10):
                    yield n
            finally:
                ended.append("async")

        leave(rows(), chunks=chunks)
        leave(awaited(), chunks=chunks)
        assert ended == ["sync", "async"]

    def test_under_a_middleware_that_wraps_the_body(self, database, cursors, rf):  # noqa: F811
        from django.middleware.gzip import GZipMiddleware

        def respond(request):
            return PyForgeStreamingResponse(Event.objects.using(database), chunk_size=2)

        request = rf.get("/", headers={"accept-encoding": "gzip"})
        response = GZipMiddleware(respond)(request)
        next(iter(response))
        response.close()

        async def leave():
            response = GZipMiddleware(respond)(request)
            parts = aiter(response)
            await anext(parts)
            await anext(parts)
            await parts.aclose()

        async_to_sync(leave)()
        assert all(map(is_closed, cursors))


@pytest.mark.django_db(databases="__all__", transaction=True)
class TestOutsideATransaction:
    def test_the_rows_of_the_moment_it_began(self, aliases, database, cursors):  # noqa: F811
        """A cursor WITH HOLD, as Django's `iterator()` has it in autocommit."""
        rows = Event.objects.using(database).order_by("pk")
        expected = read(rows, chunk_size=100)
        parts = iter(PyForgeStreamingResponse(rows, chunk_size=2))
        body = next(parts)
        if connections[database].vendor == "postgresql":
            with connections[database].cursor() as cursor:
                cursor.execute("SELECT is_holdable FROM pg_cursors")
                assert (True,) in cursor.fetchall()
        assert_same(body + b"".join(parts), expected)
        assert all(map(is_closed, cursors))

    def test_nothing_is_left_open_on_the_server(self, aliases, database):
        leave_early(Event.objects.using(database), chunks=1)
        leave_early_async(Event.objects.using(database), chunks=2)
        if connections[database].vendor == "postgresql":
            with connections[database].cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE '%%django%%'", [])
                assert cursor.fetchall() == [(0,)]
        with connections[database].schema_editor() as editor:  # what reads a table of SQLite's locks it
            editor.execute("CREATE TABLE rows_unlocked (id integer)")
            editor.execute("DROP TABLE rows_unlocked")
