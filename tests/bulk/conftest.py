"""The tables of the tests, without unique indexes, on each database."""

import contextlib

import pytest
from django.apps import apps
from django.db import connections, models
from django.db.migrations.state import ProjectState
from django.test import override_settings

OF_ONE = {"sqlite": ("Collated", "CollatedWord"), "postgresql": ("OfPostgreSQL", "OnePerNumber")}
ROUTERS = {
    "sqlite": None,
    "postgresql": ["tests.bulk.routers.ToPostgreSQL"],
    "mysql": ["tests.bulk.routers.ToMySQL"],
}


def without_uniqueness():
    """The models of this app as they are, but for what makes their columns unique."""
    state = ProjectState.from_apps(apps)
    for (label, name), model in state.models.items():
        if label != "bulk" or name == "country":  # the target of a to_field
            continue
        model.options.pop("unique_together", None)
        model.options["constraints"] = []
        for name, field in model.fields.items():
            if isinstance(field, models.OneToOneField) and not field.remote_field.parent_link:
                model.fields[name] = models.ForeignKey(
                    field.remote_field.model, models.CASCADE, null=True, related_name="+"
                )
            elif not field.primary_key:
                field._unique = False
    return [state.apps.get_model("bulk", model.__name__) for model in apps.get_app_config("bulk").get_models()]


def create_tables(alias):
    with connections[alias].schema_editor() as editor:
        if connections[alias].vendor == "postgresql":
            editor.execute("CREATE EXTENSION IF NOT EXISTS citext")
        for model in without_uniqueness():
            there = all(
                model.__name__ not in names for vendor, names in OF_ONE.items() if vendor != connections[alias].vendor
            )
            if (
                connections[alias].vendor == "mysql"
            ):  # it compares each row at once, and not at the end of a transaction
                for field in model._meta.local_fields:
                    if field.is_relation:
                        field.db_constraint = False
            if there and not model._meta.proxy:
                editor.create_model(model)


@pytest.fixture(scope="session")
def tables(vendors, django_db_blocker):
    """The databases, with the tables."""
    with django_db_blocker.unblock():
        for alias in vendors.values():
            create_tables(alias)
    return vendors


@pytest.fixture(scope="session")
def all_tables(tables, all_vendors, django_db_blocker):
    """The databases and MariaDB, with the tables."""
    if "mysql" in all_vendors:
        with django_db_blocker.unblock():
            create_tables(all_vendors["mysql"])
    return all_vendors


@contextlib.contextmanager
def routed(tables, vendor):
    alias = tables[vendor]
    with override_settings(**({"DATABASE_ROUTERS": ROUTERS[vendor]} if ROUTERS[vendor] else {})):
        yield alias


def pytest_generate_tests(metafunc):
    """A module whose tests run on MariaDB too says so in ON_MARIADB."""
    if "alias_vendor" in metafunc.fixturenames:
        more = ["mysql"] if getattr(metafunc.module, "ON_MARIADB", False) else []
        metafunc.parametrize("alias_vendor", ["sqlite", "postgresql", *more], indirect=True, scope="session")


@pytest.fixture(scope="session")
def alias_vendor(request):
    """Each database in turn, with its tables, before a transaction begins. Of MariaDB's tests most are left out."""
    request.getfixturevalue("all_tables" if request.param == "mysql" else "tables")
    return request.param


@pytest.fixture
def alias(alias_vendor, vendors, db):
    """The alias of each database in turn; Django sends every query there."""
    tables = {"mysql": "mysql"} if alias_vendor == "mysql" else vendors
    with routed(tables, alias_vendor) as alias:
        yield alias


@pytest.fixture
def sqlite(tables, db):
    return tables["sqlite"]


@pytest.fixture
def postgresql(tables, db):
    with routed(tables, "postgresql") as alias:
        yield alias
