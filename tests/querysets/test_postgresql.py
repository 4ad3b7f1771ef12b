"""Types of PostgreSQL alone, its odd values, and tables whose columns are not of the declared types."""

import datetime
from datetime import UTC, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib.postgres import aggregates as agg
from django.contrib.postgres.search import SearchVector
from django.db import connections, models
from django.db.models import F, Func, Value
from django.db.models.expressions import RawSQL

import pyforge_web
from tests.querysets.conftest import SITES
from tests.querysets.data import MOMENTS
from tests.querysets.judge import assert_like_django
from tests.querysets.models import Event, Scalars, Stored, Street
from tests.querysets.pg.models import Arrays, Extras, Ranges
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")

VENDORS = ("postgresql",)  # of the fixture `site`
DAY = datetime.date(2026, 1, 2)
ARRAYS = [
    {},
    {field.name: [] for field in Arrays._meta.concrete_fields[1:-3]},
    {
        "integers": [1, None, -(2**31)],
        "floats": [0.1, -0.0, 1e300, None],
        "texts": ['a "b" \\ {c,d}', "", None, "NULL", "caf\u00e9 \U0001f600"],
        "matrix": [[1, 2], [None, 4]],
        "moments": [*MOMENTS, None],
        "days": [DAY, None],
        "times": [datetime.time(1, 2, 3, 4567)],
        "prices": [Decimal("1.50"), Decimal("-0.01"), None],
        "uuids": [UUID(int=5), None],
        "flags": [True, False, None],
        "durations": [timedelta(days=-1, microseconds=5)],
        "addresses": ["10.0.0.1", "2001:db8::1"],
        "documents": [{"a": [1, None]}, "text", 5, None],
        "backwards": ["abc", None],
        "moment": MOMENTS[1],
        "price": Decimal("5.00"),
        "day": DAY,
    },
]
EXTRAS = [
    {},
    {"pairs": {}, "list_of_pairs": [], "name": ""},
    {"pairs": {"a": "1", 'b "q"': None, "caf\u00e9": "\\"}, "list_of_pairs": [{"a": "b"}, {}], "name": "MiXed"},
]


@pytest.fixture
def rows(postgresql):
    for values in ARRAYS:
        Arrays.objects.using(postgresql).create(**values)
    for values in EXTRAS:
        Extras.objects.using(postgresql).create(**values)
    Extras.objects.using(postgresql).filter(name="").update(search=SearchVector(Value("a fat cat")))
    return postgresql


