"""`clean_data`, `clean_json` and their forms for rows: what `Model(**values).clean_fields()` says."""

import datetime as dt
import json
import pickle
import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import FieldError, RequestDataTooBig, ValidationError
from django.db.models import DateField, QuerySet
from django.forms import JSONField, modelform_factory
from django.http import QueryDict
from django.utils.functional import Promise, lazystr
from hypothesis import given as given_by
from hypothesis import strategies as st

from pyforge_web import BatchValidationError
from pyforge_web.parsers import BodyError
from pyforge_web.validators import CompiledValidator
from tests.bodies.models import Crate, Faulty, Item, Judged, Named, Pair, Shelf, Stamped, Stripped
from tests.bodies.oracle import as_json, django_clean, ended, typed
from tests.oracle import LANGUAGES
from tests.strategies import text

pytestmark = pytest.mark.django_db

SET = [
    "name", "slug", "size", "code", "count", "big", "ratio", "price", "live", "maybe", "day", "moment", "hour", "span",
    "uid", "email", "url", "ip", "data", "note", "shelf",
]  # fmt: skip
GOOD = {"name": "a name", "price": "12.50", "maybe": True}
TEXTS = [
    "", " ", "a", "admin", "ABC", "a" * 7, "a" * 11, "\u00e9" * 10, "\ud800", "a\0b", "s", "l", "S", "1", "-1", " 7 ",
    "1.5", "1e3", "nan", "1e400", "9" * 30, "9" * 400, "12.345", "1234567", "true", "True", "t", "2026-01-02",
    "2026-02-30", "2026-1-2", "2026-01-02T03:04:05Z", "2026-01-02 03:04", "03:04", "25:00", "1 02:03:04", "P1DT2H",
    "99999999999 00:00", "6f1f7c6e7b1c4d2e8b5a0d7d6a6d8f00", "{6f1f7c6e-7b1c-4d2e-8b5a-0d7d6a6d8f00}", "a-slug_1",
    "a@example.com", "a@b", "http://a.b/", "https://example.com/x y", "1.2.3.4", "::1", "::ffff:1.2.3.4", "1.2.3",
    "ab12", "zz",
]  # fmt: skip
POOL = [
    *TEXTS, None, True, False, 0, 1, -1, 3, 255, 32767, 32768, 2**63, 2**70, 10**400, 0.0, -0.0, 1.0, 1.5, 1e300,
    float("nan"), float("inf"), [], [1], ["a"], [[]], {}, {"a": 1}, {"a": [None]}, [0, [1, 2], -1],
]  # fmt: skip
TYPED = [
    Decimal("1.50"), Decimal("NaN"), Decimal("1E+5"), dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    dt.time(1, 2), dt.timedelta(days=1), uuid.UUID(int=5), b"bytes", lazystr("lazy"), (), (1,), {1}, 1j, object,
]  # fmt: skip


@pytest.fixture(autouse=True)
def shelves():
    for code in ("ab12", "zz"):
        Shelf.objects.create(code=code)
    Stamped.objects.create(title="one")


def validator(model=Item):
    return CompiledValidator.for_model(model)


@pytest.mark.parametrize("name", SET)
def test_clean_data_every_field_and_value(name):
    """Alone, and among others with the defaults of the missing fields."""
    for value in [*POOL, *TYPED]:
        theirs = ended(lambda value=value: django_clean(Item, {name: value}, SET, partial=True), LANGUAGES)
        ours = ended(
            lambda value=value: validator().clean_data({name: value}, partial=True, fields="__all__"), LANGUAGES
        )
        assert ours == theirs, value
        theirs = ended(lambda value=value: django_clean(Item, GOOD | {name: value}, SET))
        assert ended(lambda value=value: validator().clean_data(GOOD | {name: value}, fields="__all__")) == theirs, (
            value
        )


