"""`PYFORGE_WEB = {"NATIVE": False}`: every value goes by Django's own path, and the values stay the same."""

import datetime
import json

import pytest
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context, Engine
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from pyforge_web import (
    CompiledSerializer,
    CompiledValidator,
    PyForgeJsonResponse,
    PyForgeStreamingResponse,
    dumps,
    extract_model_fields,
    loads,
    serialize_fields,
    serialize_instance,
    serialize_to_bytes,
    serialize_value_tuples,
    validate_many,
)
from pyforge_web._native import totals
from pyforge_web.html import pyforge_json
from pyforge_web.parsers import load_array, load_object
from tests import strategies
from tests.app.models import Article, Author, Everything, Tag
from tests.oracle import FORMS, encode

OFF = override_settings(PYFORGE_WEB={"NATIVE": False})


def native_output():
    """How many bytes native code has written."""
    return totals()[2]


def attempt(call):
    try:
        return call()
    except (TypeError, ValueError, RecursionError, ValidationError) as error:
        return type(error)


def both(call):
    """The result of a call with native code and without, which writes nothing."""
    native = attempt(call)
    with OFF:
        written = native_output()
        django = attempt(call)
        assert native_output() == written
    return native, django


@pytest.mark.parametrize("form", FORMS)
@given(value=strategies.values)
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_values_are_the_same(form, value):
    native, django = both(lambda: encode(value, form))
    assert native == django


@pytest.mark.parametrize("nan", ["null", "raise"])
def test_what_is_not_finite(nan):
    native, django = both(lambda: dumps([1.5, float("nan"), {"a": float("-inf")}], nan=nan))
    assert native == django
    assert native == (b'[1.5,null,{"a":null}]' if nan == "null" else ValueError)


@pytest.mark.parametrize("dates", ["django", "iso", "local"])
def test_dates_have_the_same_format(dates, settings):
    settings.TIME_ZONE = "Europe/Paris"
    moment = datetime.datetime(2026, 11, 28, 22, 0, 0, 123456, datetime.UTC)
    value = [moment, moment.replace(tzinfo=None), moment.date(), moment.time(), datetime.timedelta(1, 5)]
    native, django = both(lambda: dumps(value, dates=dates))
    assert native == django
    assert not isinstance(native, type)


@pytest.fixture
def rows(db):
    authors = [Author.objects.create(name=f"author {n} \u00e9 <&>'") for n in range(3)]
    tags = [Tag.objects.create(name=f"tag {n}") for n in range(3)]
    for number in range(7):
        article = Article.objects.create(title=f"article {number}", author=authors[number % 3])
        article.tags.set(tags[: number % 4])
    Everything.objects.create()
    Everything.objects.create(file="a.txt", json={"a": [None, "\u2028"]})


def articles():
    return Article.objects.order_by("pk")


