"""`allowed=`: what a client may ask for in `fields=`; everything else is a `BadRequest`."""

import json

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest, FieldError
from django.core.paginator import Paginator
from django.db.models import F, Value
from django.db.models.functions import Upper

from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse, adumps, dumps
from pyforge_web.description.rows import rows
from pyforge_web.html import pyforge_json
from pyforge_web.output import kept_fields, model_names
from tests.app.models import Article, Author, Tag

ARTICLE = [
    "id",
    "title",
    "author__name",
    {"author": ["name", {"articles": ["id"]}]},
    {"tags": ["name"]},
    {"headline": Upper("title")},
    {"kind": Value("article")},
]


@pytest.fixture(autouse=True)
def article(db):
    article = Article.objects.create(title="first", author=Author.objects.create(name="Ann"))
    article.tags.add(Tag.objects.create(name="new"))
    return article


def articles():
    return Article.objects.order_by("pk")


ENTRY_POINTS = {
    "response": lambda data, **options: PyForgeJsonResponse(data, **options).content,
    "dumps": dumps,
    "adumps": lambda data, **options: async_to_sync(adumps)(data, **options),
    "tag": lambda data, **options: pyforge_json(rows(data, **options)),
    "rows": lambda data, **options: dumps(rows(data, **options)),
    "stream": lambda data, **options: b"".join(PyForgeStreamingResponse(data, "array", **options)),
}


@pytest.fixture(params=ENTRY_POINTS.values(), ids=ENTRY_POINTS)
def write(request):
    return lambda data, fields, allowed=ARTICLE, **options: json.loads(
        request.param(data, fields=fields, allowed=allowed, **options)
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["title"], {"title": "first"}),
        (["title", "author__name"], {"title": "first", "author__name": "Ann"}),
        (["headline", "kind"], {"headline": "FIRST", "kind": "article"}),
        (["tags"], {"tags": [{"name": "new"}]}),
        ([{"tags": ["name"]}], {"tags": [{"name": "new"}]}),
        ([{"author": ["name"]}], {"author": {"name": "Ann"}}),
        (["kind", "title", "kind"], {"kind": "article", "title": "first"}),
    ],
)
def test_what_is_allowed_is_written_in_the_order_of_the_request(write, fields, expected):
    (row,) = write(articles(), fields)
    assert list(row.items()) == list(expected.items())


def test_without_fields_all_that_is_allowed_is_written(write):
    (row,) = write(articles(), None)
    assert list(row) == ["id", "title", "author__name", "author", "tags", "headline", "kind"]


HOSTILE = [
    ["price"],
    ["author_id"],
    ["pk"],
    ["author__born"],
    ["author__articles__price"],
    ["title", "editor"],
    ["*"],
    "*",
    "__all__",
    ["__all__"],
    [""],
    [],
    "",
    ["title "],
    ["title__upper"],
    ["id;drop"],
    [{"author": ["born"]}],
    [{"author": "*"}],
    [{"author": ["*"]}],
    [{"author": ["name", {"articles": ["title"]}]}],
    [{"author": ["name", {"articles": ["id", {"author": ["name"]}]}]}],
    [{"editor": ["name"]}],
    [{"title": ["x"]}],
    [{"headline": ["x"]}],
    [{"author": {"name": ["x"]}}],
    [{"headline": "price"}],
    [{"headline": F("price")}],
    [{"leak": F("author__born")}],
    [["title"]],
    [1],
    {"title": 1},
    7,
]


@pytest.mark.parametrize("fields", HOSTILE, ids=repr)
def test_everything_else_is_a_bad_request(write, fields):
    with pytest.raises(BadRequest):
        write(articles(), fields)


def test_a_star_allows_public_columns_alone():
    User.objects.create_user("ada", password="pass the word")
    users = User.objects.all()
    for name in ("username", "email", "is_superuser"):
        assert name in PyForgeJsonResponse(users, fields=[name], allowed="*").content.decode()
    for name in ("password", "groups", "pk", "username__upper", "id__in", "get_username"):
        with pytest.raises(BadRequest):
            PyForgeJsonResponse(users, fields=[name], allowed="*")
    assert b"password" not in PyForgeJsonResponse(users, fields=["*"], allowed=["*"]).content


def test_a_star_without_some_columns(write):
    allowed = rows(articles(), "*", exclude=["author", "price"])._fields
    assert write(articles(), ["editor_id"], allowed) == [{"editor_id": None}]
    for name in ("author_id", "author", "price"):
        with pytest.raises(BadRequest):
            write(articles(), [name], allowed)


@pytest.mark.parametrize("fields", [None, "*", ["*"]])
def test_excluded_columns_are_not_allowed(write, fields):
    (row,) = write(articles(), fields, "*", exclude=["price", "author"])
    assert row == {"id": row["id"], "title": "first", "live": True, "published": None, "editor_id": None}


