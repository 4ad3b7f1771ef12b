"""PostgreSQL through psycopg 3: text, for the types whose loading into Python objects costs most.

psycopg loads `timestamptz` in Python under Django (`BaseTzLoader` in `django/db/backends/postgresql/psycopg_any.py`):
5 us a value, against 0.1 us for its text. The loaders are set on the cursor alone.
"""

from operator import itemgetter
from typing import Any, NamedTuple

import django
import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from psycopg.abc import Loader
from psycopg.adapt import AdaptersMap, PyFormat
from psycopg.postgres import register_default_adapters
from psycopg.pq import Format
from psycopg.rows import tuple_row
from psycopg.types.datetime import TimestamptzLoader
from psycopg.types.string import TextLoader

from pyforge_web._native import AttributeWatch
from pyforge_web.querysets.backends.columns import DJANGO
from pyforge_web.querysets.backends.database import SENT_TYPES
from pyforge_web.querysets.backends.direct_driver import DirectDriver
from pyforge_web.querysets.backends.postgresql_stream import StreamedRows, can_stream, is_large
from pyforge_web.querysets.backends.postgresql_text import PostgreSQLTypes, TextCursor
from pyforge_web.querysets.backends.postgresql_types import JSONB, KIND_BY_OID, TIMESTAMPTZ
from pyforge_web.stock import StockMethods, describe_callable, is_own_function

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
_find_of_types = itemgetter(*_OIDS)


def _pristine_adapters() -> AdaptersMap:
    """Return what psycopg registers itself."""
    pristine = AdaptersMap(types=psycopg.postgres.types)
    register_default_adapters(pristine)
    return pristine


_PRISTINE = _pristine_adapters()


def _stock_loaders() -> dict[int, type[Loader]]:
    """Return the loader of each type as psycopg has it, and Django where it sets another for all connections."""
    pristine = AdaptersMap(_PRISTINE)
    for name in ("cidr", "inet", "jsonb"):  # `get_adapters_template` in `psycopg_any.py`
        pristine.register_loader(name, TextLoader)
    loaders = {oid: pristine.get_loader(oid, Format.TEXT) for oid in _OIDS}
    return {oid: loader for oid, loader in loaders.items() if loader is not None}


_LOADERS = _stock_loaders()
_DUMPERS = {kind: _PRISTINE.get_dumper(kind, PyFormat.AUTO) for kind in SENT_TYPES}
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
_LOADER_WATCH = AttributeWatch([(loader, ("load",), False) for loader in _PYTHON_LOADERS])
_ARE_LOADERS_STOCK = all(loader.load is method for loader, method in zip(_PYTHON_LOADERS, _LOAD_METHODS, strict=True))
_ADAPTER_METHODS = StockMethods(AdaptersMap, ["get_loader", "register_loader"], psycopg)
_COPIES_LOADERS = all(hasattr(_PRISTINE, name) for name in ("_loaders", "_own_loaders"))
_FETCH_METHODS = [name for name in ("fetchmany", "fetchall", "_make_row_maker") if hasattr(psycopg.Cursor, name)]
_FETCHES = [StockMethods(kind, _FETCH_METHODS, psycopg) for kind in (psycopg.Cursor, psycopg.ServerCursor)]


