"""`PyForgeJSONParser` returns what DRF's `JSONParser` returns, and raises what it raises."""

import io
from functools import wraps

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from pyforge_web.rest_framework import PyForgeJSONParser

BODIES = [
    b"{}",
    b'{"a": [1, 2.5, null, true, "x\\u2028"]}',
    b'{"a": 1, "a": 2}',
    b"",
    b"[1,]",
    b"{'a': 1}",
    b"NaN",
    b"[Infinity]",
    b"1e400",
    b"\xef\xbb\xbf{}",
    b"\xff",
    b'"\\ud800"',
    b'"\x01"',
    b"[" * 300 + b"]" * 300,
    b"[" * 100_000,
    b"123456789012345678901234567890",
    b"1" * 5000,
    b"  [1]  ",
    b"[1] x",
    "\u00e9".encode("latin-1"),
    '"\u00e9"'.encode(),
]


def parse(parser, body, **attributes):
    made = type("Parser", (parser,), attributes)()
    try:
        return repr(made.parse(io.BytesIO(body), "application/json", {"encoding": attributes.get("encoding", "utf-8")}))
    except (ParseError, RecursionError, LookupError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "latin-1", "utf-16", "nothing"])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_data_is_that_of_drf(body, encoding, strict):
    expected = parse(JSONParser, body, strict=strict, encoding=encoding)
    assert parse(PyForgeJSONParser, body, strict=strict, encoding=encoding) == expected


@given(st.binary(max_size=30) | st.text(alphabet='[]{}",:0123456789.eE+-\\u nulltrfas', max_size=30).map(str.encode))
def test_data_of_any_body(body):
    assert parse(PyForgeJSONParser, body) == parse(JSONParser, body)


def test_encoding_defaults_to_the_settings():
    stream = io.BytesIO(b"[1]")
    assert PyForgeJSONParser().parse(stream) == [1]


class Underscored(JSONParser):
    """A parser as other packages have it."""

    def parse(self, stream, media_type=None, parser_context=None):
        data = super().parse(stream, media_type, parser_context)
        return {key.replace("-", "_"): value for key, value in data.items()}


def test_parser_behind_ours():
    body = b'{"first-name": 1}'
    expected = parse(Underscored, body)
    assert parse(type("Both", (PyForgeJSONParser, Underscored), {}), body) == expected


@pytest.mark.parametrize("wrap", [lambda changed: changed, wraps(JSONParser.parse)], ids=["", "wraps"])
def test_patched_parser(monkeypatch, wrap):
    monkeypatch.setattr(JSONParser, "parse", wrap(lambda self, *args, **kwargs: "patched"))
    assert parse(PyForgeJSONParser, b"[1]") == parse(JSONParser, b"[1]")