def test_a_client_may_name_what_is_not_excluded(write):
    assert write(articles(), ["title"], "*", exclude=["price"]) == [{"title": "first"}]
    for name in ("price", {"author": ["*"]}):
        with pytest.raises(BadRequest):
            write(articles(), [name], "*", exclude=["price"])
    with pytest.raises(ValueError, match="exclude="):
        write(articles(), ["title"], ["title"], exclude=["price"])


def test_without_both_nothing_is_chosen():
    assert json.loads(PyForgeJsonResponse(articles(), max_depth=1).content)[0]["title"] == "first"


def test_a_star_inside_of_a_relation(write):
    allowed = [{"author": ["*"]}]
    assert write(articles(), [{"author": ["name"]}], allowed) == [{"author": {"name": "Ann"}}]
    with pytest.raises(BadRequest):
        write(articles(), [{"author": ["articles"]}], allowed)


@pytest.mark.parametrize(
    "make",
    [lambda q: Paginator(q, 5).page(1), list, lambda q: q[0], lambda q: (len(q), q)[1]],
    ids=["page", "list", "instance", "evaluated"],
)
def test_other_data(make):
    options = {"allowed": ["id", "title", {"author": ["name"]}], "fetch": True}
    for fields in (["title"], [{"author": ["name"]}]):
        assert PyForgeJsonResponse(make(articles()), fields=fields, **options).content
    with pytest.raises(BadRequest):
        PyForgeJsonResponse(make(articles()), fields=["price"], **options)


def test_no_rows():
    assert PyForgeJsonResponse([], fields=["title"], allowed=["title"]).content == b"[]"
    with pytest.raises(BadRequest):
        PyForgeJsonResponse([], fields=["price"], allowed=["title"])


def test_the_depth_is_bounded(write):
    deep = ["id"]
    for name in ("articles", "author") * 3:
        deep = ["id", {name: deep}]
    with pytest.raises(BadRequest, match="more than 2 relations"):
        write(Author.objects.all() if "articles" in str(deep[1]) else articles(), deep, None, max_depth=2)
    assert write(articles(), ["id", {"author": ["name"]}], None, max_depth=1)
    with pytest.raises(BadRequest):
        write(articles(), ["id", {"author": ["name"]}], None, max_depth=0)


def test_paths_are_as_deep_as_their_relations(write):
    assert write(articles(), ["author__name"], None, max_depth=1) == [{"author__name": "Ann"}]
    for fields in (["author__articles__id"], ["author__name__upper__x"], [{"author": ["articles__id"]}]):
        with pytest.raises(BadRequest, match="more than 1 relations"):
            write(articles(), fields, None, max_depth=1)
    with pytest.raises(BadRequest):
        write(articles(), ["author__name"], None, max_depth=0)


NEVER = [
    lambda name: [name],
    lambda name: ["title", {name: ["id"]}],
    lambda name: [{name: ["id"]}],
    lambda name: [{"author": [name]}],
    lambda name: [{"author": ["name", {name: ["id"]}]}],
    lambda name: [f"author__{name}"],
]


@pytest.mark.parametrize("make", NEVER)
def test_refused_names_are_not_kept(make):
    for number in range(50):
        with pytest.raises(BadRequest):
            PyForgeJsonResponse(articles(), fields=make(f"never_{number}"), allowed=ARTICLE)
    assert not any("never_" in str(known) for known in (*vars(model_names).values(), *vars(kept_fields).values()))


@pytest.mark.parametrize("make", NEVER)
def test_without_allowed_no_long_names_are_kept(make):
    for number in range(1500):
        with pytest.raises(FieldError):
            dumps(articles(), fields=make("n" * number + str(number)))
    kept = [kept for alike in kept_fields._kept_lists.values() for kept in alike]
    assert sum(map(kept_fields.count_characters, kept)) < 3 * kept_fields._LONGEST_OF_ALL


@pytest.mark.parametrize("data", [lambda: Author.objects.all(), lambda: list(Author.objects.all())])
@pytest.mark.parametrize("write", [dumps, lambda data, **options: PyForgeJsonResponse(data, **options).content])
def test_relations_that_multiply_end_at_max_bytes(data, write):
    author = Author.objects.get()
    Article.objects.bulk_create(Article(title=f"title {number}", author=author) for number in range(20))
    pair = ["name", {"articles": ["title", {"author": ["name", {"articles": ["title", {"author": ["name"]}]}]}]}]
    whole = write(data(), fields=pair, fetch=True)
    assert len(whole) > 21 * 21 * 10
    assert write(data(), fields=pair, fetch=True, max_bytes=len(whole)) == whole
    with pytest.raises(BadRequest, match="more than 700 bytes"):
        write(data(), fields=pair, fetch=True, max_bytes=700)


@pytest.mark.parametrize("most", ["1", 1.5, True])
def test_a_depth_is_a_whole_number(most):
    with pytest.raises(TypeError, match="max_depth= must be a whole number"):
        dumps(articles(), fields=["id"], max_depth=most)
    with pytest.raises(ValueError, match="max_depth= must be 0 or more"):
        dumps(articles(), fields=["id"], max_depth=-1)
