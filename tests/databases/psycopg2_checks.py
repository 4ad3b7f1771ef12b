"""PostgreSQL through psycopg2, whatever changes its rows. `test_psycopg2.py` runs this, without psycopg 3."""

import contextlib
from zoneinfo import ZoneInfo

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import pytest
from django.db import transaction
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.models.sql.compiler import SQLCompiler

import pyforge_web
from pyforge_web import metering
from pyforge_web.querysets import backends
from tests.databases.changes import all_convert, loud_rows, patched, session, shout
from tests.databases.conftest import opened
from tests.databases.test_stock import assert_all_like_django, assert_stream_like_django
from tests.querysets.judge import assert_like_django
from tests.querysets.models import Scalars
from tests.rest_framework.test_values import DECIMALS, SHOWN, assert_as_drf

OIDS = {"date": 1082, "time": 1083, "timestamptz": 1184, "numeric": 1700, "uuid": 2950, "bool": 16, "varchar": 1043}


@contextlib.contextmanager
def caster(connection, name, function, where):
    """A typecaster that is registered for all connections, or for one."""
    connection.ensure_connection()
    kind = psycopg2.extensions.new_type((OIDS[name],), "OWN", function)
    before = psycopg2.extensions.string_types.get(OIDS[name])
    psycopg2.extensions.register_type(kind, *([connection.connection] if where == "connection" else []))
    try:
        yield
    finally:
        if where != "connection":
            psycopg2.extensions.string_types[OIDS[name]] = before


@contextlib.contextmanager
def documents(connection, loads):
    connection.ensure_connection()
    psycopg2.extras.register_default_jsonb(connection.connection, loads=loads)
    yield


class FetchingCursor(psycopg2.extensions.cursor):
    def fetchmany(self, size=None):
        return [tuple(map(shout, row)) for row in super().fetchmany(size)]

    def fetchall(self):
        return [tuple(map(shout, row)) for row in super().fetchall()]


class CastingCursor(psycopg2.extensions.cursor):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        kind = psycopg2.extensions.new_type((OIDS["numeric"],), "OWN", lambda value, cursor: value and float(value))
        psycopg2.extensions.register_type(kind, self)


def engine(**attributes):
    return type("DatabaseWrapper", (base.DatabaseWrapper,), attributes)


def engine_with_operations(**methods):
    return engine(ops_class=type("Operations", (DatabaseOperations,), methods))


CASTERS = {
    "numeric": lambda value, cursor: value and float(value),
    "date": lambda value, cursor: value,
    "time": lambda value, cursor: value,
    "timestamptz": lambda value, cursor: value,
    "uuid": lambda value, cursor: value,
    "bool": lambda value, cursor: value and int(value == "t"),
    "varchar": lambda value, cursor: value and value.upper(),
}
CHANGES = {
    **{
        f"typecaster of {name}, {where}": (None, {}, lambda c, n=name, f=function, w=where: caster(c, n, f, w))
        for name, function in CASTERS.items()
        for where in ("connection", "everywhere")
    },
    **{
        cursor.__name__: (None, {"cursor_factory": cursor}, None)
        for cursor in (
            FetchingCursor,
            CastingCursor,
            psycopg2.extras.DictCursor,
            psycopg2.extras.RealDictCursor,
            psycopg2.extras.NamedTupleCursor,
        )
    },
    "documents": (None, {}, lambda c: documents(c, lambda text: '{"from": "loads"}')),
    "zone of rows": (engine(tzinfo_factory=lambda self, offset: ZoneInfo("Asia/Tokyo")), {}, None),
    "zone by another name": (engine(timezone=ZoneInfo("Asia/Tokyo"), timezone_name="UTC"), {}, None),
    "operations": (
        engine_with_operations(get_db_converters=all_convert(DatabaseOperations.get_db_converters)),
        {},
        None,
    ),
    "compiler": (None, {}, patched(SQLCompiler, "results_iter", loud_rows)),
    "dates of SQL": (None, {}, lambda c: session(c, "SET DateStyle TO 'SQL, DMY'")),
    "session in Tokyo": (None, {}, lambda c: session(c, "SET TimeZone TO 'Asia/Tokyo'")),
}


@pytest.fixture(autouse=True)
def unblocked(django_db_blocker):
    with django_db_blocker.unblock():
        yield


@pytest.mark.parametrize("name", CHANGES)
def test_rows_are_djangos(name, postgresql_settings):
    kind, options, change = CHANGES[name]
    with opened(kind or base.DatabaseWrapper, postgresql_settings | {"OPTIONS": options}) as connection:
        pyforge_web.dumps(Scalars.objects.using("engine")[:1]) if change else None
        with (change or contextlib.nullcontext)(connection):
            for _ in range(2):
                assert_all_like_django("engine")
            assert_stream_like_django()


@pytest.mark.parametrize("use_tz", [True, False])
def test_rows_are_native(use_tz, settings, postgresql_settings):
    settings.USE_TZ = use_tz
    with opened(base.DatabaseWrapper, postgresql_settings) as connection:
        assert_all_like_django("engine")
        assert backends.why_not_stock(connection) is None
        with metering.collect() as collector:
            pyforge_web.dumps(Scalars.objects.using("engine"))
        assert (collector.django_rows, collector.django_columns, collector.native_columns > 20) == (0, 0, True)


@pytest.mark.parametrize("places", DECIMALS)
def test_serializer_gives_what_drf_gives(places, postgresql_settings):
    with opened(base.DatabaseWrapper, postgresql_settings):
        assert_as_drf(Scalars.objects.using("engine").order_by("pk"), SHOWN, **DECIMALS[places])


ODD = {
    "moment": [
        "infinity",
        "-infinity",
        "0044-03-15 10:00:00 BC",
        "1890-01-01 00:00:00+00:09:21",
        "294276-01-01 00:00:00",
    ],
    "date": ["infinity", "0044-03-15 BC", "5874897-01-01"],
    "time": ["24:00:00", "23:59:59.999999"],
    "decimal": ["NaN", "0", "-0.00", "1000000"],
}


@pytest.mark.parametrize(("column", "value"), [(column, value) for column, values in ODD.items() for value in values])
def test_odd_value(column, value, postgresql_settings):
    with opened(base.DatabaseWrapper, postgresql_settings) as connection, transaction.atomic(using="engine"):
        rows = Scalars.objects.using("engine").order_by("pk")[:1].values("id", column)
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE querysets_scalars SET {column} = %s", [value])
        assert_like_django(rows.all, "engine", savepoint=True)
        transaction.set_rollback(True, using="engine")


@pytest.mark.parametrize("value", ODD["decimal"])
@pytest.mark.parametrize("places", DECIMALS)
def test_odd_decimal_of_a_serializer(places, value, postgresql_settings):
    with opened(base.DatabaseWrapper, postgresql_settings) as connection, transaction.atomic(using="engine"):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE querysets_scalars SET decimal = %s", [value])
        assert_as_drf(Scalars.objects.using("engine").order_by("pk"), ["decimal"], **DECIMALS[places])
        transaction.set_rollback(True, using="engine")
