"""ninja's own operations as oracle: the same bytes, with the decorator and with the renderer."""

import datetime
import decimal
import enum
import re
import uuid
from typing import Annotated, Any

import pytest
from django.db import connections
from django.db.models import Prefetch, Value
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from ninja import Field, ModelSchema, NinjaAPI, Schema
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder
from pydantic import AliasChoices, PlainSerializer, ValidationError, computed_field, field_serializer, field_validator
from pydantic_core import core_schema

from pyforge_web.ninja import PyForgeRenderer, SchemaFallbackError, native_rows, reads, schema_fields
from tests.querysets.models import Scalars
from tests.relations import models as m

pytestmark = pytest.mark.django_db(databases="__all__")


class CountryOut(Schema):
    code: str
    name: str


class AuthorOut(Schema):
    id: int
    name: str
    born: datetime.date | None
    country: CountryOut | None


class TagOut(Schema):
    name: str


class CommentOut(Schema):
    text: str
    score: int
    at: datetime.datetime | None = None


class ArticleOut(Schema):
    id: int
    title: str
    price: decimal.Decimal | None
    published: datetime.datetime | None
    key: uuid.UUID
    data: dict
    author_id: int
    author: AuthorOut
    tags: list[TagOut]
    comments: list[CommentOut]


class ArticleModelOut(ModelSchema):
    class Meta:
        model = m.Article
        fields = ("id", "title", "price", "published", "key")


class AnyOut(Schema):
    title: Any
    data: Any


class Aliased(Schema):
    headline: str = Field(alias="title")


class Resolved(Schema):
    title: str

    @staticmethod
    def resolve_title(article):
        return article.title.upper()


class ComputedOut(Schema):
    title: str

    @computed_field
    def twice(self) -> str:
        return self.title * 2


class Serialized(Schema):
    title: str

    @field_serializer("title")
    def shout(self, value):
        return value.upper()


class Validated(Schema):
    title: str

    @field_validator("title")
    @classmethod
    def check(cls, value):
        return value.lower()


class ReadResolved(Schema):
    """Resolvers that say what they read, on a relation too; pydantic converts what they give."""

    headline: str = Field(alias="title")
    title: str
    loud: str
    length: int
    price: str | None
    author: "ReadAuthor"

    @staticmethod
    @reads("title", "author__name")
    def resolve_loud(article):
        return f"{article.title.upper()} {article.author.name}"

    @staticmethod
    @reads("title")
    def resolve_length(article):
        return str(len(article.title))

    @staticmethod
    @reads("price")
    def resolve_price(article):
        return article.price and str(article.price)


class ReadAuthor(Schema):
    name: str
    initial: str

    @staticmethod
    @reads("name")
    def resolve_initial(author):
        return author.name[0]


ReadResolved.model_rebuild()


class ReadComputed(Schema):
    title: str
    score: int = Field(alias="author.id")
    author_id: int
    tags: list[TagOut]

    @computed_field
    @property
    @reads("title", "score")
    def twice(self) -> str:
        return f"{self.title} {self.score}"


class Files(Schema):
    id: int = Field(alias="author_id")
    picture: str | None


class OutOfReach(Schema):
    title: str

    @staticmethod
    @reads("title")
    def resolve_title(article):
        return article.body


class NotValid(Schema):
    title: int

    @staticmethod
    @reads("title")
    def resolve_title(article):
        return article.title


class NotJson(Schema):
    title: Any

    @staticmethod
    @reads("title")
    def resolve_title(article):
        return {article.title}


class NeedsContext(Schema):
    title: str

    @staticmethod
    @reads("title")
    def resolve_title(article, context):
        return f"{article.title} {context['request'].path}"


class NullPath(Schema):
    editor: str | None = Field(None, alias="editor.name")


class ManyAliases(Schema):
    title: str = Field(validation_alias=AliasChoices("headline", "title"))


class ComputedOfRelations(Schema):
    tags: list[TagOut]

    @computed_field
    @property
    def number(self) -> int:
        return len(self.tags)


class Keys(Schema):
    tags: list[int]


class Wrong(Schema):
    title: str
    price: float


class Dotted(Schema):
    name: str = Field(alias="author.name")


class NotNull(Schema):
    title: str
    editor: AuthorOut


class LeftOut(Schema):
    """Secrets are left out in this way, too."""

    id: int
    title: str = Field(exclude=True)


class LeftOutIf(Schema):
    id: int
    title: str = Field(exclude_if=lambda title: title.endswith("1"))


