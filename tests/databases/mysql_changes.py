"""What changes the rows that mysqlclient gives: engines, the driver, options, and what is done to a connection."""

import contextlib
import datetime
from unittest import mock
from zoneinfo import ZoneInfo

import MySQLdb
from django.db import models
from django.db.backends.mysql import base
from django.db.backends.mysql.operations import DatabaseOperations
from django.db.backends.utils import CursorWrapper
from django.db.models.sql.compiler import SQLCompiler
from MySQLdb import connections, converters, cursors
from MySQLdb.constants import FIELD_TYPE, FLAG

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


def shouting_rows(rows):
    return tuple(tuple(map(shout, row)) for row in rows)


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def loud(value):
    return shout(text(value))


# The types of columns: what a project may make of their values.
DECODERS = {
    "DATE": lambda value: None,
    "DATETIME": lambda value: datetime.datetime(2000, 1, 1),
    "TIME": text,
    "NEWDECIMAL": float,
    "TINY": text,
    "LONG": lambda value: -int(value),
    "LONGLONG": float,
    "DOUBLE": text,
    "VAR_STRING": loud,
    "BLOB": loud,
    "STRING": loud,
}


def conv(**decoders):
    """The driver's converters with some of a project's."""
    return base.django_conversions | {getattr(FIELD_TYPE, name): decoder for name, decoder in decoders.items()}


@contextlib.contextmanager
def decoder(connection, name, function):
    """A decoder that is put into a connection's converters in place."""
    connection.ensure_connection()
    connection.connection.converter[getattr(FIELD_TYPE, name)] = function
    yield


@contextlib.contextmanager
def encoder(connection, kind, function):
    """What a connection sends for values of a type."""
    connection.ensure_connection()
    connection.connection.encoders[kind] = function
    yield


@contextlib.contextmanager
def without_decoder(connection, name):
    connection.ensure_connection()
    del connection.connection.converter[getattr(FIELD_TYPE, name)]
    yield


def wrapped(wrapper):
    """A wrapper around each execution, of Django's own API."""
    return lambda connection: connection.execute_wrapper(wrapper)


def other_sql(execute, sql, params, many, context):
    return execute(sql.replace("ORDER BY", "/* seen */ ORDER BY"), params, many, context)


def asks_before(execute, sql, params, many, context):
    context["cursor"].cursor.execute("SET @seen = 1")
    return execute(sql, params, many, context)


def reads_before(execute, sql, params, many, context):
    cursor = context["cursor"].cursor
    cursor.execute("SELECT CAST('2001-02-03' AS date), 1.5, 'a'")
    ((day, *_),) = cursor.fetchall()
    assert day == datetime.date(2001, 2, 3)
    return execute(sql, params, many, context)


def asks_after(execute, sql, params, many, context):
    """The rows of the statement are those of another one."""
    result = execute(sql, params, many, context)
    if sql.startswith("SELECT"):
        context["cursor"].cursor.execute(sql, params)
    return result


class ShoutingCursor(cursors.Cursor):
    def fetchmany(self, size=None):
        return shouting_rows(super().fetchmany(size))

    def fetchall(self):
        return shouting_rows(super().fetchall())


class FetchRowCursor(cursors.Cursor):
    def _fetch_row(self, size=1):
        return shouting_rows(super()._fetch_row(size))


class StoringCursor(cursors.Cursor):
    def _post_get_result(self):
        super()._post_get_result()
        self._rows = shouting_rows(self._rows)


def stored_rows(method):
    def post_get_result(self):
        method(self)
        self._rows = shouting_rows(self._rows)

    return post_get_result


class ExecutingCursor(cursors.Cursor):
    def execute(self, query, args=None):
        result = super().execute(query, args)
        self._rows = shouting_rows(self._rows or ())
        return result


class NamedCursor(cursors.Cursor):
    """Rows of dicts, by an attribute alone."""

    _fetch_type = 1


class QueryingConnection(connections.Connection):
    """Has a converter of its own while a query runs."""

    def query(self, query):
        self.converter = self.converter | {FIELD_TYPE.NEWDECIMAL: float}
        super().query(query)


class ShoutingProxy:
    """A cursor around the driver's, as instrumentation makes them, that changes what it passes on."""

    def __init__(self, cursor):
        self.cursor = cursor

    def __getattr__(self, name):
        return getattr(self.cursor, name)

    def fetchmany(self, size=None):
        return shouting_rows(self.cursor.fetchmany(size))

    def fetchall(self):
        return shouting_rows(self.cursor.fetchall())