NESTED = ["id", {"author": ["name"]}, {"tags": ["name"]}]
CALLS = {
    "QuerySet": lambda: dumps(articles()),
    # Stored JSON text keeps its whitespace in the compact form.
    "every scalar": lambda: dumps(Everything.objects.order_by("pk"), django_bytes=True),
    "columns": lambda: dumps(articles(), fields=["title", "author_id"]),
    "nested": lambda: dumps(articles(), fields=NESTED),
    "values": lambda: dumps(articles().values("title")),
    "values_list": lambda: dumps(articles().values_list("id", "title")),
    "evaluated": lambda: dumps(list(articles()), fields=["id", "title"]),
    "instance": lambda: dumps(articles()[0]),
    "page": lambda: dumps({"page": Paginator(articles(), 3).page(1)}),
    "inside a dict": lambda: dumps({"a": [articles(), articles()[0]]}),
    "response": lambda: PyForgeJsonResponse(articles(), fields=NESTED).content,
    "response, Django's bytes": lambda: PyForgeJsonResponse(articles(), django_bytes=True).content,
    "stream": lambda: b"".join(PyForgeStreamingResponse(articles(), chunk_size=2)),
    "array": lambda: b"".join(PyForgeStreamingResponse(articles(), "array", fields=NESTED, chunk_size=2)),
    "stream of values": lambda: b"".join(PyForgeStreamingResponse(iter([1, {"a": None}]), "array")),
    "tag": lambda: str(pyforge_json(articles(), id="x")),
    "template": lambda: (
        Engine(builtins=["pyforge_web.templatetags.pyforge"])
        .from_string("{{ x|pyforge_json }}{% pyforge_json x %}")
        .render(Context({"x": ["<\u00e9'\""]}))
    ),
    "dump_tuples": lambda: CompiledSerializer.for_model(Author).dump_tuples(Author.objects.values_list()),
    "to_dict": lambda: CompiledSerializer.for_model(Everything).to_dict(Everything.objects.last()),
    "serialize_instance": lambda: serialize_instance(Everything.objects.last(), extract_model_fields(Everything)),
    "serialize_to_bytes": lambda: serialize_to_bytes(extract_model_fields(Author), [1, "a", None]),
    "serialize_fields": lambda: serialize_fields(extract_model_fields(Author), {"name": "a", "id": 1}),
    "serialize_value_tuples": lambda: serialize_value_tuples(extract_model_fields(Author), [(1, "a", None)] * 2),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_rows_are_the_same(call, rows):
    native, django = both(call)
    assert native == django
    assert not isinstance(native, type), native


@pytest.mark.parametrize("values", [(1, "a"), (1, "a", None, 2), ()], ids=str)
def test_row_of_another_length_is_an_error(values):
    descriptors = extract_model_fields(Author)
    for call in (
        lambda: serialize_to_bytes(descriptors, values),
        lambda: serialize_value_tuples(descriptors, [(1, "a", None), values]),
    ):
        native, django = both(call)
        assert native is django is ValueError


@pytest.mark.parametrize("layout", ["ndjson", "array"])
def test_stream_that_fails_ends_alike(layout):
    def values():
        yield 1
        raise LookupError("no more")

    native, django = both(lambda: b"".join(PyForgeStreamingResponse(values(), layout)))
    assert native == django
    assert b"1" in native


def test_ndjson_has_a_line_for_each_row():
    texts = ["a\u2028b", "c\u2029d", "e\x85f"]
    with OFF:
        body = b"".join(PyForgeStreamingResponse(iter(texts)))
    assert [json.loads(line) for line in body.decode().splitlines()] == texts


BODIES = [
    b'{"a": [1, 2.5, "\\u00e9", null]}',
    "[1]",
    b"[NaN]",
    b"[1,]",
    b"\xff",
    b"[" * 100_000,
    b"[" * 300 + b"]" * 300,
    f"[{'9' * 5_000}]",
    f"[{'9' * 5_000}, {'[' * 300}",
    b"[NaN, " + b"[" * 300,
    b'["[[", [1}' + b"[" * 300,
    b'["unended [[[' + b"[" * 300,
    "\ufeff[1]",
    b"\xef\xbb\xbf[[[1",
    '["é\ud800", NaN]'.encode("utf-16", "surrogatepass"),
    b"[[1]]",
    b"1",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("options", [{}, {"allow_nan": True}, {"max_depth": 1}])
def test_bodies_are_read_the_same(body, options):
    def read(load, *arguments, **options):
        try:
            return repr(load(body, *arguments, **options))
        except json.JSONDecodeError as error:
            return str(error), error.doc
        except ValidationError as error:
            return error.messages, error.params

    native, django = both(lambda: read(loads, **options))
    assert native == django
    for load in (load_object, load_array):
        native, django = both(lambda load=load: read(load, None, options.get("max_depth", 200)))
        assert native == django


def test_the_limit_of_size_holds():
    with OFF, pytest.raises(RequestDataTooBig):
        loads(b"[1, 2, 3]", max_size=3)


def errors(call):
    try:
        call()
    except ValidationError as error:
        return error.get_json_data() if hasattr(error, "get_json_data") else error.message_dict
    return None


def test_fields_are_validated_by_django(db):
    author, long = Author(name="x" * 99), Article(title="x" * 200)
    for instance in (author, long, Author(name="ok", born="1990-01-01")):
        native, django = both(
            lambda instance=instance: errors(lambda: CompiledValidator.for_model(type(instance)).clean(instance))
        )
        assert native == django == errors(instance.clean_fields)
    with OFF:
        rules = CompiledValidator.for_model(Author).explain()
        assert {rule.path for rule in rules} == {"django"}
        assert "NATIVE" in rules[0].reason
    assert "native" in {rule.path for rule in CompiledValidator.for_model(Author).explain()}


def test_batches_are_validated_the_same(db):
    rows = [Author(name="x" * length) for length in (0, 5, 99)]
    native, django = both(lambda: {row: error.message_dict for row, error in validate_many(rows).errors.items()})
    assert native == django
    assert native[1].keys() == {"born"}
    assert native[2].keys() == {"name", "born"}


def test_the_explanation_names_the_setting(rows):
    with OFF:
        paths = CompiledSerializer.for_model(Article).explain()
    assert {path.path for path in paths} == {"django"}
    assert "NATIVE" in paths[0].reason


def test_the_setting_is_heard_at_once():
    for enabled in (True, False, True):
        with override_settings(PYFORGE_WEB={"NATIVE": enabled}):
            before = native_output()
            assert json.loads(dumps([1])) == [1]
            assert (native_output() > before) == enabled


@pytest.mark.parametrize("nan", ["raise", "null"])
@pytest.mark.parametrize("key", [float("inf"), float("-inf"), float("nan")])
def test_key_that_is_not_finite_is_the_word_of_json(key, nan):
    """Django's encoder allows NaN: as a key its word is a text, and valid JSON."""
    expected = json.dumps({key: None, "of": {key: 1}}, cls=DjangoJSONEncoder).encode()
    native, django = both(lambda: dumps({key: None, "of": {key: 1}}, django_bytes=True, nan=nan))
    assert native == django == expected


def test_key_that_stands_twice_is_written_twice_for_null():
    native, django = both(lambda: dumps({float("inf"): float("nan"), "Infinity": 2}, nan="null"))
    assert native == django
