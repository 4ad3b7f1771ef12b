"""List views of Django REST framework, whole: count query, pagination, serializer, renderer; and ours beside them."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import fields, generics, pagination, relations, renderers, serializers
from rest_framework.test import APIRequestFactory
from rest_framework.validators import UniqueValidator

from benchmarks import databases, encoding, tables
from benchmarks.encoding import Pair, Workload
from benchmarks.goals import Goal
from benchmarks.measure import Effort
from benchmarks.models import Article, Author, Comment, Imported, Tag, Wide
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
WIDE = tuple(column.name for column in Wide._meta.concrete_fields)
PARIS = "Europe/Paris"
# Times faster than DRF, at least: `.data` and `.rows`, with 25 and with 1,000 rows. "plain" has fourteen columns, and
# so have those that differ from it by one field or by the time zone.
FASTER = {
    "plain": ((2.5, 2.6), (8.5, 12)),
    "renamed": ((2.3, 2.5), (13, 16)),
    "nested": ((3.8, 4), (15, 20)),
    "own field": ((2.3, 2.5), (7, 10)),
    "method": ((2.1, 2.2), (4.2, 5)),
    PARIS: ((2.3, 2.5), (7, 9)),
}
POSTED = 1_000


class Shouting(fields.CharField):
    """A field of a project, which gets each value."""

    def to_representation(self, value: str) -> str:
        return str(value).upper()


def run(effort: Effort, only: str = "") -> Report:
    report = Report("Django REST framework: whole list views")
    with contextlib.ExitStack() as stack:
        for database in databases.each(report, stack, ["SQLite"]):
            tables.fill(database.alias, Wide, max(ROUNDS))
            tables.fill_articles(database.alias, max(ROUNDS))
            workloads = [each for each in _workloads(database.alias) if only in each.name]
            encoding.run(report, workloads, effort, RATIOS)
            posted = [each for each in [_posted(database.alias)] if only in each.name]
            encoding.run(report, posted, effort, RATIOS[:1])
    return report


def _workloads(alias: str) -> Iterator[Workload]:
    standard, compiled = _serializers(()), _serializers((CompiledSerializerMixin,))
    for name, faster in FASTER.items():
        for (count, share), times in zip(ROUNDS.items(), faster, strict=True):
            queryset, fields_of = _queryset(name, alias), "plain" if name == PARIS else name
            views = {
                "DRF": _view(standard[fields_of], queryset, count),
                "ours": _view(compiled[fields_of], queryset, count, native=True),
                "ours, .rows": _view(compiled[fields_of], queryset, count, native=True, mixins=(CompiledListMixin,)),
            }
            if name == PARIS:
                views = {title: _in_zone(view) for title, view in views.items()}
            expected = views["DRF"]()
            peers = [Contestant(title, "view()", {"view": view}, _same_as(expected)) for title, view in views.items()]
            goals = {pair: Goal(1 / least) for pair, least in zip(RATIOS, times, strict=True)}
            yield Workload(f"{name}, {count:,} rows", [None], goals, peers, share=share)


def _same_as(expected: bytes) -> Callable[[str, object, bytes], None]:
    def check(who: str, value: object, output: bytes) -> None:
        if output != expected:
            raise AssertionError(f"{who} differs from DRF")

    return check


def _in_zone(view: Callable[[], bytes]) -> Callable[[], bytes]:
    def answer() -> bytes:
        with timezone.override(ZoneInfo(PARIS)):
            return view()

    return answer


def _posted(alias: str) -> Workload:
    """A list with a foreign key and a unique column: `is_valid()`."""
    keys = list(Author.objects.using(alias).values_list("pk", flat=True))
    rows = [
        {"author": keys[number % len(keys)], "code": f"new {number}", "title": f"Title {number}", "price": "9.50"}
        for number in range(POSTED)
    ]

    def validating(*mixins: type) -> Callable[[], bytes]:
        kind = _serializer_class(
            mixins,
            Imported,
            ("title", "price"),
            author=relations.PrimaryKeyRelatedField(queryset=Author.objects.using(alias)),
            code=fields.CharField(validators=[UniqueValidator(Imported.objects.using(alias))]),
        )

        def validate() -> bytes:
            serializer = kind(data=rows, many=True)
            serializer.is_valid(raise_exception=True)
            cleaned = [{**row, "author": row["author"].pk} for row in serializer.validated_data]
            return json.dumps(cleaned, default=str).encode()

        return validate

    validators = {"DRF": validating(), "ours": validating(CompiledSerializerMixin)}
    same = _same_as(validators["DRF"]())
    peers = [Contestant(title, "validate()", {"validate": call}, same) for title, call in validators.items()]
    return Workload(f"is_valid(), {POSTED:,} rows", [None], {RATIOS[0]: Goal(1 / 10)}, peers, share=0.1)


def _queryset(name: str, alias: str) -> "QuerySet[Any]":
    if name not in ("renamed", "nested"):
        return Wide.objects.using(alias).order_by("pk")
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


def _serializer_class(mixins: tuple[type, ...], model: type, names: tuple[str, ...], **declared: Any) -> Any:
    own = [name for name in declared if not name.startswith("get_")]
    meta = type("Meta", (), {"model": model, "fields": [*names, *own]})
    return type(f"{model.__name__}Serializer", (*mixins, serializers.ModelSerializer), {"Meta": meta, **declared})


def _serializers(mixins: tuple[type, ...]) -> dict[str, type]:
    def of(model: type, names: tuple[str, ...], **declared: Any) -> Any:
        return _serializer_class(mixins, model, names, **declared)

    @reads("title", "views")
    def get_short(self: Any, wide: Wide) -> str:
        return f"{wide.title[:10]} {wide.views}"

    return {
        "plain": of(Wide, WIDE),
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
        "own field": of(Wide, tuple(name for name in WIDE if name != "title"), title=Shouting()),
        "method": of(Wide, WIDE, short=fields.SerializerMethodField(), get_short=get_short),
    }
