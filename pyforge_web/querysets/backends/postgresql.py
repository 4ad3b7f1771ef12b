"""PostgreSQL through psycopg 3: text, for the types whose loading into Python objects costs most.

psycopg loads `timestamptz` in Python under Django (`BaseTzLoader` in `django/db/backends/postgresql/psycopg_any.py`):
5 us a value, against 0.1 us for its text. The loaders are set on the cursor alone.
"""

from collections.abc import Sequence
from typing import Any

import django
import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.db.models.expressions import BaseExpression
from psycopg.abc import Loader
from psycopg.adapt import AdaptersMap
from psycopg.postgres import register_default_adapters
from psycopg.pq import Format
from psycopg.rows import tuple_row
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.string import TextLoader

from pyforge_web.querysets.backends.columns import (
    DJANGO,
    VALUE,
    ColumnReader,
    intern_readers,
)
from pyforge_web.querysets.backends.cursors import DriverCursor
from pyforge_web.querysets.backends.database import DatabaseBackend
from pyforge_web.querysets.backends.postgresql_stream import StreamedRows, can_stream, is_large
from pyforge_web.querysets.backends.postgresql_types import (
    JSONB,
    KIND_BY_OID,
    TIMESTAMPTZ,
    TypeFacts,
    find_type_facts,
)
from pyforge_web.querysets.backends.stock import StockMethods, is_own_function

if not is_psycopg3:
    raise ImproperlyConfigured("psycopg 3 is not installed")

from django.db.backends.postgresql.psycopg_any import BaseTzLoader

# The types of Django's fields, and those that an expression may give. All their loaders must be stock.
_TYPES = (
    *("date", "numeric", "time", "timestamptz", "uuid"),
    *("bool", "bpchar", "bytea", "cidr", "float4", "float8", "inet", "int2", "int4", "int8", "interval", "json"),
    *("jsonb", "text", "timestamp", "timetz", "varchar"),
)
_OIDS = {psycopg.adapters.types[name].oid: name for name in _TYPES}


def _stock_loaders() -> dict[int, type[Loader]]:
    """Return the loader of each type as psycopg has it, and Django where it sets another for all connections."""
    pristine = AdaptersMap(types=psycopg.postgres.types)
    register_default_adapters(pristine)
    for name in ("cidr", "inet", "jsonb"):  # `get_adapters_template` in `psycopg_any.py`
        pristine.register_loader(name, TextLoader)
    loaders = {oid: pristine.get_loader(oid, Format.TEXT) for oid in _OIDS}
    return {oid: loader for oid, loader in loaders.items() if loader is not None}


_LOADERS = _stock_loaders()
_TEXT_LOADER = _LOADERS[JSONB]
# A loader that is written in Python may be patched in place; those of psycopg's C library cannot.
_PYTHON_LOADERS: list[Any] = [
    BaseTzLoader,
    TimestamptzLoader,
    *(loader for loader in dict.fromkeys(_LOADERS.values()) if loader.__module__.startswith("psycopg.")),
]
_LOAD_METHODS = [
    loader.load if is_own_function(loader.load, django if loader is BaseTzLoader else psycopg) else object()
    for loader in _PYTHON_LOADERS
]
_FETCHES = [StockMethods(kind, ["fetchmany", "fetchall"], psycopg) for kind in (psycopg.Cursor, psycopg.ServerCursor)]


class PostgreSQLCursor(DriverCursor):
    """Sets text loaders on a cursor before it executes, where all columns of the row are known scalars.

    What a column then holds is told by its oid: a union may give another type than its first query declares, and so may
    a table that Django does not manage.
    """

    def prepare(self, expressions: list[BaseExpression]) -> None:
        """Set the loaders."""
        self._loaders: dict[int, Any] = {}
        self._columns: dict[int, Any] = {}
        self._stream: StreamedRows | None = None
        raw = self.raw
        # No Python code may run between two reads of a stream: it could use the connection.
        if self.in_parts and self.facts.plain and DJANGO not in self.readers and is_large(self.compiler.query):
            self._stream = StreamedRows(self.cursor, raw, self.connection) if can_stream(raw) else None
        if self.facts.worth_text and _is_usual_session(raw, self.connection):
            adapters = raw.adapters
            for oid in KIND_BY_OID:
                self._loaders[oid] = adapters.get_loader(oid, Format.TEXT)(oid, raw.connection)
                adapters.register_loader(oid, TextLoader)

    def executed(self) -> str | None:
        """Choose the readers by what the server says it sends."""
        raw = self.raw
        if self._stream is not None:
            self._stream.forget()
            if self._stream.is_started:
                self.cursor = self._stream
        if raw.row_factory is not tuple_row:
            return f"the cursor has a row_factory ({_describe_loader(raw.row_factory)})"
        result = raw.pgresult
        if result is None:
            return None
        zone = "written" if settings.USE_TZ else "stripped"
        readers = list(self.readers)
        for index, reader in enumerate(readers):
            oid = result.ftype(index)
            if result.fformat(index) != Format.TEXT:
                continue
            if oid in self._loaders:
                if raw.adapters.get_loader(oid, Format.TEXT) is not _TEXT_LOADER:
                    return f"the cursor's loader of {_OIDS[oid]} is set when it executes"
                self._columns[index] = self._loaders[oid]
                readers[index] = ColumnReader(KIND_BY_OID[oid], zone=zone) if reader is VALUE else DJANGO
            elif reader.kind == "json":
                # What a jsonb column sends is JSON; a table of other hands may have declared a text.
                readers[index] = ColumnReader("json", checked=oid == JSONB)
        self.readers = intern_readers(readers)
        return None

    def driver_value(self, index: int, value: Any) -> Any:
        """Return what the driver gives for a column under Django."""
        loader = self._columns.get(index)
        if loader is None or not isinstance(value, str):
            return value
        with self.connection.wrap_database_errors:
            return loader.load(value.encode())


