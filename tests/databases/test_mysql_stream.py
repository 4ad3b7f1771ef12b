"""A stream of MariaDB that asks nothing else reads its rows from the server as they come, whatever else happens."""

import gc

import pytest
from django.db import connections, transaction
from django.db.models import Value

import pyforge_web
from pyforge_web import PyForgeStreamingResponse
from pyforge_web.querysets import statement
from tests.oracle import assert_same
from tests.querysets.models import Customs, Place, Street, Town
from tests.streams.reading import read
from tests.streams.test_cursors import kept_connections  # noqa: F401

pytestmark = pytest.mark.django_db(databases="__all__")
COUNT = 3_000


@pytest.fixture
def rows(filled_mysql, db):
    """A QuerySet of more rows than the driver has ever at once."""
    pytest.importorskip("MySQLdb._mysql", reason="PyMySQL's rows are all read when it has executed")
    Place.objects.using(filled_mysql).bulk_create([Place(name=f"place {n}") for n in range(COUNT)], batch_size=500)
    return Place.objects.using(filled_mysql).order_by("pk")


@pytest.fixture
def opened(monkeypatch):
    """The names of the classes that give the rows of statements."""
    found = []
    original = statement.read_statement

    def watched(driver):
        found.append(type(driver.cursor).__name__)
        return original(driver)

    monkeypatch.setattr(statement, "read_statement", watched)
    return found


def begun(rows, *, chunks=3):
    """A response of which some parts have been read, what is left of it, and those parts."""
    response = PyForgeStreamingResponse(rows, chunk_size=10, format="array")
    parts = iter(response)
    return response, parts, b"".join(next(parts) for _ in range(chunks))


def guards(alias):
    return {name for name in vars(connections[alias].connection) if name in ("query", "commit", "next_result")}


def test_rows_come_from_the_server(rows, opened, mysql):
    assert_same(read(rows, "array", chunk_size=10), pyforge_web.dumps(rows))
    assert opened == ["ServerRows", "ResultRows"]
    assert guards(mysql) == set()


def other_query(alias):
    assert Town.objects.using(alias).exists()


def savepoint(alias):
    with transaction.atomic(using=alias):
        Place.objects.using(alias).create(name="another")


def ping(alias):
    assert connections[alias].is_usable()


def two_queries(alias):
    other_query(alias)
    list(Street.objects.using(alias).all())


def failing_query(alias):
    with pytest.raises(Exception, match="no_such"), connections[alias].cursor() as cursor:
        cursor.execute("SELECT no_such")


def raw_commands(alias):
    raw = connections[alias].connection
    raw.set_character_set("utf8mb4")
    assert raw.stat()


DISTURBANCES = (other_query, savepoint, ping, two_queries, failing_query, raw_commands)


@pytest.mark.parametrize("disturb", DISTURBANCES)
def test_whatever_else_is_asked(disturb, rows, opened, mysql):
    expected = pyforge_web.dumps(rows)
    _, parts, first = begun(rows)
    assert "ServerRows" in opened
    assert guards(mysql)
    disturb(mysql)
    assert guards(mysql) == set()
    assert_same(first + b"".join(parts), expected)
    other_query(mysql)


def test_two_streams_at_a_time(rows, mysql):
    expected = pyforge_web.dumps(rows)
    _, one, first = begun(rows)
    _, other, second = begun(rows)
    for parts, start in ((one, first), (other, second)):
        assert_same(start + b"".join(parts), expected)
    assert guards(mysql) == set()


@pytest.mark.parametrize("leave", ["close", "drop"])
def test_client_that_leaves(leave, rows, mysql):
    response, parts, _ = begun(rows)
    if leave == "close":
        response.close()
        assert guards(mysql) == set()
    del response, parts
    gc.collect()
    other_query(mysql)
    assert_same(read(rows, "array"), pyforge_web.dumps(rows))
    assert guards(mysql) == set()


def test_without_a_transaction(rows, mysql, opened):
    """Autocommit is a command as well."""
    expected = pyforge_web.dumps(rows)
    _, parts, first = begun(rows)
    connections[mysql].connection.autocommit(False)
    assert_same(first + b"".join(parts), expected)


def test_setting_keeps_rows_at_the_client(rows, mysql, opened, monkeypatch):
    monkeypatch.setitem(connections[mysql].settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    read(rows, chunk_size=10)
    assert opened == ["ResultRows"]


def test_column_of_pythons_keeps_rows_at_the_client(rows, mysql, opened):
    read(Customs.objects.using(mysql).order_by("pk").values("pk", "backwards"), chunk_size=2)
    assert opened == ["ResultRows"]


def test_relations_keep_rows_at_the_client(rows, mysql, opened):
    read(Town.objects.using(mysql).order_by("pk"), fields=["name", {"streets": ["slug"]}])
    assert set(opened) == {"ResultRows"}


def test_wrapper_of_executions_keeps_rows_at_the_client(rows, mysql, opened):
    with connections[mysql].execute_wrapper(lambda execute, *rest: execute(*rest)):
        assert_same(read(rows.annotate(x=Value(1)), "array"), pyforge_web.dumps(rows.annotate(x=Value(1))))
    assert set(opened) == {"ResultRows"}


def test_error_of_the_server_in_the_middle(rows, mysql, caplog):
    """It is Django's, and the connection is what it was."""
    broken = rows.extra(select={"x": f"IF(id > {COUNT // 2}, (SELECT 1 UNION SELECT 2), 1)"}).values("pk", "x")
    body = read(broken, chunk_size=10)
    assert b"error" in body.splitlines()[-1]
    (record,) = caplog.records[-1:]
    assert type(record.exc_info[1]).__module__ == "django.db.utils"
    assert guards(mysql) == set()
    other_query(mysql)
