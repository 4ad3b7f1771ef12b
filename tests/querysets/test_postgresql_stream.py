"""Rows of PostgreSQL that libpq hands on in chunks: the same rows, statements, errors and transactions as without."""

import datetime
import gc

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connections, transaction
from django.test.utils import CaptureQueriesContext

import pyforge_web
from pyforge_web.querysets.backends import find_backend
from tests.querysets.judge import assert_like_django
from tests.querysets.models import Event

psycopg = pytest.importorskip("psycopg")
stream = pytest.importorskip("pyforge_web.querysets.backends.postgresql_stream")
pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.skipif(not stream.HAS_STREAM, reason="libpq before 17 has no chunked rows"),
]
COUNTS = (0, 1, 199, 200, 201, 400, 1001)


@pytest.fixture
def groups(postgresql):
    """Return the function that makes so many rows."""

    def make(count):
        queryset = Group.objects.using(postgresql)
        queryset.bulk_create([Group(name=f"group {number}") for number in range(count)])
        return queryset.order_by("pk")

    return make


@pytest.fixture
def streamed(monkeypatch):
    """Count the statements that were streamed."""
    started = []

    class Counted(stream.StreamedRows):
        def _start(self, query, params=None):
            started.append(query)
            return super()._start(query, params)

    monkeypatch.setattr("pyforge_web.querysets.backends.postgresql.StreamedRows", Counted)
    return started


@pytest.mark.parametrize("count", COUNTS)
def test_streamed_rows_are_those_of_django(count, groups, postgresql, streamed):
    queryset = groups(count)
    for make in (queryset.all, queryset.values, queryset.values_list, lambda: queryset.values_list("name", flat=True)):
        assert_like_django(make, postgresql, rows=count > 0)
    assert len(streamed) >= 4


@pytest.mark.parametrize(
    ("shown", "make"),
    [
        (0, lambda queryset: queryset[:1000]),
        (1, lambda queryset: queryset[:1001]),
        (1, lambda queryset: queryset[5:]),
        (0, lambda queryset: queryset.filter(pk=1)[:1]),
    ],
)
def test_stream_of_a_small_page_is_not_worth_it(shown, make, groups, streamed):
    pyforge_web.dumps(make(groups(3)))
    assert len(streamed) == shown


def test_stream_of_rows_with_relations_is_not_begun(groups, streamed):
    queryset = groups(3)
    pyforge_web.dumps(queryset, fields=["name", {"permissions": ["codename"]}])
    assert not streamed


def test_stream_is_seen_by_wrappers_and_logs(groups, streamed, postgresql):
    queryset, seen = groups(250), []

    def wrapper(execute, sql, params, many, context):
        seen.append((sql, params))
        return execute(sql, params, many, context)

    connection = connections[postgresql]
    with CaptureQueriesContext(connection) as ours, connection.execute_wrapper(wrapper):
        pyforge_web.dumps(queryset.all())
    with CaptureQueriesContext(connection) as djangos:
        list(queryset.all())
    assert len(seen) == len(streamed) == 1
    assert [query["sql"] for query in ours] == [query["sql"] for query in djangos]


def test_error_of_the_statement_is_django_s(postgresql, streamed):
    queryset = Group.objects.using(postgresql).extra(where=["1 / (id - id) = 1"])
    queryset.create(name="a")
    errors = []
    for read in (pyforge_web.dumps, list):
        with pytest.raises(DatabaseError) as caught, transaction.atomic(postgresql):
            read(queryset.all())
        errors.append((type(caught.value), str(caught.value)))
    assert errors[0] == errors[1]
    assert streamed
    assert queryset.model.objects.using(postgresql).count() == 1


def test_error_behind_the_first_chunk_is_django_s(groups, postgresql, streamed):
    last = groups(700).last()
    queryset = Group.objects.using(postgresql).extra(where=[f"1 / (id - {last.pk}) <= 1"]).order_by()
    for read in (pyforge_web.dumps, list):
        with pytest.raises(DatabaseError, match="division by zero"), transaction.atomic(postgresql):
            read(queryset.all())
    assert len(streamed) == 1
    assert Group.objects.using(postgresql).count() == 700


def test_error_of_a_value_leaves_the_transaction_whole(postgresql, streamed):
    moment = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    rows = [Event(kind="s", at=moment, day=moment.date(), clock=moment.time()) for _ in range(900)]
    for row in rows:
        row.price, row.length, row.data, row.key = 1, datetime.timedelta(1), {}, "0" * 31 + "1"
    events = Event.objects.using(postgresql)
    events.bulk_create(rows)
    events = events.filter(kind="s")
    first = events.order_by("pk").first()
    with connections[postgresql].cursor() as cursor:
        cursor.execute("UPDATE querysets_event SET at = 'infinity' WHERE id = %s", [first.pk + 300])
    for read in (pyforge_web.dumps, list):
        with pytest.raises((DatabaseError, ValueError)):
            read(events.order_by("pk").values("at", "kind"))
    assert streamed
    assert events.count() == 900  # in the transaction of the test


def test_connection_is_free_behind_a_stream(groups, postgresql, streamed):
    queryset = groups(500)
    for _ in range(3):
        pyforge_web.dumps(queryset.all())
        assert queryset.count() == 500
    assert len(streamed) == 3


def test_statement_during_a_stream_is_refused_and_does_not_wait(groups, postgresql):
    """The garbage collector may close a cursor on the server at any time, which is a statement."""
    queryset = groups(500)
    compiled_rows = open_rows(queryset)
    assert len(compiled_rows.fetchmany(10)) == 10
    with pytest.raises(psycopg.OperationalError, match="in progress"):
        connections[postgresql].connection.cursor().execute("SELECT 1")
    compiled_rows.close()
    gc.collect()
    assert queryset.count() == 500


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_stream_that_is_left_without_a_transaction_is_cancelled(groups):
    queryset = groups(2000)
    rows = open_rows(queryset)
    assert len(rows.fetchmany(10)) == 10
    rows.close()
    assert queryset.count() == 2000
    queryset.all().delete()


def test_stream_that_is_left_in_a_transaction_is_read(groups):
    queryset = groups(2000)
    rows = open_rows(queryset)
    assert len(rows.fetchmany(10)) == 10
    rows.close()
    assert queryset.count() == 2000


def test_stream_that_nobody_closes_is_cancelled(groups, postgresql):
    queryset = groups(2000)
    with transaction.atomic(postgresql):
        rows = open_rows(queryset)
        del rows
        gc.collect()
        transaction.set_rollback(True, postgresql)
    assert queryset.count() == 2000


def open_rows(queryset):
    """Return the streamed rows of a QuerySet's values."""
    from pyforge_web.querysets.statement import compile_query, execute_query

    assert find_backend(connections[queryset.db]) is not None
    rows = execute_query(compile_query(queryset.values()), in_parts=True).cursor
    assert isinstance(rows, stream.StreamedRows)
    return rows
