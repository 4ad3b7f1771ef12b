"""Operations of django-ninja that return a QuerySet, whole: its own, with our renderer, and with `native_rows`."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.test import RequestFactory
from django.urls import path, resolve
from ninja import NinjaAPI
from ninja.orm import create_schema

from benchmarks import databases, encoding, tables
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.models import Article, Author, Comment, Tag, Wide
from benchmarks.peers import Contestant
from benchmarks.report import Report
from pyforge_web.ninja import PyForgeRenderer, native_rows

ROUNDS = {25: 1.0, 1_000: 0.4}
RATIOS: tuple[Pair, ...] = (("ours", "ninja"), ("ours, renderer", "ninja"))
# Times faster than ninja's own operation, at least, with 25 and with 1,000 rows.
FASTER = {"flat": (3, 15), "nested": (3.5, 20)}


class _Urls:
    """The addresses of one API, for `resolve()`."""

    def __init__(self, api: NinjaAPI) -> None:
        self.urlpatterns = [path("", api.urls)]


def run(effort: Effort, only: str = "") -> Report:
    report = Report("django-ninja: whole operations")
    with contextlib.ExitStack() as stack:
        for database in databases.each(report, stack, ["SQLite"]):
            tables.fill(database.alias, Wide, max(ROUNDS))
            tables.fill_articles(database.alias, max(ROUNDS))
            workloads = [each for each in _workloads(database.alias) if only in each.name]
            encoding.run(report, workloads, effort, RATIOS)
    return report


def _workloads(alias: str) -> Iterator[Workload]:
    articles = Article.objects.using(alias).order_by("pk").select_related("author").prefetch_related("tags", "comments")
    shapes: dict[str, tuple[Any, QuerySet[Any]]] = {
        "flat": (_flat(), Wide.objects.using(alias).order_by("pk")),
        "nested": (_nested(), articles),
    }
    for name, (schema, queryset) in shapes.items():
        for (count, share), least in zip(ROUNDS.items(), FASTER[name], strict=True):
            page = queryset[:count]
            operations = {
                "ninja": _operation(schema, page),
                "ours, renderer": _operation(schema, page, renderer=PyForgeRenderer()),
                "ours": _operation(schema, page, decorate=native_rows(schema)),
            }
            expected = operations["ninja"]()
            same = _same_as(expected)
            peers = [Contestant(title, "call()", {"call": call}, same) for title, call in operations.items()]
            yield Workload(f"{name}, {count:,} rows", [None], {RATIOS[0]: Goal(1 / least)}, peers, share=share)


def _flat() -> Any:
    return create_schema(Wide, name="WideOut", exclude=["length", "author"])


def _nested() -> Any:
    parts = [(create_schema(model, name=f"{model.__name__}Out", fields=names)) for model, names in _PARTS.items()]
    author, tag, comment = parts
    others = [("author", author, ...), ("tags", list[tag], ...), ("comments", list[comment], ...)]  # type: ignore[valid-type]
    names = ["id", "uuid", "title", "body", "price", "created", "live", "views"]
    return create_schema(Article, name="ArticleOut", fields=names, custom_fields=others)


_PARTS: dict[Any, list[str]] = {
    Author: ["id", "name"],
    Tag: ["id", "name", "slug"],
    Comment: ["id", "name", "text", "score", "created"],
}


def _operation(schema: Any, queryset: Any, *, renderer: Any = None, decorate: Any = None) -> Callable[[], bytes]:
    def rows(request: Any) -> Any:
        return queryset.all()

    api = NinjaAPI(renderer=renderer, urls_namespace=f"{id(schema)}-{renderer}-{decorate}-{queryset.query.high_mark}")
    api.get("/rows", response=list[schema])(decorate(rows) if decorate else rows)
    match = resolve("/rows", _Urls(api))  # type: ignore[arg-type]
    request = RequestFactory().get("/rows")

    def call() -> bytes:
        return bytes(match.func(request, *match.args, **match.kwargs).content)

    return call


def _same_as(expected: bytes) -> Callable[[str, object, bytes], None]:
    def check(who: str, value: object, output: bytes) -> None:
        if output != expected:
            raise AssertionError(f"{who} differs from ninja")

    return check
