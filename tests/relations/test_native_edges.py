"""What rows leave behind for the values after them (depth, zone, format of dates), and where Django makes a link."""

import datetime
import zoneinfo

import pytest
from django.core.exceptions import BadRequest

from pyforge_web._native import (
    LinkText,
    MadeValues,
    ModelInstances,
    NestedRows,
    QueryRows,
    RelatedRows,
    RowColumns,
    RowLayout,
    ValueTuples,
    dump_chunk,
    dumps,
)
from pyforge_web.metering import collect
from tests.oracle import find_depth_limit

VALUE = ("value", "naive", False, 0, 0)
UUID = ("uuid", "naive", False, 0, 0)
DJANGO = ("django", "naive", False, 0, 0)
LIMIT = find_depth_limit()
MANY = 1500  # more than there may be containers before Python 3.12
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON = datetime.datetime(2024, 1, 2, 12, tzinfo=datetime.UTC)


def columns(*readers, timezone=None):
    named = [(f"c{number}", f"c{number}", *reader) for number, reader in enumerate(readers)]
    return RowColumns(named, "object", timezone=timezone)


def same(column, value):
    return value


def query(rows, timezone=None, reader=VALUE):
    return QueryRows(columns(reader, timezone=timezone), rows, same)


def nested(rows, timezone=None, reader=VALUE):
    return NestedRows(RowLayout([reader], [("column", "c0", 0)], timezone=timezone), rows, same, None, None)


class Instance:
    def __init__(self, value):
        self.c0 = value


def instances(rows):
    return ModelInstances(columns(VALUE), [Instance(*row) for row in rows], True, True)


def tuples(rows):
    return ValueTuples(columns(VALUE), rows, True)


WAYS = {"query": query, "nested": nested, "instances": instances, "tuples": tuples}


@pytest.mark.parametrize("way", WAYS)
def test_values_of_many_rows_do_not_add_up(way):
    rows = [([number, [number]],) for number in range(MANY)]
    assert dumps(WAYS[way](rows)) == dumps([{"c0": row[0]} for row in rows])


def test_rows_inside_of_many_rows_do_not_add_up():
    layout = RowLayout(
        [VALUE], [("output", "c0", 0)], outputs=[MadeValues(lambda rows: [nested([([1],)]) for _ in rows], "")]
    )
    made = NestedRows(layout, [(number,) for number in range(MANY)], same, None, None)
    assert dumps(made) == dumps([{"c0": [{"c0": [1]}]} for _ in range(MANY)])


def test_relations_of_many_chunks_do_not_add_up():
    chunks = iter([[(number,)] for number in range(MANY)])
    layout = RowLayout([VALUE], [("many", "c0", 0)])
    load = lambda relation, rows: RelatedRows(nested([]), 0, None, None)  # noqa: E731
    assert dumps(NestedRows(layout, lambda: next(chunks, []), same, None, load)) == dumps([{"c0": []}] * MANY)


def wrapped(value, depth):
    for _ in range(depth):
        value = [value]
    return value


def is_refused(value):
    try:
        dumps(value)
    except RecursionError:
        return True
    return False


@pytest.mark.parametrize("leaf", [[], (), {}, [1], [[1]]], ids=repr)
@pytest.mark.parametrize("way", ["query", "nested"])
def test_rows_count_as_the_lists_that_they_are(way, leaf):
    depths = range(LIMIT - 8, LIMIT + 2)
    plain = [is_refused(wrapped([{"c0": leaf}], depth)) for depth in depths]
    assert [is_refused(wrapped(WAYS[way]([(leaf,)]), depth)) for depth in depths] == plain
    assert set(plain) == {True, False}


@pytest.mark.parametrize("make", [query, nested])
def test_zone_of_rows_ends_with_them(make):
    rows = make([(NOON,)], timezone=BERLIN)
    assert dumps([rows, NOON, make([(NOON,)])], dates="iso") == dumps(
        [[{"c0": NOON.astimezone(BERLIN).isoformat()}], NOON.isoformat(), [{"c0": NOON.isoformat()}]]
    )


@pytest.mark.parametrize("make", [query, nested])
def test_format_of_a_column_ends_with_it(make):
    rows = make([(NOON,)], reader=(*VALUE, "iso"))
    assert dumps([rows, NOON]) == dumps([[{"c0": NOON.isoformat()}], NOON])


def test_an_object_without_columns():
    layout = RowLayout([VALUE], [("object", "c0", -1), ("end", "", -1)])
    assert dumps(NestedRows(layout, [(1,)], same, None, None)) == b'[{"c0":{}}]'


LINKS = {
    "a UUID as text": ("str", UUID, "0" * 32),
    "a path upwards": ("path", VALUE, "../x"),
    "a path that stays": ("path", VALUE, "a/./x"),
    "no text": ("str", VALUE, ""),
    "a null that is converted": ("str", DJANGO, None),
    "a number that is converted": ("int", DJANGO, 5),
    "a number below zero": ("int", VALUE, -5),
    "a bool": ("int", VALUE, True),
}


