"""What both drivers of PostgreSQL have in common: columns that are read as text, by the types that the server names."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from pyforge_web.querysets.backends.columns import DJANGO, VALUE, ColumnReader, InternedReaders, intern_readers
from pyforge_web.querysets.backends.cursors import DriverCursor
from pyforge_web.querysets.backends.database import DatabaseBackend
from pyforge_web.querysets.backends.postgresql_types import JSONB, KIND_BY_OID, TypeFacts, find_type_facts

_MOST_ROWS = 4096
_known_readers: dict[tuple[Any, ...], InternedReaders] = {}


class TextCursor(DriverCursor):
    """Sets a cursor up to give text before it executes, where all columns of the row are known scalars.

    What a column then holds is told by its oid: a union may give another type than its first query declares, and so may
    a table that Django does not manage.
    """

    def prepare(self) -> None:
        """Set the cursor up."""
        # What the driver would make of a text, by the oid of its type; empty where it makes that of it.
        self.loaders: dict[int, Any] = {}
        self.oids: Sequence[int | None] = ()

    def find_changed(self) -> int | None:
        """Return a type that the cursor was set up for, and whose text it does not give any more."""
        raise NotImplementedError

    def load_text(self, oid: int, text: str) -> Any:
        """Return what the driver makes of a text under Django."""
        raise NotImplementedError

    def choose_readers(self, oids: tuple[int | None, ...]) -> str | None:
        """Choose the readers by the types that the server sends, None for one that is not text; return why not."""
        self.oids = oids
        changed = self.find_changed()
        if changed is not None:
            return f"the cursor's loader of type {changed} is set when it executes"
        zone = "written" if settings.USE_TZ else "stripped"
        key = self.readers, bool(self.loaders), zone, *oids
        known = _known_readers.get(key)
        if known is None:
            if len(_known_readers) >= _MOST_ROWS:
                _known_readers.clear()
            pairs = zip(self.readers, oids, strict=True)
            known = _known_readers[key] = intern_readers(
                [reader if oid is None else self._choose_reader(reader, oid, zone) for reader, oid in pairs]
            )
        self.readers = known
        return None

    def _choose_reader(self, reader: ColumnReader, oid: int, zone: str) -> ColumnReader:
        if oid in self.loaders and oid in KIND_BY_OID:
            return ColumnReader(KIND_BY_OID[oid], zone=zone) if reader is VALUE else DJANGO
        # What a jsonb column sends is JSON; a table of other hands may have declared a text.
        return ColumnReader("json", checked=oid == JSONB) if reader.kind == "json" else reader

    def driver_value(self, index: int, value: Any) -> Any:
        """Return what the driver gives for a column under Django."""
        oid = self.oids[index] if index < len(self.oids) else None
        if oid not in self.loaders or oid is None or not isinstance(value, str):
            return value
        with self.connection.wrap_database_errors:
            return self.load_text(oid, value)


class PostgreSQLTypes(DatabaseBackend):
    """A database that has PostgreSQL's types."""

    def find_facts(
        self, expressions: list[Any], readers: Sequence[ColumnReader], connection: BaseDatabaseWrapper
    ) -> TypeFacts:
        """Return what the types of the columns allow."""
        return find_type_facts(expressions, connection)