def engine(**attributes):
    return type("DatabaseWrapper", (base.DatabaseWrapper,), attributes)


def engine_with_operations(**methods):
    return engine(ops_class=type("Operations", (DatabaseOperations,), methods))


def engine_with_compiler(**methods):
    compiler = type("Compiler", (SQLCompiler,), methods)

    def find_compiler(self, name):
        return compiler if name == "SQLCompiler" else DatabaseOperations.compiler(self, name)

    return engine_with_operations(compiler=find_compiler)


def engine_with_cursor(make):
    return engine(create_cursor=lambda self, name=None: base.CursorWrapper(make(self.connection)))


def patched_instance(connection):
    cursor = connection.cursor()
    fetchmany = cursor.fetchmany
    cursor.fetchmany = lambda size=None: shouting_rows(fetchmany(size))
    return cursor


def connecting(self, conn_params):
    return QueryingConnection(**conn_params)


def initializing(self):
    base.DatabaseWrapper.init_connection_state(self)
    self.connection.converter[FIELD_TYPE.DATE] = text


ENGINES = {
    "operations, booleans": engine_with_operations(convert_booleanfield_value=lambda *_: "yes"),
    "operations, keys": engine_with_operations(convert_uuidfield_value=lambda *_: "a key"),
    "operations, all columns": engine_with_operations(
        get_db_converters=all_convert(DatabaseOperations.get_db_converters)
    ),
    "compiler, rows": engine_with_compiler(results_iter=loud_rows(SQLCompiler.results_iter)),
    "compiler, execution": engine_with_compiler(execute_sql=loud_execution(SQLCompiler.execute_sql)),
    "compiler, converters": engine_with_compiler(get_converters=lambda self, expressions: {}),
    "zone": engine(timezone=ZoneInfo("Asia/Tokyo")),
    "zone by another name": engine(timezone=ZoneInfo("Asia/Tokyo"), timezone_name="UTC"),
    "cursor that fetches": engine_with_cursor(lambda c: c.cursor(ShoutingCursor)),
    "cursor that fetches rows": engine_with_cursor(lambda c: c.cursor(FetchRowCursor)),
    "cursor that stores": engine_with_cursor(lambda c: c.cursor(StoringCursor)),
    "cursor that executes": engine_with_cursor(lambda c: c.cursor(ExecutingCursor)),
    "cursor of dicts": engine_with_cursor(lambda c: c.cursor(cursors.DictCursor)),
    "cursor of dicts by an attribute": engine_with_cursor(lambda c: c.cursor(NamedCursor)),
    "cursor of the server": engine_with_cursor(lambda c: c.cursor(cursors.SSCursor)),
    "cursor behind a proxy": engine_with_cursor(lambda c: ShoutingProxy(c.cursor())),
    "cursor patched by itself": engine_with_cursor(patched_instance),
    "connection that queries": engine(get_new_connection=connecting),
    "connection set up by itself": engine(init_connection_state=initializing),
    "driver's own converters": engine(
        get_connection_params=lambda self: (
            base.DatabaseWrapper.get_connection_params(self) | {"conv": converters.conversions}
        )
    ),
}
DRIVER = {
    "operations patched": patched(DatabaseOperations, "convert_uuidfield_value", other_value("a key")),
    "operations patched, datetimes": patched(
        DatabaseOperations, "convert_datetimefield_value", other_value(datetime.datetime(2000, 1, 1))
    ),
    "compiler patched": patched(SQLCompiler, "results_iter", loud_rows),
    "compiler patched, execution": patched(SQLCompiler, "execute_sql", loud_execution),
    "JSON patched": patched(models.JSONField, "from_db_value", other_value("document")),
    "field patched": lambda c: mock.patch.object(
        models.CharField, "from_db_value", lambda self, value, *_: shout(value), create=True
    ),
    "field with converters": patched(models.CharField, "get_db_converters", other_value([lambda *_: "same"])),
    "cursor's fetchmany patched": patched(
        cursors.CursorStoreResultMixIn, "fetchmany", lambda method: lambda self, n=1: shouting_rows(method(self, n))
    ),
    "cursor's fetchall patched": patched(
        cursors.CursorStoreResultMixIn, "fetchall", lambda method: lambda self: shouting_rows(method(self))
    ),
    "cursor's rows patched": patched(
        cursors.BaseCursor, "_fetch_row", lambda method: lambda self, size=1: shouting_rows(method(self, size))
    ),
    "cursor's result patched": patched(cursors.CursorStoreResultMixIn, "_post_get_result", stored_rows),
    "cursor's result by another": patched(
        cursors.CursorStoreResultMixIn, "_get_result", lambda method: lambda self: self._get_db().store_result()
    ),
    "cursor's execution patched": patched(
        cursors.BaseCursor, "_query", lambda method: lambda self, q: method(self, q.replace(b"ORDER", b" ORDER"))
    ),
    "cursor's kind of row": lambda c: mock.patch.object(cursors.Cursor, "_fetch_type", 1),
    "connection's query patched": patched(
        connections.Connection, "query", lambda method: lambda self, q: method(self, q.replace(b"ORDER", b" ORDER"))
    ),
    "Django's wrapper patched": lambda c: mock.patch.object(
        base.CursorWrapper, "fetchmany", lambda self, size: shouting_rows(self.cursor.fetchmany(size)), create=True
    ),
    "Django's cursor patched": lambda c: mock.patch.object(
        CursorWrapper, "fetchmany", lambda self, size: shouting_rows(self.cursor.fetchmany(size)), create=True
    ),
}
# They change nothing but what connections of later have.
NEW_CONNECTIONS = {
    f"Django's converter of {name}": lambda c, name=name: mock.patch.dict(
        base.django_conversions, {getattr(FIELD_TYPE, name): DECODERS[name]}
    )
    for name in ("DATE", "NEWDECIMAL", "TIME")
}
OPTIONS = {
    **{f"conv of {name}": {"conv": conv(**{name: decoder})} for name, decoder in DECODERS.items()},
    "conv by flags": {"conv": conv(NEWDECIMAL=[(FLAG.UNSIGNED, float), (None, float)])},
    "conv without dates": {"conv": {key: value for key, value in base.django_conversions.items() if key != 10}},
    "cursorclass of dicts": {"cursorclass": cursors.DictCursor},
    "cursorclass of the server": {"cursorclass": cursors.SSCursor},
    "cursorclass that fetches": {"cursorclass": ShoutingCursor},
    "bytes for texts": {"use_unicode": False},
    "latin1": {"charset": "latin1"},
    "init_command, zone": {"init_command": "SET time_zone = '+09:00'"},
    "init_command, names": {"init_command": "SET lc_time_names = 'de_DE'"},
    "padded texts": {"sql_mode": "PAD_CHAR_TO_FULL_LENGTH"},
    "no rules": {"sql_mode": ""},
    "strict rules": {"sql_mode": "TRADITIONAL"},
    "no backslashes": {"sql_mode": "NO_BACKSLASH_ESCAPES"},
    "binary_prefix": {"binary_prefix": True},
    "isolation": {"isolation_level": "serializable"},
}
CONNECTION = {
    **{
        f"decoder of {name}": lambda c, name=name, function=function: decoder(c, name, function)
        for name, function in DECODERS.items()
    },
    "no decoder of TIME": lambda c: without_decoder(c, "TIME"),
    "converters replaced": lambda c: attribute(c, converter=dict(converters.conversions)),
    "cursorclass of later": lambda c: attribute(c, cursorclass=cursors.DictCursor),
    "encoder of int": lambda c: encoder(c, int, lambda value, mapping: str(value + 1)),
    "encoder of bool": lambda c: encoder(c, bool, lambda value, mapping: b"0"),
    "encoder of texts": lambda c: encoder(c, str, lambda value, mapping: MySQLdb.string_literal(value.upper())),
    "encoding": lambda c: attribute(c, encoding="latin1"),
    "session in Tokyo": lambda c: session(c, "SET time_zone = '+09:00'"),
    "results in latin1": lambda c: session(c, "SET character_set_results = 'latin1'"),
    "results as stored": lambda c: session(c, "SET character_set_results = NULL"),
    "other SQL": wrapped(other_sql),
    "statement before": wrapped(asks_before),
    "rows before": wrapped(reads_before),
    "statement after": wrapped(asks_after),
}
# The engine, its OPTIONS, and what is done to the connection; `None` for what is Django's.
CHANGES = {
    **{name: (kind, {}, None) for name, kind in ENGINES.items()},
    **{name: (None, options, None) for name, options in OPTIONS.items()},
    **{name: (None, {}, change) for name, change in (DRIVER | NEW_CONNECTIONS | CONNECTION).items()},
}