class PostgreSQLCursor(TextCursor):
    """Sets text loaders on a cursor before it executes, and has large reads streamed."""

    def prepare(self) -> None:
        """Set the loaders."""
        super().prepare()
        raw = self.raw
        self._stream: StreamedRows | None = None
        # No Python code may run between two reads of a stream: it could use the connection.
        if is_large(self.plan) and self.facts.plain and DJANGO not in self.readers:
            self._stream = StreamedRows(self.cursor, raw, self.connection) if can_stream(raw) else None
        if self.facts.worth_text and _is_usual_session(raw, self.connection):
            self.loaders = _register_text(raw.adapters)

    def executed(self) -> str | None:
        """Choose the readers by what the server says it sends."""
        raw = self.raw
        if self._stream is not None:
            self._stream.forget()
            if self._stream.is_started:
                self.cursor = self._stream
        if raw.row_factory is not tuple_row:
            return f"the cursor has a row_factory ({describe_callable(raw.row_factory)})"
        result = raw.pgresult
        if result is None or not (self.loaders or self.readers.has_json):
            return None
        types, formats = result.ftype, result.fformat
        indexes = range(len(self.readers))
        return self.choose_readers(
            tuple([types(index) if formats(index) == Format.TEXT else None for index in indexes])
        )

    def find_changed(self) -> int | None:
        """Return a type that the cursor was set up for, and whose text it does not give any more."""
        shared = _find_shared(self.raw.adapters)
        if shared is not None and shared is _shared.text:
            return None
        get_loader = self.raw.adapters.get_loader
        return next((oid for oid in self.loaders if get_loader(oid, Format.TEXT) is not _TEXT_LOADER), None)

    def load_text(self, oid: int, text: str) -> Any:
        """Return what the driver makes of a text under Django."""
        return self.loaders[oid](oid, self.raw.connection).load(text.encode())


