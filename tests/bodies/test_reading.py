"""`loads` beside `json.loads`: the same value, or the same error at the same place."""

import json
import re
import sys

import pytest
from django.core.exceptions import RequestDataTooBig
from hypothesis import example, given
from hypothesis import strategies as st

from pyforge_web import _native
from pyforge_web import parsers as bodies
from pyforge_web.metering import collect
from pyforge_web.parsers import DEEPEST_ALLOWED, MAX_DEPTH, loads
from tests.bodies.texts import BROKEN, CONSTANTS, RAW, VALID
from tests.strategies import text
from tests.tables import cases

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


class Text(str):
    __slots__ = ()


class Octets(bytes):
    pass


def outcome(read, body, **options):
    """The value as a repr, which tells 1 from 1.0 and True, and orders of keys; or the error and its place."""
    try:
        return "value", repr(read(body, **options))
    except json.JSONDecodeError as error:
        # The error of too many digits has no place in json.loads.
        words = error.msg, *((error.doc, error.pos, error.lineno, error.colno) if "digits" not in error.msg else ())
        return "JSONDecodeError", *words
    except (ValueError, TypeError, RecursionError) as error:
        kind = "JSONDecodeError" if "digits" in str(error) else type(error).__name__
        return kind, str(error)


def assert_same(body):
    assert outcome(loads, body, allow_nan=True) == outcome(json.loads, body)


def forms(document):
    """A text as it may come: str, bytes of every encoding, subclasses."""
    yield document
    yield Text(document)
    for encoding in ENCODINGS:
        raw = document.encode(encoding, "surrogatepass")
        yield raw
        yield bytearray(raw)
    yield Octets(document.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("document", cases(VALID | CONSTANTS | BROKEN))
def test_loads_text(document):
    for body in forms(document):
        assert_same(body)


@pytest.mark.parametrize("raw", cases(RAW))
def test_loads_bytes(raw):
    assert_same(raw)
    assert_same(bytearray(raw))


# What serde_json refuses, or does not tell from something else.
LEFT_TO_JSON = re.compile(
    r"minus zero|more than 64|of 100 digits|of 4300 digits|largest float|half|halves|200 levels|of 5000 d"
)


@pytest.mark.parametrize(("name", "document"), VALID.items(), ids=VALID)
def test_loads_valid_text_natively(name, document):
    """Not by way of json.loads: the test above would not notice."""
    for body in (document, document.encode()):
        value = _native.read_body(body, MAX_DEPTH)
        if type(value) is _native.BodyFallback:
            assert LEFT_TO_JSON.search(name)
            assert not value.too_deep
        else:
            assert repr(value) == repr(json.loads(body))


@pytest.mark.parametrize("body", [None, 1, ["[]"], memoryview(b"[]"), object], ids=lambda body: type(body).__name__)
def test_loads_other_types(body):
    with pytest.raises(TypeError) as theirs:
        json.loads(body)
    with pytest.raises(TypeError) as ours:
        loads(body)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("document", cases(CONSTANTS))
def test_loads_not_json(document):
    found = re.search(r"(?<![\"\w])(NaN|-?Infinity)", document)
    for body in forms(document):
        with pytest.raises(json.JSONDecodeError) as refused:
            loads(body)
        assert (refused.value.msg, refused.value.pos) == (f"{found[1]} is not JSON", found.start())
        assert refused.value.doc == document


@pytest.mark.parametrize("name", ["integer of 4301 digits", "integer of 5000 digits inside"])
def test_loads_too_many_digits(name):
    with pytest.raises(json.JSONDecodeError, match="Exceeds the limit") as refused:
        loads(BROKEN[name])
    assert refused.value.pos == re.search("-?1{2}", BROKEN[name]).start()


def test_loads_changed_limit_of_digits():
    before = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(0)
        assert loads(b"1" * 5000) == json.loads(b"1" * 5000)
    finally:
        sys.set_int_max_str_digits(before)


def test_loads_every_cut_and_change():
    document = '{"a": [1, -2.5e1, true, null, {"b\\n\\u00e9\u00e9": "\\"\\ud83d\\ude00\\\\"}], "c": {}, "": [[], ""]}'
    for at in range(len(document)):
        assert_same(document[:at])
        assert_same(document[at:].encode())
        for letter in '"\\{}[]:,0eE.-+ \n\x00xNIt\u00e9\U0001f600':
            assert_same(document[:at] + letter + document[at + 1 :])
            assert_same((document[:at] + letter + document[at:]).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(2**70), 2**70) | st.floats() | text,
    lambda inside: st.lists(inside) | st.dictionaries(text, inside),
    max_leaves=30,
)


