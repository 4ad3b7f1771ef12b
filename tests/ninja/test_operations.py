"""Operations with `native_rows` beside ninja alone: status, headers, cookies, bytes, errors."""

import datetime
import re
import uuid
from functools import wraps
from typing import Annotated

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from ninja import Field, NinjaAPI, Router, Schema
from ninja.decorators import decorate_view
from ninja.pagination import LimitOffsetPagination, paginate
from ninja.renderers import BaseRenderer, JSONRenderer

from pyforge_web.ninja import PyForgeRenderer, native_rows, operations
from tests.relations import models as m

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


OPTIONS = ("by_alias", "exclude_none", "exclude_unset", "exclude_defaults")


class AuthorOut(Schema):
    full_name: str = Field(alias="name")
    born: datetime.date | None = None


class OtherOut(Schema):
    id: int


class Indented(JSONRenderer):
    json_dumps_params = {"indent": 1}  # noqa: RUF012


class OtherType(JSONRenderer):
    media_type = "application/vnd.api+json"


class Text(BaseRenderer):
    media_type = "text/plain"

    def render(self, request, data, *, response_status):
        return str(data)


class OwnApi(NinjaAPI):
    def create_response(self, request, data, **options):
        return super().create_response(request, {"data": data}, **options)


def authors(request):
    return m.Author.objects.order_by("pk")


def with_headers(request, response: HttpResponse):
    response["X-Own"] = "1"
    response.set_cookie("own", "2")
    return authors(request)


def of_no_table(request):
    return m.Author.objects.extra(where=["nothing = 1"])


def shortened(view):
    @wraps(view)
    def short(request):
        return view(request)[:1]

    return short


def with_header(run):
    def run_with_header(*args, **kwargs):
        response = run(*args, **kwargs)
        response["X-Run"] = "1"
        return response

    return run_with_header


def get(api, operation):
    """The response of an operation at `/authors`, or the error that it ends with."""
    matches = [pattern.resolve("authors") for pattern in api.urls[0]]
    (match,) = [found for found in matches if found is not None]
    try:
        response = match.func(RequestFactory().get("/authors?limit=2&offset=1"))
    except Exception as error:
        return type(error), re.sub("0x[0-9a-f]+", "0x", str(error))
    return response.status_code, dict(response.headers), str(response.cookies), response.content


def outcomes(build, api_class=NinjaAPI, **options):
    """What ninja alone answers, and what it answers with `native_rows`. `build` adds an operation to an API."""
    found = []
    for decorate in (lambda view: view, native_rows(AuthorOut)):
        api = api_class(urls_namespace=str(uuid.uuid4()), **options)
        found.append(get(api, build(api, decorate)))
    return found


@pytest.fixture
def bodies(monkeypatch):
    """Whether each of the bodies that were asked for is native."""
    found, make_body = [], operations._body

    def noted(*args):
        body = make_body(*args)
        found.append(type(body) is bytes)
        return body

    monkeypatch.setattr(operations, "_body", noted)
    return found


def operation(view=authors, **options):
    return lambda api, decorate: api.get("/authors", **({"response": list[AuthorOut]} | options))(decorate(view))


def decorated_run(api, decorate):
    # A function of its own: ninja notes the decorator on it.
    api.get("/authors", response=list[AuthorOut])(
        decorate_view(with_header)(decorate(lambda request: authors(request)))
    )


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (operation(), {}),
        (operation(), {"renderer": PyForgeRenderer()}),
        (operation(with_headers), {}),
        (operation(with_headers, response={201: list[AuthorOut]}), {}),
        (operation(response={200: list[AuthorOut], 404: OtherOut}), {}),
        (decorated_run, {}),
    ],
    ids=["plain", "renderer", "headers", "headers and status", "statuses", "decorated run"],
)
def test_native_response_is_ninjas(build, options, bodies):
    expected, given = outcomes(build, **options)
    assert given == expected
    assert bodies == [True]


def of_routers(api, decorate):
    router = Router()
    router.get("", response=list[AuthorOut])(decorate(authors))
    api.add_router("/others", router, url_name_prefix="others")
    api.add_router("/authors", router, url_name_prefix="authors")


def of_two_paths(api, decorate):
    view = decorate(authors)
    api.get("/others", response={201: list[AuthorOut]})(view)
    api.get("/authors", response=list[AuthorOut])(view)


@pytest.mark.parametrize("build", [of_routers, of_two_paths])
def test_view_of_two_operations_is_native_in_each(build, bodies):
    expected, given = outcomes(build)
    assert given == expected
    assert bodies == [True]


def of_router_with_options(api, decorate):
    router = Router(exclude_none=True)
    router.get("", response=list[AuthorOut])(decorate(authors))
    api.add_router("/authors", router)


def paginated(api, decorate):
    api.get("/authors", response=list[AuthorOut])(paginate(LimitOffsetPagination)(decorate(authors)))


def paginated_below(api, decorate):
    api.get("/authors", response=list[AuthorOut])(decorate(paginate(LimitOffsetPagination)(authors)))


def between(api, decorate):
    api.get("/authors", response=list[AuthorOut])(shortened(decorate(authors)))


def called(api, decorate):
    view = decorate(authors)
    api.get("/authors", response=list[AuthorOut])(lambda request: view(request).filter(pk=1))


@pytest.mark.parametrize(
    ("build", "options"),
    [
        *[(operation(**{name: True}), {}) for name in OPTIONS],
        (of_router_with_options, {}),
        (operation(response={...: list[AuthorOut]}), {}),
        (operation(response=list[OtherOut]), {}),
        (operation(response=list[AuthorOut] | OtherOut), {}),
        (operation(response=Annotated[list[AuthorOut], Field(max_length=1)]), {}),
        (operation(response={204: None}), {}),
        (operation(with_headers, by_alias=True), {}),
        *[(operation(), {"renderer": renderer()}) for renderer in (Indented, OtherType, Text)],
        (operation(), {"api_class": OwnApi}),
        (paginated, {}),
        (paginated_below, {}),
        (between, {}),
        (called, {}),
    ],
)
def test_operation_that_does_more_is_ninjas(build, options, bodies):
    expected, given = outcomes(build, **options)
    assert given == expected
    assert True not in bodies


def test_error_of_the_database_is_ninjas():
    expected, given = outcomes(operation(of_no_table))
    assert given == expected
    assert "OperationalError" in given[1]


def test_error_of_the_database_reaches_the_handler_that_it_reaches_in_ninja():
    def build(api, decorate):
        for kind in (OperationalError, ValueError):
            api.add_exception_handler(kind, lambda request, error, kind=kind: HttpResponse(kind.__name__, status=500))
        operation(of_no_table)(api, decorate)

    expected, given = outcomes(build)
    assert given == expected


def test_view_that_is_called_gives_its_queryset():
    assert native_rows(AuthorOut)(authors)(None).count() == m.Author.objects.count()
