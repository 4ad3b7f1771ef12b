"""Fields over columns of SQLite that are declared otherwise, as in tables that are not Django's.

The driver parses by the declared type; Django's converters expect what it makes of it, or raise.
"""

import pytest
from django.db import connection

from tests.querysets.judge import assert_like_django
from tests.querysets.models import Stored
from tests.querysets.test_stored import plain, store, texts

pytestmark = pytest.mark.django_db(databases="__all__")

DECLARED = {
    "moment": ["text", "date", "timestamp", "varchar(30)", "blob", "TIME", "integer"],
    "date": ["text", "datetime", "timestamp", "time", "varchar(30)"],
    "time": ["text", "datetime", "date"],
    "boolean": ["integer", "text", "boolean"],
    "decimal": ["real", "text", "decimal(9, 2)", "integer"],
    "text": ["datetime", "date", "time", "bool", "integer"],
    "json": ["blob", "varchar(10)", "datetime"],
    "uuid": ["uuid", "text", "blob", "date"],
    "float": ["text", "bool", "timestamp"],
    "duration": ["text", "interval"],
}
OTHERS = {
    "json": texts("[1]", "{", "2024-01-01"),
    "boolean": ["1", "0", "2"],
    "decimal": ["1.5", "2.675", "'1.5'"],
    "uuid": texts("123456789abcdef0123456789abcdef0", "2024-01-01"),
    "float": ["1.5", "1", "'2024-01-01 10:00:00'"],
    "duration": ["5", "'5'"],
}
MOMENTS = texts("2024-01-01 10:00:00", "2024-01-01", "10:11:12", "garbage", "")


@pytest.mark.parametrize(
    ("column", "declared", "sql"),
    [(name, type_, sql) for name, types in DECLARED.items() for type_ in types for sql in OTHERS.get(name, MOMENTS)],
)
def test_columns_that_are_declared_otherwise(sqlite, column, declared, sql):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {Stored._meta.db_table} (id integer, {column} {declared})")
        store(column, sql)
        assert_like_django(lambda: Stored.objects.order_by("id").values("id", column), "default", read=plain)
        cursor.execute(f"DROP TABLE {Stored._meta.db_table}")
