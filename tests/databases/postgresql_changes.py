"""What changes the rows that psycopg gives: engines, options, and what is done to a connection."""

import contextlib
from datetime import UTC
from unittest import mock
from zoneinfo import ZoneInfo

import psycopg
from django.db import models, transaction
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from django.db.models.sql.compiler import SQLCompiler
from psycopg.adapt import AdaptersMap, Loader
from psycopg.rows import dict_row, kwargs_row, namedtuple_row
from psycopg.types.numeric import FloatLoader, IntLoader
from psycopg.types.string import TextLoader

from tests.databases.changes import (
    all_convert,
    attribute,
    loud_execution,
    loud_rows,
    other_value,
    patched,
    session,
    shout,
)
from tests.querysets.models import Scalars

NUMERIC = psycopg.adapters.types["numeric"].oid


def shouting_row(cursor):
    return lambda values: tuple(map(shout, values))


def list_row(cursor):
    return list


class ShoutingLoader(Loader):
    def load(self, data):
        return bytes(data).decode().upper()


class ZoneLoader(BaseTzLoader):
    timezone = UTC

    def load(self, data):
        return super().load(data).replace(year=2000)


class DocumentLoader(Loader):
    def load(self, data):
        return '{"from": "loader"}'


@contextlib.contextmanager
def loader(connection, name, kind):
    connection.ensure_connection()
    connection.connection.adapters.register_loader(name, kind)
    yield


@contextlib.contextmanager
def loader_put_in_place(connection):
    """A loader in the dict that all cursors of a connection share, past the method that registers loaders."""
    connection.ensure_connection()
    loaders = connection.connection.adapters._loaders[psycopg.pq.Format.TEXT]
    before = loaders[NUMERIC]
    loaders[NUMERIC] = FloatLoader
    try:
        yield
    finally:
        loaders[NUMERIC] = before


@contextlib.contextmanager
def pipeline(connection):
    """Statements whose results come later than they are executed."""
    connection.ensure_connection()
    with connection.connection.pipeline():
        yield


@contextlib.contextmanager
def column_type(connection, column, kind):
    """A column of another type than its field's."""
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(Scalars._meta.db_table)
            cursor.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" TYPE {kind} USING "{column}"::{kind}')
        yield
        transaction.set_rollback(True, using=connection.alias)


class FetchingCursor(base.Cursor):
    def fetchmany(self, size=0):
        return [tuple(map(shout, row)) for row in super().fetchmany(size)]

    def fetchall(self):
        return [tuple(map(shout, row)) for row in super().fetchall()]


class RowsCursor(base.Cursor):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.row_factory = shouting_row


class LoadingCursor(base.Cursor):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.adapters.register_loader("numeric", FloatLoader)


class ExecutingCursor(base.Cursor):
    def execute(self, *args, **kwargs):
        self.adapters.register_loader("numeric", FloatLoader)
        return super().execute(*args, **kwargs)


class ExecutedCursor(base.Cursor):
    def execute(self, *args, **kwargs):
        self.row_factory = shouting_row
        return super().execute(*args, **kwargs)


class RowMakingCursor(base.Cursor):
    def _make_row_maker(self):
        make_row = super()._make_row_maker()
        return lambda values: tuple(map(shout, make_row(values)))


class BinaryCursor(base.ServerBindingCursor):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.format = psycopg.pq.Format.BINARY


def engine_with_operations(**methods):
    operations = type("Operations", (DatabaseOperations,), methods)
    return type("DatabaseWrapper", (base.DatabaseWrapper,), {"ops_class": operations})


def engine_with_compiler(**methods):
    compiler = type("Compiler", (SQLCompiler,), methods)

    def find_compiler(self, name):
        return compiler if name == "SQLCompiler" else DatabaseOperations.compiler(self, name)

    return engine_with_operations(compiler=find_compiler)


class LoadingWrapper(base.DatabaseWrapper):
    def create_cursor(self, name=None):
        cursor = super().create_cursor(name)
        cursor.adapters.register_loader("date", TextLoader)
        return cursor


class InitializingWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        connection.adapters.register_loader("uuid", TextLoader)
        return connection


class ZonedWrapper(base.DatabaseWrapper):
    @property
    def timezone(self):
        return ZoneInfo("Asia/Tokyo")

    timezone_name = "UTC"


def other_loader(method):
    return lambda self, oid, form: FloatLoader if oid == NUMERIC else method(self, oid, form)