class PostgreSQLBackend(PostgreSQLTypes):
    """PostgreSQL through psycopg 3."""

    engine = DatabaseWrapper
    cursor_class = PostgreSQLCursor
    operations = StockMethods(DatabaseWrapper.ops_class, ["get_db_converters"], django)
    direct_driver = DirectDriver()

    def __init__(self) -> None:
        super().__init__()
        self._known_loaders: tuple[Any, ...] = ()

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a connection of psycopg gives other rows; None also for a connection that something wraps."""
        if not isinstance(raw, psycopg.Connection):
            return None
        if raw.row_factory is not tuple_row:
            return f"the connection has a row_factory ({describe_callable(raw.row_factory)})"
        return _why_not_cursor_class(raw.cursor_factory) or self._why_not_loaders(raw.adapters)

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a cursor gives other rows than psycopg alone."""
        reason = _why_not_cursor_class(type(raw))
        if reason is not None:
            return reason
        if raw.row_factory is not tuple_row:
            return f"the cursor has a row_factory ({describe_callable(raw.row_factory)})"
        # There is no result yet when a statement has been executed, so nothing says what its columns hold.
        if raw.connection.pgconn.pipeline_status:
            return "the connection is in pipeline mode"
        return self._why_not_loaders(raw.adapters)

    def why_not_parameters(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return which type has a dumper that is not psycopg's, or why the values of dates are not what they seem."""
        if not is_own_function(type(raw).execute, psycopg):
            return f"{describe_callable(type(raw).execute)} is not psycopg's"
        if not _is_usual_session(raw, connection):
            return "the session has another DateStyle or TimeZone than Django gives it"
        for kind, dumper in _DUMPERS.items():
            found = raw.adapters.get_dumper(kind, PyFormat.AUTO)
            # Those of psycopg's C library cannot be patched in place.
            in_python = dumper.__module__.startswith("psycopg.")
            if found is not dumper or (
                in_python and not all(is_own_function(method, psycopg) for method in (dumper.dump, dumper.quote))
            ):
                return f"psycopg's dumper of {kind.__name__} is {describe_callable(found)}"
        return None

    def _why_not_loaders(self, adapters: AdaptersMap) -> str | None:
        """Return which type has a loader that is not stock. They are registered in place, so each is compared."""
        shared = _find_shared(adapters)
        if shared is not None and _are_loaders_known(shared, self._known_loaders):
            return None
        loaders = find_loaders(adapters)
        if not _LOADER_WATCH.holds() or not _ARE_LOADERS_STOCK:
            replaced = next(
                pair[0] for pair in zip(_PYTHON_LOADERS, _LOAD_METHODS, strict=True) if pair[0].load is not pair[1]
            )
            return f"{replaced.__name__}.load was replaced"
        if loaders == self._known_loaders:
            if shared is not None:
                _remember_shared(shared)
            return None
        for oid, loader in zip(_OIDS, loaders, strict=True):
            if loader is _LOADERS.get(oid) or (oid == TIMESTAMPTZ and _is_djangos_zone_loader(loader)):
                continue
            return f"psycopg's loader of {_OIDS[oid]} is {describe_callable(loader)}"
        self._known_loaders = loaders
        return None


class SharedLoaders(NamedTuple):
    """Stock loaders that all cursors of a connection share, what makes text of the types that we read, and theirs."""

    stock: dict[int, Any] | None = None
    text: dict[int, Any] | None = None
    replaced: dict[int, Any] = {}  # noqa: RUF012 - never changed


_shared = SharedLoaders()


def _find_shared(adapters: AdaptersMap) -> dict[int, Any] | None:
    """Return the loaders of a cursor where they are those of its connection; None where they may be its own.

    psycopg copies the dict at the first registration after another map has got it, so nobody changes it any more.
    """
    is_stock = type(adapters) is AdaptersMap and _COPIES_LOADERS and _ADAPTER_METHODS.are_methods_of(AdaptersMap)
    return adapters._loaders[Format.TEXT] if is_stock and not adapters._own_loaders[Format.TEXT] else None


def _are_loaders_known(loaders: dict[int, Any], known: tuple[Any, ...]) -> bool:
    """Return whether these are the stock loaders that were looked into before, each of them as it was."""
    if loaders is not _shared.stock or not (_LOADER_WATCH.holds() and _ARE_LOADERS_STOCK):
        return False
    try:
        return bool(_find_of_types(loaders) == known)
    except KeyError:
        return False


def _remember_shared(loaders: dict[int, Any]) -> None:
    global _shared
    replaced = {oid: loaders.get(oid) for oid in KIND_BY_OID}
    _shared = SharedLoaders(loaders, {**loaders, **dict.fromkeys(KIND_BY_OID, _TEXT_LOADER)}, replaced)


def _register_text(adapters: AdaptersMap) -> dict[int, Any]:
    """Have a cursor give the text of the types that we read; return their loaders."""
    shared = _shared
    if shared.text is not None and _find_shared(adapters) is shared.stock:
        # Each of five registrations would have the cursor make its loaders anew.
        adapters._loaders[Format.TEXT] = shared.text
        return shared.replaced
    loaders = {oid: adapters.get_loader(oid, Format.TEXT) for oid in KIND_BY_OID}
    for oid in KIND_BY_OID:
        adapters.register_loader(oid, TextLoader)
    return loaders


def find_loaders(adapters: AdaptersMap) -> tuple[Any, ...]:
    """Return the loader of each type that we know."""
    if type(adapters) is AdaptersMap and _ADAPTER_METHODS.are_methods_of(AdaptersMap) and hasattr(adapters, "_loaders"):
        return tuple(map(adapters._loaders[Format.TEXT].get, _OIDS))  # as `get_loader` does: 22 calls of it cost 6 us
    return tuple([adapters.get_loader(oid, Format.TEXT) for oid in _OIDS])


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


def _is_usual_session(raw: "psycopg.Cursor[Any]", connection: Any) -> bool:
    """Return whether the server prints dates as ISO 8601, in the zone that Django believes the session has.

    With the encoding SQL_ASCII psycopg makes bytes of a text.
    """
    status = raw.connection.pgconn.parameter_status
    style = status(b"DateStyle") or b""
    loader: Any = raw.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
    zone = connection.timezone_name if settings.USE_TZ else None
    return (
        style.startswith(b"ISO")
        and status(b"client_encoding") != b"SQL_ASCII"
        and status(b"TimeZone") == connection.timezone_name.encode()
        and (None if loader.timezone is None else str(loader.timezone)) == zone
    )
