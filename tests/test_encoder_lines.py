"""Characters beyond ASCII that some readers take for the end of a line."""

import json

import pytest

from pyforge_web import dumps
from pyforge_web._native import QueryRows, RowColumns, dump_chunk, dumps_response

LINES = "\u2028\u2029\x85"
VALUES = [
    LINES,
    {LINES: [f"a{LINES}b", "\u2027\u202a\x84\x86\xe2\xc2"]},
    "x" * 63 + LINES,
    "\u00e9" * 40 + "\u2028",
    "plain",
]


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_lines_of_ndjson_are_those_of_splitlines(value):
    body, count, error = dump_chunk(iter([value, value]), 0, 10, after="\n")
    text = body.decode()
    assert (count, error) == (2, None)
    assert [json.loads(line) for line in text.splitlines()] == [value, value]
    assert (
        text.replace("\\u2028", "\u2028").replace("\\u2029", "\u2029").replace("\\u0085", "\x85")
        == (json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n") * 2
    )


def test_lines_of_stored_json_are_escaped():
    columns = RowColumns([("x", "x", "json", "naive", True, 0, 0)], "scalar")
    rows = iter([[(json.dumps(LINES, ensure_ascii=False),)], []])
    query = QueryRows(columns, rows.__next__, None, lambda: None)
    assert dump_chunk(query, 0, 10, after="\n")[0] == b'"\\u2028\\u2029\\u0085"\n'


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_lines_elsewhere_stay_as_they_are(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert dumps(value).decode() == text
    assert dump_chunk(iter([value]), 0, 10)[0].decode() == text
    assert dump_chunk(iter([value]), 0, 10, after="\n", form="fixture")[0].decode() == (
        json.dumps(value, ensure_ascii=False) + "\n"
    )
    assert dumps_response(value, form="django_text").decode() == json.dumps(value, ensure_ascii=False)


def test_forms_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="no form"):
        dumps_response(1, form="yaml")
    with pytest.raises(ValueError, match="no form"):
        dump_chunk(iter([1]), 0, 1, form="yaml")
