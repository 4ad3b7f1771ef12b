"""What all tests share. Without the native extension nothing is collected: the run fails, it never skips."""

import contextlib
import gc
import importlib
import importlib.util
import os
import zlib
from collections import Counter
from pathlib import Path

import django
import pytest
from django.db import connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import pyforge_web  # noqa: F401
from pyforge_web import conf
from pyforge_web.querysets.backends.select_lists import select_memory
from pyforge_web.querysets.sql_cache import sql_memory
from tests import mariadb
from tests import postgres as postgresql
from tests.created_databases import create_database
from tests.oracle import FORMS
from tests.shared_rows import SharedRows

# No test depends on time: on a busy machine an example takes longer than the 200 ms that hypothesis allows.
hypothesis_settings.register_profile("any_speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("any_speed")

# A server runs one in so many of the tests that run on each database, and all of them with PYFORGE_FULL=1.
SHARES = {"mysql": 8, "postgresql": 8}

# Files whose tests need that CPython still gives Django's classes versions: from 3.13 on a class has at most 1,000 of
# them (`MAX_VERSIONS_PER_CLASS` in Objects/typeobject.c), and all tests together patch some classes more often.
FIRST_FILES = (
    "sql_cache/test_families.py",
    "sql_cache/test_random.py",
    "sql_cache/test_select_changes.py",
    "sql_cache/test_select_lists.py",
    "sql_cache/test_reasons.py",
    "sql_cache/test_full_caches.py",
    "output/test_remembered_pages.py",
    "prepared/test_prepared.py",
    "querysets/test_instances.py",
    "querysets/test_serializer.py",
    "metering/test_memory.py",
    "sql_cache/test_changes.py",
)

# Files that take longer than their number of tests tells. Workers take them first, or one of them is alone at the end.
LONG_FILES = (
    "test_crash.py",
    "demo/test_accessibility.py",
    "demo/test_browser.py",
    "demo/test_export_page.py",
    "panel/test_browser.py",
    "databases/test_psycopg2.py",
    "output/test_ways.py",
    "streams/test_servers.py",
    "test_typing.py",
    "querysets/test_children.py",
    "bulk/test_constraints.py",
    "demo/test_pages.py",
    "demo/test_seed.py",
    "streams/test_closing.py",
    "databases/test_stock.py",
    "databases/test_wrappers.py",
    "output/test_packages.py",
    "output/test_random_product.py",
    "streams/test_dump_packages.py",
    "validation/test_references.py",
    "docs/test_tutorial.py",
    "demo/test_entry_points.py",
    "demo/test_compare.py",
    "relations/test_random.py",
    "rest_framework/test_random.py",
    "querysets/test_random.py",
    "validation/test_random.py",
    "validation/test_threads.py",
    "test_import.py",
    "test_project.py",
    "metering/test_testing.py",
    "templates/test_browser.py",
    "output/test_any_tree.py",
    "bulk/test_random.py",
    "test_encoder_differential.py",
    "test_interpreters.py",
)

# Each use of columns that are kept is compared with what Django writes.
select_memory.always_check = True
# With PYFORGE_SQL_CACHE=1 all tests run with remembered SQL, and each hit is compared with Django's compiler.
if os.environ.get("PYFORGE_SQL_CACHE"):
    conf.DEFAULTS["SQL_CACHE"] = True
    conf.get_settings.cache_clear()


@pytest.fixture(autouse=True)
def no_wrong_sql():
    """Remembered SQL, and the columns of SELECT that are kept, differ from Django's in no test."""
    before = sql_memory.differences
    yield
    assert sql_memory.differences == before, sql_memory.why_off
    assert select_memory.why_off is None


def pytest_collection_modifyitems(config, items):
    """Mark what needs a browser (`-m "not browser"` leaves it out), and leave out a part of the servers' tests.

    Two workers must collect the same names: one with an address in it ends the run.
    """
    for item in items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid} has an address in its name: give it ids=")
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    left_out = set() if os.environ.get("PYFORGE_FULL") else {item for item in items if is_left_out(item)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
    if hasattr(config, "workerinput"):
        order_files(items)
    folder = Path(__file__).parent
    first = [folder / name for name in FIRST_FILES]
    items.sort(key=lambda item: first.index(item.path) if item.path in first else len(first))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """Let the collector of garbage skip what the tests of a file leave behind, too."""
    result = yield
    if nextitem is not None and nextitem.path != item.path:
        gc.collect()
        gc.freeze()
    return result


def order_files(items):
    """Put long files first, then those of many tests; the tests of a file stay in their order."""
    folder, tests = Path(__file__).parent, Counter(item.path for item in items)
    places = {folder / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: (places.get(item.path, len(places)), -tests[item.path], item.path))


def pytest_collection_finish():
    """Let the collector of garbage skip what lives to the end, or each `gc.collect()` of a test takes half a second."""
    gc.collect()
    gc.freeze()


def is_left_out(item):
    """Whether a test is one of a server's that its name leaves out: other ones with another Django."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    parts = [part for value in params.values() for part in (value if isinstance(value, tuple) else (value,))]
    share = next((SHARES[part] for part in parts if isinstance(part, str) and part in SHARES), 1)
    return (zlib.crc32(item.nodeid.encode()) + django.VERSION[0]) % share != 0


@pytest.fixture(params=FORMS)
def form(request):
    """Each of the texts that a value can have."""
    return request.param


@pytest.fixture(scope="session")
def shared_rows(request, django_db_setup, django_db_blocker):
    """Rows that are there during the whole run: `shared_rows.add(load, alias)`."""
    rows = SharedRows(django_db_blocker)
    request.config.pluginmanager.register(rows)
    yield rows
    request.config.pluginmanager.unregister(rows)


@contextlib.contextmanager
def server_database(alias, use_driver, server, django_db_blocker):
    """The alias of a database of a server with the tests' tables, beside "default"."""
    with contextlib.ExitStack() as stack:
        try:
            use_driver()
            settings = stack.enter_context(server())
        except (ImportError, FileNotFoundError) as error:
            stop = pytest.fail if os.environ.get("CI") else pytest.skip
            stop(f"{alias}: {error}")
        connections.databases[alias] = settings
        connections.configure_settings(connections.databases)
        database = connections[alias]
        with django_db_blocker.unblock():
            create_database(database)
        yield alias
        with django_db_blocker.unblock():
            database.creation.destroy_test_db(settings["NAME"], verbosity=0)
            database.close()
        del connections.databases[alias]


def use_psycopg():
    """Raises where neither of PostgreSQL's drivers is there."""
    importlib.import_module("psycopg" if importlib.util.find_spec("psycopg") else "psycopg2")


@pytest.fixture(scope="session")
def postgres(django_db_setup, django_db_blocker):
    """The alias of a PostgreSQL database, whose server is started at its first use."""
    with server_database("postgres", use_psycopg, postgresql.server, django_db_blocker) as alias:
        yield alias


@pytest.fixture(scope="session")
def mysql(django_db_setup, django_db_blocker):
    """The alias of a MariaDB database, whose server is started at its first use."""
    with server_database("mysql", mariadb.use_driver, mariadb.server, django_db_blocker) as alias:
        yield alias


class Vendors(dict):
    """The alias of each database by its vendor; to ask for one that is not there skips the test."""

    def __init__(self, **found):
        super().__init__(found)
        self.reasons = {}

    def find(self, vendor, fixture, request):
        """Adds the database of a fixture, or why it is not there."""
        try:
            self[vendor] = request.getfixturevalue(fixture)
        except pytest.skip.Exception as reason:
            self.reasons[vendor] = reason

    def __missing__(self, vendor):
        raise self.reasons[vendor]


@pytest.fixture(scope="session")
def vendors(request, django_db_setup):
    """The databases of this machine."""
    found = Vendors(sqlite="default")
    found.find("postgresql", "postgres", request)
    return found


@pytest.fixture(scope="session")
def all_vendors(vendors, request):
    """The same with MariaDB: it takes ten seconds to start, so only those tests that want it ask for it."""
    found = Vendors(**vendors)
    found.reasons.update(vendors.reasons)
    found.find("mysql", "mysql", request)
    return found
