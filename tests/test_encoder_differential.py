"""Any value against Django, with hypothesis. `PYFORGE_SLOW=1` looks forty times longer."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyforge_web
from tests.oracle import FORMS, assert_same, assert_text, django_text, django_value, encode, strict
from tests.strategies import containers, leaves, refused, values

SLOW = os.environ.get("PYFORGE_SLOW") == "1"

thorough = settings(
    max_examples=10_000 if SLOW else 250,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@thorough
@given(values)
def test_values_in_every_form(value):
    for form in FORMS:
        assert_text(encode(value, form), value, form)


@thorough
@given(st.lists(leaves, max_size=30))
def test_leaves_in_a_list(value):
    for form in FORMS:
        assert_text(encode(value, form), value, form)


@thorough
@given(st.recursive(leaves | st.floats(), containers, max_leaves=25))
def test_null_for_what_is_not_a_number(value):
    for form in FORMS:
        assert_same(strict(encode(value, form, nan="null")), django_value(value, nan="null"))


@thorough
@given(st.recursive(leaves | refused, containers, max_leaves=20))
def test_errors_of_refused_values(value):
    if error := django_error(value):
        with pytest.raises(type(error)) as caught:
            pyforge_web.dumps(value)
        assert str(caught.value).startswith(str(error))
    else:
        assert_same(strict(pyforge_web.dumps(value)), django_value(value))


def django_error(value):
    try:
        django_text(value)
    except (TypeError, ValueError) as error:
        return error
    return None