@pytest.mark.parametrize("case", LINKS)
def test_link_that_django_makes(case):
    part, reader, value = LINKS[case]
    made = LinkText(["/", "/"], [(0, part)], lambda value: f"made of {value}")
    layout = RowLayout([reader], [("output", "c0", 0)], outputs=[made])
    written = dumps(NestedRows(layout, [(value,)], lambda column, value: f"converted {value}", None, None))
    kept = value if reader is VALUE else f"converted {value}"
    assert written == dumps([{"c0": f"made of {kept}"}])


def fail(*_):
    raise LookupError("closing")


def refuse(column, value):
    raise ArithmeticError("writing")


@pytest.mark.parametrize("way", ["query", "nested"])
def test_error_of_closing_comes_after_that_of_writing(way):
    if way == "query":
        make = lambda reader: QueryRows(columns(reader), [(1,)], refuse, fail)  # noqa: E731
    else:
        layout = lambda reader: RowLayout([reader], [("column", "c0", 0)])  # noqa: E731
        make = lambda reader: NestedRows(layout(reader), [(1,)], refuse, fail, None)  # noqa: E731
    with pytest.raises(LookupError, match="closing"):
        dumps(make(VALUE))
    with pytest.raises(ArithmeticError, match="writing"):
        dumps(make(DJANGO))


def test_error_of_closing_a_relation_comes_after_that_of_writing():
    def load(relation, rows):
        layout = RowLayout([DJANGO], [("column", "c0", 0)])
        return RelatedRows(NestedRows(layout, [(1,)], refuse, fail, None), 0, None, None)

    layout = RowLayout([VALUE], [("many", "c0", 0)])
    with pytest.raises(ArithmeticError, match="writing"):
        dumps(NestedRows(layout, [(1,)], same, None, load))


def test_path_in_rows_that_are_arrays():
    rows = QueryRows(RowColumns([("a", "a", *VALUE), ("b", "b", *DJANGO)], "array"), [(1, 2), (3, 4)], refuse)
    with pytest.raises(ArithmeticError) as caught:
        dumps(rows)
    assert caught.value.__notes__ == ["while encoding $[0][1]"]


@pytest.mark.parametrize("shape", ["array", "object"])
def test_row_with_too_few_columns(shape):
    rows = QueryRows(RowColumns([("a", "a", *VALUE), ("b", "b", *VALUE)], shape), [(1, 2), (3,)], same)
    with pytest.raises(ValueError, match="row 1"):
        dumps(rows)


@pytest.mark.parametrize("make", [QueryRows, NestedRows])
def test_rows_are_as_long_as_they_may_be(make):
    def limited(most):
        if make is QueryRows:
            return QueryRows(columns(VALUE), [("abc",)], same, max_bytes=most)
        return NestedRows(RowLayout([VALUE], [("column", "c0", 0)]), [("abc",)], same, None, None, max_bytes=most)

    length = len(dumps([{"c0": "abc"}])) - 1  # without the bracket at the end
    assert dumps(limited(length)) == dumps([{"c0": "abc"}])
    with pytest.raises(BadRequest, match=f"more than {length - 1} bytes"):
        dumps(limited(length - 1))


def parents(rows, children, convert=None, known=None):
    """Rows with a relation to many, whose second column Django converts: it fails for "bad"."""

    def check(column, value):
        return refuse(column, value) if value == "bad" else value

    inner = RowLayout([VALUE, DJANGO], [("column", "c1", 1)])
    layout = RowLayout([VALUE, DJANGO], [("many", "c0", 0), ("column", "c1", 1)])

    def load(relation, chunk):
        keys = known or {key for key, _ in chunk}
        asked = [child for child in children if convert or child[0] in keys]
        return RelatedRows(NestedRows(inner, asked, check, None, None), 0, convert, known)

    return NestedRows(layout, rows, check, None, load)


def test_path_where_django_compares_other_values():
    rows = [("A", 1), ("B", 2)]
    children = [("a", 1), ("b", 1), ("b", "bad")]
    with pytest.raises(ArithmeticError) as caught:
        dumps(parents(rows, children, str.upper, {"A": "A", "B": "B"}))
    assert caught.value.__notes__ == ["while encoding $[1].c0[1].c1"]
    with pytest.raises(ArithmeticError) as caught:
        dumps(parents([("x", 1), ("y", 2)], children, str.upper, {"x": "A", "y": "B"}))
    assert caught.value.__notes__ == ["while encoding $[1].c0[1].c1"]


@pytest.mark.parametrize("where", ["row", "relation"])
def test_row_of_a_stream_is_whole_or_not_there(where):
    rows = [(1, 1), (2, 2), (3, "bad" if where == "row" else 3)]
    children = [(1, 1), (2, 2), (3, "bad" if where == "relation" else 3)]
    text, count, error = dump_chunk(parents(rows, children), 0, 200, after="\n")
    assert text == b'{"c0":[{"c1":1}],"c1":1}\n{"c0":[{"c1":2}],"c1":2}\n'
    assert (count, type(error)) == (2, ArithmeticError)


def test_rows_of_all_chunks_are_counted():
    chunks = iter([[(1,), (2,)], [(3,)], [(4,)]])
    rows = NestedRows(RowLayout([VALUE], [("column", "c0", 0)]), lambda: next(chunks, []), same, None, None)
    with collect() as costs:
        dumps(rows)
    assert costs.rows == 4