def own_adapters():
    adapters = AdaptersMap(psycopg.adapters)
    adapters.register_loader("bool", IntLoader)
    return adapters


CHANGES = {
    **{
        f"loader of {name}": (None, {}, lambda c, name=name, kind=kind: loader(c, name, kind))
        for name, kind in {
            "numeric": FloatLoader,
            "date": TextLoader,
            "time": TextLoader,
            "timestamptz": ZoneLoader,
            "uuid": TextLoader,
            "bool": ShoutingLoader,
            "varchar": ShoutingLoader,
            "text": ShoutingLoader,
            "int4": TextLoader,
            "int8": FloatLoader,
            "float8": TextLoader,
            "interval": TextLoader,
            "jsonb": DocumentLoader,
            "inet": ShoutingLoader,
        }.items()
    },
    "row_factory dict": (None, {}, lambda c: attribute(c, row_factory=dict_row)),
    "row_factory list": (None, {}, lambda c: attribute(c, row_factory=list_row)),
    "row_factory named tuple": (None, {}, lambda c: attribute(c, row_factory=namedtuple_row)),
    "row_factory kwargs": (None, {}, lambda c: attribute(c, row_factory=kwargs_row(lambda **row: (*row.values(),)))),
    "row_factory that shouts": (None, {}, lambda c: attribute(c, row_factory=shouting_row)),
    "row_factory in OPTIONS": (None, {"row_factory": shouting_row}, None),
    "cursor_factory that fetches": (None, {"cursor_factory": FetchingCursor}, None),
    "cursor_factory with row_factory": (None, {"cursor_factory": RowsCursor}, None),
    "cursor_factory with loader": (None, {"cursor_factory": LoadingCursor}, None),
    "cursor_factory that executes": (None, {"cursor_factory": ExecutingCursor}, None),
    "cursor_factory that sets rows": (None, {"cursor_factory": ExecutedCursor}, None),
    "cursor_factory of later": (None, {}, lambda c: attribute(c, cursor_factory=FetchingCursor)),
    "cursor_factory that makes rows": (None, {"cursor_factory": RowMakingCursor}, None),
    "binary cursor": (None, {"cursor_factory": BinaryCursor}, None),
    "loader of cursors": (LoadingWrapper, {}, None),
    "loaders found by others": (None, {}, patched(AdaptersMap, "get_loader", other_loader)),
    "loader of connections": (InitializingWrapper, {}, None),
    "zone loader patched": (None, {}, patched(BaseTzLoader, "load", other_value("now"))),
    "operations, all columns": (
        engine_with_operations(get_db_converters=all_convert(DatabaseOperations.get_db_converters)),
        {},
        None,
    ),
    "compiler, rows": (engine_with_compiler(results_iter=loud_rows(SQLCompiler.results_iter)), {}, None),
    "compiler, converters": (engine_with_compiler(get_converters=lambda self, expressions: {}), {}, None),
    "compiler patched": (None, {}, patched(SQLCompiler, "results_iter", loud_rows)),
    "compiler patched, execution": (None, {}, patched(SQLCompiler, "execute_sql", loud_execution)),
    "cursor patched": (
        None,
        {},
        lambda c: mock.patch.object(
            psycopg.Cursor,
            "fetchmany",
            lambda self, size: [tuple(map(shout, row)) for row in self.fetchall()[:size]],
        ),
    ),
    "zone by another name": (ZonedWrapper, {}, None),
    "JSON patched": (None, {}, patched(models.JSONField, "from_db_value", other_value("document"))),
    "dates of SQL": (None, {}, lambda c: session(c, "SET DateStyle TO 'SQL, DMY'")),
    "texts as bytes": (None, {}, lambda c: session(c, "SET client_encoding TO 'SQL_ASCII'")),
    "loader put in place": (None, {}, loader_put_in_place),
    "session in Tokyo": (None, {}, lambda c: session(c, "SET TimeZone TO 'Asia/Tokyo'")),
    "column of floats": (None, {}, lambda c: column_type(c, "decimal", "double precision")),
    "column of texts": (None, {}, lambda c: column_type(c, "moment", "text")),
    "column of another width": (None, {}, lambda c: column_type(c, "integer", "bigint")),
    "server-side binding": (None, {"server_side_binding": True}, None),
}
# psycopg has no cursors on the server while its statements wait for each other, so Django has no streams.
WITHOUT_STREAMS = {"pipeline": (None, {}, pipeline)}