class ResolvedLeftOut(Schema):
    id: int
    title: str = Field(exclude=True)

    @staticmethod
    @reads("title")
    def resolve_title(article):
        return article.title.upper()


class ComputedOfLeftOut(Schema):
    title: str = Field(exclude=True)

    @computed_field
    def twice(self) -> str:
        return self.title * 2


class AfterInit(Schema):
    title: str

    def model_post_init(self, context):
        self.__dict__["title"] = self.title.upper()


class OwnCoreSchema(Schema):
    title: str

    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        return core_schema.no_info_after_validator_function(lambda made: made.model_copy(), handler(source))


class NestedAfterInit(Schema):
    class Inner(Schema):
        name: str

        def model_post_init(self, context):
            self.__dict__["name"] = self.name.upper()

    author: Inner
    editor: Inner | None
    tags: list[Inner]


class ComputedSerialized(Schema):
    title: str

    @computed_field
    def loud(self) -> list[Annotated[str, PlainSerializer(str.upper)]]:
        return [self.title]


class Raising(Schema):
    """An attribute that is missing is the default."""

    title: str = "none"

    @staticmethod
    @reads("pk")
    def resolve_title(article):
        raise AttributeError(f"no title of {article.pk}")


class RaisingComputed(Schema):
    id: int

    @computed_field
    def twice(self) -> str:
        raise KeyError(self.id)


class RaisingRequired(Schema):
    title: str

    @staticmethod
    @reads("pk")
    def resolve_title(article):
        return article.nothing


class ProfileOut(Schema):
    about: str


class NoProfile(Schema):
    profile: ProfileOut | None


class ProfileOrNone(Schema):
    profile: ProfileOut | None = None


class ProfileOrOther(Schema):
    profile: ProfileOut | None = ProfileOut(about="other")


class Numbers(Schema):
    float: Any
    decimal: Any


class DictOrNone(Schema):
    data: dict | None


class ListOut(Schema):
    data: list


NATIVE = [ArticleOut, ArticleModelOut, AnyOut, Aliased, ComputedOut, Dotted, ReadResolved, ReadComputed]
FALLBACKS = [
    Resolved,
    Serialized,
    Validated,
    Keys,
    Wrong,
    NotNull,
    NeedsContext,
    NullPath,
    ManyAliases,
    ComputedOfRelations,
    LeftOut,
    *([LeftOutIf] if hasattr(LeftOutIf.model_fields["title"], "exclude_if") else []),
    ResolvedLeftOut,
    ComputedOfLeftOut,
    AfterInit,
    OwnCoreSchema,
    NestedAfterInit,
    ComputedSerialized,
]


def get(schema, queryset, *, decorated, renderer=None):
    """The response of an operation, or the error that it ends with."""
    api = NinjaAPI(urls_namespace=str(uuid.uuid4()), renderer=renderer)

    def articles(request):
        return queryset.all()

    operation = native_rows(schema)(articles) if decorated else articles
    api.get("/articles", response=list[schema])(operation)
    matches = [pattern.resolve("articles") for pattern in api.urls[0]]
    (match,) = [found for found in matches if found is not None]
    try:
        response = match.func(RequestFactory().get("/articles"))
    except (KeyError, ValidationError) as error:
        return type(error), re.sub("0x[0-9a-f]+", "0x", str(error))
    return response.status_code, response["Content-Type"], response.content


QUERYSETS = {
    "all": m.Article.objects.order_by("pk"),
    "sliced": m.Article.objects.order_by("-pk")[:3],
    "loaded": m.Article.objects.select_related("author__country").prefetch_related("tags", "comments"),
    "empty": m.Article.objects.filter(pk=-1),
}


@pytest.mark.parametrize("name", QUERYSETS)
@pytest.mark.parametrize("schema", [*NATIVE, *FALLBACKS], ids=lambda schema: schema.__name__)
def test_native_rows_are_the_bytes_of_ninja(schema, name, sqlite):
    expected = get(schema, QUERYSETS[name], decorated=False)
    assert get(schema, QUERYSETS[name], decorated=True) == expected
    assert schema in FALLBACKS or expected[0] == 200
    assert get(schema, QUERYSETS[name], decorated=False, renderer=PyForgeRenderer()) == expected


@pytest.mark.parametrize("schema", NATIVE, ids=lambda schema: schema.__name__)
def test_native_rows_make_no_instances(schema, sqlite):
    queryset = QUERYSETS["loaded"].all()
    connections["default"].queries_log.clear()
    with CaptureQueriesContext(connections["default"]) as statements:
        get(schema, queryset, decorated=False)
    with CaptureQueriesContext(connections["default"]) as fewer:
        get(schema, queryset, decorated=True)
    assert len(fewer) <= len(statements)
    assert schema_fields(schema, m.Article)


