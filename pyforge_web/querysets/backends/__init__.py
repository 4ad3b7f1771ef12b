"""How the drivers' raw values are read: one module for each database that has a native path, one row here for each.

A new database is a class in a module of its own and a row in `_BACKENDS`.
"""

from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from pyforge_web.querysets.backends.columns import (
    DJANGO,
    VALUE,
    ColumnPlan,
    ColumnReader,
    Converter,
    describe_converters,
    find_converters,
    intern_readers,
)
from pyforge_web.querysets.backends.cursors import DriverCursor, StatementPlan, find_raw_cursor, warn_once
from pyforge_web.querysets.backends.database import DatabaseBackend
from pyforge_web.querysets.backends.direct_driver import find_driver_text
from pyforge_web.querysets.backends.select_lists import find_positions

__all__ = [
    "DJANGO",
    "VALUE",
    "ColumnPlan",
    "ColumnReader",
    "Converter",
    "DatabaseBackend",
    "DriverCursor",
    "StatementPlan",
    "describe_converters",
    "find_backend",
    "find_converters",
    "find_driver_text",
    "find_positions",
    "intern_readers",
    "why_no_backend",
    "why_not_stock",
]

# Django's module of an engine: our modules and their classes, the first whose driver Django uses. An engine that wraps
# Django's has Django's among its bases.
_BACKENDS: dict[str, tuple[tuple[str, str], ...]] = {
    "django.db.backends.sqlite3.base": (("sqlite", "SQLiteBackend"),),
    "django.db.backends.postgresql.base": (("postgresql", "PostgreSQLBackend"), ("psycopg2", "Psycopg2Backend")),
    "django.db.backends.mysql.base": (("mysql", "MySQLBackend"),),
}
_by_engine: dict[type[BaseDatabaseWrapper], DatabaseBackend | str] = {}


def _backend_of_engine(engine: type[BaseDatabaseWrapper]) -> DatabaseBackend | str:
    """Return what reads the rows of an engine's class, or why nothing does; found once for each class."""
    known = _by_engine.get(engine)
    if known is None:
        known = _by_engine[engine] = _load_backend(engine)
    return known


def _load_backend(engine: type[BaseDatabaseWrapper]) -> DatabaseBackend | str:
    for base in engine.__mro__:
        if base.__module__ not in _BACKENDS or not issubclass(base, BaseDatabaseWrapper):
            continue
        reason = ""
        for module, name in _BACKENDS[base.__module__]:
            try:
                backend: Any = getattr(import_module(f"{__name__}.{module}"), name)
            except (ImportError, ImproperlyConfigured) as error:
                reason = str(error)
                continue
            return backend() if base is backend.engine else f"{base.__qualname__} is not Django's"
        return reason
    return f"there is no native path for {engine.vendor} ({engine.__module__})"


def find_backend(connection: BaseDatabaseWrapper) -> DatabaseBackend | None:
    """Return what knows the rows of an engine; `why_no_backend` says whether it may read those of this connection."""
    backend = _backend_of_engine(type(connection))
    return backend if isinstance(backend, DatabaseBackend) else None


def why_no_backend(connection: BaseDatabaseWrapper, *, log: bool = True) -> str | None:
    """Return why the rows of a connection are Django's to read; None where native code knows how. Never connects.

    Each reason is logged once in a process.
    """
    backend = _backend_of_engine(type(connection))
    reason = backend if isinstance(backend, str) else backend.why_not(connection)
    if reason is not None and log:
        warn_once(connection, reason)
    return reason


def why_not_stock(connection: BaseDatabaseWrapper, *, both_ways: bool = False) -> str | None:
    """Return why what a connection's driver gives is not what the driver alone gives; None where it is. Connects.

    A statement asks it of its own cursor. With `both_ways` also why a value that is sent may come back as another one:
    what compares stored values in Python needs that.
    """
    reason = why_no_backend(connection, log=not both_ways)
    if reason is not None:
        return reason
    backend = find_backend(connection)
    assert backend is not None  # noqa: S101 - a reason would have been given
    with connection.cursor() as cursor:
        raw = find_raw_cursor(cursor)
        reason = backend.why_not_cursor(connection, raw)
        if reason is None and both_ways:
            reason = backend.why_not_converters(connection) or backend.why_not_parameters(connection, raw)
    return reason
