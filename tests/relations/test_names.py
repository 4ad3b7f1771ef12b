"""What `fields=` may be: its grammar, the names that there are, and what is said of others."""

import pytest
from django.core.exceptions import FieldError
from django.db.models import F, Prefetch

import pyforge_web
from pyforge_web import CompiledSerializer
from pyforge_web.output.grammar import NestedFields
from pyforge_web.output.grammar import parse_fields as parse
from tests.relations.models import Article, Author, Comment, Tag
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.mark.parametrize(
    ("fields", "parsed"),
    [
        (["id", "title", "id"], ("id", "title")),
        (("id",), ("id",)),
        (["id", {"author": ["name"]}], ("id", NestedFields("author", ("name",)))),
        ([{"author": ["name"], "tags": ("id",)}], (NestedFields("author", ("name",)), NestedFields("tags", ("id",)))),
        (
            [{"author": ["name", {"country": ["code"]}]}],
            (NestedFields("author", ("name", NestedFields("country", ("code",)))),),
        ),
        ([{"tags": ["id"]}, {"tags": ["id"]}], (NestedFields("tags", ("id",)),)),
    ],
)
def test_grammar_of_fields_is_read(fields, parsed):
    assert parse(fields) == parsed
    assert parse(parse(fields)) == parsed


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ("id", TypeError, "fields must be a list of field names"),
        ({"author": ["id"]}, TypeError, "fields must be a list of field names"),
        ([], ValueError, "fields is empty: name the columns to write, or leave it out"),
        ([1], TypeError, "not of 1"),
        ([["id"]], TypeError, r"not of \['id'\]"),
        ([{}], TypeError, "not of {}"),
        ([{1: ["id"]}], TypeError, "not of {1:"),
        ([{"author": "name"}], TypeError, r"fields of author must be a list of field names, not 'name'.*F\('name'\)"),
        ([{"author": None}], TypeError, "fields of author must be"),
        ([{"author": []}], ValueError, "fields of author is empty: name the columns to write of it"),
        ([{"author": [{"country": []}]}], ValueError, "fields of author.country is empty"),
        ([{"author": [{"country": ["code", 5]}]}], TypeError, "fields of author.country must be .* not of 5"),
        (["author", {"author": ["id"]}], ValueError, "fields has 'author' twice"),
        ([{"author": ["id"]}, {"author": ["name"]}], ValueError, "fields has 'author' twice"),
        ([{"author": ["country", {"country": ["code"]}]}], ValueError, "fields of author has 'country' twice"),
    ],
)
def test_what_is_no_list_of_fields(fields, error, words, sqlite):
    values = (Article.objects.all(), Article.objects.first(), [Article.objects.first()], Article.objects.all()[:1])
    list(values[-1])
    for value in values:
        with pytest.raises(error, match=words):
            pyforge_web.dumps(value, fields=fields)
    with pytest.raises(error, match=words):
        CompiledSerializer.for_model(Article, fields)


def test_a_list_within_itself_ends():
    endless = ["id"]
    endless.append({"author": endless})
    with pytest.raises(ValueError, match="stand inside of itself"):
        pyforge_web.dumps(Article.objects.all(), fields=endless)


# fields: what the error says, at any depth.
WRONG = [
    (
        ["id", {"autor": ["name"]}],
        ["'autor' into relation of Article", "Relations are: author, comments, contribution"],
    ),
    (
        [{"author": ["nmae"]}],
        ["'nmae' into field of Author (in author)", "born", "Relations are: articles, comment_set, contributed"],
    ),
    ([{"author": [{"country": ["cod"]}]}], ["'cod' into field of Country (in author.country)", "code", "name"]),
    ([{"tags": ["nme"]}], ["of Tag (in tags)", "Choices are: id, name, parent, parent_id. Relations are:"]),
    ([{"title": ["x"]}], ["Article has a column 'title' and no such relation", "write 'title' in place"]),
    (
        ["tags__name", {"author": ["id"]}],
        ["'tags__name' leads through 'tags'", "to many of Article", "{'tags': [...]}"],
    ),
    ([{"comments": ["answers__text"]}], ["through 'answers'", "of Comment (in comments)", "{'answers': [...]}"]),
    ([{"comment": ["id"]}], ["'comment' into relation of Article", "comments"]),
    ([{"objects": ["id"]}], ["'objects' into relation of Article"]),
    ([{"author": ["__dict__"]}], ["'__dict__' into field of Author"]),
    ([{"tags": ["article"]}], ["'article' into field of Tag", "article_set"]),
    (["id", "author__nmae", {"tags": ["id"]}], ["'nmae' into field of Author (in author)", "Did you mean 'name'?"]),
    (["id", "data__n"], ["'data__n' into field of Article", "'data' is a column", "F('data__n')"]),
    (["titel"], ["'titel' into field of Article", "Did you mean 'title'?"]),
    (["author.name"], ["'author__name', or nested, {'author': ['name']}"]),
    (["save"], ["It is a method", "Attribute('save'"]),
    (["__str__"], ["It is a method"]),
    ([{"author__country": ["code"]}], ["'author__country' into relation of Article"]),
]


