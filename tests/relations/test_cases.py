"""Every case as Django gives it, from as many statements or fewer."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

import pyforge_web
from tests.oracle import FORMS, assert_same, django_text, django_value, encode, strict
from tests.relations.cases import CASES, NO_ROWS, UNORDERED, in_an_order
from tests.relations.oracle import expected

pytestmark = pytest.mark.django_db(databases="__all__")


def on(database):
    return lambda model: model._default_manager.using(database)


@pytest.mark.parametrize("name", CASES)
def test_like_django(name, database):
    make, fields = CASES[name]
    with CaptureQueriesContext(connections[database]) as theirs:
        rows = expected(make(on(database)), fields)
    assert rows, "the rows of this case show nothing"
    with CaptureQueriesContext(connections[database]) as ours:
        compact = pyforge_web.dumps(make(on(database)), fields=fields)
    if name not in UNORDERED or connections[database].vendor != "mysql":
        assert_same(strict(compact), django_value(rows))
    assert len(ours) <= len(theirs), [query["sql"] for query in ours.captured_queries]
    text = pyforge_web.dumps(make(on(database)), fields=fields, django_bytes=True)
    assert_same(in_an_order(text, name, database), in_an_order(django_text(rows).encode(), name, database))


@pytest.mark.parametrize("name", NO_ROWS)
def test_no_rows(name, database, django_assert_max_num_queries):
    make, fields = NO_ROWS[name]
    with django_assert_max_num_queries(1, using=database):
        assert pyforge_web.dumps(make(on(database)), fields=fields) == b"[]"


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_nested_rows_are_the_same(form, database):
    make, fields = CASES["to many: three levels"]
    assert_same(
        strict(encode(make(on(database)), form, fields=fields)), django_value(expected(make(on(database)), fields))
    )
