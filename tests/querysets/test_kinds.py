"""The table of kinds is complete: every field class of Django has a row in it, or a reason here why not.

Whoever adds a kind adds its row to `SAMPLES`; a test names what is missing.
"""

import datetime
import decimal
import inspect
import json
import uuid

import pytest
from django.contrib.postgres import fields as postgres_fields
from django.contrib.postgres import search
from django.db import models

import pyforge_web
from pyforge_web import fields
from pyforge_web.serializers import CompiledSerializer
from tests import fields_table
from tests.querysets.data import MOMENTS
from tests.querysets.judge import assert_rows
from tests.querysets.models import Customs, Scalars
from tests.querysets.pg.models import Arrays, Extras, Ranges
from tests.tables import cases

# Field classes that are no kind of their own.
OTHERS = {
    "Field": "abstract",
    "ForeignObject": "has no column",
    "ForeignKey": "has the kind of its target",
    "OneToOneField": "has the kind of its target",
    "ManyToManyField": "has no column",
    "GeneratedField": "has the kind of its output_field",
    "CompositePrimaryKey": "has no column of its own",
    "OrderWrt": "added by Meta.order_with_respect_to: an integer that no model names",
    "CommaSeparatedIntegerField": "left Django in 2.0",
    "NullBooleanField": "left Django in 4.0",
    "RelatedField": "abstract",
}
POSTGRES_OTHERS = {
    "fields.jsonb.JSONField": "left Django in 4.0",
    "fields.ranges.ContinuousRangeField": "abstract",
    "fields.ranges.RangeField": "abstract",
    "search.SearchQueryField": "no column of a model",
    "search.SearchVectorField": "written by the type of the driver's value: a text",
    "search._Float4Field": "the rank of a search: no column of a model",
}

# Kind: Python values that DjangoJSONEncoder takes.
SAMPLES = {
    "array": [[], [1, None], [["a"]], [MOMENTS[1], None], [decimal.Decimal("1.50")]],
    "boolean": [True, False],
    "date": [datetime.date(2026, 1, 2), datetime.date.min, datetime.date.max],
    "datetime": [*MOMENTS, datetime.datetime(2026, 1, 2, 3, 4, 5, 678)],
    "decimal": [decimal.Decimal(x) for x in ("1.50", "1E-7", "-0", "0E-10", "1E+30", "NaN", "Infinity")],
    "duration": [datetime.timedelta(0), datetime.timedelta(days=-1, microseconds=5), datetime.timedelta.max],
    "file": ["files/a.txt", ""],
    "float": [0.1, -0.0, 1e16, 5e-324],
    "hstore": [{}, {"a": "1", "b": None}],
    "integer": [0, -(2**63), 2**64, 10**30],
    "ip": ["10.0.0.1", "2001:db8::1"],
    "json": [{}, [1, None, {"a": 1.5}], "text", 5, True],
    "text": ["", 'a "b" \\ \u2028 \U0001f600'],
    "time": [datetime.time(1, 2, 3, 4567), datetime.time(0), datetime.time(23, 59, 59, 999)],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)],
}


REQUIRED = {models.DecimalField: {"max_digits": 5, "decimal_places": 2}} | {
    cls: {"primary_key": True} for cls in (models.AutoField, models.BigAutoField, models.SmallAutoField)
}


def field_classes(*modules):
    """The field classes of Django that can be imported from these modules."""
    found = {cls for module in modules for cls in vars(module).values() if inspect.isclass(cls)}
    return {cls for cls in found if issubclass(cls, models.Field) and cls.__module__.startswith("django.")}


OF_POSTGRESQL = field_classes(*filter(inspect.ismodule, vars(postgres_fields).values()), search)
POSTGRES = "django.contrib.postgres."
POSTGRES_PATHS = {
    f"{cls.__module__}.{cls.__name__}".removeprefix(POSTGRES)
    for cls in OF_POSTGRESQL
    if cls.__module__.startswith(POSTGRES)
}
OF_DJANGO = field_classes(models, models.fields, models.fields.related, models.fields.proxy)


def test_every_field_class_of_django_has_a_row():
    missing = {cls.__name__ for cls in OF_DJANGO if cls not in fields.KINDS} - OTHERS.keys()
    assert not missing, f"no row in pyforge_web.fields.KINDS for {', '.join(sorted(missing))}"