@pytest.mark.parametrize("name", SET)
def test_clean_json_any_type_of_value(name):
    for value in POOL:
        document = GOOD | {name: value}
        body = as_json(document)
        if body is None:
            continue
        theirs = ended(lambda document=document: django_clean(Item, document, SET))
        ours = ended(lambda body=body: validator().clean_json(body, fields="__all__"))
        if theirs[0] != "raised":
            assert ours == theirs, value
            continue
        (((field, ((messages, code, *_),)),),) = ours[1]
        assert (field, code) == (name, "invalid")
        words = {"value": value, "model": "shelf", "field": "code"}
        assert messages == [Item._meta.get_field(name).error_messages["invalid"] % words]


def test_values_raise_other_exceptions_in_django():
    """Else the last branch above tests nothing."""
    for name in ("day", "moment", "hour", "span", "count"):
        documents = [{name: value} for value in POOL]
        ends = [ended(lambda one=one: django_clean(Item, one, SET, True))[0] for one in documents]
        assert "raised" in ends


documents = st.dictionaries(
    st.sampled_from([*SET, "shelf_id", "id", "secret", "unknown", "made"]),
    st.sampled_from(POOL) | text | st.integers() | st.floats(),
    max_size=8,
)


@given_by(documents, st.booleans())
def test_clean_data_random_payload(document, partial):
    if "shelf" in document and "shelf_id" in document:
        del document["shelf"]
    known = {name: value for name, value in document.items() if name in [*SET, "shelf_id"]}
    theirs = ended(lambda: django_clean(Item, known, SET, partial))
    assert ended(lambda: validator().clean_data(document, partial=partial, fields="__all__")) == theirs


def test_cleaned_values_make_an_instance():
    cleaned = validator().clean_json(
        '{"name": "x", "price": "1.50", "maybe": true, "shelf": "ab12", "day": "2026-01-02"}', fields="__all__"
    )
    item = Item(**cleaned)
    item.full_clean()
    item.save()
    assert Item.objects.get().day == dt.date(2026, 1, 2)
    assert (cleaned["shelf_id"], cleaned["price"]) == ("ab12", Decimal("1.50"))


@pytest.mark.filterwarnings("ignore:The default scheme will be changed")  # of URLField in Django 5.2
@pytest.mark.parametrize("model", [Item, Crate, Stamped, Named, Shelf, Pair])
def test_all_fields_are_those_of_a_model_form(model):
    """But for files, which are no part of a document."""
    form = modelform_factory(model, fields="__all__").base_fields.keys() - {"file"}
    everything = {field.name: object() for field in model._meta.fields}
    error = (
        CompiledValidator.for_model(model).clean_data_rows([everything], unknown="error", fields="__all__").errors[0]
    )
    unknown = {name for name, leaves in error.error_dict.items() if leaves[0].code == "unknown_field"}
    assert everything.keys() - unknown == form


def test_all_fields_leave_out_keys_and_files():
    forbidden = {"id": 1, "made": "2026-01-01", "secret": "mine", "raw": "eA==", "file": "other/of/mine", "loud": "X"}
    cleaned = validator().clean_data(GOOD | forbidden, fields="__all__")
    assert not {"id", "made", "secret", "raw", "file", "loud"} & cleaned.keys()
    crate = validator(Crate).clean_data(GOOD | {"weight": 1.5, "item_ptr": 5, "id": 7}, fields="__all__")
    assert not {"id", "item_ptr_id"} & crate.keys()
    assert crate["weight"] == 1.5


def test_fields_named_by_the_caller():
    cleaned = validator().clean_data(GOOD | {"id": "5", "secret": "mine", "count": 4}, fields=["id", "secret", "count"])
    assert cleaned == {"id": 5, "secret": "mine", "count": 4}
    assert typed(validator().clean_data({"file": "a.txt"}, fields=("file",))) == typed(
        django_clean(Item, {"file": "a.txt"}, ["file"])
    )


@pytest.mark.parametrize("fields", [["nope"], ["loud"], ["name", "price__gt"]])
def test_fields_with_an_unknown_name(fields):
    with pytest.raises(FieldError):
        validator().clean_data({}, fields=fields)


@pytest.mark.parametrize(("fields", "error"), [("name", TypeError), ([], ValueError), ([1], TypeError)])
def test_fields_of_a_wrong_type(fields, error):
    with pytest.raises(error):
        validator().clean_data({}, fields=fields)