SHAPES = {
    "arrays beside scalars": lambda q: q(Arrays).order_by("pk"),
    "scalars, arrays left out": lambda q: q(Arrays).order_by("pk").values("moment", "price", "day"),
    "arrays of moments beside a moment": lambda q: q(Arrays).order_by("pk").values("moments", "moment"),
    "arrays of decimals beside a decimal": lambda q: q(Arrays).order_by("pk").values_list("price", "prices", "days"),
    "an item of an array": lambda q: q(Arrays).order_by("pk").values("moments__0", "prices__0_2", "texts__len"),
    "hstore, citext, tsvector": lambda q: q(Extras).order_by("pk"),
    "a key of an hstore": lambda q: q(Extras).order_by("pk").values("pairs__a"),
    "hstore, found by citext": lambda q: q(Extras).filter(name="mIXED").values("pairs", "name"),
    "ArrayAgg": lambda q: q(Event).values("live").annotate(a=agg.ArrayAgg("at", ordering="pk")).order_by("live"),
    "ArrayAgg beside a moment": lambda q: (
        q(Event).values("at").annotate(a=agg.ArrayAgg("price", ordering="pk")).order_by("at")
    ),
    "JSONBAgg": lambda q: q(Event).values("live").annotate(a=agg.JSONBAgg("data", ordering="pk")).order_by("live"),
    "StringAgg": lambda q: (
        q(Event).values("live").annotate(a=agg.StringAgg("kind", delimiter=Value(","), ordering="pk")).order_by("live")
    ),
    "DISTINCT ON": lambda q: q(Event).order_by("kind", "pk").distinct("kind").values("kind", "at", "price"),
    "an array in RawSQL": lambda q: q(Event).values(
        "at", x=RawSQL("ARRAY[at, NULL]", []), y=RawSQL("ARRAY[price]", [])
    ),
    "a row in RawSQL": lambda q: q(Event).values("at", x=RawSQL("ROW(number, kind)", [])),
    "timestamp without time zone": lambda q: q(Event).values("at", x=RawSQL("at::timestamp", [])),
    "time with time zone": lambda q: q(Event).values("clock", x=RawSQL("at::timetz", [])),
    "jsonb without a field": lambda q: q(Event).values("data", x=RawSQL("data", [])),
    "json text": lambda q: q(Event).values("data", x=RawSQL("data::json", []), y=RawSQL("data::text", [])),
    "money, bit, xml, macaddr": lambda q: q(Event).values(
        x=RawSQL("price::money", []), y=RawSQL("B'101'", []), w=RawSQL("'08:00:2b:01:02:03'::macaddr", [])
    ),
    "integers of all sizes": lambda q: q(Event).values(
        x=RawSQL("1::smallint", []), y=RawSQL("1::oid", []), z=RawSQL("10::numeric ^ 30", []), f=RawSQL("0.1::real", [])
    ),
    "a decimal NaN": lambda q: q(Event).values("price", x=RawSQL("'NaN'::numeric", [])),
    "a decimal Infinity": lambda q: q(Event).values("price", x=RawSQL("'-Infinity'::numeric", [])),
    "char(n)": lambda q: q(Event).values(x=RawSQL("kind::char(5)", []), y=RawSQL("'a'::name", [])),
    "an interval of months": lambda q: q(Event).values("length", x=RawSQL("'1 mon 2 days'::interval", [])),
    "a jsonpath": lambda q: q(Event).values(x=Func(F("data"), Value("$.list[*]"), function="jsonb_path_query_array")),
    "generate_series": lambda q: q(Street).values(
        "pk", x=Func(1, 3, function="generate_series", output_field=models.IntegerField())
    ),
}


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_like_django(shape, rows, site):
    assert_like_django(lambda: shape(lambda model: model._default_manager.using(site)), site)


ODD_VALUES = {
    "moment": ["'infinity'", "'-infinity'", "'0044-03-15 12:00:00 BC'", "'12026-01-01'", "'0001-01-01 00:00+14'"],
    "date": ["'infinity'", "'0044-03-15 BC'", "'12026-01-01'"],
    "time": ["'24:00:00'"],
    "decimal": ["'NaN'"],
    "float": ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'"],
    "duration": ["'1 year 2 mons'", "'-1 day +02:03:04'", "'178000000 years'", "'300000000 days'"],
    "json": [
        "'1e400'",
        '\'{"b":1,"a":2,"b":3}\'',
        "'123456789012345678901234567890'",
        "'1.50'",
        "'1E5'",
        "'\"\\u0001\\u00e9\"'",
    ],
    "ip": ["'10.0.0.0/8'", "'::1/64'"],
    "text": ["E'\\x01\\u2028'"],
}


@pytest.mark.parametrize(("column", "sql"), [(column, sql) for column, values in ODD_VALUES.items() for sql in values])
def test_odd_values(postgresql, column, sql):
    with connections[postgresql].cursor() as cursor:
        cursor.execute(f"INSERT INTO querysets_scalars (char, {column}) VALUES ('odd', {sql})")
    rows = Scalars.objects.using(postgresql).order_by("pk")
    for zone in SITES if column in ("moment", "date") else ["UTC"]:
        with SITES[zone](connections[postgresql]):
            assert_like_django(lambda: rows.filter(char="odd").values("char", column), postgresql)
            assert_like_django(lambda: rows.filter(char="odd"), postgresql)
            assert_like_django(lambda: rows.values_list(column, flat=True), postgresql)


