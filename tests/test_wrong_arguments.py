"""Options of another type than theirs: the error names the option, before any row is read."""

import inspect

import pytest

import pyforge_web
from pyforge_web import CompiledValidator, PyForgeJsonResponse, PyForgeStreamingResponse, dumps, loads, rows
from tests.relations.models import Country

pytestmark = pytest.mark.django_db(databases="__all__")

WRONG = {
    "allowed": [5, "name", b"name", {"name": 1}],
    "chunk_size": [None, "5", 1.5, [], True],
    "dates": [5, [], {}, b"name", "rfc"],
    "exclude": [5, "name", b"name", [5]],
    "fields": [5, "name", b"name", [5], [[]]],
    "format": [None, 5, [], {}, "csv"],
    "keys": [5, [], "snake"],
    "max_bytes": ["5", 1.5, [], True],
    "max_depth": ["5", 1.5, [], True],
    "max_size": ["5", 1.5, [], True],
    "nan": [5, [], {}, "zero"],
}
CALLS = {
    "dumps": (dumps, lambda: Country.objects.all()),
    "PyForgeJsonResponse": (PyForgeJsonResponse, lambda: Country.objects.all()),
    "PyForgeStreamingResponse": (PyForgeStreamingResponse, lambda: Country.objects.all()),
    "rows": (rows, lambda: Country.objects.all()),
    "loads": (loads, lambda: "{}"),
}
CASES = [
    (call, option, value)
    for call, (function, _) in CALLS.items()
    for option in sorted(WRONG.keys() & inspect.signature(function).parameters.keys())
    for value in WRONG[option]
]


@pytest.mark.parametrize(("call", "option", "value"), CASES, ids=str)
def test_the_error_names_the_option(call, option, value):
    function, make_data = CALLS[call]
    with pytest.raises((TypeError, ValueError)) as caught:
        function(make_data(), **{option: value})
    assert option in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])


def test_no_limit_is_too_large():
    assert dumps([1], max_bytes=2**70) == b"[1]"
    assert PyForgeJsonResponse({}, max_bytes=2**70).content == b"{}"


@pytest.mark.parametrize("value", [None, 5, [], "relations.Country", object])
def test_a_validator_needs_a_model(value):
    for make in (CompiledValidator, CompiledValidator.for_model):
        with pytest.raises(TypeError, match="a model class is needed, not"):
            make(value)


def test_exclude_that_is_none_leaves_nothing_out():
    countries = Country.objects.all()
    for function in (dumps, lambda data, **options: dumps(rows(data, **options))):
        assert function(countries, exclude=None) == function(countries, fields="*") == pyforge_web.dumps(countries)