def test_foreign_key_by_name_or_attname():
    for key in ("shelf", "shelf_id"):
        assert validator().clean_data({key: "ab12"}, partial=True, fields="__all__") == {"shelf_id": "ab12"}
    shelf = Shelf.objects.get(code="ab12")
    assert validator().clean_data({"shelf": shelf}, partial=True, fields="__all__") == {"shelf_id": "ab12"}
    with pytest.raises(ValueError, match="must be a"):
        validator().clean_data({"shelf": Stamped.objects.get()}, partial=True, fields="__all__")


def test_foreign_key_by_both_names():
    for partial in (True, False):
        with pytest.raises(ValidationError) as raised:
            validator().clean_data(GOOD | {"shelf": "ab12", "shelf_id": "ab12"}, partial=partial, fields="__all__")
        (conflict,) = raised.value.error_dict.pop("shelf")
        assert not raised.value.error_dict
        assert conflict.code == "conflict"
        assert conflict.messages == ["Give either “shelf” or “shelf_id”, not both."]


def test_foreign_key_to_another_column_or_with_limit():
    accepted = ["id", "stamp", "other"]
    for document in (
        {"stamp": "one", "other": "ab12"}, {"stamp": "two"}, {"stamp": 1}, {"stamp": "one", "other": "zz"},
        {"stamp": "one", "id": "nope"}, {"stamp_id": None}, {"stamp": "\ud800"}, {"stamp": ["one"]},
    ):  # fmt: skip
        theirs = ended(lambda document=document: django_clean(Named, document, accepted))
        assert ended(lambda document=document: validator(Named).clean_data(document, fields="__all__")) == theirs


@pytest.mark.parametrize("value", [None, "", "ab12", "nowhere", 5, [1], "x" * 9, lazystr("ab12")], ids=repr)
@pytest.mark.parametrize(("model", "name"), [(Item, "shelf"), (Named, "stamp"), (Named, "other")])
def test_foreign_key_without_lookup(model, name, value, django_assert_num_queries, monkeypatch):
    accepted = [field.name for field in model._meta.fields if field.name != "file"]
    with django_assert_num_queries(0):
        ours = ended(
            lambda: validator(model).clean_data({name: value}, partial=True, foreign_keys=False, fields="__all__")
        )
    # Django without the query: every target is there.
    monkeypatch.setattr(QuerySet, "exists", lambda self: True)
    assert ours == ended(lambda: django_clean(model, {name: value}, accepted, partial=True))


def test_foreign_key_without_lookup_error_order():
    found = validator(Named).clean_json_rows(
        '[{"id": "x", "stamp": null}, {"stamp": "nowhere"}]', foreign_keys=False, fields="__all__"
    )
    assert list(found.errors) == [0]
    assert {name: errors[0].code for name, errors in found.errors[0].error_dict.items()} == {
        "id": "invalid",
        "stamp": "null",
    }
    assert found.rows[1]["stamp_id"] == "nowhere"


def test_unknown_keys_ignored_or_errors():
    document = {"b": 1, "name": "x", "price": 1, "maybe": False, "a": 2, 5: 6, "id": 3}
    assert validator().clean_data(document, fields="__all__") == validator().clean_data(
        {"name": "x", "price": 1, "maybe": False}, fields="__all__"
    )
    with pytest.raises(ValidationError) as raised:
        validator().clean_data(document | {"name": ""}, unknown="error", fields="__all__")
    assert list(raised.value.error_dict) == ["name", "b", "a", "5", "id"]
    for name in ("b", "a", "5", "id"):
        (unknown,) = raised.value.error_dict[name]
        assert unknown.code == "unknown_field"
        assert isinstance(unknown.message, Promise)


@pytest.mark.parametrize("call", ["clean_data", "clean_json", "clean_json_rows", "clean_data_rows"])
def test_unknown_of_a_wrong_value(call):
    with pytest.raises(ValueError, match='"ignore" or "error"'):
        getattr(validator(), call)("[]", fields="__all__", unknown="forbid")


