"""MariaDB, or the MySQL that MARIADB_URL names: every type, what an expression makes of it, and odd stored values."""

import datetime
import json

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import (
    Avg,
    Case,
    Count,
    DecimalField,
    F,
    FloatField,
    IntegerField,
    Max,
    Min,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, Extract, Length, Now, TruncDay, Upper
from django.test import override_settings

import pyforge_web
from pyforge_web import metering
from pyforge_web.querysets import backends
from tests.databases.test_stock import outcome
from tests.oracle import assert_same, django_value, strict
from tests.querysets.conftest import SITES
from tests.querysets.judge import assert_like_django
from tests.querysets.models import Scalars, Stored
from tests.streams.reading import read


@pytest.fixture(autouse=True, scope="module")
def unblocked(django_db_blocker):
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def table(filled_mysql):
    """A table of columns without rules, with the types that Django gives them."""
    connection = connections[filled_mysql]
    with connection.schema_editor() as editor:
        editor.create_model(Stored)
    with connection.cursor() as cursor:
        # What Django's own tables refuse: zero dates, JSON that is none.
        cursor.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'")
        cursor.execute(f"ALTER TABLE {Stored._meta.db_table} MODIFY json longtext, MODIFY uuid varchar(80)")
    yield filled_mysql
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {Stored._meta.db_table}")


def rows(alias):
    return Scalars.objects.using(alias).order_by("pk")


EXPRESSIONS = {
    "all": lambda q: q.values(),
    "list": lambda q: q.values_list("char", "date", "moment", "time", "decimal", "uuid", "json"),
    "flat": lambda q: q.values_list("decimal", flat=True),
    "aggregates": lambda q: q.values("boolean").annotate(
        n=Count("pk"),
        total=Sum("decimal"),
        mean=Avg("decimal"),
        most=Max("moment"),
        least=Min("time"),
        ints=Sum("integer"),
    ),
    "floats": lambda q: q.values("pk").annotate(a=Avg("float"), b=Avg("integer"), c=Sum("float"), d=F("decimal") / 3),
    "casts": lambda q: q.values(
        a=Cast("integer", DecimalField(max_digits=12, decimal_places=3)),
        b=Cast("decimal", FloatField()),
        c=Cast("decimal", IntegerField()),
        d=Cast("moment", TextField()),
    ),
    "dates": lambda q: q.values(a=TruncDay("moment"), b=Extract("moment", "year"), c=Coalesce("date", "date")),
    "cases": lambda q: q.values(a=Case(When(pk__gt=2, then=F("moment"))), b=Case(When(pk__gt=2, then=F("uuid")))),
    "texts": lambda q: q.values(a=Upper("char"), b=Concat("char", Value("-")), c=Length("text")),
    "differences": lambda q: q.values(a=F("moment") - F("moment"), b=F("decimal") + 1, c=F("duration")),
    "json keys": lambda q: q.values("json__a", "json__0"),
    "union": lambda q: q.order_by().values("decimal", "date").union(q.order_by().values("fine", "moment")),
    "distinct": lambda q: q.order_by().values("boolean").distinct(),
    "sliced": lambda q: q[1:4].values("date", "time"),
    "extra": lambda q: q.extra(
        select={"zero": "CAST('0000-00-00' AS date)", "late": "CAST('99:00:00' AS char)"}
    ).values(),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("zone", SITES)
def test_rows_in_each_zone(name, zone, filled_mysql):
    with SITES[zone](connections[filled_mysql]):
        assert_like_django(lambda: EXPRESSIONS[name](rows(filled_mysql)), filled_mysql, savepoint=False)


def test_all_columns_are_native(filled_mysql):
    assert backends.why_not_stock(connections[filled_mysql]) is None
    with metering.collect() as collector:
        pyforge_web.dumps(rows(filled_mysql))
    assert (collector.django_rows, collector.django_columns) == (0, 0)
    assert {path.path for path in pyforge_web.CompiledSerializer.for_model(Scalars).explain(using=filled_mysql)} == {
        "native"
    }


@pytest.mark.parametrize("zone", SITES)
def test_stream_in_each_zone(zone, filled_mysql):
    with SITES[zone](connections[filled_mysql]):
        expected = django_value(list(rows(filled_mysql).values().iterator(chunk_size=3)))
        assert_same(strict(read(rows(filled_mysql), "array", chunk_size=3)), expected)


def test_instances_and_evaluated_rows(filled_mysql):
    assert_same(strict(pyforge_web.dumps(list(rows(filled_mysql)))), django_value(list(rows(filled_mysql).values())))


# Column: SQL of values to store in it.
VALUES = {
    "boolean": ["0", "1", "2", "-1", "127"],
    "date": [
        "'0000-00-00'",
        "'2024-01-00'",
        "'2024-00-00'",
        "'2024-02-31'",
        "'0001-01-01'",
        "'9999-12-31'",
        "'2024-02-29'",
    ],
    "moment": [
        *("'0000-00-00 00:00:00'", "'2024-01-00 10:00:00'", "'2024-02-31 10:00:00'", "'0001-01-01 00:00:00'"),
        *("'9999-12-31 23:59:59.999999'", "'2024-01-01 10:00:00.5'", "'2024-01-01 10:00:00.000001'"),
        *("'2026-10-25 02:30:00'", "'2026-03-29 02:30:00'", "'1890-01-01 00:00:00'"),
    ],
    "time": [
        *("'00:00:00'", "'-00:00:01'", "'-01:00:00'", "'24:00:00'", "'838:59:59'", "'-838:59:59'", "'23:59:59.999999'"),
        *("'10:11:12.5'", "'-00:00:00.5'", "'-00:59:59.999999'", "'100:00:00'"),
    ],
    "decimal": ["0", "-0.0", "1.015", "0.005", "-0.005", "9999999.99", "-9999999.99", "1e3"],
    "fine": ["0", "0.0000000001", "-0.0000000001", "1234.0123456789", "9999.9999999999"],
    "duration": ["0", "1", "-1", "86400000000", "-86399999995", "9223372036854775807", "-9223372036854775808"],
    "float": ["0", "-0.0", "1.5", "1e16", "1e15", "1e-5", "5e-324", "1.7976931348623157e308", "123456789.123456789"],
    "integer": ["0", "-2147483648", "2147483647"],
    "text": ["''", "'5'", "'\u00e9\U0001f600\u2028'", "'a\\0b'", "'\"\\\\\\\\'", "x'4142'"],
    "ip": ["'10.0.0.1'", "'2001:DB8::0:1'", "''"],
    "uuid": [
        *("'123456789abcdef0123456789abcdef0'", "'12345678-9abc-def0-1234-56789abcdef0'", "'1234'", "''"),
        *("'{12345678-9abc-def0-1234-56789abcdef0}'", "'123456789ABCDEF0123456789ABCDEF0'", "'not one'"),
    ],
    "json": [
        *("'{}'", "'[]'", "'null'", "'1.50'", "'-0'", "'1E5'", "'1e400'", "'NaN'", "'[Infinity]'", "'1.'", "'[1.]'"),
        *("'\"\\\\x\"'", "'[\"\\\\ud800\"]'", '\'{"a":1,"b":2,"a":3}\'', "'[1] '", "''", "'{'", "'abc'", "'[01]'"),
        *("'1},{\"admin\":true'", "'[1] [2]'", f"'{'1' * 4299}'", f"'{'1' * 4301}'", f"'{'[' * 500}{']' * 500}'"),
        *(f"'{'[' * 1200}{']' * 1200}'", '\'{"a": 1,\\n"b" :[ ]}\'', "'\"\\t\"'", "'123456789012345678901234567890'"),
    ],
}
LOST_BY_PYMYSQL = ("'-01:00:00'", "'24:00:00'", "'838:59:59'", "'-838:59:59'", "'100:00:00'")
CASES = [
    pytest.param(column, sql, zone, id=f"{column}-{sql[:60]!a}-{zone}")
    for column, values in VALUES.items()
    for sql in values
    for zone in (SITES if column == "moment" else ["UTC"])
]


@pytest.mark.parametrize(("column", "sql", "zone"), CASES)
def test_stored_value_is_djangos(column, sql, zone, table):
    if sql in LOST_BY_PYMYSQL and hasattr(connections[table].connection, "decoders"):
        pytest.skip("PyMySQL leaves a result unread where a converter raises: its connection is lost")
    stored = Stored.objects.using(table).order_by("id")
    with connections[table].cursor() as cursor:
        cursor.execute(f"DELETE FROM {Stored._meta.db_table}")
        cursor.execute(
            f"INSERT INTO {Stored._meta.db_table} (id, `{column}`) VALUES (1, NULL), (2, {sql})".replace("%", "%%")
        )
    queries = {
        "column": lambda: stored.values("id", column),
        "alone": lambda: stored.filter(id=2).values_list(column, flat=True),
        "expressions": lambda: stored.values("id", x=Coalesce(column, column), y=Case(When(id__gt=0, then=F(column)))),
        "maximum": lambda: stored.filter(id=2).values("id").annotate(x=Max(column)),
    }
    with SITES[zone](connections[table]):
        for make in queries.values():
            assert_like_django(make, table, savepoint=False, read=plain)


def plain(text):
    """What a reader gets that keeps the last of duplicate keys."""
    return repr(json.loads(text))


def converters(connection):
    """What the driver makes of each type of column: mysqlclient's, or PyMySQL's."""
    raw = connection.connection
    return dict(raw.converter if hasattr(raw, "converter") else raw.decoders)


def test_other_statement_while_ours_runs(filled_mysql):
    """The driver's converters are changed for our statement alone."""
    connection = connections[filled_mysql]
    seen = []

    def look(execute, sql, params, many, context):
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT CAST('2001-02-03' AS date), 1.5")
            seen.append(cursor.fetchall())
        return execute(sql, params, many, context)

    before = converters(connection)
    with connection.execute_wrapper(look):
        assert_same(strict(pyforge_web.dumps(rows(filled_mysql))), django_value(list(rows(filled_mysql).values())))
    assert seen
    assert all(row[0] == datetime.date(2001, 2, 3) for ((*row,),) in seen)
    assert converters(connection) == before


def test_failing_statement_leaves_the_converters(filled_mysql):
    connection = connections[filled_mysql]
    before = converters(connection)
    broken = rows(filled_mysql).extra(select={"x": "no_such_column"})
    assert outcome(lambda: pyforge_web.dumps(broken.all())) is outcome(lambda: list(broken.all()))
    assert converters(connection) == before


def test_dump_is_dumpdatas(filled_mysql, tmp_path):
    call_command(
        "pyforge_dump", "querysets.Scalars", format="django", database=filled_mysql, output=str(tmp_path / "ours.json")
    )
    call_command("dumpdata", "querysets.Scalars", database=filled_mysql, output=str(tmp_path / "django.json"))
    assert (tmp_path / "ours.json").read_bytes() == (tmp_path / "django.json").read_bytes()


@override_settings(USE_TZ=False)
def test_now_is_naive_without_zones(filled_mysql):
    assert_like_django(
        lambda: rows(filled_mysql).values(a=Cast(Now(), TextField()))[:0], filled_mysql, rows=False, savepoint=False
    )
