"""Stored JSON in the bytes of `json.dumps(json.loads(text))`: Python's, whatever the text looks like."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyforge_web._native import QueryRows, RowColumns, dump_chunk
from tests.oracle import assert_same

SPELLED = {"django": {}, "fixture": {"ensure_ascii": False}}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


def respelled(text, form, checked=False):
    """The text as it is written for a column of JSON, and whether Python was asked."""
    asked = []
    columns = RowColumns([("x", "x", "json", "naive", checked, 0, 0)], "scalar")

    def fallback(index, value):
        asked.append(value)
        return json.loads(value)

    body, count, error = dump_chunk(QueryRows(columns, lambda: [(text,)], fallback, lambda: None), 0, 1, form=form)
    if error is not None:
        raise error
    assert count == 1
    return body, bool(asked)


@pytest.mark.parametrize("form", SPELLED)
@given(
    value=VALUES,
    separators=st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", "\t: \r")]),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
)
@example(value={"caf\u00e9\x7f": '\U0001f600\u2028\\"/'}, separators=(",", ":"), ascii_only=True, indent=None)
@example(value=[-0.0, 1e16, 1e-7, 5e-324, 2**63, -(2**70), 1e300], separators=(",", ":"), ascii_only=True, indent=None)
def test_any_text_of_a_value(form, value, separators, ascii_only, indent):
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only, indent=indent)
    expected = json.dumps(json.loads(text), **SPELLED[form]).encode()
    assert_same(respelled(text, form)[0], expected)
    assert_same(respelled(text, form, checked=True)[0], expected)


BY_HAND = {
    "blanks": ('\n{"a" :[ ] , "b":{ }\t}\r\n', False),
    "a key twice": ('{"a": 1, "b": 2, "a": 3}', True),
    "a key twice, once escaped": ('{"a": 1, "\\u0061": 3}', True),
    "a key twice, deep": ('[{"x": {"a": 1, "b": {"a": 1}, "a": 3}}]', True),
    "the same key in other objects": ('{"a": {"a": [{"a": 1}, {"a": 2}]}, "b": {"a": 1}}', False),
    "escapes of all sorts": ('"\\u00e9\\/\\b\\f\\n\\r\\t\\"\\\\\\u0001\\u007f\\ud83d\\ude00\\u2028"', False),
    "an escaped slash in a key": ('{"a\\/b": 1, "a/b": 2}', True),
    "numbers": ("[1.0, 1.10, 1e5, 1E+5, -0, -0.0, 0.1e-6, 123456789012345678901234567890, 1e22, 1e23]", False),
    "a small exponent": ("[1e-99]", False),
    "an exponent that underflows": ("[1e-400]", True),
    "an integer of 300 digits": ("1" * 300, True),
    "many keys": (json.dumps({str(n): n for n in range(100)}), True),
    "as many keys as are looked at": (json.dumps({str(n): n for n in range(64)}), False),
    "deep": ("[" * 900 + "]" * 900, False),
    "a long text": (json.dumps("caf\u00e9 " * 10_000, ensure_ascii=False), False),
}


@pytest.mark.parametrize(("text", "asks"), [pytest.param(*row, id=name) for name, row in BY_HAND.items()])
@pytest.mark.parametrize("form", SPELLED)
def test_by_hand(text, asks, form):
    body, asked = respelled(text, form)
    assert_same(body, json.dumps(json.loads(text), **SPELLED[form]).encode())
    assert asked is asks


@pytest.mark.parametrize("text", ['"\\ud800"', '["\\udc00\\ud800"]', '{"\\ud83d": "\\ud83dx"}', '"\\ud800\\u0041"'])
def test_half_a_surrogate(text):
    body, asked = respelled(text, "django")
    assert_same(body, json.dumps(json.loads(text)).encode())
    assert not asked
    assert respelled(text, "fixture")[1]  # there is no UTF-8 of it: Python decides


@pytest.mark.parametrize("text", ["1" * 300, "[1e400]", "[-1e400]", "9" * 700 + ".5", "[" * 900 + "]" * 900])
def test_what_jsonb_may_hold(text):
    """PostgreSQL has checked it, and so nobody else does."""
    assert_same(respelled(text, "fixture", checked=True)[0], json.dumps(json.loads(text)).encode())
