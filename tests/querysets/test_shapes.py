"""No shape of a QuerySet, on no database and in no time zone, says anything but what Django says."""

import pytest

import pyforge_web
from tests.oracle import FORMS, encode
from tests.querysets.judge import assert_like_django, assert_rows, like_values
from tests.querysets.shapes import NO_ROWS, SHAPES
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")


def on(database, shape):
    """A function that makes the QuerySet anew at each call."""
    return lambda: shape(lambda model: model._default_manager.using(database))


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_like_django(shape, site):
    assert_like_django(on(site, shape), site)


@pytest.mark.parametrize("shape", cases(NO_ROWS))
def test_without_rows(shape, database):
    ended = assert_like_django(on(database, shape), database, rows=False)
    assert ended.counts[database] <= 1


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_inside_other_data_and_in_a_response(shape, database):
    make = on(database, shape)
    expected = like_values(make())
    for form in FORMS:
        ours = encode({"n": 1, "rows": make(), "again": [make()]}, form)
        assert_rows(ours, {"n": 1, "rows": expected, "again": [expected]}, form)
    assert pyforge_web.PyForgeJsonResponse(make()).content == pyforge_web.dumps(make())
