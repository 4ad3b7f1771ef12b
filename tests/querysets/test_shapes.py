"""No shape of a QuerySet, on no database and in no time zone, says anything but what Django says."""

import pytest

import pyforge_web
from tests.oracle import FORMS, encode
from tests.querysets.judge import assert_like_django, assert_rows, like_values
from tests.querysets.shapes import NO_ROWS, SHAPES
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")

# MariaDB has no FOR UPDATE OF, and the SQL has a name that is a word of MariaDB's.
NOT_MYSQL = (SHAPES["select_for_update(of=)"], SHAPES["extra(select=) of a decimal, JSON, a UUID"])


def on(database, shape):
    """A function that makes the QuerySet anew at each call."""
    return lambda: shape(lambda model: model._default_manager.using(database))


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_like_django(shape, site):
    assert_like_django(on(site, shape), site)


@pytest.mark.parametrize("shape", cases(NO_ROWS))
def test_without_rows(shape, any_database):
    ended = assert_like_django(on(any_database, shape), any_database, rows=False)
    assert ended.counts[any_database] <= 1


@pytest.mark.parametrize("shape", cases(SHAPES))
def test_inside_other_data_and_in_a_response(shape, any_database):
    make = on(any_database, shape)
    if any_database == "mysql" and shape in NOT_MYSQL:
        assert_like_django(make, any_database)  # an error of the database, the same one
        return
    expected = like_values(make())
    for form in FORMS:
        ours = encode({"n": 1, "rows": make(), "again": [make()]}, form)
        assert_rows(ours, {"n": 1, "rows": expected, "again": [expected]}, form)
    assert pyforge_web.PyForgeJsonResponse(make()).content == pyforge_web.dumps(make())