@pytest.mark.parametrize("schema", FALLBACKS, ids=lambda schema: schema.__name__)
def test_schema_that_does_more_says_why(schema):
    with pytest.raises(SchemaFallbackError, match=f"{schema.__name__}|Inner"):
        schema_fields(schema, m.Article)


@pytest.mark.parametrize("schema", [Raising, RaisingComputed, RaisingRequired], ids=lambda schema: schema.__name__)
def test_error_of_a_resolver_is_ninjas(schema, sqlite):
    assert get(schema, QUERYSETS["all"], decorated=True) == get(schema, QUERYSETS["all"], decorated=False)


@pytest.mark.parametrize(
    ("schema", "native"),
    [(NoProfile, False), (ProfileOrNone, True), (ProfileOrOther, False)],
    ids=["required", "None", "other"],
)
def test_object_that_is_missing_is_the_default(schema, native, sqlite):
    queryset = m.Author.objects.order_by("pk")
    assert get(schema, queryset, decorated=True) == get(schema, queryset, decorated=False)
    if native:
        assert schema_fields(schema, m.Author)
    else:
        with pytest.raises(SchemaFallbackError, match="None"):
            schema_fields(schema, m.Author)


@pytest.mark.parametrize("value", [{"a": 1}, [1], "text", 1, None, {}, []], ids=str)
@pytest.mark.parametrize("schema", [DictOrNone, ListOut], ids=lambda schema: schema.__name__)
def test_json_of_another_type_is_refused_as_by_pydantic(schema, value, sqlite):
    article = m.Article.objects.order_by("pk").first()
    queryset = m.Article.objects.filter(pk=article.pk)
    queryset.update(data=Value(value, m.Article._meta.get_field("data")))
    assert get(schema, queryset, decorated=True) == get(schema, queryset, decorated=False)
    assert schema_fields(schema, m.Article)


@pytest.mark.parametrize("column", ["float", "decimal"])
@pytest.mark.parametrize("value", ["9e999", "-9e999", "1.5"])
def test_numbers_that_are_not_json_are_ninjas(value, column, sqlite):
    pk = Scalars.objects.create(char="x").pk
    with connections["default"].cursor() as cursor:
        cursor.execute(f'UPDATE "{Scalars._meta.db_table}" SET "{column}" = {value} WHERE id = {pk}')
    queryset = Scalars.objects.filter(pk=pk)
    assert get(Numbers, queryset, decorated=True) == get(Numbers, queryset, decorated=False)
    assert schema_fields(Numbers, Scalars)


@pytest.mark.parametrize("schema", [Dotted, ReadComputed], ids=lambda schema: schema.__name__)
def test_prefetch_that_hides_an_object_is_ninjas(schema, sqlite):
    authors = m.Author.objects.exclude(pk=m.Article.objects.order_by("pk").first().author_id)
    for queryset in (
        m.Article.objects.order_by("pk").prefetch_related(Prefetch("author", authors)),
        m.Article.objects.order_by("pk").prefetch_related(Prefetch("tags", m.Tag.objects.filter(parent=None))),
    ):
        assert get(schema, queryset, decorated=True) == get(schema, queryset, decorated=False)


@pytest.mark.parametrize("name", ["author", "certain"])
@pytest.mark.parametrize("is_dotted", [True, False])
def test_object_that_need_not_exist_is_ninjas(name, is_dotted, sqlite):
    kind = Any if is_dotted else AuthorOut | None
    attributes = {"author_name": Field(alias=f"{name}.name")} if is_dotted else {}
    annotations = {"author_name": kind} if is_dotted else {name: kind}
    schema = type("LooseOut", (Schema,), {"__annotations__": annotations, "__module__": __name__, **attributes})
    queryset = m.Loose.objects.order_by("pk")
    assert get(schema, queryset, decorated=True) == get(schema, queryset, decorated=False)
    with pytest.raises(SchemaFallbackError, match=f"db_constraint|{name} is not"):
        schema_fields(schema, m.Loose)


def test_files_are_written_as_urls(sqlite):
    queryset = m.Profile.objects.order_by("pk")
    queryset.filter(pk=queryset.first().pk).update(picture="")
    expected = get(Files, queryset, decorated=False)
    assert get(Files, queryset, decorated=True) == expected
    assert schema_fields(Files, m.Profile)


