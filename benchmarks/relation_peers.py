"""The contestants of the relations suite: each goes from a fresh QuerySet to bytes, with nested objects and lists."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from ninja.orm import create_schema
from ninja.responses import NinjaJSONEncoder
from pydantic import TypeAdapter
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

import pyforge_web
from benchmarks.models import Article, Author, Comment, Tag
from benchmarks.peers import OWN_DATES, Check, Contestant, django_values, own_dates
from benchmarks.row_peers import SLOW

AUTHOR, TAG = ("id", "name"), ("id", "name", "slug")
COMMENT = ("id", "name", "text", "score", "created")
ARTICLE = ("id", "uuid", "title", "body", "price", "created", "live", "views")
FIELDS = [*ARTICLE, {"author": [*AUTHOR]}, {"tags": [*TAG]}, {"comments": [*COMMENT]}]

Query = QuerySet[Any, Any]
Row = dict[str, Any]


def loaded(queryset: Query) -> Query:
    """What every contestant that makes instances needs: three statements."""
    return queryset.select_related("author").prefetch_related("tags", "comments")


def dicts(queryset: Query) -> list[Row]:
    """Prefetched instances as dicts, as a careful view makes them."""
    return [
        {
            "id": article.id,
            "uuid": article.uuid,
            "title": article.title,
            "body": article.body,
            "price": article.price,
            "created": article.created,
            "live": article.live,
            "views": article.views,
            "author": {"id": article.author.id, "name": article.author.name},
            "tags": [{"id": tag.id, "name": tag.name, "slug": tag.slug} for tag in article.tags.all()],
            "comments": [
                {
                    "id": comment.id,
                    "name": comment.name,
                    "text": comment.text,
                    "score": comment.score,
                    "created": comment.created,
                }
                for comment in article.comments.all()
            ],
        }
        for article in loaded(queryset)
    ]


def grouped(queryset: Query) -> list[Row]:
    """The same by hand from `values()`: what a view does that must be fast."""
    articles = list(queryset.values(*ARTICLE, "author__id", "author__name"))
    keys = [article["id"] for article in articles]
    found: dict[str, dict[int, list[Row]]] = {"tags": {}, "comments": {}}
    tags = Article.tags.through.objects.using(queryset.db).filter(article__in=keys)
    for key, *values in tags.values_list("article_id", *(f"tag__{name}" for name in TAG)):
        found["tags"].setdefault(key, []).append(dict(zip(TAG, values, strict=True)))
    comments = Comment.objects.using(queryset.db).filter(article__in=keys)
    for key, *values in comments.values_list("article_id", *COMMENT):
        found["comments"].setdefault(key, []).append(dict(zip(COMMENT, values, strict=True)))
    for article in articles:
        article["author"] = {name: article.pop(f"author__{name}") for name in AUTHOR}
        for name, rows in found.items():
            article[name] = rows.get(article["id"], [])
    return articles


def _serializer(serialized: type[Model], names: Iterable[str], **nested: Any) -> Any:
    meta = type("Meta", (), {"model": serialized, "fields": [*names, *nested]})
    return type(f"{serialized.__name__}Serializer", (ModelSerializer,), {"Meta": meta, **nested})


def contestants(queryset: Callable[[], Query]) -> list[Contestant]:
    """All of them for one QuerySet."""
    serializer = _serializer(
        Article,
        ARTICLE,
        author=_serializer(Author, AUTHOR)(),
        tags=_serializer(Tag, TAG)(many=True),
        comments=_serializer(Comment, COMMENT)(many=True),
    )
    nested = [
        ("author", create_schema(Author, name="AuthorOut", fields=AUTHOR), ...),
        ("tags", list[create_schema(Tag, name="TagOut", fields=TAG)], ...),  # type: ignore[misc]
        ("comments", list[create_schema(Comment, name="CommentOut", fields=COMMENT)], ...),  # type: ignore[misc]
    ]
    schema = create_schema(Article, name="ArticleOut", fields=ARTICLE, custom_fields=nested)
    usual = {"queryset": queryset, "dicts": dicts, "Encoder": DjangoJSONEncoder}

    def contestant(name: str, call: str, check: Check, note: str = "", every: int = 1, **names: Any) -> Contestant:
        def check_rows(who: str, _: object, output: bytes) -> None:
            check(who, dicts(queryset()), output)

        return Contestant(name, call, {**usual, **names}, check_rows, note, every)

    orjsons: dict[str, Any] = {"dumps": orjson.dumps, "default": DjangoJSONEncoder().default}
    return [
        contestant(
            "Django",
            "dumps(dicts(queryset()), cls=Encoder).encode()",
            django_values,
            "instances to dicts",
            SLOW,
            dumps=json.dumps,
        ),
        contestant(
            "orjson",
            "dumps(dicts(queryset()), default=default)",
            own_dates("+00:00"),
            f"the same dicts; {OWN_DATES}",
            SLOW,
            **orjsons,
        ),
        contestant(
            "values() by hand",
            "dumps(grouped(queryset()), default=default)",
            own_dates("+00:00"),
            f"three values() grouped in Python, orjson; {OWN_DATES}",
            grouped=grouped,
            **orjsons,
        ),
        contestant(
            "DRF",
            "JSONRenderer().render(Serializer(loaded(queryset()), many=True).data)",
            own_dates("Z"),
            f"{OWN_DATES}; nested ModelSerializers",
            SLOW,
            JSONRenderer=JSONRenderer,
            Serializer=serializer,
            loaded=loaded,
        ),
        contestant(
            "ninja",
            "dumps(schema.dump_python(schema.validate_python(list(loaded(queryset())))), cls=Encoder).encode()",
            django_values,
            "response=list[Schema], nested",
            SLOW,
            dumps=json.dumps,
            Encoder=NinjaJSONEncoder,
            schema=TypeAdapter(list[schema]),
            loaded=loaded,  # type: ignore[valid-type]
        ),
        contestant(
            "ours",
            "dumps(queryset(), fields=fields)",
            django_values,
            "pyforge_web.dumps",
            dumps=pyforge_web.dumps,
            fields=FIELDS,
        ),
    ]
