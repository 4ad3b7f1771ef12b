"""The databases that tests make beside "default"."""

import django


def create_database(connection):
    """Create the test database of a connection with all tables.

    Django 5.2 would write all its rows down, for tests that want them back after a flush: none of ours does.
    """
    kept = {} if django.VERSION >= (6, 0) else {"serialize": False}
    connection.creation.create_test_db(verbosity=0, autoclobber=True, **kept)
