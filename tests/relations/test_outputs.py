"""What native code writes in place of a column's value: labels, links, URLs of files, flat rows, missing rows."""

import json
import uuid

import pytest
from django.core.files.storage import FileSystemStorage
from django.urls import NoReverseMatch, path, reverse
from django.utils.encoding import force_str

from pyforge_web._native import FileUrlText, LinkText, NestedRows, RelatedRows, RowLayout, ValueLabels, dumps

VALUE = ("value", "naive", False, 0, 0)
INTEGER = ("integer", "naive", False, 0, 0)
UUID = ("uuid", "naive", False, 0, 0)
DJANGO = ("django", "naive", False, 0, 0)


def view(request):
    raise AssertionError("never called")


urlpatterns = [
    path("int/<int:a>/", view, name="int"),
    path("slug/<slug:a>/", view, name="slug"),
    path("str/<a>/", view, name="str"),
    path("uuid/<uuid:a>/", view, name="uuid"),
    path("path/<path:a>", view, name="path"),
    path("two/<int:a>/and/<slug:b>/", view, name="two"),
]


def written(layout, *rows, convert=lambda index, value: value, load=None):
    return json.loads(dumps(NestedRows(layout, list(rows), convert, lambda: None, load), ensure_ascii=True))


def outputs(output, *rows, reader=VALUE, **options):
    columns = len(rows[0])
    layout = RowLayout([reader] * columns, [("output", "x", 0)], outputs=[output])
    return [row["x"] for row in written(layout, *rows, **options)]


def djangos_label(labels, value):
    return force_str(labels.get(value, value), strings_only=True)


def test_labels_are_those_of_get_display():
    labels = {1: "One", "b": "B\u00e9 <&>", None: "Nothing", 7: 8}
    for values in ([1, 7, 9, None, -5], ["b", "c", ""], [True, False]):
        expected = [djangos_label(labels, value) for value in values]
        assert outputs(ValueLabels(labels), *[(value,) for value in values]) == expected


def test_labels_of_values_that_django_converts():
    labels = {"ONE": "One"}
    calls = []

    def convert(index, value):
        calls.append((index, value))
        return value.upper()

    assert outputs(ValueLabels(labels), ("one",), ("two",), reader=DJANGO, convert=convert) == ["One", "TWO"]
    assert calls == [(0, "one"), (0, "two"), (0, "two")]


def test_labels_of_values_that_are_no_keys():
    assert outputs(ValueLabels({}), ([1, 2],), ({"a": 1},)) == [[1, 2], {"a": 1}]


def test_labels_whose_lookup_fails_are_an_error():
    class Key:
        def __hash__(self):
            raise RuntimeError("no hash")

    with pytest.raises(RuntimeError, match="no hash"):
        outputs(ValueLabels({}), (Key(),))


SPECIMENS = {
    "int": [0, 1, 10**18, 10**30, -1, True, "7", 1.5],
    "slug": ["a-b_C9", "a b", "", "\u00e9", "a/b", 5],
    "str": ["plain", "a b", "a/b", "a.b~c@d:e", "100%", "\u00e9", "", "a?b#c", "//x", "x'y\"<>&", 5, "a\\b", "a\nb"],
    "uuid": [uuid.UUID(int=5), "00000000000000000000000000000005", "no uuid"],
    "path": ["a/b/c.txt", "a b/c", "", "/x", "a//b", "%2F", "\u00e9/\u65e5"],
}


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("converter", SPECIMENS)
def test_links_are_those_of_reverse(converter):
    def make(value):
        try:
            return reverse(converter, kwargs={"a": value})
        except NoReverseMatch:
            return "none"

    before = {"int": "/int/", "slug": "/slug/", "str": "/str/", "uuid": "/uuid/", "path": "/path/"}[converter]
    link = LinkText([before, "" if converter == "path" else "/"], [(0, converter)], make)
    values = SPECIMENS[converter]
    assert outputs(link, *[(value,) for value in values]) == [make(value) for value in values]


@pytest.mark.urls(__name__)
def test_links_of_stored_uuids():
    value = uuid.UUID("0123456789abcdef0123456789abcdef")
    link = LinkText(["/uuid/", "/"], [(0, "uuid")], lambda value: reverse("uuid", kwargs={"a": value}))

    def convert(index, text):
        return uuid.UUID(text)

    stored = [(value.hex,), (str(value),), (value.hex.upper(),), (None,)]
    expected = reverse("uuid", kwargs={"a": value})
    assert outputs(link, *stored, reader=UUID, convert=convert) == [expected, expected, expected, None]


@pytest.mark.urls(__name__)
def test_links_of_two_values():
    def make(*values):
        return reverse("two", args=values) + "?made"

    link = LinkText(["/two/", "/and/", "/"], [(0, "int"), (1, "slug")], make)
    assert outputs(link, (1, "a"), (None, "a"), (1, None), ("2", "a")) == [
        reverse("two", args=(1, "a")), None, None, "/two/2/and/a/?made",
    ]  # fmt: skip


