"""What changes the rows that SQLite gives: each a context manager around a connection, or an engine of its own."""

import contextlib
import sqlite3
from unittest import mock
from zoneinfo import ZoneInfo

from django.db import models
from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.operations import DatabaseOperations
from django.db.backends.utils import CursorWrapper
from django.db.models.sql.compiler import SQLCompiler

from tests.databases.changes import (
    all_convert,
    attribute,
    loud_execution,
    loud_rows,
    other_value,
    patched,
    shout,
    shouting_row,
)


@contextlib.contextmanager
def converter(connection, name, function):
    """A converter that is registered with sqlite3, for all connections."""
    before = sqlite3.converters.get(name)
    sqlite3.register_converter(name, function)
    try:
        yield
    finally:
        sqlite3.converters.pop(name) if before is None else sqlite3.converters.__setitem__(name, before)


@contextlib.contextmanager
def without_converter(connection, name):
    before = sqlite3.converters.pop(name)
    try:
        yield
    finally:
        sqlite3.converters[name] = before


class RowsConnection(sqlite3.Connection):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.row_factory = shouting_row


class TextConnection(sqlite3.Connection):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.text_factory = lambda text: text.decode().upper()


class CursorConnection(sqlite3.Connection):
    """Its cursors get their row factory when they are made: the connection shows nothing."""

    def cursor(self, factory=sqlite3.Cursor):
        cursor = super().cursor(factory)
        cursor.row_factory = shouting_row
        return cursor


class FetchingCursor(base.SQLiteCursorWrapper):
    def fetchmany(self, size=None):
        return [shouting_row(self, row) for row in super().fetchmany(size)]

    def fetchall(self):
        return [shouting_row(self, row) for row in super().fetchall()]


class ExecutingCursor(base.SQLiteCursorWrapper):
    def execute(self, *args):
        self.row_factory = shouting_row
        return super().execute(*args)


class RowsCursor(base.SQLiteCursorWrapper):
    def __init__(self, *args):
        super().__init__(*args)
        self.row_factory = shouting_row


class ShoutingProxy:
    """A cursor around the driver's, as instrumentation makes them, that changes what it passes on."""

    def __init__(self, cursor):
        self.cursor = cursor

    def __getattr__(self, name):
        return getattr(self.cursor, name)

    def fetchmany(self, size=None):
        return [shouting_row(self, row) for row in self.cursor.fetchmany(size)]

    def fetchall(self):
        return [shouting_row(self, row) for row in self.cursor.fetchall()]


def engine_with_cursor(make):
    class DatabaseWrapper(base.DatabaseWrapper):
        def create_cursor(self, name=None):
            return make(self.connection)

    return DatabaseWrapper


def proxied(connection):
    return ShoutingProxy(connection.cursor(factory=base.SQLiteCursorWrapper))


def patched_instance(connection):
    cursor = connection.cursor(factory=base.SQLiteCursorWrapper)
    fetchmany = cursor.fetchmany
    cursor.fetchmany = lambda size=None: [shouting_row(cursor, row) for row in fetchmany(size)]
    return cursor


def engine_with_operations(**methods):
    operations = type("Operations", (DatabaseOperations,), methods)
    return type("DatabaseWrapper", (base.DatabaseWrapper,), {"ops_class": operations})


def engine_with_compiler(**methods):
    compiler = type("Compiler", (SQLCompiler,), methods)

    def find_compiler(self, name):
        return compiler if name == "SQLCompiler" else DatabaseOperations.compiler(self, name)

    return engine_with_operations(compiler=find_compiler)


class ZonedWrapper(base.DatabaseWrapper):
    timezone = ZoneInfo("Asia/Tokyo")


class NamedZoneWrapper(base.DatabaseWrapper):
    @property
    def timezone(self):
        return ZoneInfo("Asia/Tokyo")

    timezone_name = "UTC"


class OpeningWrapper(base.DatabaseWrapper):
    """Opens its connection without Django's arguments: the driver parses no declared types."""

    def get_new_connection(self, conn_params):
        return sqlite3.connect(conn_params["database"], check_same_thread=False)


class TextWrapper(base.DatabaseWrapper):
    def init_connection_state(self):
        super().init_connection_state()
        self.connection.text_factory = lambda text: text.decode().upper()