@given(
    json_values,
    st.booleans(),
    st.sampled_from([None, 0, 3, "\t"]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\r\n:")]),
    st.sampled_from(ENCODINGS),
)
def test_loads_random_value(value, ensure_ascii, indent, separators, encoding):
    document = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators)
    assert_same(document)
    assert_same(document.encode(encoding, "surrogatepass"))


PIECES = [
    *'{}[],:"\\-.eE0123456789 \n\t\x01',
    "\u00e9",
    "\U0001f600",
    "\ud800",
    '"a"',
    '"a":',
    "\\u",
    "\\ud83d",
    "\\ude00",
    "true",
    "null",
]
PIECES += ["false", "NaN", "Infinity", "-Infinity", "[1,2]", '{"a":1}', "1.5", "1e400", "-0", "\ufeff", "\x00", "x" * 9]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example('"\\ud83d\\u')
def test_loads_random_pieces(document):
    assert_same(document)
    assert_same(document.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=12) | st.binary(max_size=6).map(lambda raw: b'["' + raw + b'"]'))
def test_loads_random_bytes(raw):
    assert_same(raw)


@given(st.floats(allow_nan=False), st.integers(0, 25))
def test_loads_exact_floats(value, digits):
    for document in (repr(value), f"{value:.{digits}e}"):
        assert_same(document)


def nested(opening, inside, levels):
    closing = {"[": "]", '{"a":': "}", ' [ 1,\n{"b": ': "}]"}[opening]
    return opening * levels + inside + closing * levels


@pytest.mark.parametrize("limit", [1, 2, 63, MAX_DEPTH, DEEPEST_ALLOWED])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_loads_depth_limit(opening, limit):
    allowed = [nested(opening, "1", limit), nested(opening, "[]", limit - 1), nested(opening, "{}", limit - 1)]
    for document in allowed:
        for body in (document, document.encode("utf-16")):
            assert repr(loads(body, max_depth=limit)) == repr(json.loads(body))
    for document in (nested(opening, "[]", limit), nested(opening, "{", limit), nested(opening, "[x", limit)):
        for body in (document, document.encode(), document.encode("utf-16")):
            with pytest.raises(json.JSONDecodeError, match=f"More than {limit} containers inside each other") as deep:
                loads(body, max_depth=limit)
            assert (deep.value.pos, deep.value.doc) == (len(opening) * limit, document)


def test_loads_brackets_in_strings():
    document = json.dumps(["[" * 1000, {"{" * 1000: '"[' * 1000}])
    assert loads(document, max_depth=2) == json.loads(document)


def test_loads_first_of_two_faults():
    with pytest.raises(json.JSONDecodeError, match="Expecting value"):
        loads("[x" + "[" * 300)
    with pytest.raises(json.JSONDecodeError, match="More than 200"):
        loads("[" * 300 + "x")


@pytest.mark.parametrize("depth", [0, -1, DEEPEST_ALLOWED + 1])
def test_loads_depth_out_of_range(depth):
    with pytest.raises(ValueError, match=f"between 1 and {DEEPEST_ALLOWED}"):
        loads("[]", max_depth=depth)


@pytest.mark.parametrize("body", ['"\u00e9\u00e9"', b'"123456"', bytearray(b'"123456"')], ids=repr)
def test_loads_size_limit(body, settings):
    size = len(body)
    assert loads(body, max_size=size) == json.loads(body)
    with pytest.raises(RequestDataTooBig, match=f"larger than {size - 1} bytes"):
        loads(body, max_size=size - 1)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = size
    assert loads(body) == json.loads(body)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = size - 1
    with pytest.raises(RequestDataTooBig):
        loads(body)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert loads(body) == json.loads(body)


def test_loads_equal_keys_share_a_string():
    first, second = loads('[{"name": 1}, {"name": 2}]')
    assert next(iter(first)) is next(iter(second))


def test_loads_keeps_no_utf8_copy():
    document = json.dumps(["d\u00e9j\u00e0 vu" * 100], ensure_ascii=False)
    before = sys.getsizeof(document)
    loads(document)
    assert sys.getsizeof(document) == before


def test_loads_call_is_counted():
    with collect() as counted:
        loads(b"[1]")
    assert (counted.calls, counted.crossings_in, counted.crossings_out) == (1, 1, 0)


def test_loads_reference_counts():
    body = b'{"a": [1, "x", {"b": null}], "c": "\\u00e9"}'
    loads(body)
    before = [sys.getrefcount(x) for x in (None, body)]
    for _ in range(1000):
        loads(body)
        outcome(loads, body[:-1])
    after = [sys.getrefcount(x) for x in (None, body)]
    assert all(abs(a - b) < 100 for a, b in zip(after, before, strict=True))


def test_loads_public_names():
    assert all(getattr(bodies, name) is not None for name in bodies.__all__)
