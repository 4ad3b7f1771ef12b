"""PyForgeJsonResponse stands wherever JsonResponse stood: the same call, made to both, gives the same."""

import inspect
import io
import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse, JsonResponse, QueryDict
from django.middleware.common import CommonMiddleware
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.test import RequestFactory, override_settings

from pyforge_web import PyForgeJsonResponse
from tests.oracle import strict
from tests.tables import rows

DATA = {"\u00e9": [1, 2.5, None, True], "when": datetime(2026, 1, 2, tzinfo=UTC), "price": Decimal("1.50")}


class Percent(DjangoJSONEncoder):
    def default(self, o):
        return "100 %" if isinstance(o, set) else super().default(o)


class Shouts(DjangoJSONEncoder):
    def encode(self, o):
        return super().encode(o).upper()


class Streams(DjangoJSONEncoder):
    def iterencode(self, o, _one_shot=False):
        return iter(["[", '"streamed"', "]"])


class Indents(DjangoJSONEncoder):
    def __init__(self, **kwargs):
        super().__init__(**kwargs | {"indent": 1})


class Inherits(DjangoJSONEncoder):
    pass


def dates_only(o):
    return "default was asked"


class Upper(dict):
    def items(self):
        return [(key.upper(), value) for key, value in super().items()]


def call(*args, **kwargs):
    return args, kwargs


# Calls that go to the standard library whole: the very bytes of Django.
HANDED_OVER = {
    "encoder, default()": call({"a": {1}}, Percent),
    "encoder, encode()": call({"a": "b"}, encoder=Shouts),
    "encoder, iterencode()": call({"a": "b"}, encoder=Streams),
    "encoder, __init__()": call(DATA, encoder=Indents),
    "encoder that changes nothing": call(DATA, encoder=Inherits),
    "the plain encoder": call({"a": [1, "\u00e9"]}, json.JSONEncoder),
    "encoder and parameters by position": call([{1}], Percent, False, {"indent": 1}),
    "indent": call(DATA, json_dumps_params={"indent": 2}),
    "indent by position": call(DATA, DjangoJSONEncoder, True, {"indent": 2}),
    "sort_keys": call({"b": 1, "a": DATA}, json_dumps_params={"sort_keys": True}),
    "separators": call(DATA, json_dumps_params={"separators": (",", ":")}),
    "ensure_ascii": call(DATA, json_dumps_params={"ensure_ascii": False}),
    "skipkeys": call({(1,): 1, "a": 2}, json_dumps_params={"skipkeys": True}),
    "default, which replaces the encoder's": call(
        {"a": datetime(2026, 1, 2)}, json_dumps_params={"default": dates_only}
    ),
    "allow_nan": call({"a": float("nan")}, json_dumps_params={"allow_nan": True}),
    "check_circular": call({"a": 1}, json_dumps_params={"check_circular": False}),
}


@pytest.mark.parametrize(("args", "kwargs"), rows(HANDED_OVER))
def test_handed_to_the_standard_library(args, kwargs):
    assert PyForgeJsonResponse(*args, **kwargs).content == JsonResponse(*args, **kwargs).content


# Calls that we answer: the same values, headers and status.
ANSWERED = {
    "dict": call(DATA),
    "empty": call({}),
    "dict subclass": call(Upper(a=1)),
    "QueryDict": call(QueryDict("a=1&a=2")),
    "list": call([1, "\u00e9"], safe=False),
    "list by position": call([1, "\u00e9"], DjangoJSONEncoder, False),
    "text": call("\u00e9", safe=False),
    "None": call(None, safe=False),
    "number": call(0, safe=False),
    "by keyword": call(data=DATA, encoder=DjangoJSONEncoder, safe=True, json_dumps_params=None),
    "json_dumps_params, empty": call(DATA, json_dumps_params={}),
    "status": call({}, status=201),
    "status and reason": call({}, status=299, reason="Fine by me"),
    "headers": call({}, headers={"X-Thing": "5", "Cache-Control": "no-store"}),
    "headers with a content type": call(DATA, headers={"Content-Type": "application/problem+json"}, content_type=None),
    "content_type": call(DATA, content_type="application/geo+json"),
    "content_type with UTF-8": call(DATA, content_type="application/json; charset=utf-8"),
    "charset UTF-8": call(DATA, charset="UTF-8"),
    "charset Latin-1": call(DATA, charset="iso-8859-1"),
    "content_type with Latin-1": call(DATA, content_type="application/json; charset=iso-8859-1"),
    "charset ASCII": call(DATA, charset="us-ascii"),
    "charset UTF-16": call(DATA, charset="utf-16"),
}


@pytest.mark.parametrize(("args", "kwargs"), rows(ANSWERED))
def test_answered_alike(args, kwargs):
    ours, django = PyForgeJsonResponse(*args, **kwargs), JsonResponse(*args, **kwargs)
    assert strict(ours.text) == strict(django.text)
    for attribute in ("status_code", "reason_phrase", "headers", "charset", "cookies", "streaming", "closed"):
        assert getattr(ours, attribute) == getattr(django, attribute), attribute
    assert dict(ours.items()) == dict(django.items())


