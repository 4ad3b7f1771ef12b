"""Statements that go straight to the driver: where nobody listens, Django's cursor does nothing but hand them on.

Its wrappers cost as much as the rows of a small page. They run wherever they would do more: for execute wrappers, the
log of queries, a broken transaction, a connection that has to be opened or looked at, and tools that patch a class.
"""

from asyncio import _get_running_loop
from threading import get_ident
from typing import Any, Self

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.utils import DatabaseErrorWrapper

from pyforge_web._native import ClassVersions
from pyforge_web.fields import find_attribute
from pyforge_web.metering.sql_traces import are_silent
from pyforge_web.stock import find_foreign, is_own_attribute

# What Django's cursor goes through. Tools and tests put their own on a connection.
CURSOR_PATH = frozenset(
    """
    _cursor _prepare_cursor allow_thread_sharing chunked_cursor close_if_health_check_failed connect create_cursor
    cursor ensure_connection get_new_connection init_connection_state make_cursor make_debug_cursor queries_logged
    validate_no_broken_transaction validate_thread_sharing
    """.split()  # noqa: SIM905
)


class DirectDriver:
    """Whether the cursor of an engine is Django's own; `cursor_class` is the class of the driver's cursors."""

    def __init__(self, cursor_class: type | None = None) -> None:
        self._cursors = [CursorWrapper, DatabaseErrorWrapper, *([cursor_class] if cursor_class else [])]
        self._known: dict[type, tuple[ClassVersions, bool]] = {}

    def is_idle(self, connection: BaseDatabaseWrapper) -> bool:
        """Return whether Django's cursor would only hand a statement on to the driver, in this thread and now."""
        wrappers = connection.execute_wrappers
        return (
            connection.connection is not None
            and not (wrappers and not are_silent(wrappers))
            and not connection.needs_rollback
            and not connection.queries_logged
            and not connection.health_check_enabled  # type: ignore[attr-defined]
            and connection._thread_ident == get_ident()  # type: ignore[attr-defined]
            and _get_running_loop() is None
            and apps.ready
            and self._is_stock(type(connection))
            and vars(connection).keys().isdisjoint(CURSOR_PATH)
        )

    def _is_stock(self, engine: type) -> bool:
        known = self._known.get(engine)
        if known is None or not known[0].are_unchanged():
            methods = [find_attribute(engine, name) for name in CURSOR_PATH]
            is_stock = all(map(is_own_attribute, methods)) and not any(map(find_foreign, self._cursors))
            known = self._known[engine] = ClassVersions([engine, *self._cursors]), is_stock
        return known[1]


_MOST_TEXTS = 8  # of one query: each slice of it is another text


def find_driver_text(backend: Any, sql: str, memo: dict[Any, Any] | None) -> str:
    """Return SQL in the driver's own style; the `memo` of what is remembered of its query keeps it."""
    if memo is None:
        written: str = backend.write_driver_sql(sql)
        return written
    texts: dict[str, str] = memo.setdefault("texts", {})
    text = texts.get(sql)
    if text is None:
        if len(texts) >= _MOST_TEXTS:
            texts.clear()
        text = texts[sql] = backend.write_driver_sql(sql)
    return text


class DirectCursor:
    """The driver's cursor behind a statement, with the translation of exceptions that Django's has."""

    __slots__ = ("_errors", "_raw")

    def __init__(self, raw: Any, connection: BaseDatabaseWrapper) -> None:
        self._raw = raw
        self._errors = connection.wrap_database_errors

    @classmethod
    def execute_on(cls, raw: Any, connection: BaseDatabaseWrapper, sql: str, params: Any) -> Self:
        """Return the cursor of a statement in the driver's own style."""
        try:
            cursor = raw.execute(sql, params)
        except Exception:
            with connection.wrap_database_errors:
                raise
        return cls(cursor, connection)

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        try:
            rows: list[Any] = self._raw.fetchall()
        except Exception:
            with self._errors:
                raise
        return rows

    def fetchmany(self, size: int) -> list[Any]:
        """Return the next rows."""
        try:
            rows: list[Any] = self._raw.fetchmany(size)
        except Exception:
            with self._errors:
                raise
        return rows

    def close(self) -> None:
        """End the statement."""
        self._raw.close()


class UnwrappedCursor(DirectCursor):
    """The cursor that Django's wrapper would stand around: it runs one statement as the wrapper does, and no more."""

    __slots__ = ()

    @classmethod
    def open(cls, connection: BaseDatabaseWrapper) -> Self:
        """Return a cursor of a connection that is idle."""
        try:
            raw = connection.create_cursor()
        except Exception:
            with connection.wrap_database_errors:
                raise
        return cls(raw, connection)

    @property
    def cursor(self) -> Any:
        """The driver's cursor, by the name that it has in Django's wrapper."""
        return self._raw

    def execute(self, sql: str, params: Any) -> None:
        """Execute a statement in Django's style."""
        try:
            self._raw.execute(sql, params)
        except Exception:
            with self._errors:
                raise
