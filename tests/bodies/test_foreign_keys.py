"""Foreign keys in rows of documents: what `Model(**values).clean_fields()` says of each, with one query a key."""

import itertools
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pyforge_web import metering
from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Item, Linked, LinkedPair, Named, Shelf, Stamped
from tests.bodies.oracle import django_clean, ended
from tests.oracle import LANGUAGES

pytestmark = pytest.mark.django_db

FIELDS = ["item", "optional", "shelf", "by_call", "checked", "preset", "number", "named"]
KEYS = [1, 2, 7, "1", "x", "", None, True, 1.0, 2**70, "ab12", "zz", "nowhere", "\ud800", "6f" * 16, [1], {}]


class SaysWhere:
    def db_for_read(self, model, **hints):
        assert "instance" in hints
        return "default"


@pytest.fixture(autouse=True)
def targets():
    for code in ("ab12", "zz"):
        Shelf.objects.create(code=code)
    Stamped.objects.create(title="one")
    Item.objects.create(pk=1, name="i", price=1, maybe=True)
    Named.objects.create(stamp_id="one")


def raise_(error):
    raise error


def assert_like_django(model, documents, accepted, partial):
    """Row by row; what makes Django raise something else is judged as in a single document."""
    validator = CompiledValidator.for_model(model)
    found = validator.clean_data_rows(documents, partial=partial, fields="__all__")
    for row, document in enumerate(documents):
        ours = ended(lambda row=row: raise_(found.errors[row]) if row in found.errors else found.rows[row], LANGUAGES)
        theirs = ended(lambda document=document: django_clean(model, document, accepted, partial), LANGUAGES)
        if theirs[0] == "raised":
            body = json.dumps(document)
            theirs = ended(lambda body=body: validator.clean_json(body, partial=partial, fields="__all__"), LANGUAGES)
        if theirs[0] == "values":
            theirs = theirs[0], {name: told for name, told in theirs[1].items() if "DatabaseDefault" not in told[1]}
        assert ours == theirs, document
    return found


@pytest.mark.parametrize("name", [*FIELDS, "item_id"])
def test_rows_every_key(name):
    documents = [{name: key} for key in KEYS]
    assert_like_django(Linked, documents, FIELDS, partial=True)
    if name != "item_id":  # both names of a key are an error
        assert_like_django(Linked, [{"item": 1} | document for document in documents], FIELDS, partial=False)
    for document in documents:  # one that Django cannot take is not there to change the others
        assert_like_django(Linked, [document, {name: "1"}, document], FIELDS, partial=True)


def test_rows_several_keys_and_other_errors():
    """The errors of a row stand in the order of the fields."""
    pool = [("item", (1, 2, "x")), ("number", (1, "x")), ("named", (None, "6f" * 16)), ("preset", ("zz", "no"))]
    documents = [
        dict(zip([name for name, _ in pool], values, strict=True))
        for values in itertools.product(*(values for _, values in pool))
    ]
    found = assert_like_django(Linked, documents, FIELDS, partial=False)
    assert any(list(error.error_dict) == ["item", "preset", "number", "named"] for error in found.errors.values())


def test_rows_number_of_queries(django_assert_num_queries):
    documents = [{"item": 1 + row % 3, "shelf": "ab12", "by_call": "zz"} for row in range(50)]
    validator = CompiledValidator.for_model(Linked)
    with django_assert_num_queries(3):
        found = validator.clean_data_rows(documents, fields="__all__")
    assert len(found.errors) == 33
    with django_assert_num_queries(3):
        assert validator.clean_json_rows(json.dumps(documents), fields="__all__").errors.keys() == found.errors.keys()
    with django_assert_num_queries(0):
        assert validator.clean_data_rows(documents, foreign_keys=False, fields="__all__").ok
        assert validator.clean_data_rows([{"item": None}, 5, {}], partial=True, fields="__all__").errors.keys() == {
            0,
            1,
        }


def test_rows_with_a_router(settings):
    settings.DATABASE_ROUTERS = [SaysWhere()]
    documents = [{"item": 1}, {"item": 2}, {"item": 2}]
    with CaptureQueriesContext(connection) as queries:
        found = CompiledValidator.for_model(Linked).clean_data_rows(documents, partial=True, fields="__all__")
    assert list(found.errors) == [1, 2]
    assert len(queries) == 3


def test_rows_beside_a_field_that_reads_the_instance():
    documents = [{"number": number, "shelf": shelf} for number in (1, 2, "x") for shelf in ("zz", "no", None)]
    assert_like_django(LinkedPair, documents, ["note", "number", "shelf"], partial=False)


def test_collector_counts_missing_keys():
    with metering.collect() as found:
        CompiledValidator.for_model(Linked).clean_data_rows(
            [{"item": 2}, {"item": 1}, {"item": 2}], partial=True, fields="__all__"
        )
    assert found.failures[Linked._meta.label, "item", "invalid"] == 2


def test_rows_with_a_database_default():
    for foreign_keys in (True, False):
        found = CompiledValidator.for_model(Linked).clean_data_rows(
            [{"item": 1}], foreign_keys=foreign_keys, fields="__all__"
        )
        assert found.ok
        assert "preset_id" not in found.rows[0]
