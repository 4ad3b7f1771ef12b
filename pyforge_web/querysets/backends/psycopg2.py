"""PostgreSQL through psycopg2: text, for the types that its typecasters make Python objects of.

Typecasters are set on the cursor alone. A cursor on the server does not say the types of its columns before it fetches,
so its rows come as psycopg2 makes them.
"""

import uuid
from datetime import date, datetime
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from pyforge_web.querysets.backends.direct_driver import DirectDriver
from pyforge_web.querysets.backends.postgresql_text import PostgreSQLTypes, TextCursor
from pyforge_web.querysets.backends.postgresql_types import (
    DATE,
    JSONB,
    KIND_BY_OID,
    NUMERIC,
    TIME,
    TIMESTAMPTZ,
    UUID,
)
from pyforge_web.stock import StockMethods, find_function

if is_psycopg3:
    raise ImproperlyConfigured("Django uses psycopg 3")

# psycopg2 has no types, and its C types no stubs.
_library: Any = import_module("psycopg2._psycopg")
_extensions: Any = import_module("psycopg2.extensions")
_PSYCOPG2_CURSOR: Any = _extensions.cursor
_TEXT_CASTER = _extensions.UNICODE
_ZONE_METHODS = StockMethods(DatabaseWrapper, ["tzinfo_factory"], django)
_SAMPLE = '{"a": 1.50}'


class Psycopg2Cursor(TextCursor):
    """Sets typecasters on a cursor before it executes."""

    def prepare(self) -> None:
        """Set the typecasters."""
        super().prepare()
        raw = self.raw
        if raw.name is None and self.facts.worth_text and _has_usual_session(raw, self.connection):
            self.loaders = _find_casters(raw)
            _extensions.register_type(_TEXT_CASTER, raw)  # makes the dict
            raw.string_types.clear()
            raw.string_types.update(dict.fromkeys(self.loaders, _TEXT_CASTER))

    def executed(self) -> str | None:
        """Choose the readers by what the server says it sends."""
        raw = self.raw
        if raw.row_factory is not None:
            return f"the cursor has a row_factory ({raw.row_factory!r})"
        if raw.description is None or not (self.loaders or self.readers.has_json):  # of a cursor on the server: None
            return None
        return self.choose_readers(tuple([column.type_code for column in raw.description[: len(self.readers)]]))

    def find_changed(self) -> int | None:
        """Return a type that the cursor was set up for, and whose text it does not give any more."""
        casters = self.raw.string_types
        return next((oid for oid in self.loaders if casters.get(oid) is not _TEXT_CASTER), None)

    def load_text(self, oid: int, text: str) -> Any:
        """Return what the driver makes of a text under Django."""
        return self.loaders[oid](text, self.raw)


class Psycopg2Backend(PostgreSQLTypes):
    """PostgreSQL through psycopg2."""

    engine = DatabaseWrapper
    cursor_class = Psycopg2Cursor
    operations = StockMethods(DatabaseWrapper.ops_class, ["get_db_converters"], django)
    direct_driver = DirectDriver()

    def why_not_driver(self, raw: Any) -> str | None:
        """Return why a connection gives other rows; None also for a connection that something wraps."""
        if not isinstance(raw, _extensions.connection):
            return None
        reason = _why_not_psycopg2_class(raw.cursor_factory or _PSYCOPG2_CURSOR)
        return reason or _why_not_casters(_extensions.cursor(raw))

    def why_not_cursor(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return why a cursor gives other rows than psycopg2 alone."""
        reason = _why_not_psycopg2_class(type(raw))
        if reason is not None:
            return reason
        if raw.row_factory is not None:
            return f"the cursor has a row_factory ({raw.row_factory!r})"
        if raw.string_types:
            return "the cursor has typecasters of its own"
        zone_function = find_function(raw.tzinfo_factory)
        if zone_function is not (_ZONE_METHODS.functions["tzinfo_factory"] if settings.USE_TZ else None):
            return "the cursor has a tzinfo_factory of its own"
        return _why_not_casters(raw)

    def why_not_parameters(self, connection: BaseDatabaseWrapper, raw: Any) -> str | None:
        """Return which type has an adapter that is not psycopg2's, or why the dates are not what they seem."""
        if type(raw).execute is not _PSYCOPG2_CURSOR.execute:
            return f"{type(raw).__name__} executes in its own way"
        if not _has_usual_session(raw, connection):
            return "the session has another DateStyle or TimeZone than Django gives it"
        for kind, adapter in _stock_adapters().items():
            found = _extensions.adapters.get((kind, _extensions.ISQLQuote))
            if found is not adapter:
                return f"psycopg2's adapter of {kind.__name__} is {found!r}"
        return None


def _stock_adapters() -> dict[type, Any]:
    """Return psycopg2's own adapters; `register_uuid`, which Django calls, has made that of UUIDs."""
    return {
        bool: _library.Boolean,
        int: _library.Int,
        str: _library.QuotedString,
        date: _library.DateFromPy,
        datetime: _library.TimestampFromPy,
        uuid.UUID: import_module("psycopg2.extras").UUID_adapter,
    }


def _why_not_psycopg2_class(kind: Any) -> str | None:
    """Return why the cursors of a class give other rows than psycopg2's own."""
    if not issubclass(kind, _PSYCOPG2_CURSOR):
        return "the cursor's rows are not psycopg2's"
    if kind.fetchmany is not _PSYCOPG2_CURSOR.fetchmany or kind.fetchall is not _PSYCOPG2_CURSOR.fetchall:
        return f"{kind.__name__} fetches rows in its own way"
    return None


def _stock_casters() -> dict[int, Any]:
    """Return psycopg2's own typecasters; `register_uuid`, which Django calls, has made that of UUIDs."""
    casters = {
        DATE: _library.DATE,
        TIME: _library.TIME,
        TIMESTAMPTZ: _library.DATETIMETZ,
        NUMERIC: _library.DECIMAL,
    }
    return casters | {UUID: _extensions.UUID}


def _find_casters(raw: Any) -> dict[int, Any]:
    """Return what the driver would make of the types whose text is read."""
    casters = {oid: _extensions.string_types[oid] for oid in KIND_BY_OID}
    return casters | {JSONB: raw.connection.string_types[JSONB]}


def _why_not_casters(raw: Any) -> str | None:
    """Return which type has a typecaster that is not stock. They are registered in place, so each is compared."""
    own, casters = raw.connection.string_types, _extensions.string_types
    for oid, caster in _stock_casters().items():
        if oid in own or casters.get(oid) is not caster:
            return f"psycopg2's typecaster of type {oid} is {own.get(oid, casters.get(oid))!r}"
    # Django registers one for each connection, which gives the text; there is no function of it that could be compared.
    jsonb = own.get(JSONB)
    # With the cursor: psycopg2 2.9.13 takes None for one, and reads the memory behind it.
    if jsonb is None or jsonb(_SAMPLE, raw) != _SAMPLE:
        return f"psycopg2's typecaster of jsonb is {jsonb!r}"
    return None


def _has_usual_session(raw: Any, connection: Any) -> bool:
    """Return whether the server prints dates as ISO 8601, in the zone that Django believes the session has."""
    status = raw.connection.get_parameter_status
    return str(status("DateStyle")).startswith("ISO") and status("TimeZone") == connection.timezone_name
