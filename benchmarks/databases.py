"""The databases of the QuerySet suites: an SQLite file, and servers that run for as long as the suite."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connections

from benchmarks import tables
from benchmarks.report import Report
from tests import mariadb, postgres

Settings = dict[str, Any]


@dataclass(frozen=True)
class Database:
    """One that Django knows by `alias`, with the tables of `models.py` in it."""

    title: str
    alias: str
    settings: Settings

    @property
    def version(self) -> str:
        if connections[self.alias].vendor == "sqlite":
            return f"SQLite {sqlite3.sqlite_version}"
        return f"{self.title} {'.'.join(map(str, connections[self.alias].get_database_version()))}"


def use(settings: Mapping[str, Settings]) -> None:
    """Make databases known to Django, by alias."""
    connections.databases.update(settings)
    connections.configure_settings(connections.databases)


@contextlib.contextmanager
def opened(title: str) -> Iterator[Database]:
    """A database of this title with empty tables. Raises FileNotFoundError without its server's binaries."""
    with _SERVERS[title]() as settings:
        database = Database(title, title.lower(), settings)
        use({database.alias: settings})
        if connections[database.alias].vendor == "mysql":
            settings["NAME"] = _make_schema(connections[database.alias])
        tables.create(database.alias)
        try:
            yield database
        finally:
            tables.drop(database.alias)
            connections[database.alias].close()
            del connections[database.alias]  # it remembers its settings


def each(report: Report, stack: contextlib.ExitStack, titles: Iterable[str] | None = None) -> Iterator[Database]:
    """Those of TITLES, or of `titles`, open until the stack is left; the report says which is not there."""
    for title in titles or TITLES:
        try:
            yield stack.enter_context(opened(title))
        except FileNotFoundError as error:
            report.add(f"LEFT OUT: {title}: {error}")


@contextlib.contextmanager
def by_default(database: Database) -> Iterator[None]:
    """Makes it the database that Django asks when nobody names one, as `full_clean` does."""
    before = connections["default"]
    connections["default"] = connections[database.alias]
    try:
        yield
    finally:
        connections["default"] = before


def driver(database: Database) -> Any:
    """A connection of the bare driver, its rows as cheap as it can make them: what no Python code can beat."""
    if connections[database.alias].vendor == "sqlite":
        return sqlite3.connect(database.settings["NAME"])  # no detect_types: nothing is converted
    if connections[database.alias].vendor == "mysql":
        return _TextConnection(connections[database.alias].get_connection_params())
    import psycopg
    from psycopg.types.string import TextLoader

    parameters = connections[database.alias].get_connection_params()
    usual = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    connection = psycopg.connect(**usual, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.ClientCursor)
    for info in connection.adapters.types:
        for oid in filter(None, (info.oid, info.array_oid)):
            connection.adapters.register_loader(oid, TextLoader)
    return connection


class _TextConnection:
    """A connection of mysqlclient's whose dates and decimals are text; `execute` as the other drivers have it."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        import MySQLdb
        from MySQLdb.constants import FIELD_TYPE as TYPE

        parsed = (TYPE.TIMESTAMP, TYPE.DATETIME, TYPE.TIME, TYPE.DATE, TYPE.DECIMAL, TYPE.NEWDECIMAL)
        self._connection: Any = MySQLdb.connect(**parameters)
        self._connection.autocommit(True)
        self._connection.converter = self._connection.converter | dict.fromkeys(parsed, str)

    def execute(self, sql: str) -> "_TextConnection":
        self._cursor = self._connection.cursor()
        self._cursor.execute(sql)
        return self

    def fetchall(self) -> list[Any]:
        return list(self._cursor.fetchall())

    def close(self) -> None:
        self._connection.close()


def _make_schema(connection: Any) -> str:
    """Make a schema of the server for the tables."""
    name = "pyforge_benchmarks"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4")
    connection.close()
    connection.settings_dict["NAME"] = name
    return name


@contextlib.contextmanager
def _sqlite() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="pyforge-bench-") as folder:
        yield {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(folder, "rows.sqlite3"))}


_SERVERS: dict[str, Callable[[], contextlib.AbstractContextManager[Settings]]] = {
    "SQLite": _sqlite,
    "PostgreSQL": postgres.server,
    "MariaDB": mariadb.server,
}
TITLES = ("SQLite", "PostgreSQL")
ALL_TITLES = tuple(_SERVERS)
