"""The text of a response: compact or Django's bytes, its charset, what becomes of NaN; by argument and by setting."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import JsonResponse
from django.test import override_settings

from pyforge_web import PyForgeJsonResponse
from tests.oracle import compact_text, django_text, strict
from tests.tables import cases

DATA = {"\u00e9": [1, 2.5, None, True], "when": datetime(2026, 1, 2, tzinfo=UTC), "price": Decimal("1.50")}


class TestText:
    def test_compact_raw_utf8(self):
        assert PyForgeJsonResponse(DATA).content == compact_text(DATA).encode()

    def test_django_bytes_by_argument(self):
        assert PyForgeJsonResponse(DATA, django_bytes=True).content == JsonResponse(DATA).content

    @override_settings(PYFORGE_WEB={"DJANGO_BYTES": True})
    def test_django_bytes_by_setting(self):
        assert PyForgeJsonResponse(DATA).content == JsonResponse(DATA).content
        assert PyForgeJsonResponse(DATA, django_bytes=False).content == compact_text(DATA).encode()

    @pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "ascii", "shift_jis", "utf-16", "utf-32-be"])
    def test_another_charset_gets_ascii(self, charset):
        for options in ({"charset": charset}, {"content_type": f"application/json; charset={charset}"}):
            response = PyForgeJsonResponse(DATA, **options)
            assert response.charset == charset
            text = response.content.decode(charset)
            assert text == response.text == json.dumps(json.loads(django_text(DATA)), separators=(",", ":"))

    @override_settings(DEFAULT_CHARSET="iso-8859-1")
    def test_another_default_charset(self):
        response = PyForgeJsonResponse(DATA)
        assert response.content.isascii()
        assert strict(response.text) == strict(django_text(DATA))

    @pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", "UTF_8"])
    def test_every_name_of_utf8(self, charset):
        assert PyForgeJsonResponse(DATA, charset=charset).content == compact_text(DATA).encode()


class TestNan:
    def test_raises(self):
        with pytest.raises(ValueError, match=r"^Out of range float values.*\$\.rows\[0\]"):
            PyForgeJsonResponse({"rows": [float("nan")]})

    def test_null_by_argument(self):
        assert PyForgeJsonResponse({"rows": [float("nan")]}, nan="null").content == b'{"rows":[null]}'

    @override_settings(PYFORGE_WEB={"NAN": "null"})
    def test_null_by_setting(self):
        assert PyForgeJsonResponse({"rows": [float("nan")]}).content == b'{"rows":[null]}'
        with pytest.raises(ValueError, match="Out of range"):
            PyForgeJsonResponse({"rows": [float("nan")]}, nan="raise")


WRONG_SETTINGS = {
    "unknown key": {"DJANGO_BITES": True},
    "wrong type": {"DJANGO_BYTES": "no"},
    "wrong NAN": {"NAN": "drop"},
    "a list": ["NAN"],
    "a list of pairs": [("NAN", "null")],
    "None": None,
    "a text": "DJANGO_BYTES",
    "keys of two types": {1: 1, "DJANGO_BITES": True},
}


@pytest.mark.parametrize("wrong", cases(WRONG_SETTINGS))
def test_wrong_settings_are_named(wrong):
    with (
        override_settings(PYFORGE_WEB=wrong),
        pytest.raises(ImproperlyConfigured, match=r"^PYFORGE_WEB.*(DJANGO_BITES|DJANGO_BYTES|NAN)"),
    ):
        PyForgeJsonResponse({})