REFUSED = {
    "list, safe": call([1]),
    "text, safe": call("text"),
    "None, safe": call(None),
    "safe comes before the encoding": call([object()]),
    "set": call({"a": {1}}),
    "cycle in a list": call([[CYCLE := []]], safe=False),
    "cls among the parameters": call({}, json_dumps_params={"cls": Percent}),
    "unknown parameter": call({}, json_dumps_params={"indents": 2}),
    "parameters that are a list": call({}, json_dumps_params=[("indent", 2)]),
    "parameters that are a text": call({}, json_dumps_params="indent"),
    "unknown keyword": call({}, indent=2),
    "fifth position": call({}, DjangoJSONEncoder, True, None, 200),
    "headers and content_type": call({}, headers={"Content-Type": "a/b"}, content_type="c/d"),
    "headers and the default content_type": call({}, headers={"Content-Type": "a/b"}),
    "no data": call(),
}
CYCLE.append(CYCLE)


@pytest.mark.parametrize(("args", "kwargs"), rows(REFUSED))
def test_refused_alike(args, kwargs):
    with pytest.raises((TypeError, ValueError)) as django:
        JsonResponse(*args, **kwargs)
    with pytest.raises(django.type) as ours:
        PyForgeJsonResponse(*args, **kwargs)
    words = str(django.value).replace("HttpResponse.", "").replace("HttpResponseBase.", "")
    first_words = words.split("(")[0].removeprefix("JsonResponse.")
    assert first_words.split(" takes ")[0].split(" missing ")[0] in str(ours.value)


def test_the_signature_begins_with_djangos():
    django = list(inspect.signature(JsonResponse.__init__).parameters.values())
    ours = list(inspect.signature(PyForgeJsonResponse.__init__).parameters.values())
    for theirs, mine in zip(django[:5], ours[:5], strict=True):
        assert (theirs.name, theirs.kind, theirs.default) == (mine.name, mine.kind, mine.default)
    own = {p.name: (p.kind, p.default) for p in ours[5:-1]}
    given = dict.fromkeys(
        (
            "fields",
            "exclude",
            "allowed",
            "max_depth",
            "max_bytes",
            "django_bytes",
            "nan",
            "request",
            "keys",
            "dates",
            "default",
        ),
        (inspect.Parameter.KEYWORD_ONLY, None),
    )
    flags = dict.fromkeys(("fetch",), (inspect.Parameter.KEYWORD_ONLY, False))
    assert own == given | flags
    assert ours[-1].kind is inspect.Parameter.VAR_KEYWORD


def test_it_is_a_json_response():
    response = PyForgeJsonResponse({})
    assert isinstance(response, JsonResponse)
    assert isinstance(response, HttpResponse)


def test_arguments_are_not_changed():
    params, headers, data = {"indent": 2}, {"X-Thing": "5"}, {"a": [1]}
    PyForgeJsonResponse(data, json_dumps_params=params, headers=headers)
    assert (params, headers, data) == ({"indent": 2}, {"X-Thing": "5"}, {"a": [1]})


class TestAResponse:
    def test_no_content_length_of_its_own(self):
        assert "Content-Length" not in PyForgeJsonResponse({}).headers

    def test_content_type(self):
        assert PyForgeJsonResponse({}).headers["Content-Type"] == "application/json"

    def test_content_is_bytes_and_can_be_set(self):
        response = PyForgeJsonResponse({"a": 1})
        assert type(response.content) is bytes
        response.content = "other \u00e9"
        assert response.content == "other \u00e9".encode()

    def test_is_iterable_and_writable(self):
        response = PyForgeJsonResponse({"a": 1})
        assert b"".join(response) == b'{"a":1}'
        response.write(b"\n")
        assert response.getvalue() == response.content == b'{"a":1}\n'
        assert response.tell() == 8

    def test_is_encoded_when_made(self):
        data = {"a": [1]}
        response = PyForgeJsonResponse(data)
        data["a"].append(2)
        assert response.content == b'{"a":[1]}'

    def test_pickles(self):
        response = PyForgeJsonResponse(DATA, status=201, headers={"X-Thing": "5"})
        response.set_cookie("a", "b")
        copy = pickle.loads(pickle.dumps(response))
        assert type(copy) is PyForgeJsonResponse
        assert copy.content == response.content
        assert copy.serialize() == response.serialize()
        assert copy.status_code == 201

    def test_subclass(self):
        class Created(PyForgeJsonResponse):
            status_code = 201

        assert Created({"a": 1}).status_code == 201
        assert Created({"a": 1}).content == b'{"a":1}'

    def test_serialize(self):
        assert PyForgeJsonResponse({}).serialize() == b"Content-Type: application/json\r\n\r\n{}"


class TestMiddleware:
    data = {"rows": [{"id": n, "name": "d\u00e9j\u00e0 vu"} for n in range(200)]}  # noqa: RUF012

    def through(self, middleware, **headers):
        request = RequestFactory().get("/", headers=headers)
        return middleware(lambda request: PyForgeJsonResponse(self.data))(request)

    def test_common(self):
        response = self.through(CommonMiddleware)
        assert response.headers["Content-Length"] == str(len(response.content))

    def test_gzip(self):
        import gzip

        response = self.through(GZipMiddleware, accept_encoding="gzip")
        assert response.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.GzipFile(fileobj=io.BytesIO(response.content)).read()) == self.data

    def test_conditional_get(self):
        etag = self.through(ConditionalGetMiddleware).headers["ETag"]
        again = self.through(ConditionalGetMiddleware, if_none_match=etag)
        assert (again.status_code, again.content) == (304, b"")

    def test_client(self, client):
        with override_settings(
            MIDDLEWARE=["django.middleware.gzip.GZipMiddleware", "django.middleware.common.CommonMiddleware"]
        ):
            response = client.get("/big/")
        assert response.json()["rows"][499] == {"id": 499, "name": "d\u00e9j\u00e0 vu"}
