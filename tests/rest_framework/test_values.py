"""Values that a column seldom has, and the values of MariaDB's driver: each is what DRF gives."""

import decimal

import pytest
from django.db import connections, models
from django.db.models import ExpressionWrapper, F, Value
from django.test import override_settings
from rest_framework import fields, serializers
from rest_framework.renderers import JSONRenderer

from pyforge_web.querysets.backends import VALUE
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer
from pyforge_web.rest_framework.formats import ValueFormat
from pyforge_web.rest_framework.values import ReadColumn, make_column
from tests.oracle import outcome
from tests.querysets import data
from tests.querysets.models import Scalars

pytestmark = pytest.mark.django_db(databases="__all__")
MIXINS = (CompiledSerializerMixin,)
SHOWN = [field.name for field in Scalars._meta.concrete_fields if field.name not in ("file", "image", "path")]

# Fields for the decimals of `Scalars`, by how their places are chosen.
DECIMALS = {
    "its own": {},
    "fewer places": {"decimal": fields.DecimalField(9, 1), "fine": fields.DecimalField(14, 3)},
    "fewer digits": {"decimal": fields.DecimalField(3, 2), "whole": fields.DecimalField(2, 0)},
    "no places": {"decimal": fields.DecimalField(None, None), "whole": fields.DecimalField(12, 0)},
    "a number": {"decimal": fields.DecimalField(9, 2, coerce_to_string=False), "boolean": fields.IntegerField()},
}


@pytest.fixture
def one_row(filled_scalars):
    """The key of a row of SQLite, which a test may change."""
    return Scalars.objects.create(char="one").pk


@pytest.fixture(scope="session")
def mariadb(mysql, shared_rows):
    """The alias of MariaDB, filled once."""
    shared_rows.add(data.load, mysql)
    return mysql


def make(mixins, names, **attributes):
    options = type("Meta", (), {"model": Scalars, "fields": names})
    return type("ScalarsSerializer", (*mixins, serializers.ModelSerializer), {"Meta": options, **attributes})


def with_types(rows):
    return [[(name, type(value), value) for name, value in row.items()] for row in rows]


def assert_as_drf(queryset, names, **attributes):
    """Both ways out of a list serializer give what DRF gives."""
    ours, drfs = make(MIXINS, names, **attributes), make((), names, **attributes)
    expected = outcome(lambda: with_types(drfs(queryset.all(), many=True).data))
    assert outcome(lambda: with_types(ours(queryset.all(), many=True).data)) == expected
    body = outcome(lambda: JSONRenderer().render(drfs(queryset.all(), many=True).data))
    assert outcome(lambda: PyForgeJSONRenderer().render(ours(queryset.all(), many=True).rows)) == body
    return expected


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("boolean", 2),
        ("boolean", "'maybe'"),
        ("boolean", "x'ff'"),
        ("boolean", 1.0),
        ("date", "'2026-1-2'"),
        ("decimal", "'1.5'"),
        ("decimal", "'many'"),
        ("decimal", 1234567890),
        ("decimal", 1e300),
        ("duration", 1.5),
        ("duration", "'long'"),
        ("duration", 2**62),
        ("float", "'1.5x'"),
        ("float", 1),
        ("integer", 1.5),
        ("integer", "'1x'"),
        ("char", "x'ff'"),
        ("json", "'{broken'"),
        ("json", 5),
        ("json", "'[1e999]'"),
        ("moment", "'2026-01-02'"),
        ("moment", "'soon'"),
        ("time", "'3:4'"),
        ("uuid", "'no key'"),
        ("uuid", "'{12345678123456781234567812345678}'"),
    ],
)
@pytest.mark.parametrize("format_name", ["django", "iso-8601"])
def test_stored_value_of_another_form(name, stored, format_name, one_row):
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = 1")
        try:
            cursor.execute(f"UPDATE {Scalars._meta.db_table} SET {name} = {stored} WHERE id = %s", [one_row])
        finally:
            cursor.execute("PRAGMA ignore_check_constraints = 0")
    declared = {"duration": fields.DurationField(format=format_name)} if name == "duration" else {}
    assert_as_drf(Scalars.objects.filter(pk=one_row), [name], **declared)


@pytest.mark.parametrize("format_name", ["django", "iso-8601", "ISO-8601", None], ids=str)
def test_format_of_durations(format_name, filled_scalars):
    shown = assert_as_drf(
        Scalars.objects.order_by("pk"), ["duration"], duration=fields.DurationField(format=format_name)
    )
    assert len({value for row in shown for _, _, value in row}) > 2


def test_annotation_with_text_that_is_not_json(filled_scalars):
    text = ExpressionWrapper(F("char"), output_field=models.JSONField())
    rows = Scalars.objects.annotate(parsed=text).order_by("pk")
    assert_as_drf(rows, ["parsed"], parsed=fields.JSONField())
    assert_as_drf(rows, ["parsed"], parsed=fields.ReadOnlyField())


@pytest.mark.parametrize(
    "output",
    [models.BooleanField(), models.DurationField(), models.DecimalField(max_digits=9, decimal_places=2)],
    ids=lambda field: type(field).__name__,
)
def test_annotation_of_a_type_that_its_values_do_not_have(output, filled_scalars):
    rows = Scalars.objects.annotate(odd=ExpressionWrapper(Value(7) + F("id"), output_field=output)).order_by("pk")
    for field in (fields.ReadOnlyField(), fields.BooleanField(), fields.CharField()):
        assert_as_drf(rows, ["odd"], odd=field)


@pytest.mark.parametrize("first", [True, False])
def test_time_zones_are_switched_while_plans_are_kept(first, filled_scalars):
    rows = Scalars.objects.order_by("pk")
    for enabled in (first, not first, first):
        with override_settings(USE_TZ=enabled):
            assert_as_drf(rows, ["moment", "date", "time"])


@pytest.mark.parametrize("places", DECIMALS)
def test_values_of_mariadb(places, mariadb):
    assert Scalars.objects.using(mariadb).count() > 5
    assert_as_drf(Scalars.objects.using(mariadb).order_by("pk"), SHOWN, **DECIMALS[places])


@pytest.mark.parametrize(
    "text", ["1.50", "-1.50", "0.00", "-0.00", "1.5", "15E+1", "1E-9", "12345.67", "NaN", "Infinity"]
)
@pytest.mark.parametrize("options", [(5, 2), (9, 2), (3, 2), (9, 0), (9, 4), (2, 2)], ids=str)
def test_decimals_of_a_driver(text, options):
    """psycopg2 and other drivers give decimals; what is not in the column's own form is left to DRF."""
    column = (decimal.Decimal(text), None, decimal.Decimal("0.25"))
    made = make_column(column, ReadColumn(ValueFormat("decimal", options), VALUE, None))
    drf = fields.DecimalField(*options).to_representation
    assert made is None or made == [None if value is None else drf(value) for value in column]
    assert make_column((1.5, text), ReadColumn(ValueFormat("decimal", options), VALUE, None)) is None
