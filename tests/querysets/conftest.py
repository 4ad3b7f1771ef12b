"""Two databases, each with the same rows, under each set-up of time zones that changes what Django gives."""

import contextlib

import pytest
from django.db import connections
from django.test import override_settings

from tests.querysets import data


@pytest.fixture(scope="session")
def aliases(vendors, shared_rows, django_db_blocker):
    """The databases, filled once."""
    for alias in vendors.values():
        with django_db_blocker.unblock():
            assert connections[alias].features.supports_json_field  # asked once, with a query
        shared_rows.add(data.load, alias)
    return vendors


@pytest.fixture
def postgresql_binaries(vendors):
    """Nothing but the reason to skip where there is no PostgreSQL."""
    assert vendors["postgresql"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, aliases, db):
    """The alias of each database in turn."""
    return aliases[request.param]


@pytest.fixture(scope="session")
def all_aliases(aliases, all_vendors, shared_rows):
    """The databases and MariaDB, filled once."""
    if "mysql" in all_vendors:
        shared_rows.add(data.load, all_vendors["mysql"])
    return all_vendors


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def any_database(request, all_aliases, db):
    """The alias of each database in turn, MariaDB among them."""
    return all_aliases[request.param]


@pytest.fixture
def sqlite(aliases, db):
    return aliases["sqlite"]


@pytest.fixture
def postgresql(aliases, db):
    return aliases["postgresql"]


@contextlib.contextmanager
def database_time_zone(connection, name):
    """TIME_ZONE of one database, as in DATABASES."""
    before = connection.settings_dict["TIME_ZONE"]

    def change(value):
        connection.settings_dict["TIME_ZONE"] = value
        for cached in ("timezone", "timezone_name"):
            connection.__dict__.pop(cached, None)
        connection.ensure_timezone()

    change(name)
    try:
        yield
    finally:
        change(before)


@contextlib.contextmanager
def behind_djangos_back(connection, statement, reset):
    """The session changed by SQL of the project's."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(reset)


# name: what changes for the time of a test
SITES = {
    "UTC": lambda connection: contextlib.nullcontext(),
    "Paris": lambda connection: override_settings(TIME_ZONE="Europe/Paris"),
    "database in Paris": lambda connection: database_time_zone(connection, "Europe/Paris"),
    "naive": lambda connection: override_settings(USE_TZ=False, TIME_ZONE="Europe/Paris"),
}
SESSIONS = {
    "session in Tokyo": ("SET TimeZone TO 'Asia/Tokyo'", "SET TimeZone TO 'UTC'"),
    "session with SQL dates": ("SET DateStyle TO 'SQL, DMY'", "SET DateStyle TO 'ISO, MDY'"),
    "session with German dates": ("SET DateStyle TO 'German'", "SET DateStyle TO 'ISO, MDY'"),
    "session with ISO intervals": ("SET IntervalStyle TO 'iso_8601'", "SET IntervalStyle TO 'postgres'"),
    "session with short floats": ("SET extra_float_digits TO -10", "SET extra_float_digits TO 1"),
}


def pytest_generate_tests(metafunc):
    """A module that is of one database alone says so in VENDORS."""
    if "site" in metafunc.fixturenames:
        vendors = getattr(metafunc.module, "VENDORS", ("sqlite", "postgresql"))
        pairs = [
            (vendor, name) for vendor in vendors for name in (*SITES, *(SESSIONS if vendor == "postgresql" else ()))
        ]
        metafunc.parametrize("site", pairs, indirect=True, ids=[f"{vendor}-{name}" for vendor, name in pairs])


@pytest.fixture
def site(request, aliases, db):
    """The alias of a database, under a set-up of time zones."""
    vendor, name = request.param
    alias = aliases[vendor]
    connection = connections[alias]
    change = behind_djangos_back(connection, *SESSIONS[name]) if name in SESSIONS else SITES[name](connection)
    with change:
        yield alias