# The engine, its OPTIONS, and what is done to the connection; `None` for what is Django's.
CHANGES = {
    "row_factory Row": (None, {}, lambda c: attribute(c, row_factory=sqlite3.Row)),
    "row_factory list": (None, {}, lambda c: attribute(c, row_factory=lambda cursor, row: list(row))),
    "row_factory dict": (
        None,
        {},
        lambda c: attribute(
            c,
            row_factory=lambda cursor, row: {part[0]: cell for part, cell in zip(cursor.description, row, strict=True)},
        ),
    ),
    "row_factory that shouts": (None, {}, lambda c: attribute(c, row_factory=shouting_row)),
    "text_factory bytes": (None, {}, lambda c: attribute(c, text_factory=bytes)),
    "text_factory that shouts": (None, {}, lambda c: attribute(c, text_factory=lambda text: text.decode().upper())),
    "text_factory subclass": (None, {}, lambda c: attribute(c, text_factory=lambda text: text.decode()[::-1])),
    "factory with row_factory": (None, {"factory": RowsConnection}, None),
    "factory with text_factory": (None, {"factory": TextConnection}, None),
    "factory with cursors": (None, {"factory": CursorConnection}, None),
    "no detect_types": (None, {"detect_types": 0}, None),
    "names of columns alone": (None, {"detect_types": sqlite3.PARSE_COLNAMES}, None),
    "declared types alone": (None, {"detect_types": sqlite3.PARSE_DECLTYPES}, None),
    "converter of dates": (None, {}, lambda c: converter(c, "DATE", lambda text: None)),
    "converter of datetimes": (None, {}, lambda c: converter(c, "DATETIME", lambda text: text.decode())),
    "converter of times": (None, {}, lambda c: converter(c, "TIME", lambda text: None)),
    "converter of booleans": (None, {}, lambda c: converter(c, "BOOL", lambda text: text.decode())),
    "converter of decimals": (None, {}, lambda c: converter(c, "DECIMAL", lambda text: 1.5)),
    "converter of varchar": (None, {}, lambda c: converter(c, "VARCHAR", lambda text: text.decode().upper())),
    "converter of text": (None, {}, lambda c: converter(c, "TEXT", lambda text: text.decode().upper())),
    "converter of bigint": (None, {}, lambda c: converter(c, "BIGINT", lambda text: -int(text))),
    "no converter of times": (None, {}, lambda c: without_converter(c, "TIME")),
    "cursor that fetches": (engine_with_cursor(lambda c: c.cursor(factory=FetchingCursor)), {}, None),
    "cursor that executes": (engine_with_cursor(lambda c: c.cursor(factory=ExecutingCursor)), {}, None),
    "cursor with row_factory": (engine_with_cursor(lambda c: c.cursor(factory=RowsCursor)), {}, None),
    "cursor behind a proxy": (engine_with_cursor(proxied), {}, None),
    "cursor patched by itself": (engine_with_cursor(patched_instance), {}, None),
    "operations, booleans": (engine_with_operations(convert_booleanfield_value=lambda *_: "yes"), {}, None),
    "operations, dates": (engine_with_operations(convert_datefield_value=lambda *_: "today"), {}, None),
    "operations, all columns": (
        engine_with_operations(get_db_converters=all_convert(DatabaseOperations.get_db_converters)),
        {},
        None,
    ),
    "operations patched": (
        None,
        {},
        patched(DatabaseOperations, "convert_uuidfield_value", other_value("a key")),
    ),
    "operations patched, decimals": (
        None,
        {},
        patched(DatabaseOperations, "get_decimalfield_converter", other_value(lambda *_: "much")),
    ),
    "compiler, rows": (engine_with_compiler(results_iter=loud_rows(SQLCompiler.results_iter)), {}, None),
    "compiler, execution": (engine_with_compiler(execute_sql=loud_execution(SQLCompiler.execute_sql)), {}, None),
    "compiler, converters": (engine_with_compiler(get_converters=lambda self, expressions: {}), {}, None),
    "compiler patched": (None, {}, patched(SQLCompiler, "results_iter", loud_rows)),
    "compiler patched, execution": (None, {}, patched(SQLCompiler, "execute_sql", loud_execution)),
    "zone": (ZonedWrapper, {}, None),
    "zone by another name": (NamedZoneWrapper, {}, None),
    "connection opened by itself": (OpeningWrapper, {}, None),
    "connection set up by itself": (TextWrapper, {}, None),
    "Django's cursor patched": (
        None,
        {},
        lambda connection: mock.patch.object(
            CursorWrapper,
            "fetchmany",
            lambda self, size: [shouting_row(self, row) for row in self.cursor.fetchmany(size)],
            create=True,
        ),
    ),
    "JSON patched": (None, {}, patched(models.JSONField, "from_db_value", other_value("document"))),
    "field patched": (
        None,
        {},
        lambda connection: mock.patch.object(
            models.CharField, "from_db_value", lambda self, value, *_: shout(value), create=True
        ),
    ),
    "field with converters": (
        None,
        {},
        patched(models.CharField, "get_db_converters", other_value([lambda *_: "same"])),
    ),
}
