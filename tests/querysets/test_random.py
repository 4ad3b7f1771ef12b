"""Random values through a real table: whatever Django stores and reads, we write."""

import datetime

import pytest
from django.db import connections
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.querysets.judge import assert_like_django
from tests.querysets.models import Scalars

pytestmark = pytest.mark.django_db(databases="__all__")


def texts(most):
    characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    return st.text(characters, max_size=most) | st.text(
        st.sampled_from('a"\\/\n\x7f\u00e9\u2028\U0001f600<'), max_size=most
    )


def decimals(digits, places):
    whole = 10 ** (digits - places) - 1
    return st.decimals(-whole, whole, places=places, allow_nan=False, allow_infinity=False)


floats = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | floats | texts(20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(5), inner, max_size=4),
    max_leaves=12,
)
COLUMNS = {
    "big": st.integers(-(2**63), 2**63 - 1),
    "boolean": st.booleans(),
    "char": texts(80),
    "date": st.dates(),
    "decimal": decimals(9, 2),
    "duration": st.timedeltas(datetime.timedelta(days=-9_000_000), datetime.timedelta(days=9_000_000)),
    "file": texts(20),
    "fine": decimals(14, 10),
    "float": floats,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "ip": st.ip_addresses().map(str),
    "json": json_values,
    "moment": st.datetimes(
        datetime.datetime(1, 1, 3),
        datetime.datetime(9999, 12, 29),
        timezones=st.just(datetime.UTC),
        allow_imaginary=True,
    ),
    "text": texts(200),
    "time": st.times(),
    "uuid": st.uuids(allow_nil=True),
    "whole": decimals(12, 0),
}
rows = st.lists(
    st.fixed_dictionaries({name: values if name == "char" else st.none() | values for name, values in COLUMNS.items()}),
    min_size=1,
    max_size=3,
)
again = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@again
@given(rows=rows)
def test_random_rows_are_those_of_django(database, rows):
    table = Scalars.objects.using(database)
    table.all().delete()
    table.bulk_create(Scalars(**row) for row in rows)
    assert_like_django(lambda: table.order_by("pk"), database)
    assert_like_django(
        lambda: table.order_by("pk").values_list("moment", x=F("decimal") + F("fine"), y=F("float") * 2), database
    )


@again
@given(value=floats | st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**9), 10**9).map(lambda n: n / 1000))
def test_decimals_that_sqlite_holds_as_numbers(sqlite, value):
    """Django's answer goes through 15 digits, then the column's: not what a float prints as."""
    with connections[sqlite].cursor() as cursor:
        cursor.execute("DELETE FROM querysets_scalars")
        cursor.execute(
            "INSERT INTO querysets_scalars (char, decimal, fine, whole) VALUES ('x', %s, %s, %s)", [value] * 3
        )
    for column in ("decimal", "fine", "whole"):
        assert_like_django(lambda column=column: Scalars.objects.values(column), sqlite)
