"""Rules of pydantic beside the columns: of relations, of inherited resolvers, of computed values."""

import warnings
from typing import Annotated, Any

import pytest
from ninja import Field, Schema
from ninja.responses import NinjaJSONEncoder
from ninja.schema import DjangoGetter
from pydantic import AfterValidator, ConfigDict, PlainSerializer, computed_field

from pyforge_web.ninja import SchemaFallbackError, reads, schema_fields
from tests.ninja.test_ninja import AuthorOut, TagOut, get
from tests.relations import models as m

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


def first_of(values):
    return values[:1]


class FewTags(Schema):
    tags: list[TagOut] = Field(max_length=1)


class FirstTag(Schema):
    tags: Annotated[list[TagOut], AfterValidator(first_of)]


class NumberOfTags(Schema):
    tags: Annotated[list[TagOut], PlainSerializer(len)]


class NameOfAuthor(Schema):
    author: Annotated[AuthorOut, PlainSerializer(lambda author: author.name)]


class OnlyDicts(Schema):
    model_config = ConfigDict(from_attributes=False)

    title: str


@pytest.mark.parametrize("schema", [FewTags, FirstTag, NumberOfTags, NameOfAuthor, OnlyDicts])
def test_rule_that_columns_do_not_have_is_pydantics(schema):
    queryset = m.Article.objects.order_by("pk")
    assert get(schema, queryset, decorated=True) == get(schema, queryset, decorated=False)
    with pytest.raises(SchemaFallbackError, match=r"rules|from_attributes"):
        schema_fields(schema, m.Article)


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (NinjaJSONEncoder, "encode", lambda encoder, value: "patched"),
        (NinjaJSONEncoder, "iterencode", lambda encoder, value, _one_shot=False: iter(["patched"])),
        (DjangoGetter, "_convert_result", lambda getter, value: "patched"),
    ],
    ids=["encode", "iterencode", "convert"],
)
def test_patched_method_of_ninja_is_called(owner, name, value, monkeypatch):
    queryset = m.Tag.objects.order_by("pk")
    before = get(TagOut, queryset, decorated=True)
    monkeypatch.setattr(owner, name, value)
    expected = get(TagOut, queryset, decorated=False)
    assert get(TagOut, queryset, decorated=True) == expected != before


class Resolved(Schema):
    length: Any

    @staticmethod
    @reads("title")
    def resolve_length(article):
        return len(article.title)


class ResolvedText(Resolved):
    length: str


class ResolvedNumber(Resolved):
    length: Annotated[int, AfterValidator(lambda length: -length)]


def test_inherited_resolver_has_the_annotation_of_each_schema():
    queryset = m.Article.objects.order_by("pk")
    for schema in (Resolved, ResolvedText, ResolvedNumber, Resolved):
        assert get(schema, queryset, decorated=True) == get(schema, queryset, decorated=False)
        assert schema_fields(schema, m.Article)


class WrongNumber(Schema):
    title: str

    @computed_field
    def number(self) -> int:
        return self.title


class WrongList(Schema):
    title: str

    @computed_field
    def items(self) -> list[int]:
        return [self.title]


@pytest.mark.parametrize("schema", [WrongNumber, WrongList])
def test_computed_value_of_another_type_has_pydantics_warning(schema):
    queryset = m.Article.objects.order_by("pk")
    outcomes = []
    for decorated in (False, True):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            outcomes.append((get(schema, queryset, decorated=decorated), [str(one.message) for one in found]))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1]
