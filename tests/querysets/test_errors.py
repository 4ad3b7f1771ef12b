"""What goes wrong: the error is Django's or the user's own, nothing is half-written, and no cursor stays open."""

import sqlite3

import pytest
from django.db import connection, connections, models
from django.db.models import F, Func, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

import pyforge_web
from tests.app.models import Blob
from tests.querysets import fields
from tests.querysets.judge import assert_like_django, run
from tests.querysets.models import Customs, Event, Scalars
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def cursors(database, monkeypatch):
    """The driver's cursors that a test opens."""
    opened = []
    wrapper = connections[database]
    create = wrapper.create_cursor
    monkeypatch.setattr(wrapper, "create_cursor", lambda *args: opened.append(create(*args)) or opened[-1])
    return opened


def is_closed(cursor):
    if not isinstance(cursor, sqlite3.Cursor):
        # The drivers of MySQL have no `closed`: a closed cursor of theirs has no connection.
        return cursor.closed if hasattr(cursor, "closed") else cursor.connection is None
    try:
        cursor.fetchone()
    except sqlite3.ProgrammingError as error:
        return "closed" in str(error)
    return False


def division(numerator):
    return Func(Value(numerator), F("number"), template="(%(expressions)s)", arg_joiner=" / ")


FROM_THE_DATABASE = {
    "no such column": lambda q: q(Event).extra(where=["nonsense = 1"]),
    "no such table": lambda q: q(Event).extra(tables=["nonsense"]),
    "no such function": lambda q: q(Event).values(x=Func(F("number"), function="NONSENSE")),
    "a syntax error": lambda q: q(Event).values(x=RawSQL("((", [])),
    "text that is no JSON": lambda q: q(Event).values(x=RawSQL("json(kind)", [])),
    "a wrong cast": lambda q: q(Event).values(x=Cast("kind", models.IntegerField()), y=RawSQL("abs(kind)", [])),
    "in the middle of the rows": lambda q: q(Scalars).order_by("pk").values("pk", x=RawSQL("json(slug || text)", [])),
}


@pytest.mark.parametrize("shape", cases(FROM_THE_DATABASE))
def test_of_the_database(shape, database):
    """The same class as Django's, with the driver's as its cause where Django has one."""

    def make():
        return shape(lambda model: model._default_manager.using(database))

    ended = run(database, lambda: list(make().values()))
    assert_like_django(make, database, rows=True)
    if ended.error is not None:
        ours = run(database, lambda: pyforge_web.dumps({"rows": make()})).error
        assert type(ours).__module__ == type(ended.error).__module__
        assert type(ours.__cause__) is type(ended.error.__cause__)
        assert "$.rows" in "\n".join(ours.__notes__)


def test_a_division_by_zero_while_rows_are_fetched(postgresql):
    """PostgreSQL finds it at once, but only after the first rows were good."""
    make = lambda: Event.objects.using(postgresql).order_by("pk").values(x=division(5))  # noqa: E731
    ended = assert_like_django(make, postgresql)
    assert type(ended.error).__name__ == "DataError"


@pytest.fixture
def angry(database):
    """300 rows, the last but one of which makes `from_db_value` raise."""
    calm = [Customs(unchanged=f"{n}") for n in range(298)]
    rows = Customs.objects.using(database)
    rows.bulk_create([*calm, Customs(unchanged="x", angry="boom"), Customs(unchanged="y")])
    return rows.order_by("pk").values("pk", "angry", "unchanged")