@pytest.mark.parametrize(("fields", "words"), WRONG)
def test_names_that_do_not_exist(fields, words, sqlite):
    complete = Article.objects.exclude(author__country=None).filter(tags__isnull=False, comments__isnull=False)
    loaded = list(complete.select_related("author__country").prefetch_related("tags", "comments").distinct())
    for value in (Article.objects.all(), Article.objects.none(), loaded, loaded[0]):
        with pytest.raises(FieldError) as refused:
            pyforge_web.dumps(value, fields=fields)
        assert all(word in str(refused.value) for word in words), refused.value
    with pytest.raises(FieldError) as refused:
        CompiledSerializer.for_model(Article, fields)
    assert all(word in str(refused.value) for word in words), refused.value


def test_what_a_query_adds_is_among_the_choices(sqlite):
    queryset = Article.objects.annotate(more=F("price")).extra(select={"other": "1"})
    with pytest.raises(FieldError, match="more, other, price"):
        pyforge_web.dumps(queryset, fields=["mor", {"author": ["id"]}])
    with pytest.raises(FieldError, match="score, text, twice, writer"):
        pyforge_web.dumps(Article.objects.all(), fields=[{"comments": ["thrice"]}])
    with pytest.raises(FieldError, match="Cannot resolve keyword 'hidden_one'"):
        pyforge_web.dumps(Article.objects.alias(hidden_one=F("pk")), fields=["hidden_one", {"author": ["id"]}])


def test_rows_without_models_have_no_relations(sqlite):
    for queryset in (
        Article.objects.values("id"),
        Article.objects.values_list("id"),
        Article.objects.dates("published", "day"),
    ):
        with pytest.raises(TypeError, match="needs a QuerySet of models"):
            pyforge_web.dumps(queryset, fields=["id", {"author": ["name"]}])
    with pytest.raises(TypeError, match="not of dict"):
        pyforge_web.dumps({"id": 1}, fields=["id", {"author": ["name"]}])


@pytest.mark.parametrize(
    "lookups",
    [
        ("tags", Prefetch("tags", Tag.objects.all())),
        (Prefetch("tags", Tag.objects.all()), Prefetch("tags", Tag.objects.order_by("pk"))),
        (Prefetch("comments__writer", Author.objects.all()), Prefetch("comments", Comment.objects.all())),
        (Prefetch("tags", Tag.objects.order_by("pk")[:2]),),
        (Prefetch("author", Author.objects.order_by("pk")[:2]),),
        (Prefetch("notes", Author.objects.all()),),
    ],
)
def test_lookups_that_django_refuses(lookups, sqlite):
    queryset = Article.objects.prefetch_related(*lookups)
    with pytest.raises(Exception) as djangos:  # noqa: PT011 - whatever Django raises
        list(queryset)
    name = lookups[-1].prefetch_to
    with pytest.raises(type(djangos.value)) as ours:
        pyforge_web.dumps(queryset, fields=["id", {name: ["id"]}])
    assert str(ours.value).split(".")[0] == str(djangos.value).split(".")[0]


class TestSecrets:
    """Columns that leave the server only when they are named: every model of a nested list is a list of names."""

    def test_a_relation_is_never_written_whole(self, sqlite):
        article = Article.objects.select_related("author").prefetch_related("contributors").first()
        for value in (Article.objects.all(), article, [article]):
            for fields in (["author"], ["id", "author"], ["id", "author", {"tags": ["id"]}]):
                text = pyforge_web.dumps(value, fields=fields, fetch=True)
                assert b"hash" not in text
                assert b'"author":' in text
        queryset = Article.objects.prefetch_related(Prefetch("author", to_attr="who"))
        list(queryset)
        with pytest.raises(FieldError):
            pyforge_web.dumps(queryset, fields=["who", {"author": ["id"]}])

    def test_a_list_is_obeyed(self, database):
        text = pyforge_web.dumps(on(database)(Article).order_by("pk"), fields=[{"author": ["password"]}])
        assert text.startswith(b'[{"author":{"password":"hash"}}')

    def test_a_relation_inside_other_values_is_refused(self, sqlite):
        article = Article.objects.select_related("author").first()
        with pytest.raises(TypeError, match="secret columns"):
            pyforge_web.dumps({"author": article.author})