def test_resolver_that_reads_another_column_raises_its_name(sqlite):
    with pytest.raises(ValueError, match="body"):
        get(OutOfReach, QUERYSETS["all"], decorated=True)


@pytest.mark.parametrize("schema", [NotValid, NotJson])
def test_values_that_pydantic_or_json_refuses_are_ninjas(schema, sqlite):
    outcomes = []
    for decorated in (False, True):
        try:
            outcomes.append(get(schema, QUERYSETS["all"], decorated=decorated))
        except TypeError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_secret_under_another_name_is_ninjas(sqlite):
    class Secret(Schema):
        word: str = Field(alias="password")

    queryset = m.Author.objects.order_by("pk")
    assert get(Secret, queryset, decorated=True) == get(Secret, queryset, decorated=False)


def test_schema_fields_nest():
    assert schema_fields(ArticleOut, m.Article)[-3:] == [
        {"author": ["id", "name", "born", {"country": ["code", "name"]}]},
        {"tags": ["name"]},
        {"comments": ["text", "score", "at"]},
    ]


def test_results_that_are_not_querysets_are_ninjas(sqlite):
    operation = native_rows(TagOut)(lambda request: [{"name": "x"}])
    assert operation(None) == [{"name": "x"}]
    evaluated = m.Tag.objects.all()
    len(evaluated)
    assert native_rows(TagOut)(lambda request: evaluated)(None) is evaluated


def test_async_operations_are_refused():
    async def operation(request): ...

    with pytest.raises(TypeError, match="synchronous"):
        native_rows(TagOut)(operation)


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


VALUES = [
    {"a": [1, 2.5, None, "\u00e9 \u2028"]},
    datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.UTC),
    decimal.Decimal("1.10"),
    uuid.UUID(int=1),
    datetime.timedelta(seconds=3),
    Colour.RED,
    Number.ONE,
    TagOut(name="x"),
    float("nan"),
    "\ud800",
    {1, 2},
    object(),
    b"x",
    range(3),
    m.Tag(name="x"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value).partition(" at 0x")[0][:30])
def test_renderer_writes_the_bytes_of_ninja(value):
    texts = []
    for renderer in (JSONRenderer(), PyForgeRenderer()):
        try:
            text = renderer.render(None, [value, {"a": value}], response_status=200)
            texts.append(text if isinstance(text, bytes) else text.encode())
        except Exception as error:
            texts.append((type(error), str(error)))
    assert texts[0] == texts[1]


class Enveloped(JSONRenderer):
    def render(self, request, data, *, response_status):
        return super().render(request, {"data": data}, response_status=response_status)


class Loud(NinjaJSONEncoder):
    def iterencode(self, o, _one_shot=False):
        return (part.upper() for part in super().iterencode(o, _one_shot))

    def encode(self, o):
        return "".join(self.iterencode(o))


@pytest.mark.parametrize(
    "options",
    [
        {"json_dumps_params": {"ensure_ascii": False, "indent": 2}},
        {"encoder_class": Loud},
        {"media_type": "text/json"},
        {"bases": (Enveloped,)},
    ],
    ids=["params", "encoder", "type", "base"],
)
def test_renderer_of_a_project(options, sqlite):
    attributes = dict(options)
    bases = attributes.pop("bases", (JSONRenderer,))
    expected, given = (type("Own", kinds, attributes)() for kinds in (bases, (PyForgeRenderer, *bases)))
    queryset = QUERYSETS["all"]
    for decorated in (False, True):
        made = get(ArticleOut, queryset, decorated=decorated, renderer=given)
        assert made == get(ArticleOut, queryset, decorated=False, renderer=expected)


def test_encoder_of_ninja_that_is_changed(monkeypatch):
    init = NinjaJSONEncoder.__init__
    monkeypatch.setattr(
        NinjaJSONEncoder, "__init__", lambda self, **options: init(self, **options | {"sort_keys": True})
    )
    value = {"b": 1, "a": 2}
    given, expected = (kind().render(None, value, response_status=200) for kind in (PyForgeRenderer, JSONRenderer))
    assert given == expected


def test_manager_with_its_own_all(sqlite, monkeypatch):
    """It may hide rows that its QuerySet has."""
    monkeypatch.setattr(m.VisibleManager, "all", lambda self: self.get_queryset().filter(score__gt=1), raising=False)

    class Commented(Schema):
        comments: list[CommentOut]

    queryset = m.Article.objects.order_by("pk")
    assert get(Commented, queryset, decorated=True) == get(Commented, queryset, decorated=False)
