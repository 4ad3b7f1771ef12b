"""List views of Django REST framework, whole: count query, pagination, serializer, renderer; and ours beside them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet
from rest_framework import fields, generics, pagination, renderers, serializers
from rest_framework.test import APIRequestFactory

from benchmarks import databases, encoding, tables
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.models import Article, Author, Comment, Tag
from benchmarks.peers import Contestant
from benchmarks.report import Report
from pyforge_web.rest_framework import (
    CompiledListMixin,
    CompiledSerializerMixin,
    PyForgeJSONRenderer,
    PyForgePageNumberPagination,
    reads,
)

ROUNDS = {25: 1.0, 1_000: 0.4}
RATIOS: tuple[Pair, ...] = (("ours", "DRF"), ("ours, .rows", "DRF"))
PLAIN = ("id", "uuid", "title", "body", "price", "created", "live", "views")
# Times faster than DRF, at least: `.data` and `.rows`, with 25 and with 1,000 rows.
FASTER = {
    "plain": ((2.5, 2.6), (8.5, 12)),
    "renamed": ((2.3, 2.5), (13, 16)),
    "nested": ((3.8, 4), (15, 20)),
    "own field": ((2.3, 2.5), (7, 10)),
    "method": ((2.1, 2.2), (4.2, 5)),
}


class Shouting(fields.CharField):
    """A field of a project, which gets each value."""

    def to_representation(self, value: str) -> str:
        return str(value).upper()


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Django REST framework: whole list views")
    with contextlib.ExitStack() as stack:
        for database in databases.each(report, stack, ["SQLite"]):
            tables.fill_articles(database.alias, max(ROUNDS))
            workloads = [each for each in _workloads(database.alias) if only in each.name]
            encoding.run(report, workloads, effort, RATIOS)
    return report


def _workloads(alias: str) -> Iterator[Workload]:
    standard, compiled = _serializers(()), _serializers((CompiledSerializerMixin,))
    for name, faster in FASTER.items():
        for (count, share), times in zip(ROUNDS.items(), faster, strict=True):
            queryset = _queryset(name, alias)
            views = {
                "DRF": _view(standard[name], queryset, count),
                "ours": _view(compiled[name], queryset, count, native=True),
                "ours, .rows": _view(compiled[name], queryset, count, native=True, mixins=(CompiledListMixin,)),
            }
            expected = views["DRF"]()
            peers = [Contestant(title, "view()", {"view": view}, _same_as(expected)) for title, view in views.items()]
            goals = {pair: Goal(1 / least) for pair, least in zip(RATIOS, times, strict=True)}
            yield Workload(f"{name}, {count:,} rows", [None], goals, peers, share=share)


def _same_as(expected: bytes) -> Callable[[str, object, bytes], None]:
    def check(who: str, value: object, output: bytes) -> None:
        if output != expected:
            raise AssertionError(f"{who} differs from DRF")

    return check


def _queryset(name: str, alias: str) -> "QuerySet[Any]":
    queryset = Article.objects.using(alias).order_by("pk").select_related("author")
    return queryset.prefetch_related("tags", "comments") if name == "nested" else queryset


def _view(
    serializer: type, queryset: Any, count: int, *, native: bool = False, mixins: tuple[type, ...] = ()
) -> Callable[[], bytes]:
    pages = PyForgePageNumberPagination if native else pagination.PageNumberPagination
    attributes = {
        "authentication_classes": [],
        "pagination_class": type("Pages", (pages,), {"page_size": count}),
        "permission_classes": [],
        "queryset": queryset,
        "renderer_classes": [PyForgeJSONRenderer if native else renderers.JSONRenderer],
        "serializer_class": serializer,
    }
    view = type("Articles", (*mixins, generics.ListAPIView), attributes).as_view()
    requests = APIRequestFactory()

    def answer() -> bytes:
        response = view(requests.get("/articles"))
        return bytes(response.render().content)

    return answer


def _serializers(mixins: tuple[type, ...]) -> dict[str, type]:
    def of(model: type, names: tuple[str, ...], **declared: Any) -> Any:
        meta = type(
            "Meta", (), {"model": model, "fields": [*names, *(n for n in declared if not n.startswith("get_"))]}
        )
        return type(f"{model.__name__}Serializer", (*mixins, serializers.ModelSerializer), {"Meta": meta, **declared})

    @reads("title", "views")
    def get_short(self: Any, article: Article) -> str:
        return f"{article.title[:10]} {article.views}"

    return {
        "plain": of(Article, PLAIN),
        "renamed": of(
            Article,
            ("id",),
            headline=fields.CharField(source="title"),
            writer=fields.CharField(source="author.name", read_only=True),
            at=fields.DateTimeField(source="created"),
        ),
        "nested": of(
            Article,
            PLAIN,
            author=of(Author, ("id", "name"))(),
            tags=of(Tag, ("id", "name", "slug"))(many=True),
            comments=of(Comment, ("id", "name", "text", "score", "created"))(many=True),
        ),
        "own field": of(Article, PLAIN[:2] + PLAIN[3:], title=Shouting()),
        "method": of(Article, PLAIN, short=fields.SerializerMethodField(), get_short=get_short),
    }
