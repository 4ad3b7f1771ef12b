"""What changes the rows that any driver gives: each a context manager around a connection, or what one is made of."""

import contextlib
from unittest import mock


def shout(value):
    return value.upper() if isinstance(value, str) else value


def shouting_row(cursor, row):
    return tuple(map(shout, row))


@contextlib.contextmanager
def attribute(connection, **values):
    """Attributes of the driver's connection."""
    connection.ensure_connection()
    for name, value in values.items():
        setattr(connection.connection, name, value)
    yield


def patched(owner, name, make):
    """A method of a class, replaced in place by what `make` makes of it."""
    return lambda connection: mock.patch.object(owner, name, make(getattr(owner, name)))


def all_convert(method):
    return lambda self, expression: [*method(self, expression), lambda value, expression, connection: shout(value)]


def loud_rows(method):
    def results_iter(self, *args, **kwargs):
        return (shouting_row(None, row) for row in method(self, *args, **kwargs))

    return results_iter


def loud_execution(method):
    def execute_sql(self, *args, **kwargs):
        result = method(self, *args, **kwargs)
        return [[shouting_row(None, row) for row in rows] for rows in result]

    return execute_sql


def other_value(value):
    return lambda method: lambda self, *args: value


@contextlib.contextmanager
def session(connection, statement):
    """A statement that changes the session."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
    yield
