"""Texts of CPython 3.11 that are not "ready", as old C extensions make them: their length stands nowhere yet."""

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web import validate_many
from pyforge_web.validators import CompiledValidator
from tests.validation import tables

legacy = pytest.importorskip("_testcapi", reason="a module of CPython's own tests")
make_legacy = getattr(legacy, "unicode_legacy_string", None)
pytestmark = [
    pytest.mark.skipif(make_legacy is None, reason="Python 3.12 has ready texts only"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
TEXTS = ["", "a", "abc", "not an address", "a@example.org", "ä" * 7]
FIELDS = {
    "text": lambda: models.CharField(max_length=3),
    "blank": lambda: models.CharField(max_length=3, blank=True),
    "email": lambda: models.EmailField(blank=True),
    "slug": lambda: models.SlugField(max_length=3),
    "choices": lambda: models.CharField(choices=[("a", "A")], max_length=9),
}


def errors_of(call):
    try:
        call()
    except ValidationError as error:
        return error.message_dict
    return None


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("text", TEXTS)
def test_legacy_text_one_instance(name, text):
    model = tables.model_of(value=FIELDS[name]())
    expected = errors_of(lambda: models.Model.clean_fields(model(value=make_legacy(text))))
    assert errors_of(lambda: CompiledValidator.for_model(model).clean(model(value=make_legacy(text)))) == expected


@pytest.mark.parametrize("name", FIELDS)
def test_legacy_text_in_a_batch(name):
    model = tables.model_of(value=FIELDS[name]())
    expected = {
        row: error
        for row, text in enumerate(TEXTS)
        if (error := errors_of(lambda text=text: models.Model.clean_fields(model(value=make_legacy(text)))))
    }
    rows = [model(value=make_legacy(text)) for text in TEXTS]
    result = validate_many(rows, unique=False, constraints=False)
    assert {row: error.message_dict for row, error in result.errors.items()} == expected
