"""Rows that many tests read: loaded once for a run, and once more after each test that empties all tables."""

import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connections


class SharedRows:
    """The rows that are there during the whole run; a plugin of pytest."""

    def __init__(self, blocker):
        self._blocker = blocker
        self._loaded = []

    def add(self, load, alias):
        """Call `load(alias)` now, and again where its rows may be gone. It must leave alone what is there."""
        assert not connections[alias].in_atomic_block, "the end of a test takes them back: add them for the session"
        if (load, alias) not in self._loaded:
            self._loaded.append((load, alias))
            with self._blocker.unblock():
                load(alias)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item, nextitem):
        """A test with transactions of its own empties all tables at its end."""
        result = yield
        if nextitem is not None and has_own_transactions(item):
            with self._blocker.unblock():
                for load, alias in self._loaded:
                    load(alias)
        return result


def has_own_transactions(item):
    marker = item.get_closest_marker("django_db")
    return "transactional_db" in item.fixturenames or (marker is not None and marker.kwargs.get("transaction", False))


def number_from_one(alias, model):
    """Begin the keys of a model's app anew: a test that empties the tables leaves the sequences where they were."""
    connection = connections[alias]
    if connection.vendor == "mysql":
        return  # to empty a table there begins its keys anew, and ALTER TABLE would end the transaction
    tables = {each._meta.db_table for each in apps.get_app_config(model._meta.app_label).get_models()}
    with connection.cursor() as cursor:
        sequences = [found for found in connection.introspection.sequence_list() if found["table"] in tables]
        for sql in connection.ops.sequence_reset_by_name_sql(no_style(), sequences):
            cursor.execute(sql)