class TestOfAConverter:
    def test_it_is_the_same_object(self, angry):
        for make in (lambda: angry.all(), lambda: {"a": [angry.all()]}):
            with pytest.raises(fields.BoomError) as caught:
                pyforge_web.dumps(make())
            assert caught.value is fields.Angry.boom
        assert "$.a[0][302].angry" in "\n".join(caught.value.__notes__)
        fields.Angry.boom.__notes__.clear()

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
    def test_also_what_is_no_exception(self, angry, error, monkeypatch):
        raised = error("stop")
        monkeypatch.setattr(fields.Angry, "boom", raised)
        with pytest.raises(error) as caught:
            pyforge_web.dumps(angry)
        assert caught.value is raised

    def test_the_cursor_is_closed(self, angry, cursors):
        with pytest.raises(fields.BoomError):
            pyforge_web.dumps(angry)
        assert [is_closed(cursor) for cursor in cursors] == [True]
        fields.Angry.boom.__notes__.clear()

    def test_the_table_is_not_locked(self, angry, database):
        with pytest.raises(fields.BoomError):
            pyforge_web.dumps(angry)
        fields.Angry.boom.__notes__.clear()
        with connections[database].cursor() as cursor:
            cursor.execute("DROP TABLE querysets_customs")

    def test_the_next_query_is_as_ever(self, angry, database):
        with pytest.raises(fields.BoomError):
            pyforge_web.PyForgeJsonResponse(angry)
        fields.Angry.boom.__notes__.clear()
        assert_like_django(lambda: angry.exclude(angry="boom"), database)


class TestCursors:
    def test_closed_when_all_is_well(self, database, cursors):
        pyforge_web.dumps(Event.objects.using(database).all())
        assert [is_closed(cursor) for cursor in cursors] == [True]

    def test_closed_when_a_value_is_refused(self, database, cursors):
        Blob.objects.using(database).create(content=b"x")
        del cursors[:]
        with pytest.raises(TypeError, match=r"bytes|memoryview"):
            pyforge_web.dumps(Blob.objects.using(database).all())
        assert [is_closed(cursor) for cursor in cursors] == [True]

    @pytest.mark.parametrize("shape", cases(FROM_THE_DATABASE))
    def test_closed_when_the_database_refuses(self, shape, database, cursors):
        run(database, lambda: pyforge_web.dumps(shape(lambda model: model._default_manager.using(database))))
        opened = [cursor for cursor in cursors if not is_closed(cursor)]
        assert cursors
        assert not opened

    def test_none_where_there_is_nothing_to_ask(self, database, cursors):
        assert pyforge_web.dumps(Event.objects.using(database).none()) == b"[]"
        assert not cursors


class TestExecuteWrapper:
    def test_sees_one_ordinary_statement(self, database):
        seen = []

        def wrapper(execute, sql, params, many, context):
            seen.append((sql, params, many, context["connection"].alias))
            return execute(sql, params, many, context)

        queryset = Scalars.objects.using(database).filter(pk__gt=1, char__startswith="p").values("char", "integer")
        with connections[database].execute_wrapper(wrapper):
            pyforge_web.dumps(queryset)
            list(queryset)
        ours, djangos = seen
        assert ours == djangos

    def test_its_exception_is_ours(self, database, cursors):
        refusal = LookupError("no queries here")

        def blocker(*args):
            raise refusal

        with connections[database].execute_wrapper(blocker), pytest.raises(LookupError) as caught:
            pyforge_web.dumps(Event.objects.using(database).all())
        assert caught.value is refusal
        assert all(map(is_closed, cursors))


def test_a_column_of_bytes(database, form):
    Blob.objects.using(database).create(content=b"x")
    assert_like_django(lambda: Blob.objects.using(database), database)
    with pytest.raises(TypeError, match=r"\$\.b\[0\]\.content"):
        pyforge_web.dumps({"b": Blob.objects.using(database).all()}, django_bytes=form == "django_bytes")


def test_a_converter_that_sends_a_query_of_its_own(database, monkeypatch):
    """Django has fetched all rows by then; we are in the middle of them."""

    def from_db_value(self, value, expression, connection):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return [value, cursor.fetchone()[0]]

    monkeypatch.setattr(fields.Backwards, "from_db_value", from_db_value)
    Customs.objects.using(database).bulk_create([Customs(unchanged=f"{n}", backwards="a") for n in range(450)])
    assert_like_django(lambda: Customs.objects.using(database).order_by("pk").values("pk", "backwards"), database)


def test_an_integer_that_sqlite_cannot_take(sqlite):
    ended = assert_like_django(lambda: Event.objects.extra(where=["id > %s"], params=[2**70]), sqlite)
    assert type(ended.error) is OverflowError


def test_the_table_of_sqlite_can_be_dropped_right_after(sqlite):
    pyforge_web.dumps(Event.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE querysets_event")