NAMES = [
    "a.txt", "a/b.jpg", "\u00e9 \u65e5.png", "a b.txt", "a%20b", "a?b#c.txt", "a//b", "/a", "./a", "a/../b", "a\\b",
    "a;b=c&d", "a'b(c)!*~", "a:b", "", None, "a/", "..", "x" * 300, "http://x/y",
]  # fmt: skip


@pytest.mark.parametrize("base", ["/media/", "https://cdn.example/media/", "/"])
def test_urls_of_files_are_those_of_the_storage(base):
    storage = FileSystemStorage(base_url=base)
    made = []

    def make(name):
        made.append(name)
        return storage.url(name)

    found = outputs(FileUrlText(base, make), *[(name,) for name in NAMES])
    assert found == [storage.url(name) if name else None for name in NAMES]
    assert len(made) < len(NAMES) // 2


def test_flat_rows_are_values():
    layout = RowLayout([VALUE, VALUE], [("column", "", 1)], flat=True)
    assert written(layout, (1, "a"), (2, None)) == ["a", None]
    assert dumps(NestedRows(layout, [(1, "a"), (2, 3)], None, lambda: None, None), django_bytes=True) == b'["a", 3]'
    with pytest.raises(ValueError, match="one step"):
        RowLayout([VALUE], [("column", "a", 0), ("column", "b", 0)], flat=True)


def test_flat_rows_of_a_relation():
    parents = RowLayout([VALUE], [("column", "id", 0), ("many", "tags", 0)])
    tags = RowLayout([VALUE, VALUE], [("column", "", 0)], flat=True)
    rows = [("x", 1), ("y", 2), ("z", 1)]

    def load(relation, chunk):
        return RelatedRows(NestedRows(tags, rows, None, lambda: None, None), 1, None, None)

    assert written(parents, (1,), (2,), (3,), load=load) == [
        {"id": 1, "tags": ["x", "z"]}, {"id": 2, "tags": ["y"]}, {"id": 3, "tags": []},
    ]  # fmt: skip


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize("pattern", range(8))
def test_columns_are_null_where_their_row_is_missing(pattern, spaced):
    """Each of three columns may have such a condition, at the beginning, between others, at the end, in an object."""
    conditions = [pattern >> index & 1 for index in range(3)]
    steps = []
    for index, has_condition in enumerate(conditions):
        steps += [("null_unless", "", 3 + index)] if has_condition else []
        steps.append(("column", "abc"[index], index))
    layout = RowLayout([DJANGO] * 6, [*steps, ("object", "d", 3), *steps, ("end", "", -1)])
    rows = [(1, 2, None, *(None if bits >> index & 1 else 0 for index in range(3))) for bits in range(8)]
    asked = []

    def convert(index, value):
        asked.append((index, value))
        return [index, value]

    def values(row):
        return {
            "abc"[index]: None if conditions[index] and row[3 + index] is None else convert(index, row[index])
            for index in range(3)
        }

    text = dumps(NestedRows(layout, rows, convert, lambda: None, None), django_bytes=spaced)
    found, asked = asked, []
    expected = [{**values(row), "d": None if row[3] is None else values(row)} for row in rows]
    assert text.decode() == json.dumps(expected, separators=None if spaced else (",", ":"))
    assert found == asked


def test_flat_values_are_null_where_their_row_is_missing():
    layout = RowLayout([VALUE] * 2, [("null_unless", "", 1), ("column", "a", 0)], flat=True)
    assert dumps(NestedRows(layout, [(1, 1), (2, None)], None, lambda: None, None), django_bytes=True) == b"[1, null]"


@pytest.mark.parametrize(
    "steps",
    [
        [("null_unless", "", 0)],
        [("null_unless", "", 0), ("null_unless", "", 0), ("column", "a", 0)],
        [("null_unless", "", 0), ("object", "a", -1), ("end", "", -1)],
        [("null_unless", "", 0), ("many", "a", 0)],
        [("null_unless", "", 0), ("output", "a", 0)],
        [("object", "a", -1), ("null_unless", "", 0), ("end", "", -1)],
        [("output", "a", 0)],
        [("null_unless", "", 5), ("column", "a", 0)],
        [("end", "", -1)],
    ],
)
def test_layouts_that_cannot_be(steps):
    with pytest.raises(ValueError, match=r"step|end|output"):
        RowLayout([VALUE], steps)


def test_outputs_of_another_class_are_refused():
    with pytest.raises(TypeError, match="an output is"):
        RowLayout([VALUE], [("output", "a", 0)], outputs=["text"])
    with pytest.raises(ValueError, match="for a value of a link"):
        RowLayout([VALUE], [("output", "a", 0)], outputs=[LinkText(["", ""], [(3, "int")], str)])
    with pytest.raises(ValueError, match="no path converter"):
        LinkText(["", ""], [(0, "year")], str)


def test_errors_of_made_texts_have_their_place():
    def make(value):
        raise ZeroDivisionError

    layout = RowLayout([VALUE], [("object", "a", -1), ("output", "b", 0), ("end", "", -1)],
                       outputs=[FileUrlText("/", make)])  # fmt: skip
    with pytest.raises(ZeroDivisionError) as error:
        written(layout, ("ok",), ("../no",))
    assert error.value.__notes__ == ["while encoding $[1].a.b"]
