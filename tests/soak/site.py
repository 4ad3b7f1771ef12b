"""The endpoints, each with what Django makes of the same data."""

import json

from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import path

from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse
from tests.app.models import Article, Everything

_NESTED = ["id", {"author": ["name"]}, {"tags": ["name"]}]
_DICT = {"text": "d\u00e9j\u00e0 vu <&>", "numbers": [1, 2.5, 2**70], "deep": [[{"a": None}]]}


def _nested():
    articles = Article.objects.order_by("pk").select_related("author").prefetch_related("tags")
    for article in articles:
        tags = [{"name": tag.name} for tag in article.tags.all()]
        yield {"id": article.pk, "author": {"name": article.author.name}, "tags": tags}


def _everything():
    return Everything.objects.order_by("pk")


VIEWS = {
    "dict": (lambda request: PyForgeJsonResponse(_DICT), lambda: _DICT),
    "rows": (lambda request: PyForgeJsonResponse(_everything()), lambda: list(_everything().values())),
    "nested": (
        lambda request: PyForgeJsonResponse(Article.objects.order_by("pk"), fields=_NESTED),
        lambda: list(_nested()),
    ),
    "instances": (
        lambda request: PyForgeJsonResponse({"all": list(_everything()[:50])}),
        lambda: {"all": list(_everything().values()[:50])},
    ),
    "page": (
        lambda request: PyForgeJsonResponse(Paginator(_everything(), 25).page(2)),
        lambda: list(_everything().values()[25:50]),
    ),
    "array": (
        lambda request: PyForgeStreamingResponse(_everything(), "array", chunk_size=20),
        lambda: list(_everything().values()),
    ),
    "ndjson": (
        lambda request: PyForgeStreamingResponse(_everything(), "ndjson", chunk_size=20),
        lambda: list(_everything().values()),
    ),
    "nested_stream": (
        lambda request: PyForgeStreamingResponse(
            Article.objects.order_by("pk"), "ndjson", fields=_NESTED, chunk_size=20
        ),
        lambda: list(_nested()),
    ),
}
urlpatterns = [path(name, view) for name, (view, _) in VIEWS.items()]


def expected_values():
    """What a reader of Django's JSON gets, by the name of the endpoint."""
    return {name: json.loads(json.dumps(make(), cls=DjangoJSONEncoder)) for name, (_, make) in VIEWS.items()}
