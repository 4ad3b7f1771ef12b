"""Schemas that ninja serializes itself: each has its reason, and the response is ninja's."""

import decimal
import uuid
from typing import Annotated, Any

import pytest
from django.db import models
from django.db.models import Prefetch
from django.test import RequestFactory
from ninja import Field, NinjaAPI, Schema
from ninja.schema import DjangoGetter
from pydantic import PrivateAttr, computed_field

from pyforge_web.ninja import SchemaFallbackError, native_rows, reads, schema_fields
from tests.ninja.test_ninja import AuthorOut, CountryOut, TagOut, get
from tests.relations import models as m

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


class RequiredFile(Schema):
    picture: str


class FileOfAnyType(Schema):
    picture: Any


class RenamedRelation(Schema):
    writer: AuthorOut = Field(alias="author")


class KeyByAnotherName(Schema):
    key: int = Field(alias="author.pk")


class NoColumn(Schema):
    name: str | None = Field(None, alias="author.nothing")


class Private(Schema):
    title: str
    _count: int = PrivateAttr(3)

    @computed_field
    def counted(self) -> str:
        return self.title * self._count


class ReadsNoField(Schema):
    title: str

    @computed_field
    @reads("body")
    def loud(self) -> str:
        return self.title.upper()


class DictOfNumbers(Schema):
    data: dict[str, int]


class DictOfAnything(Schema):
    data: dict[str, Any]


class NeverNull(Schema):
    price: decimal.Decimal


class ShortTitle(Schema):
    title: Annotated[str, Field(max_length=3)]


class LongTitle(Schema):
    title: str = Field(min_length=1)


class TextOrNumber(Schema):
    title: int | str


class TextNumberOrNone(Schema):
    price: decimal.Decimal | str | None


class OneTag(Schema):
    tags: TagOut


class SetOfNumbers(Schema):
    tags: set[int]


