"""Connections of engines that are made for a test, beside those of the whole run."""

import contextlib
import gc

import pytest
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLiteWrapper

from tests.querysets import data
from tests.querysets.models import Scalars


@contextlib.contextmanager
def opened(engine, settings, alias="engine"):
    """A connection of an engine's class, under an alias that Django knows."""
    connections.databases[alias] = settings
    connections[alias] = connection = engine(settings, alias)
    try:
        yield connection
    finally:
        gc.collect()  # Django's `iterator()` that raised closes its cursor now, and not after its connection
        connection.close()
        del connections[alias]
        del connections.databases[alias]


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory, django_db_setup, django_db_blocker):
    """The settings of a database in a file, which several connections may open."""
    settings = connections["default"].settings_dict | {"NAME": str(tmp_path_factory.mktemp("sqlite") / "rows.sqlite3")}
    with django_db_blocker.unblock(), opened(SQLiteWrapper, settings, "file") as connection:
        with connection.schema_editor() as editor:
            editor.create_model(Scalars)
        Scalars.objects.using("file").bulk_create(data.scalars("file"))
    return settings


@pytest.fixture(scope="session")
def filled_mysql(mysql, shared_rows):
    """The alias of a MariaDB database with the rows of `tests.querysets`."""
    shared_rows.add(data.load, mysql)
    return mysql


@pytest.fixture(scope="session")
def postgresql_settings(vendors, shared_rows):
    """The settings of a PostgreSQL database whose tables are filled, of which several connections may be opened."""
    alias = vendors["postgresql"]
    shared_rows.add(data.load, alias)
    return connections[alias].settings_dict
