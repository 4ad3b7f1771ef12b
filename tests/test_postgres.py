"""The PostgreSQL of the tests runs, and QuerySets come from it as from SQLite."""

import datetime

import pytest
from django.db import connections

from tests.app.models import Everything
from tests.oracle import assert_text, encode

pytestmark = pytest.mark.django_db(databases=["default", "postgres"])


@pytest.mark.parametrize("extension", ["hstore", "citext"])
def test_the_extensions_are_there(postgres, extension):
    with connections[postgres].cursor() as cursor:
        cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        cursor.execute("SELECT extname FROM pg_extension WHERE extname = %s", [extension])
        assert cursor.fetchall() == [(extension,)]


def test_every_scalar_field(postgres, form):
    Everything.objects.using(postgres).create()
    Everything.objects.using(postgres).create(
        boolean=False,
        moment=datetime.datetime(2026, 1, 2, 3, 4, 5, 999_999, datetime.UTC),
        decimal="1.5",
        duration=datetime.timedelta(days=-1, microseconds=5),
        ip="2001:db8::1",
        json={"a": [1, None, {"\u00e9": 1.5}]},
        time=datetime.time(1, 2, 3, 4567),
    )
    queryset = Everything.objects.using(postgres).order_by("pk")
    assert_text(encode(queryset, form), list(queryset.values()), form)
    assert_text(encode(list(queryset), form), list(queryset.values()), form)