def test_database_default_left_out():
    assert validator(Stamped).clean_data({"title": "x"}, fields="__all__") == {"title": "x"}
    assert validator(Stamped).clean_data({"title": "x", "level": "7"}, fields="__all__") == {"title": "x", "level": 7}
    stamped = Stamped.objects.create(**validator(Stamped).clean_data({"title": "x"}, fields="__all__"))
    stamped.refresh_from_db()
    assert stamped.level == 5


@pytest.mark.parametrize(
    "document", [{"number": 1}, {"number": 1, "note": "why"}, {"note": "x" * 11, "number": "3"}, {}, {"number": "x"}]
)
def test_field_reads_the_instance(document):
    theirs = ended(lambda: django_clean(Pair, document, ["note", "number"]))
    assert ended(lambda: validator(Pair).clean_data(document, fields="__all__")) == theirs


@pytest.mark.parametrize("document", [{"name": "  a  "}, {"name": " " * 9 + "abcdef"}, {}])
def test_model_with_own_setattr(document):
    theirs = ended(lambda: django_clean(Stripped, document, ["name", "second"]))
    assert ended(lambda: validator(Stripped).clean_data(document, fields="__all__")) == theirs


@pytest.mark.parametrize("document", [{"name": "never"}, {"name": "abc", "second": "2"}, {"name": "abcdefg"}])
def test_model_with_own_clean_fields(document):
    theirs = ended(lambda: django_clean(Judged, document, ["name", "second"]))
    assert ended(lambda: validator(Judged).clean_data(document, fields="__all__")) == theirs


def test_validator_with_a_fault():
    for call in (
        lambda: validator(Faulty).clean_json('{"name": "x"}', fields="__all__"),
        lambda: validator(Faulty).clean_json_rows('[{"name": "x"}]', fields="__all__"),
        lambda: validator(Faulty).clean_data({"name": "x"}, fields="__all__"),
    ):
        with pytest.raises(TypeError, match="indices"):
            call()


def test_conversion_error_beside_other_errors():
    with pytest.raises(ValidationError) as raised:
        validator().clean_json(
            '{"name": "admin", "maybe": false, "day": 5, "span": [], "price": "x", "shelf": "none"}', fields="__all__"
        )
    codes = {name: [leaf.code for leaf in leaves] for name, leaves in raised.value.error_dict.items()}
    expected = {"name": ["reserved"], "price": ["invalid"], "day": ["invalid"], "shelf": ["invalid"]}
    assert codes == expected
    assert raised.value.message_dict["day"] == [DateField.default_error_messages["invalid"] % {"value": 5}]


@pytest.mark.parametrize(
    ("body", "code", "found"),
    [
        ("[1]", "not_an_object", "an array"),
        ("null", "not_an_object", "null"),
        ("true", "not_an_object", "true"),
        ("1.5", "not_an_object", "a number"),
        ('"x"', "not_an_object", "a string"),
    ],
)
def test_clean_json_not_an_object(body, code, found):
    with pytest.raises(BodyError) as raised:
        validator().clean_json(body, fields="__all__")
    assert (raised.value.code, raised.value.messages) == (code, [f"An object is expected, not {found}."])


def test_clean_json_rows_not_an_array():
    with pytest.raises(BodyError) as raised:
        validator().clean_json_rows("{}", fields="__all__")
    assert (raised.value.code, raised.value.messages) == ("not_an_array", ["An array is expected, not an object."])


@pytest.mark.parametrize("body", ['{"a":\n 1,}', "", "[1", '{"a": NaN}', '{"%s": %d}', "[" * 300])
@pytest.mark.parametrize("call", ["clean_json", "clean_json_rows"])
def test_clean_json_not_json(body, call):
    from pyforge_web import loads

    with pytest.raises(json.JSONDecodeError) as reading:
        loads(body)
    with pytest.raises(BodyError) as raised:
        getattr(validator(), call)(body, fields="__all__")
    theirs, ours = reading.value, raised.value
    place = {"problem": theirs.msg, "line": theirs.lineno, "column": theirs.colno, "position": theirs.pos}
    assert (ours.code, ours.params) == ("invalid_json", place)
    assert ours.messages == [f"{JSONField.default_error_messages['invalid']} {theirs}"]