# A field of Django over a column of another type, as with tables that are not Django's.
OTHER_TYPES = {
    "uuid": [
        ("text", "'ABCDEF00-0000-0000-0000-000000000000'"),
        ("text", "'abcdef00-0000-0000-0000-000000000000'"),
        ("text", "''"),
    ],
    "moment": [
        ("text", "'2026-01-02 03:04:05+00'"),
        ("timestamp", "'2026-01-02 03:04:05'"),
        ("date", "'2026-01-02'"),
        ("bigint", "5"),
        ("timestamptz[]", "ARRAY['2026-01-02 03:04:05Z'::timestamptz]"),
        ("tstzrange", "'[2026-01-02 03:04:05Z,)'"),
        ("timestamptz(0)", "'2026-01-02 03:04:05.6Z'"),
    ],
    "date": [("text", "'2026-01-02'"), ("timestamptz", "'2026-01-02 03:04:05Z'"), ("integer", "20260102")],
    "time": [("text", "'10:11'"), ("timetz", "'10:11:12+02'"), ("interval", "'10:11:12'")],
    "decimal": [
        ("double precision", "0.1"),
        ("text", "'1.5'"),
        ("money", "1.5"),
        ("numeric", "'1e-7'"),
        ("integer", "5"),
    ],
    "fine": [("numeric", "0.00000010"), ("numeric", "1e30"), ("numeric(5,2)", "-0.00")],
    "json": [("json", '\'{"a": 1, "b":  2, "a": 3}\''), ("text", "'[1]'"), ("text", "'no JSON'"), ("json", "'1E2'")],
    "boolean": [("integer", "1"), ("text", "'t'")],
    "integer": [("numeric", "5"), ("text", "'5'"), ("double precision", "5")],
    "float": [("numeric", "5.10"), ("real", "0.1"), ("integer", "5")],
    "duration": [("bigint", "5"), ("text", "'1 day'"), ("time", "'10:00'")],
    "text": [
        ("integer", "5"),
        ("jsonb", "'[1,  2]'"),
        ("uuid", "'abcdef00-0000-0000-0000-000000000000'"),
        ("numeric", "1.50"),
    ],
    "ip": [("text", "'10.0.0.1'"), ("cidr", "'10.0.0.0/8'")],
}


@pytest.mark.parametrize(
    ("column", "declared", "sql"), [(column, *case) for column, found in OTHER_TYPES.items() for case in found]
)
def test_columns_of_other_types(postgresql, column, declared, sql):
    with connections[postgresql].cursor() as cursor:
        cursor.execute(f'CREATE TABLE querysets_stored (id bigint, "{column}" {declared})')
        cursor.execute(f"INSERT INTO querysets_stored VALUES (1, NULL), (2, {sql})")
    stored = Stored.objects.using(postgresql).order_by("id")
    assert_like_django(lambda: stored.values("id", column), postgresql)
    assert_like_django(lambda: stored.values_list(column, flat=True), postgresql)


RANGES = {
    "integers": (1, 5),
    "bigs": (1, 2**40),
    "decimals": (Decimal("1.5"), None),
    "moments": MOMENTS[:2],
    "days": (DAY, DAY + timedelta(days=2)),
}


@pytest.mark.parametrize("name", RANGES)
def test_ranges_are_refused_as_django_does_with_the_way_out(postgresql, name, form):
    Ranges.objects.using(postgresql).create(**{name: RANGES[name]}, moment=MOMENTS[0])
    ranges = Ranges.objects.using(postgresql)
    assert_like_django(lambda: ranges.values("moment", name), postgresql)
    assert_like_django(lambda: ranges.exclude(moment=None), postgresql)
    with pytest.raises(
        TypeError, match=rf"(?s)Object of type \w*Range is not JSON serializable.*\$\.r\[0\]\.{name}.*(lower|str)"
    ):
        pyforge_web.dumps({"r": ranges.values(name)}, django_bytes=form == "django_bytes")
    ranges.update(**{name: None})
    assert_like_django(lambda: ranges.all(), postgresql)


def test_one_end_of_a_range_is_the_way_out(postgresql):
    Ranges.objects.using(postgresql).create(moments=MOMENTS[:2], integers=(1, 5))
    assert_like_django(
        lambda: Ranges.objects.using(postgresql).values(
            "moments__startswith", "moments__endswith", "integers__isempty"
        ),
        postgresql,
    )


def test_utc_is_not_assumed():
    """The values of this module that have a zone have UTC; or the four set-ups would not differ."""
    assert {at.tzinfo for at in MOMENTS} == {UTC}