class PostgreSQLBackend(DatabaseBackend):
    """PostgreSQL through psycopg 3."""

    engine = DatabaseWrapper
    cursor_class = PostgreSQLCursor
    operations = StockMethods(DatabaseWrapper.ops_class, ["get_db_converters"], django)

    def __init__(self) -> None:
        super().__init__()
        self._known_loaders: tuple[Any, ...] = ()

    def find_facts(
        self, expressions: list[Any], readers: Sequence[ColumnReader], connection: BaseDatabaseWrapper
    ) -> TypeFacts:
        """Return what the types of the columns allow."""
        return find_type_facts(expressions, connection)

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a connection of psycopg gives other rows; None also for a connection that something wraps."""
        if not isinstance(raw, psycopg.Connection):
            return None
        if raw.row_factory is not tuple_row:
            return f"the connection has a row_factory ({_describe_loader(raw.row_factory)})"
        return _why_not_cursor_class(raw.cursor_factory) or self._why_not_loaders(raw.adapters)

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a cursor gives other rows than psycopg alone."""
        reason = _why_not_cursor_class(type(raw))
        if reason is not None:
            return reason
        if raw.row_factory is not tuple_row:
            return f"the cursor has a row_factory ({_describe_loader(raw.row_factory)})"
        return self._why_not_loaders(raw.adapters)

    def _why_not_loaders(self, adapters: AdaptersMap) -> str | None:
        """Return which type has a loader that is not stock. They are registered in place, so each is compared."""
        get_loader = adapters.get_loader
        loaders = tuple([get_loader(oid, Format.TEXT) for oid in _OIDS])
        methods = [loader.load for loader in _PYTHON_LOADERS]
        if methods != _LOAD_METHODS:
            replaced = next(
                pair[0] for pair in zip(_PYTHON_LOADERS, _LOAD_METHODS, strict=True) if pair[0].load is not pair[1]
            )
            return f"{replaced.__name__}.load was replaced"
        if loaders == self._known_loaders:
            return None
        for oid, loader in zip(_OIDS, loaders, strict=True):
            if loader is _LOADERS.get(oid) or (oid == TIMESTAMPTZ and _is_djangos_zone_loader(loader)):
                continue
            return f"psycopg's loader of {_OIDS[oid]} is {_describe_loader(loader)}"
        self._known_loaders = loaders
        return None


def _why_not_cursor_class(kind: type) -> str | None:
    """Return why the cursors of a class give other rows than psycopg's own."""
    if not issubclass(kind, psycopg.Cursor | psycopg.ServerCursor):
        return "the cursor's rows are not psycopg's"
    if not any(fetches.are_methods_of(kind) for fetches in _FETCHES):
        return f"{kind.__name__} fetches rows in its own way"
    return None


def _is_djangos_zone_loader(loader: Any) -> bool:
    """Return whether a loader is what `register_tzloader` makes: a class with nothing but a time zone."""
    if loader is None or loader.__bases__ != (BaseTzLoader,):
        return False
    own = vars(loader).keys() - {"timezone", "_abc_impl", "_is_protocol"}
    return all(name.startswith("__") for name in own) and not own & {
        "__init__",
        "__new__",
        "__call__",
        "__getattribute__",
    }


def _describe_loader(function: Any) -> str:
    return str(getattr(function, "__qualname__", repr(function)))


def _is_usual_session(raw: "psycopg.Cursor[Any]", connection: Any) -> bool:
    """Return whether the server prints dates as ISO 8601, in the zone that Django believes the session has."""
    info = raw.connection.info
    style = info.parameter_status("DateStyle") or ""
    loader: Any = raw.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
    zone = connection.timezone_name if settings.USE_TZ else None
    return (
        style.startswith("ISO")
        and info.parameter_status("TimeZone") == connection.timezone_name
        and (None if loader.timezone is None else str(loader.timezone)) == zone
    )