def test_clean_json_another_encoding():
    with pytest.raises(BodyError) as raised:
        validator().clean_json('{"a":\n"\u00e9", "b": "'.encode() + b'\xff"}', fields="__all__")
    params = raised.value.params
    assert (params["line"], params["column"], params["position"]) == (2, 12, 17)
    assert "utf-8" in raised.value.messages[0]


def test_clean_json_size_and_depth():
    body = json.dumps(GOOD | {"data": {"a": [[1]]}})
    assert validator().clean_json(body, max_depth=4, fields="__all__")["data"] == {"a": [[1]]}
    with pytest.raises(BodyError, match="More than 3 containers"):
        validator().clean_json(body, max_depth=3, fields="__all__")
    for call in ("clean_json", "clean_json_rows"):
        with pytest.raises(RequestDataTooBig):
            getattr(validator(), call)(body, fields="__all__", max_size=10)


def test_clean_rows_with_errors():
    rows = [GOOD, {"name": ""}, GOOD | {"day": 5}, 7, GOOD | {"count": "9"}, [GOOD]]
    for found in (
        validator().clean_json_rows(json.dumps(rows), fields="__all__"),
        validator().clean_data_rows(iter(rows), fields="__all__"),
    ):
        assert not found.ok
        assert list(found.errors) == [1, 2, 3, 5]
        assert found.total == 6
        assert [row is None for row in found.rows] == [False, True, True, True, False, True]
        assert found.rows[0] == validator().clean_data(GOOD, fields="__all__")
        assert found.rows[4]["count"] == 9
        assert ended(lambda found=found: raise_(found.errors[1])) == ended(
            lambda: django_clean(Item, {"name": ""}, SET)
        )
        assert found.errors[2].message_dict.keys() == {"day"}
        assert found.errors[3].message_dict == {"__all__": ["An object is expected, not a number."]}
        assert found.errors[5].message_dict == {"__all__": ["An object is expected, not an array."]}
        with pytest.raises(BatchValidationError, match="4 of 6 rows are not valid: row 1: ") as raised:
            found.raise_()
        assert raised.value.errors is found.errors
        assert "Row 3: An object is expected, not a number." in raised.value.messages
        assert pickle.loads(pickle.dumps(raised.value)).messages == raised.value.messages


def raise_(error):
    raise error


def test_clean_rows_all_valid():
    found = validator().clean_json_rows(json.dumps([GOOD, GOOD]), fields="__all__")
    assert found.ok
    assert found.rows == [validator().clean_data(GOOD, fields="__all__")] * 2
    assert not found.errors
    found.raise_()
    assert validator().clean_json_rows("[]", fields="__all__").rows == []


def test_errors_read_in_another_language():
    from django.utils import translation

    error = validator().clean_json_rows('[{"price": "x"}]', fields="__all__").errors[0]
    texts = set()
    for language in LANGUAGES:
        with translation.override(language):
            texts.add(str(error))
    assert len(texts) == len(LANGUAGES)


def test_queries_without_a_foreign_key(django_assert_num_queries):
    with django_assert_num_queries(0):
        validator().clean_data(GOOD, fields="__all__")
    with django_assert_num_queries(1):
        validator().clean_data(GOOD | {"shelf": "ab12"}, fields="__all__")


def test_clean_data_query_dict():
    query = QueryDict("name=a&name=b&price=1.5&maybe=t")
    theirs = django_clean(Item, {name: query[name] for name in query}, SET)
    assert validator().clean_data(query, fields="__all__") == theirs
    assert validator().clean_data(QueryDict("name=a&name=b&nope=1"), partial=True, fields="__all__") == {"name": "b"}


@pytest.mark.parametrize("values", [None, [("name", "x")], "name", 5], ids=repr)
def test_clean_data_not_a_mapping(values):
    with pytest.raises(TypeError, match="a mapping of field names"):
        validator().clean_data(values, fields="__all__")


def test_clean_data_leaves_its_argument():
    document = GOOD | {"count": "5", "data": {"a": 1}}
    before = json.dumps(document)
    cleaned = validator().clean_data(document, fields="__all__")
    assert json.dumps(document) == before
    assert cleaned["count"] == 5
