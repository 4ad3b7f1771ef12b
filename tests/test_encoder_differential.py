"""Any value against Django, with hypothesis. `PYFORGE_SLOW=1` looks fifty times longer."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyforge_web
from tests.oracle import assert_like_django, compact_text, django_text, django_value, strict, tokens
from tests.strategies import containers, leaves, refused, values

SLOW = os.environ.get("PYFORGE_SLOW") == "1"
EXAMPLES = 25_000 if SLOW else 500

thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@thorough
@given(values)
def test_values(value):
    ours = pyforge_web.dumps(value)
    assert strict(ours) == django_value(value)
    assert tokens(ours.decode()) == tokens(compact_text(value))
    assert pyforge_web.dumps(value, django_bytes=True) == django_text(value).encode()


@thorough
@given(st.lists(leaves, max_size=30))
def test_leaves_in_every_container(value):
    assert_like_django(value, "compact")
    assert_like_django(value, "django_bytes")


@thorough
@given(st.recursive(leaves | st.floats(), containers, max_leaves=40))
def test_null_for_what_is_not_a_number(value):
    assert strict(pyforge_web.dumps(value, nan="null")) == django_value(value, nan="null")
    ours = pyforge_web.dumps(value, nan="null", django_bytes=True)
    assert strict(ours) == django_value(value, nan="null")


@thorough
@given(st.recursive(leaves | refused, containers, max_leaves=20))
def test_errors(value):
    try:
        expected = django_value(value)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)) as caught:
            pyforge_web.dumps(value)
        assert str(caught.value).startswith(str(error))
    else:
        assert strict(pyforge_web.dumps(value)) == expected
