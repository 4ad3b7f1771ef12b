"""CPython 3.11 has strings whose header is not filled in: `len()` of one is right, a raw read of its length is 0."""

import sys

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from pyforge_web import CompiledValidator, dumps, loads

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason="from 3.12 on there are none")


class Named(models.Model):
    name = models.CharField(max_length=8)
    note = models.CharField(max_length=4, blank=True)

    class Meta:
        app_label = "legacy"

    def __str__(self):
        return self.name


def legacy(text):
    import _testcapi

    return _testcapi.unicode_legacy_string(text)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("text", ["short", "much too long", "", "d\u00e9j\u00e0", "12345678"])
@pytest.mark.parametrize("field", ["name", "note"])
def test_legacy_text_is_validated_as_by_django(field, text):
    def clean(call):
        try:
            call()
        except ValidationError as error:
            return error.message_dict
        return None

    other = {"name": "note", "note": "name"}[field]
    instance, same = (Named(**{field: legacy(text), other: "x"}) for _ in range(2))
    expected = clean(same.clean_fields)
    assert clean(lambda: CompiledValidator.for_model(Named).clean(instance)) == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_legacy_text_is_written_and_read():
    assert loads(dumps([legacy("d\u00e9j\u00e0"), legacy("plain")])) == ["d\u00e9j\u00e0", "plain"]
    assert loads(legacy('{"a": 1}')) == {"a": 1}