def test_every_field_class_of_django_contrib_postgres_has_a_row():
    missing = POSTGRES_PATHS - {f"fields.{path}" for path in fields.POSTGRES_KINDS} - POSTGRES_OTHERS.keys()
    assert not missing, f"no row in pyforge_web.fields.POSTGRES_KINDS for {', '.join(sorted(missing))}"


def test_every_row_is_a_field_class_of_django():
    assert not {f"fields.{path}" for path in fields.POSTGRES_KINDS} - POSTGRES_PATHS
    assert not set(fields.KINDS) - OF_DJANGO


def test_nothing_is_listed_as_other_that_django_does_not_have():
    assert not OTHERS.keys() - {cls.__name__ for cls in OF_DJANGO}
    assert not POSTGRES_OTHERS.keys() - POSTGRES_PATHS


def test_every_kind_has_samples():
    kinds = {*fields.KINDS.values(), *fields.POSTGRES_KINDS.values()} - {"refused"}
    assert not kinds - SAMPLES.keys(), "no row in SAMPLES"
    assert not SAMPLES.keys() - kinds, "a row in SAMPLES for a kind that no field has"


def test_every_kind_is_a_column_of_the_tests_models():
    columns = {
        type(field) for model in (Scalars, Arrays, Extras, Ranges, Customs) for field in model._meta.concrete_fields
    }
    historic = {"IPAddressField", "CICharField", "CIEmailField", "CITextField"}  # Django refuses models with them
    elsewhere = {"AutoField", "BinaryField"}  # Names, and Blob of tests.app
    missing = {cls.__name__ for cls in fields.KINDS if cls not in columns} - historic - elsewhere
    assert not missing
    missing = {path.rpartition(".")[2] for path in fields.POSTGRES_KINDS} - {cls.__name__ for cls in columns} - historic
    assert not missing


def descriptor(kind):
    return [{**pyforge_web.extract_model_fields(Scalars)[0], "name": "x", "attname": "x", "kind": kind, "null": True}]


@pytest.mark.parametrize("kind", SAMPLES)
def test_values_of_each_kind(kind):
    values = [*SAMPLES[kind], None]
    like = [{"x": value} for value in values]
    assert_rows(pyforge_web.serialize_value_tuples(descriptor(kind), [[value] for value in values]), like, "compact")
    for value, row in zip(values, like, strict=True):
        assert_rows(pyforge_web.serialize_to_bytes(descriptor(kind), [value]), row, "compact")
        assert_rows(json.dumps(pyforge_web.serialize_fields(descriptor(kind), row)), row, "compact")


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_kind_takes_what_it_cannot_be(kind):
    """A set is no JSON at all: refused by every kind, with its place."""
    with pytest.raises((TypeError, ValueError), match=r"(?s)\[1\].*x|x.*\[1\]|row 1.*x"):
        pyforge_web.serialize_value_tuples(descriptor(kind), [[None], [{1, 2}]])


def ip_address_field():
    field = models.IPAddressField()
    field.set_attributes_from_name("address")
    return field


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        pytest.param(ip_address_field(), "ip", id="the historic IPAddressField"),
        pytest.param(Scalars._meta.get_field("file"), "file", id="FileField"),
        pytest.param(Scalars._meta.get_field("image"), "file", id="ImageField"),
        pytest.param(Customs._meta.get_field("backwards"), None, id="a custom field"),
        pytest.param(Customs._meta.get_field("borrowed"), None, id="a borrowed internal type"),
        pytest.param(Customs._meta.get_field("wrapped"), None, id="a subclass of JSONField"),
    ],
)
def test_kind_of(field, kind):
    assert fields.kind_of(field) == kind


@pytest.mark.parametrize("base", cases({cls.__name__: cls for cls in fields.KINDS if cls is not models.IPAddressField}))
def test_a_class_of_a_project_is_not_its_base(base):
    """It may do anything: its kind is never known by its base, nor by its name."""
    field = type(base.__name__, (base,), {"__module__": "project"})(**REQUIRED.get(base, {}))
    assert fields.kind_of(field) is None


def test_explain_names_the_kinds():
    assert {row.kind for row in CompiledSerializer.for_model(Scalars).explain()} <= SAMPLES.keys()


def test_the_table_of_the_docs_is_that_of_the_code():
    assert fields_table.PAGE.read_text() == fields_table.page(), "run python -m tests.fields_table"
