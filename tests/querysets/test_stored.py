"""Values that SQLite holds and Django did not write: whatever Django reads, or raises, is ours.

A column accepts any type there. Read as a plain column, where the driver may parse by the declared type, and through
expressions, where it does not.
"""

import json

import pytest
from django.db import connection, connections
from django.db.models import Case, CharField, DateField, DateTimeField, F, IntegerField, Max, Model, TimeField, When
from django.db.models.expressions import Col
from django.db.models.functions import Coalesce
from django.test.utils import isolate_apps

import pyforge_web
from tests.querysets.conftest import SITES
from tests.querysets.judge import assert_like_django
from tests.querysets.models import Stored

pytestmark = pytest.mark.django_db(databases="__all__")


def texts(*values):
    return [f"'{value}'" for value in values]


BLOB_OF_A_MOMENT = "CAST('2024-01-01 10:00:00' AS BLOB)"
# Column: SQL of values to store in it.
VALUES = {
    "boolean": ["0", "1", "2", "-1", "1.0", "0.5", *texts("t", "true", "1", ""), "x'31'"],
    "date": [
        *texts("2024-01-01", "2024-1-1", "2024-02-29", "2024-02-30", "0001-01-01", "9999-12-31", "2024-01-01 10:00:00"),
        *texts(
            "", "garbage", " 2024-01-01", "2024-01-01 ", "\uff12\uff10\uff12\uff14-01-01", "2024-W01-1", "20240101x"
        ),
        *("20240101", "5", "5.5", "CAST('2024-01-01' AS BLOB)"),
    ],
    "moment": [
        *texts("2024-01-01 10:00:00", "2024-01-01 10:00:00.5", "2024-01-01 10:00:00.000", "2024-01-01 10:00:00.000999"),
        *texts("2024-01-01", "2024-01-01T10:00:00", "2024-01-01T10:00:00Z", "2024-01-01 10:00:00+00:00"),
        *texts(
            "2024-01-01 10:00:00+03:30", "2024-01-01 10:00:00-0330", "2024-01-01 10:00:00+03", "2024-01-01 10:00:00z"
        ),
        *texts("2024-01-01 10:00:00 +03:30", "2024-01-01 10:00:00+23:59:59", "2024-01-01 10:00:00+24:00"),
        *texts(
            "2024-01-01 10:11", "2024-01-01 9:05", "2024-1-1 1:00", "2024-01-01 10:00:00,25", "2024-01-01 10:00:00."
        ),
        *texts("2024-01-01 10:00:00.1234567", "2024-01-01 24:00:00", "2024-02-30 10:00:00", "2024-01-01 10:60:00"),
        *texts(
            "2024-01-01 10:00:60", "20240101T100000", "2024-01-01_10:00:00", "2024-01-01  10:00:00", "2024-01-01 10"
        ),
        *texts(
            "", "garbage", " 2024-01-01 10:00:00", "2024-01-01 10:00:00 ", "\uff12\uff10\uff12\uff14-01-01 10:00:00"
        ),
        *texts("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "0000-01-01 00:00:00", "10000-01-01 00:00:00"),
        # In Europe/Paris: twice there, never there, before the zone had whole minutes.
        *texts("2026-10-25 02:30:00", "2026-03-29 02:30:00", "1890-01-01 00:00:00"),
        *("5", "5.5", "20240101", BLOB_OF_A_MOMENT),
    ],
    "time": [
        *texts("10:11:12", "10:11:12.5", "10:11:12.000999", "10:11", "10", "1:02:03", "24:00:00", "25:00:00", "10:60"),
        *texts("10:11:12.1234567", "10:11:12+03:00", "10:11:12Z", "T10:11:12", "101112x", "10:11:12,5", "10:11:12."),
        *texts("", "garbage", "2024-01-01 10:11:12", "10:11:12 "),
        *("5", "1.5", "CAST('10:11:12' AS BLOB)"),
    ],
    "decimal": [
        *(
            "1",
            "-0",
            "0",
            "1.5",
            "1.015",
            "2.675",
            "99999.995",
            "0.125",
            "0.375",
            "-0.0",
            "-0.001",
            "0.005",
            "-0.005",
            "1e-7",
        ),
        *(
            "9999999.99",
            "9999999.994",
            "9999999.995",
            "99999999",
            "1e16",
            "1e300",
            "9e999",
            "123456789012345678",
            "0.1",
        ),
        *("1234567.891", "7.0", "4.35", "1e2", "5e-324", "-9223372036854775808", *texts("abc", "", "1,5"), "x'31'"),
    ],
    "fine": [
        "0",
        "0.0",
        "-0.0",
        "1e-10",
        "1e-11",
        "5e-11",
        "-1e-10",
        "1e-7",
        "1234.0123456789",
        "1",
        "0.1",
        "9999.99999999995",
    ],
    "duration": [
        "0",
        "1",
        "-1",
        "86400000000",
        "-86399999995",
        "1.5",
        "100000000000000000",
        "9223372036854775807",
        "'abc'",
    ],
    "float": [
        *(
            "1.015",
            "2.675",
            "0.1",
            "-0.0",
            "0.0",
            "1e16",
            "1e15",
            "1e-5",
            "1e-4",
            "123456789.123456789",
            "5e-324",
            "1e22",
        ),
        *("1.7976931348623157e308", "9e999", "-9e999", "5", "9007199254740993", *texts("abc", "1.5"), "x'31'"),
    ],
    "integer": [
        "0",
        "-9223372036854775808",
        "9223372036854775807",
        "9223372036854775808",
        "1.0",
        "1.5",
        *texts("5", "abc", ""),
    ],
    "text": [
        *texts("", "5", "\u00e9\U0001f600\u2028"),
        "5",
        "1.5",
        "'a' || char(0) || 'b'",
        "x'ff'",
        "CAST(x'ff' AS TEXT)",
    ],
    "ip": [*texts("10.0.0.1", "2001:DB8::0:1", "not an address", ""), "5"],
    "uuid": [
        *texts(
            "123456789abcdef0123456789abcdef0",
            "12345678-9abc-def0-1234-56789abcdef0",
            "123456789ABCDEF0123456789ABCDEF0",
        ),
        *texts("{12345678-9abc-def0-1234-56789abcdef0}", "urn:uuid:12345678-9abc-def0-1234-56789abcdef0"),
        *texts(
            "123456789abcdef0123456789abcde_0",
            "\uff1123456789abcdef0123456789abcdef0",
            "123456789abcdef0123456789abcdefg",
        ),
        *texts(
            "1234",
            "",
            "123456789abcdef0123456789abcdef01",
            "+23456789abcdef0123456789abcdef0",
            " 23456789abcdef0123456789abcdef0",
        ),
        *("5", "1.5", "12345678901234567890123456789012", "x'31'"),
    ],
    "json": [
        *texts(
            "{}",
            "[]",
            "null",
            "5",
            "true",
            '"text"',
            "1.50",
            "-0",
            "-0.0",
            "1E5",
            "1e400",
            "-1e400",
            "NaN",
            "[Infinity]",
        ),
        *texts(
            '{"a": 1,\n"b" :[ ]}',
            '{"a":1,"b":2,"a":3}',
            '["\\ud800"]',
            '["\\ud83d\\ude00"]',
            '["\\/"]',
            "[1] ",
            "\ufeff[]",
        ),
        *texts(
            "", "{", "abc", "[1,]", "{a:1}", "[01]", "[1.]", "[.5]", "[+1]", "''a''", "[1] [2]", '{"a"}', "nul", "tru"
        ),
        *texts(
            '"\t"',
            '"\\x"',
            '"\\u12"',
            "[1,,2]",
            "\u00a0[]",
            '{"a":1} x',
            '1},{"admin":true',
            '["\x7f\u2028"]',
            "-",
            "1e",
        ),
        *texts(
            "[" * 500 + "]" * 500, "[" * 1200 + "]" * 1200, '{"a":' * 1200 + "1" + "}" * 1200, "[" * 100_000, "1" * 4299
        ),
        *texts(
            "1" * 4301,
            "123456789012345678901234567890",
            "[9223372036854775808]",
            "0.1e-400",
            "123456789.123456789123456789",
        ),
        *("5", "1.5", "x'7b7d'", "'\"a' || char(0) || '\"'", "'\"' || char(10) || '\"'"),
    ],
}
# Only moments have zones.
CASES = [
    pytest.param(column, sql, zone, id=f"{column}-{sql[:60]!a}-{zone}")
    for column, values in VALUES.items()
    for sql in values
    for zone in (SITES if column == "moment" else ["UTC"])
]


@pytest.fixture
def table(sqlite):
    """The table of `Stored`, without a CHECK."""
    columns = [f"{field.column} {field.db_type(connection)}" for field in Stored._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {Stored._meta.db_table} ({', '.join(columns)})")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {Stored._meta.db_table}")


def store(column, sql):
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {Stored._meta.db_table} (id, {column}) VALUES (1, NULL), (2, {sql})")


def plain(text):
    """What a reader gets that keeps the last of duplicate keys: Python's, JavaScript's, PostgreSQL's."""
    return repr(json.loads(text))


@pytest.mark.parametrize(("column", "sql", "zone"), CASES)
def test_like_django(table, column, sql, zone):
    store(column, sql)
    queries = {
        "column": lambda: Stored.objects.order_by("id").values("id", column),
        "alone": lambda: Stored.objects.filter(id=2).values_list(column, flat=True),
        "expressions": lambda: Stored.objects.order_by("id").values(
            "id", x=Coalesce(column, column), y=Case(When(id__gt=0, then=F(column)))
        ),
        "ordered": lambda: Stored.objects.filter(id=2).values(column).order_by(column),
        "maximum": lambda: Stored.objects.filter(id=2).values("id").annotate(x=Max(column)),
    }
    with SITES[zone](connections["default"]):
        for make in queries.values():
            assert_like_django(make, "default", read=plain)


def test_odd_values_among_ordinary_ones(table):
    """One by one they cost themselves; rows around them are as ever."""
    with connection.cursor() as cursor:
        for n in range(450):
            odd = "'2024-01-01T10:00:00+03:30'" if n % 7 == 3 else f"'2024-01-01 10:00:{n % 60:02}'"
            text = "'{\"a\": 1'" if n % 11 == 5 else f"'[{n}]'"
            cursor.execute(
                f"INSERT INTO {Stored._meta.db_table} (id, moment, decimal, json) VALUES ({n}, {odd}, {n}.015, {text})"
            )
    assert_like_django(lambda: Stored.objects.order_by("id"), "default")


@pytest.mark.parametrize(("column", "sql"), [("float", "9e999"), ("json", "'[1e400]'"), ("json", "'{\"a\":NaN}'")])
def test_not_a_number(table, column, sql):
    store(column, sql)
    rows = Stored.objects.order_by("id").values(column)
    with pytest.raises(ValueError, match=rf"\$\.rows\[1\]\.{column}"):
        pyforge_web.dumps({"rows": rows.all()})
    assert b"null" in pyforge_web.dumps(rows.filter(id=2), nan="null")


OF_ANY_TYPE = ["NULL", *texts("2024-01-01", "2024-01-01 10:00:00", "10:11:12", "garbage", ""), "0", "x'31'"]
# Python reads some of them as a moment or a time: SQLite's text of a float has a point.
OF_ANY_TYPE += ["20240101.05", "20240101.1015", "101112.5", "5.5", "-5.5", "1e20", "-1e16", "1e15", "9e999"]


@pytest.mark.parametrize("place", ["class", "field", "selected", "selected by the field"])
@pytest.mark.parametrize("declared", ["text", "integer", "bool", "DATE", "datetime", "time", "timestamp(3)"])
@pytest.mark.parametrize("kind", [DateField, DateTimeField, TimeField])
@isolate_apps("tests.querysets")
def test_column_of_a_type_of_the_projects(sqlite, kind, declared, place):
    """The driver parses by the declared type, which need not be that of Django's field, and no expression has one."""

    def select_format(compiler, sql, params):
        return f"{sql} || ''", params

    methods = {
        "class": {"db_type": lambda self, connection: declared},
        "selected": {"select_format": lambda self, *arguments: select_format(*arguments)},
    }
    own = type("Own", (kind,), methods[place]) if place in methods else kind

    class Declared(Model):
        when = own(null=True)

        class Meta:
            app_label = "querysets"

    if place == "field":
        Declared._meta.get_field("when").db_type = lambda connection: declared
    if place == "selected by the field":
        Declared._meta.get_field("when").select_format = select_format
    table = Declared._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE TABLE {table} (id integer PRIMARY KEY, "when" {declared})')
        try:
            for pk, sql in enumerate(OF_ANY_TYPE):
                cursor.execute(f"INSERT INTO {table} VALUES ({pk}, {sql})")
                assert_like_django(lambda pk=pk: Declared.objects.filter(pk=pk), "default")
                assert_like_django(lambda pk=pk: Declared.objects.filter(pk=pk).values("when"), "default")
        finally:
            cursor.execute(f"DROP TABLE {table}")


@isolate_apps("tests.querysets")
def test_field_with_the_column_of_another(sqlite):
    """All columns of a model are its instance's by their places, whatever `get_col` makes of a field."""

    class Borrowing(CharField):
        def get_col(self, alias, output_field=None):
            return Col(alias, self.model._meta.get_field("number"))

    class Lender(Model):
        text = Borrowing(max_length=9, default="text")
        number = IntegerField(default=7)

        class Meta:
            app_label = "querysets"

    table, rows = Lender._meta.db_table, Lender.objects.all()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (id integer PRIMARY KEY, text varchar(9), number integer)")
        try:
            cursor.execute(f"INSERT INTO {table} VALUES (1, 'text', 7)")
            for make in (rows.all, lambda: rows.values("text"), lambda: rows.only("number")):
                for _ in range(3):
                    assert_like_django(make, "default")
        finally:
            cursor.execute(f"DROP TABLE {table}")