@pytest.mark.parametrize(
    ("schema", "model", "reason"),
    [
        (RequiredFile, m.Profile, "URL of a file"),
        (FileOfAnyType, m.Profile, "URL of a file"),
        (RenamedRelation, m.Article, "under another name"),
        (KeyByAnotherName, m.Article, "Author has no column 'pk'"),
        (NoColumn, m.Article, "Author has no column 'nothing'"),
        (Private, m.Article, "model_post_init is its own"),
        (ReadsNoField, m.Article, "@reads names 'body'"),
        (DictOfNumbers, m.Article, "looks into the JSON"),
        (DictOfAnything, m.Article, "looks into the JSON"),
        (NeverNull, m.Article, "column may be null"),
        (ShortTitle, m.Article, "rule that the column does not have"),
        (LongTitle, m.Article, "rule that the column does not have"),
        (TextOrNumber, m.Article, "pydantic makes"),
        (TextNumberOrNone, m.Article, "pydantic makes"),
        (OneTag, m.Article, "is not a Schema here"),
        (SetOfNumbers, m.Article, "is not a Schema here"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_schema_that_ninja_serializes_has_its_reason(schema, model, reason):
    with pytest.raises(SchemaFallbackError, match=reason):
        schema_fields(schema, model)
    queryset = model.objects.order_by("pk")
    assert get(schema, queryset, decorated=True) == get(schema, queryset, decorated=False)


class NotFrance(models.Manager):
    def get_queryset(self):
        return super().get_queryset().exclude(code="fr")


@pytest.mark.parametrize("source", ["nested", "dotted"])
def test_base_manager_that_hides_objects_is_asked_by_ninja(source, monkeypatch):
    manager = NotFrance()
    manager.model = m.Country
    monkeypatch.setattr(m.Country._meta, "base_manager", manager)
    if source == "nested":
        schema, model = type("Nested", (Schema,), {"__annotations__": {"country": CountryOut | None}}), m.Author
    else:
        attributes = {"__annotations__": {"land": str}, "land": Field(alias="country.name")}
        schema, model = type("Dotted", (Schema,), attributes), m.Place
    with pytest.raises(SchemaFallbackError, match="Country has a base manager of its own"):
        schema_fields(schema, model)
    queryset = model.objects.order_by("pk")
    expected = outcome(schema, queryset, decorated=False)
    assert outcome(schema, queryset, decorated=True) == expected


def outcome(schema, queryset, *, decorated):
    try:
        return get(schema, queryset, decorated=decorated)
    except m.Country.DoesNotExist as error:
        return str(error)


def test_patched_getter_is_a_reason(monkeypatch):
    schema = type("Title", (Schema,), {"__annotations__": {"title": str}})
    assert schema_fields(schema, m.Article)
    monkeypatch.setattr(DjangoGetter, "_convert_result", lambda getter, value: "patched")
    with pytest.raises(SchemaFallbackError, match="DjangoGetter is patched"):
        schema_fields(schema, m.Article)


def test_manager_is_its_queryset():
    def body(decorate):
        api = NinjaAPI(urls_namespace=str(uuid.uuid4()))
        api.get("/tags", response=list[TagOut])(decorate(lambda request: m.Tag.objects))
        (match,) = [found for pattern in api.urls[0] if (found := pattern.resolve("tags"))]
        return match.func(RequestFactory().get("/tags"))

    expected = body(lambda view: view)
    assert expected.status_code == 200
    assert body(native_rows(TagOut)).content == expected.content


class Looked(Schema):
    data: dict
    title: str

    @computed_field
    @reads("title")
    def loud(self) -> str:
        return self.title.upper()


class LookedAgain(Looked):
    data: dict | None


def functions_of(schema):
    """What the fields of a Schema call for each row."""
    fields = [item for field in schema_fields(schema, m.Article) if isinstance(field, dict) for item in field.values()]
    return [field.function for field in fields]


def test_functions_of_a_schema_are_equal_where_the_schema_is_the_same():
    assert functions_of(Looked) == functions_of(Looked)
    assert {*functions_of(Looked)} == {*functions_of(Looked)}
    assert not {*functions_of(Looked)} & {*functions_of(LookedAgain)}


@pytest.mark.parametrize(
    "lookup",
    [
        Prefetch("nothing", m.Tag.objects.all()),
        Prefetch("author__nothing", m.Tag.objects.all()),
        Prefetch("comments", m.Comment.objects.prefetch_related("nothing")),
        "nothing",
        "tags__nothing",
        "title",
    ],
    ids=["Prefetch", "deep Prefetch", "inner", "name", "deep name", "column"],
)
def test_prefetch_of_no_relation_is_ninjas_error(lookup):
    queryset = m.Article.objects.prefetch_related(lookup)
    expected = get(Looked, queryset, decorated=False)
    assert "ValidationError" in str(expected[0])
    assert get(Looked, queryset, decorated=True) == expected


@pytest.mark.parametrize(
    "lookup", ["notes__subject", Prefetch("notes__subject", m.Tag.objects.all())], ids=["name", "Prefetch"]
)
def test_prefetch_behind_a_generic_relation_is_not_looked_at(lookup):
    queryset = m.Article.objects.order_by("pk").prefetch_related(lookup)
    expected = get(Looked, queryset, decorated=False)
    assert expected[0] == 200
    assert get(Looked, queryset, decorated=True) == expected


@pytest.mark.parametrize("result", [list, lambda rows: rows.values("name"), lambda rows: list(rows) and rows, tuple])
def test_result_that_is_not_a_new_queryset_is_ninjas(result):
    def body(decorate):
        api = NinjaAPI(urls_namespace=str(uuid.uuid4()))
        api.get("/tags", response=list[TagOut])(decorate(lambda request: result(m.Tag.objects.order_by("pk"))))
        (match,) = [found for pattern in api.urls[0] if (found := pattern.resolve("tags"))]
        return match.func(RequestFactory().get("/tags")).content

    assert body(native_rows(TagOut)) == body(lambda view: view) != b"[]"
