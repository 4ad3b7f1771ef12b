"""`.data` of a serializer with the mixin is what DRF gives: values, types, containers, statements."""

import pickle
import zoneinfo

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer
from pyforge_web.rest_framework.nodes import FallbackError
from pyforge_web.rest_framework.serializers import rows_of
from tests.rest_framework.cases import make

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.urls("tests.rest_framework.urls"),
    pytest.mark.usefixtures("filled_scalars"),
]

EXPECTED = make(())
CONTEXT = {"user": "me", "request": APIRequestFactory().get("/")}
GIVEN = make((CompiledSerializerMixin,))
ZONES = ["UTC", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe"]


def read(case, database, context=None):
    queryset = case.queryset()
    if not getattr(queryset, "_known_related_objects", None):  # these are in the database of their instance
        queryset = queryset.using(database)
    return case.serializer(queryset, many=True, context=context or CONTEXT).data


def types_of(value):
    """The type of a value, and of all values in it."""
    if isinstance(value, dict):
        return type(value), [(type(key), types_of(item)) for key, item in value.items()]
    if isinstance(value, list):
        return type(value), [types_of(item) for item in value]
    return type(value)


def in_order(value):
    """The value with its lists sorted: servers give the rows of a relation in an order of each statement's own."""
    if isinstance(value, dict):
        return {key: in_order(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(map(in_order, value), key=repr)
    return value


@pytest.mark.parametrize("name", EXPECTED)
def test_data_is_what_drf_gives(name, database):
    expected = read(EXPECTED[name], database, CONTEXT)
    given = read(GIVEN[name], database, CONTEXT)
    if database != "default":
        assert in_order(given) == in_order(expected)
        assert types_of(in_order(given)) == types_of(in_order(expected))
        return
    assert given == expected
    assert types_of(given) == types_of(expected)
    assert [list(row) for row in given] == [list(row) for row in expected]
    assert given.serializer.child.__class__ is GIVEN[name].serializer
    assert PyForgeJSONRenderer().render(given) == JSONRenderer().render(expected)
    assert pickle.loads(pickle.dumps(given)) == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_rows_are_read_without_instances_where_the_table_says_so(name, sqlite):
    case = GIVEN[name]
    serializer = case.serializer(case.queryset(), many=True, context=CONTEXT)
    if case.native:
        rows = rows_of(serializer, case.queryset())
        assert ([] if rows is None else rows.objects()) == read(EXPECTED[name], "default")
    else:
        with pytest.raises(FallbackError) as reason:
            rows_of(serializer, case.queryset())
        assert str(reason.value)


@pytest.mark.parametrize("name", EXPECTED)
def test_data_needs_no_more_statements_than_drf(name, sqlite):
    counts = []
    for cases in (EXPECTED, GIVEN):
        connections["default"].queries_log.clear()
        with CaptureQueriesContext(connections["default"]) as statements:
            read(cases[name], "default")
        counts.append(len(statements))
    assert counts[1] <= counts[0]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name", ["article", "nested", "scalars", "read_only"])
def test_data_in_another_time_zone(name, zone, database):
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        given, expected = read(GIVEN[name], database), read(EXPECTED[name], database)
    assert in_order(given) == in_order(expected)
    assert database != "default" or given == expected


@pytest.mark.parametrize("name", ["article", "nested", "scalars"])
def test_data_without_time_zones(name, sqlite, settings):
    settings.USE_TZ = False
    assert read(GIVEN[name], "default") == read(EXPECTED[name], "default")


@pytest.mark.parametrize(
    "options",
    [
        {"COERCE_DECIMAL_TO_STRING": False},
        {"DATETIME_FORMAT": "%Y"},
        {"DATE_FORMAT": None, "TIME_FORMAT": None},
        {"DURATION_FORMAT": "iso-8601"},
        {"COERCE_BIGINT_TO_STRING": True},
        {"UPLOADED_FILES_USE_URL": False},
    ],
    ids=str,
)
def test_data_with_other_settings_of_drf(options, sqlite, settings):
    read(GIVEN["scalars"], "default")
    settings.REST_FRAMEWORK = options
    assert read(GIVEN["scalars"], "default") == read(EXPECTED["scalars"], "default")


def test_data_is_made_of_new_objects_for_each_parent(sqlite):
    rows = read(GIVEN["nested"], "default")
    for row in rows:
        row["tags"].append("changed")
        row["author"]["name"] = "changed"
        row["comments"].clear()
    assert all(row["tags"].count("changed") == 1 for row in rows)


def test_required_field_behind_a_null_raises_what_drf_raises(sqlite):
    messages = []
    for cases in (EXPECTED, GIVEN):
        serializer = cases["required"].serializer(cases["article"].queryset(), many=True)
        with pytest.raises(AttributeError) as error:
            _ = serializer.data
        messages.append(str(error.value))
    assert messages[0] == messages[1]


def test_patched_method_of_a_field_class_is_seen(sqlite, monkeypatch):
    read(GIVEN["article"], "default")
    monkeypatch.setattr(serializers.CharField, "to_representation", lambda self, value: "patched")
    given = read(GIVEN["article"], "default")
    assert given == read(EXPECTED["article"], "default")
    assert given[0]["title"] == "patched"


def test_patched_method_of_one_field_is_seen(sqlite):
    case = GIVEN["article"]
    serializer = case.serializer(case.queryset(), many=True)
    serializer.child.fields["title"].to_representation = lambda value: "patched"
    assert {row["title"] for row in serializer.data} == {"patched"}


def test_removed_field_of_one_serializer_is_seen(sqlite):
    case = GIVEN["article"]
    serializer = case.serializer(case.queryset(), many=True)
    serializer.child.fields.pop("title")
    assert not any("title" in row for row in serializer.data)


def test_attribute_of_the_model_that_becomes_a_property_is_seen(sqlite, monkeypatch):
    from tests.relations.models import Tag

    read(GIVEN["manager"], "default")
    monkeypatch.setattr(Tag, "name", property(lambda self: "patched", lambda self, value: None))
    assert {row["name"] for row in read(GIVEN["manager"], "default")} == {"patched"}
