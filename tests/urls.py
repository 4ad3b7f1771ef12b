"""The views that the response tests ask through the test client."""

from datetime import datetime
from decimal import Decimal

from django.http import HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy, override

from pyforge_web import PyForgeJsonResponse
from tests.app.models import Article


def values(request):
    return PyForgeJsonResponse(
        {"a": [1, 2, 3], "foo": {"bar": "baz"}, "timestamp": datetime(2013, 5, 19, 20), "value": Decimal("3.14")}
    )


def articles(request):
    return PyForgeJsonResponse(Article.objects.all(), fields=["id", "title"])


def lazy(request):
    """The language of the view, not that of whoever reads the response, is the one that counts."""
    with override("de"):
        return PyForgeJsonResponse({"error": gettext_lazy("This field is required.")})


def big(request):
    return PyForgeJsonResponse({"rows": [{"id": n, "name": "d\u00e9j\u00e0 vu"} for n in range(500)]})


def broken(request):
    return PyForgeJsonResponse({"tags": {"a", "b"}})


def vendor(request):
    return PyForgeJsonResponse({"a": 1}, content_type="application/vnd.api+json")


def html(request):
    return PyForgeJsonResponse({"a": 1}, content_type="text/html")


def echo(request):
    return HttpResponse(request.body, content_type=request.content_type)


urlpatterns = [path(f"{view.__name__}/", view) for view in (values, articles, lazy, big, broken, vendor, html, echo)]
