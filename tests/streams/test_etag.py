"""`etag=True`: Django's tag of the body, and Django's answers to the conditions of a request."""

import pytest
from django.http import HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.test import RequestFactory
from django.utils.cache import get_conditional_response, set_response_etag

from pyforge_web import PyForgeJsonResponse
from tests.tables import cases

DATA = {"title": "caf\u00e9", "n": [1, 2]}
TAG = PyForgeJsonResponse(DATA, etag=True)["ETag"]


def django_response(**options):
    """The same body and headers without us, with Django's tag."""
    body = PyForgeJsonResponse(DATA).content
    response = HttpResponse(body, content_type="application/json", **options)
    response.set_cookie("seen", "1")
    return set_response_etag(response)


def ours(request, **options):
    response = PyForgeJsonResponse(DATA, etag=True, request=request, **options)
    response.set_cookie("seen", "1")
    return response


def as_seen(response):
    """What a client sees."""
    return response.status_code, response.reason_phrase, dict(response.headers), str(response.cookies), response.content


def test_the_tag_is_djangos_and_strong():
    assert django_response()["ETag"] == TAG
    assert TAG.startswith('"')
    assert "ETag" not in PyForgeJsonResponse(DATA)
    assert PyForgeJsonResponse({**DATA, "n": 2}, etag=True)["ETag"] != TAG
    assert PyForgeJsonResponse(DATA, django_bytes=True, etag=True)["ETag"] != TAG


def test_also_of_what_the_standard_library_writes():
    response = PyForgeJsonResponse(DATA, json_dumps_params={"indent": 1}, etag=True)
    assert response["ETag"] == set_response_etag(HttpResponse(response.content))["ETag"]


CONDITIONS = {
    "none": {},
    "the tag": {"if-none-match": TAG},
    "a weak one": {"if-none-match": f"W/{TAG}"},
    "among others": {"if-none-match": f'"x", {TAG}'},
    "another": {"if-none-match": '"x"'},
    "any": {"if-none-match": "*"},
    "no tag at all": {"if-none-match": "nonsense"},
    "it must match, and does": {"if-match": TAG},
    "it must match, and does not": {"if-match": '"x"'},
    "it must match, and is weak": {"if-match": f"W/{TAG}"},
    "both": {"if-match": TAG, "if-none-match": TAG},
    "a date": {"if-modified-since": "Mon, 01 Jan 2035 00:00:00 GMT"},
}


@pytest.mark.parametrize("headers", cases(CONDITIONS))
@pytest.mark.parametrize("method", ["get", "head"])
class TestConditions:
    def test_like_django(self, headers, method):
        request = getattr(RequestFactory(), method)("/", headers=headers)
        theirs = django_response(headers={"Cache-Control": "private", "Vary": "Cookie", "X-Other": "1"})
        expected = get_conditional_response(request, etag=TAG, response=theirs)
        made = ours(request, headers={"Cache-Control": "private", "Vary": "Cookie", "X-Other": "1"})
        if expected.status_code == 412:
            expected.set_cookie("seen", "1")  # ours is set behind the answer
        assert as_seen(made) == as_seen(expected)

    def test_by_djangos_middleware(self, headers, method):
        request = getattr(RequestFactory(), method)("/", headers=headers)
        expected = ConditionalGetMiddleware(lambda _: django_response())(request)
        made = PyForgeJsonResponse(DATA, etag=True)
        made.set_cookie("seen", "1")
        assert as_seen(ConditionalGetMiddleware(lambda _: made)(request)) == as_seen(expected)

    def test_by_both(self, headers, method):
        """The middleware leaves an answer as it is."""
        request = getattr(RequestFactory(), method)("/", headers=headers)
        once = as_seen(ours(request))
        assert as_seen(ConditionalGetMiddleware(ours)(request)) == once


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_was_changed_already_is_not_refused(method):
    """As in Django's middleware: a 412 would be a lie by now."""
    request = getattr(RequestFactory(), method)("/", headers={"if-match": '"x"', "if-none-match": TAG})
    assert ours(request).status_code == 200


def test_an_error_is_not_not_modified():
    request = RequestFactory().get("/", headers={"if-none-match": TAG})
    response = ours(request, status=404, reason="Gone fishing")
    assert (response.status_code, response.reason_phrase) == (404, "Gone fishing")
    assert response.content


def test_under_gzip_the_tag_becomes_weak_and_still_matches():
    data = {"rows": ["the same text again"] * 100}
    headers = {"accept-encoding": "gzip"}
    response = GZipMiddleware(lambda _: PyForgeJsonResponse(data, etag=True))(
        RequestFactory().get("/", headers=headers)
    )
    assert response["ETag"].startswith('W/"')
    again = RequestFactory().get("/", headers={**headers, "if-none-match": response["ETag"]})
    assert PyForgeJsonResponse(data, etag=True, request=again).status_code == 304


def test_a_request_without_a_tag_is_a_mistake():
    with pytest.raises(TypeError, match="etag=True"):
        PyForgeJsonResponse(DATA, request=RequestFactory().get("/"))
