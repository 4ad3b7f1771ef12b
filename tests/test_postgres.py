"""The PostgreSQL of the tests runs, and QuerySets come from it as from SQLite."""

import datetime

import pytest
from django.db import connections

from tests.app.models import Everything
from tests.oracle import assert_same, assert_text, django_value, encode, strict

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
    # The text of jsonb is passed through with PostgreSQL's blanks: everything else is compared to the letter.
    assert_same(strict(encode(queryset, form)), django_value(list(queryset.values())))
    without_json = [field.attname for field in Everything._meta.concrete_fields if field.name != "json"]
    assert_text(encode(queryset.values(*without_json), form), list(queryset.values(*without_json)), form)
    assert_text(encode(list(queryset), form), list(queryset.values()), form)
