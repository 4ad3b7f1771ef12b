"""Without native code: values that Django's encoder writes in several ways, and what it refuses."""

import datetime
import json
from decimal import Decimal

import pytest
from django.core.exceptions import FieldError
from django.db.models.functions import Lower
from django.test import override_settings
from django.utils.functional import lazystr
from rest_framework.renderers import JSONRenderer

from pyforge_web import PyForgeJsonResponse, dumps
from pyforge_web.rest_framework import PyForgeJSONRenderer
from tests.app.models import Author

OFF = override_settings(PYFORGE_WEB={"NATIVE": False})
UTC = datetime.UTC
ZONED = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
VALUES = {
    "dates": [
        datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=ZONED),
        datetime.datetime(2026, 1, 2),
        datetime.date(2026, 1, 2),
        datetime.time(3, 4, 5, 6),
        datetime.timedelta(days=3, seconds=4),
        datetime.timedelta(-1, microseconds=7),
    ],
    "separators of lines": ["a\u2028b\u2029c", "<>&'\"", "\ud800", "é"],
    "others": [Decimal("1.50"), lazystr("later"), {datetime.date(2026, 1, 2): 1, None: 2}],
}


@pytest.mark.parametrize("dates", ["django", "iso", "local", "drf"])
@pytest.mark.parametrize("name", VALUES)
def test_values_in_each_format_of_dates(name, dates):
    native = dumps(VALUES[name], dates=dates)
    with OFF:
        assert dumps(VALUES[name], dates=dates) == native


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"x", {b"x": 1}, {(1, 2): 3}, 1j, [Author]],
    ids=["object", "set", "bytes", "bytes as key", "tuple as key", "complex", "class"],
)
def test_what_no_encoder_takes(value):
    with pytest.raises(TypeError) as native:
        dumps(value)
    with OFF, pytest.raises(TypeError) as ours:
        dumps(value)
    assert type(ours.value) is type(native.value)
    for call in (dumps, PyForgeJsonResponse):
        with OFF, pytest.raises(TypeError):
            call({"a": value})


def test_own_encoder_of_a_value_that_it_refuses():
    """The error is that of `json.dumps`, beside the forms of models."""

    with pytest.raises(TypeError) as expected:
        json.dumps({"a": {1}}, cls=json.JSONEncoder)
    with pytest.raises(TypeError) as ours:
        PyForgeJsonResponse({"a": {1}}, encoder=json.JSONEncoder)
    assert str(ours.value) == str(expected.value)


@pytest.mark.parametrize("value", [*VALUES["separators of lines"][:2], {"a\u2028": datetime.timedelta(1)}], ids=ascii)
def test_bytes_of_rest_framework(value):
    with OFF:
        assert PyForgeJSONRenderer().render(value) == JSONRenderer().render(value)


@pytest.mark.parametrize(
    "options", [{"django_bytes": True}, {"nan": "null"}, {"dates": "iso"}, {"default": str}], ids=str
)
def test_arguments_that_a_custom_encoder_does_not_read(options):
    with pytest.raises(TypeError, match="have no effect beside a custom encoder"):
        PyForgeJsonResponse({}, encoder=json.JSONEncoder, **options)


def test_fields_of_a_queryset_that_adds_names():
    """Checked where the module is imported: what the QuerySet adds is a name, and nothing is asked."""
    queryset = Author.objects.annotate(low=Lower("name"))
    assert PyForgeJsonResponse.fields(queryset, ["low", "name"])
    with pytest.raises(FieldError, match="low"):
        PyForgeJsonResponse.fields(Author, ["low"])
