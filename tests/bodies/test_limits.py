"""Limits of request bodies: rows, errors that are kept, memory, and which fields a client may set."""

import gc
import json
import tracemalloc

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig, ValidationError

from pyforge_web import as_drf, as_json_data, as_problem, metering
from pyforge_web.validation.errors import RejectedValue
from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Item, Linked

pytestmark = pytest.mark.django_db
ALL = {"fields": "__all__"}


def validator(model=Item):
    return CompiledValidator.for_model(model)


CALLS = {
    "clean_data": {},
    "clean_data_rows": [{}],
    "clean_json": "{}",
    "clean_json_rows": "[{}]",
}


@pytest.mark.parametrize("call", CALLS)
def test_fields_are_required(call):
    """As in a ModelForm: https://docs.djangoproject.com/en/stable/topics/forms/modelforms/."""
    with pytest.raises(ImproperlyConfigured, match="without fields= is prohibited"):
        getattr(validator(User), call)(CALLS[call])
    getattr(validator(User), call)(CALLS[call], fields=["first_name"])


def test_fields_keep_other_columns_out():
    values = validator(User).clean_json('{"first_name": "a", "is_superuser": true}', fields=["first_name"])
    assert values == {"first_name": "a"}


@pytest.mark.parametrize("given", [7, "all", {"name"}, {"name": 1}, None, [], [5]], ids=repr)
def test_fields_of_another_type(given):
    with pytest.raises((TypeError, ValueError, ImproperlyConfigured)):
        validator().clean_data({}, fields=given)


ROWS = {
    "a list": lambda number: validator().clean_data_rows([{}] * number, **ALL),
    "a generator": lambda number: validator().clean_data_rows(({} for _ in range(number)), **ALL),
    "a body": lambda number: validator().clean_json_rows(json.dumps([{}] * number), **ALL),
}


@pytest.mark.parametrize("rows", ROWS)
def test_rows_beyond_the_limit(rows):
    assert ROWS[rows](10_000).total == 10_000
    with pytest.raises(RequestDataTooBig, match="more than 10000 rows"):
        ROWS[rows](10_001)


def test_rows_limit_of_the_caller():
    assert validator().clean_data_rows([{}] * 3, **ALL, max_rows=3).total == 3
    with pytest.raises(RequestDataTooBig, match="more than 2 rows"):
        validator().clean_data_rows([{}] * 3, **ALL, max_rows=2)
    assert validator().clean_data_rows([{}] * 10_001, **ALL, max_rows=None).total == 10_001


def leaves(result):
    return sum(len(errors) for error in result.errors.values() for errors in error.error_dict.values())


def test_unknown_keys_beyond_the_limit():
    body = json.dumps({"name": "x" * 50, **{f"more {at}": 1 for at in range(5_000)}})
    with pytest.raises(ValidationError) as caught:
        validator().clean_json(body, **ALL, unknown="error")
    errors = caught.value.error_dict
    assert "name" in errors
    assert len([name for name in errors if name.startswith("more ")]) == 1_000
    assert (
        errors.keys()
        == validator().clean_json_rows(f"[{body}]", **ALL, unknown="error", max_errors=None).errors[0].error_dict.keys()
    )


@pytest.mark.parametrize("limit", [0, 1, 2, 7, 1_000])
def test_errors_beyond_the_limit(limit):
    bad = [{"name": "x" * 50, "count": "x", "nope": 1, f"more {at}": 2} for at in range(5)]
    every = validator().clean_data_rows(bad, **ALL, unknown="error", max_errors=None)
    some = validator().clean_data_rows(bad, **ALL, unknown="error", max_errors=limit)
    assert leaves(some) == min(limit, leaves(every))
    assert (some.ok, some.total, some.invalid_rows, some.rows) == (False, 5, 5, [None] * 5)
    for row, error in some.errors.items():
        whole = every.errors[row].message_dict
        assert all(whole[name] == messages for name, messages in error.message_dict.items())
    with pytest.raises(ValidationError) as caught:
        some.raise_()
    assert str(caught.value).startswith("5 of 5 rows are not valid")


def test_errors_beyond_the_limit_in_all_formats():
    result = validator().clean_data_rows([{"name": 5}, {}, {}], **ALL, max_errors=1)
    assert list(as_json_data(result)) == [0]
    assert as_problem(result)["detail"] == "1 error in 1 row, of 3 that are not valid."
    listed = as_drf(result, as_list=True)
    assert len(listed) == 3
    assert listed[1] == listed[2] == {"non_field_errors": ["The errors of this row were not kept."]}


def test_errors_are_not_built_before_they_are_read():
    result = validator().clean_data_rows([{}], **ALL)
    parts = result.errors._parts[0]
    assert any(type(part) is RejectedValue for listed in parts.values() for part in listed)
    with pytest.raises(ValidationError) as expected:
        validator().clean_data({}, **ALL)
    assert as_json_data(result.errors[0]) == as_json_data(expected.value)


def test_errors_keep_no_frames():
    result = validator().clean_data_rows([{"day": 5, "count": "x", "uid": "y", "shelf": None}, 7], **ALL)
    for error in result.errors.values():
        for listed in error.error_dict.values():
            for leaf in listed:
                while leaf is not None:
                    assert leaf.__traceback__ is None
                    leaf = leaf.__cause__ or leaf.__context__


def test_collector_counts_the_codes_of_a_body():
    bad = json.dumps([{}, {"name": "", "price": "x"}])
    with metering.collect() as collector:
        result = validator().clean_json_rows(bad, **ALL)
    codes = {}
    for error in result.errors.values():
        for name, listed in error.error_dict.items():
            for leaf in listed:
                codes[name, leaf.code] = codes.get((name, leaf.code), 0) + 1
    counted = {(name, code): number for (_, name, code), number in collector.failures.items()}
    assert counted == codes


def test_rows_of_empty_objects_in_bounded_memory():
    """15 KB of body, 5,000 rows with errors in each: at most 400 bytes a row."""
    names = ["name", "slug", "size", "count", "price", "maybe"]
    body = "[" + ",".join(["{}"] * 5_000) + "]"
    validator().clean_json_rows("[{}]", fields=names)
    gc.collect()
    tracemalloc.start()
    result = validator().clean_json_rows(body, fields=names, max_rows=None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.invalid_rows == 5_000
    assert peak < 2_000_000


def test_writable_fields_are_remembered_within_a_bound():
    """A view may take the names from a request."""
    names = [field.name for field in Item._meta.fields if field.editable]
    check = validator()
    for at in range(200):
        check.clean_data({}, fields=[names[at % len(names)], names[at * 7 % len(names)]], partial=True)
    assert len(check._writable) <= 32


def test_rows_without_foreign_key_lookup_hold_nothing():
    result = validator(Linked).clean_json_rows('[{"item": 5}, {"item": null}]', **ALL, foreign_keys=False)
    assert [row is None for row in result.rows] == [bool(row in result.errors) for row in range(2)]


@pytest.mark.parametrize("name", ["max_rows", "max_errors"])
@pytest.mark.parametrize("most", ["7", 7.5, True])
def test_a_limit_is_a_whole_number(name, most):
    with pytest.raises(TypeError, match=f"{name}= must be a whole number"):
        validator().clean_data_rows([{}], **ALL, **{name: most})
    with pytest.raises(ValueError, match=f"{name}= must be 0 or more"):
        validator().clean_json_rows(b"[{}]", **ALL, **{name: -1})
