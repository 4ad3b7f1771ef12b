"""Errors in the middle of a query: what is raised, where it stands, and that every cursor is closed."""

import json

import pytest
from django.db import connections
from django.db.models import Model, Prefetch, Value
from django.db.models.expressions import RawSQL

import pyforge_web
from pyforge_web._native import NestedRows, RelatedRows, RowLayout, dump_chunk
from tests.oracle import find_depth_limit
from tests.relations.models import Article, Author, Comment, Tag
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")
NAN = RawSQL("9e999 - 9e999 + id", ())


def place(error):
    """The path of an error: in its message, or in its note."""
    text = " ".join([str(error), *getattr(error, "__notes__", ())])
    return next(word.strip(";,") for word in text.split() if word.startswith("$"))


def infinite(model, pk):
    """A float that JSON does not have, for one row."""
    table = model._meta.db_table
    return RawSQL(f"CASE WHEN {table}.id = %s THEN 9e999 ELSE 0.5 END", (pk,))


def test_in_a_row_of_the_query(sqlite):
    pk = Article.objects.order_by("pk")[3].pk
    queryset = Article.objects.annotate(x=infinite(Article, pk)).order_by("pk")
    with pytest.raises(ValueError, match="Out of range") as error:
        pyforge_web.dumps(queryset, fields=["x", {"tags": ["name"]}])
    assert place(error.value) == "$[3].x"
    assert b'{"x":null,"tags"' in pyforge_web.dumps(queryset, fields=["x", {"tags": ["name"]}], nan="null")


def test_in_a_joined_object_and_its_relations(sqlite):
    pk = Author.objects.order_by("pk")[2].pk
    authors = Prefetch("author", Author.objects.annotate(x=infinite(Author, pk)))
    queryset = Article.objects.prefetch_related(authors).order_by("pk")
    first = next(n for n, article in enumerate(queryset) if article.author_id == pk)
    with pytest.raises(ValueError, match="Out of range") as error:
        pyforge_web.dumps(queryset, fields=["id", {"author": ["x", "name"]}])
    assert place(error.value) == f"$[{first}].author.x"
    articles = Prefetch("author__articles", Article.objects.annotate(x=Value(float("inf"))).order_by("pk"))
    with pytest.raises(ValueError, match="Out of range") as error:
        pyforge_web.dumps(
            Article.objects.order_by("pk").prefetch_related(articles), fields=[{"author": [{"articles": ["x"]}]}]
        )
    assert place(error.value) == "$[0].author.articles[0].x"


@pytest.mark.parametrize("deep", [False, True])
def test_in_a_row_of_a_relation(deep, sqlite):
    article = Article.objects.filter(comments__isnull=False).order_by("pk")[4]
    index = list(Article.objects.order_by("pk")).index(article)
    comments = list(article.comments.all())
    faulty = Comment.objects.annotate(x=infinite(Comment, comments[1].pk))
    queryset = Article.objects.order_by("pk").prefetch_related(Prefetch("comments", faulty))
    more = [{"answers": ["text"]}, {"writer": ["name"]}] if deep else []
    with pytest.raises(ValueError, match="Out of range") as error:
        pyforge_web.dumps(queryset, fields=["id", {"comments": [*more, "x"]}])
    assert place(error.value) == f"$[{index}].comments[1].x"


def test_two_levels_down(sqlite):
    answer = Comment.objects.exclude(answered=None).exclude(answered__hidden=True).order_by("-pk")[2]
    above = answer.answered
    siblings = list(above.article.comments.all())
    answers = list(above.answers.all())
    faulty = Prefetch("comments__answers", Comment.objects.annotate(x=infinite(Comment, answer.pk)))
    queryset = Article.objects.order_by("pk").prefetch_related(faulty)
    index = list(Article.objects.order_by("pk")).index(above.article)
    with pytest.raises(ValueError, match="Out of range") as error:
        pyforge_web.dumps(queryset, fields=["id", {"comments": ["text", {"answers": ["x"]}]}])
    assert place(error.value) == f"$[{index}].comments[{siblings.index(above)}].answers[{answers.index(answer)}].x"


def test_of_a_database(database):
    fields = ["id", {"comments": ["text", {"answers": ["text"]}]}]
    broken = Comment.everything.using(database).extra(where=["no_such_function(1)"])
    for lookup, where in (("comments", "$[?].comments"), ("comments__answers", "$[?].comments[?].answers")):
        queryset = on(database)(Article).order_by("pk").prefetch_related(Prefetch(lookup, broken))
        connection = connections[database]
        from django.db import DatabaseError, transaction

        with pytest.raises(DatabaseError) as error, transaction.atomic(using=database):
            pyforge_web.dumps(queryset, fields=fields)
        assert place(error.value) == where
        assert connection.is_usable()


class Source:
    """A query by hand, that notes when it is closed."""

    def __init__(self, rows, *, layout, children=None, fail=None):
        self.chunks = iter([*rows, []])
        self.closed = 0
        self.children = children
        self.fail = fail
        self.nested = NestedRows(layout, self.fetch, self.fallback, self.close, self.load)

    def fetch(self):
        if self.fail == "fetch":
            raise KeyboardInterrupt
        return next(self.chunks)

    def fallback(self, column, value):
        raise LookupError(column, value)

    def close(self):
        self.closed += 1
        if self.fail == "close":
            raise OSError("close")

    def load(self, relation, rows):
        if self.fail == "load":
            raise OSError("load")
        return self.children(relation, rows)


VALUE = ("value", "naive", False, 0, 0)
DJANGO = ("django", "naive", False, 0, 0)
PARENTS = RowLayout([VALUE], [("column", "id", 0), ("many", "them", 0)])
ROWS = RowLayout([VALUE, VALUE], [("column", "x", 0)])


def related(rows, layout=ROWS, **options):
    sources = []

    def load(relation, parents):
        sources.append(Source([rows], layout=layout, **options))
        return RelatedRows(sources[-1].nested, 1, None, None)

    return sources, load


def test_rows_find_their_parents_in_any_order():
    sources, load = related([("a", 1), ("b", 2), ("c", 1), ("d", 1), ("e", 3), ("f", 2)])
    source = Source([[(1,), (2,), (1,), (9,), (None,)]], layout=PARENTS, children=load)
    found = {1: ["a", "c", "d"], 2: ["b", "f"], 9: [], None: []}
    assert json.loads(pyforge_web.dumps(source.nested)) == [
        {"id": n, "them": [{"x": x} for x in found[n]]} for n in (1, 2, 1, 9, None)
    ]
    assert [source.closed, *(each.closed for each in sources)] == [1, 1]


def test_each_chunk_has_relations_of_its_own():
    sources, load = related([("a", 1), ("b", 2)])
    source = Source([[(1,)], [(2,), (1,)]], layout=PARENTS, children=load)
    them = {1: [{"x": "a"}], 2: [{"x": "b"}]}
    assert json.loads(pyforge_web.dumps({"rows": source.nested})) == {
        "rows": [{"id": n, "them": them[n]} for n in (1, 2, 1)]
    }
    assert [source.closed, *(each.closed for each in sources)] == [1, 1, 1]


def test_a_relation_to_one_keeps_the_first_row():
    layout = RowLayout([VALUE], [("one", "it", 0), ("one", "other", 0)])
    _, load = related([("a", 1), ("b", 2), ("c", 1)])
    source = Source([[(1,), (2,), (3,)]], layout=layout, children=lambda n, rows: None if n else load(n, rows))
    assert json.loads(pyforge_web.dumps(source.nested)) == [
        {"it": {"x": "a"}, "other": None},
        {"it": {"x": "b"}, "other": None},
        {"it": None, "other": None},
    ]


def test_what_is_compared_may_be_another_value():
    calls = []

    def convert(value):
        calls.append(value)
        return value.lower()

    rows = Source([[("a", "K"), ("b", "k"), ("c", "K"), ("d", "L")]], layout=ROWS)
    children = RelatedRows(rows.nested, 1, convert, {"x": "k", "y": "l", "z": "m"})
    source = Source([[("x",), ("y",), ("z",), ("w",)]], layout=PARENTS, children=lambda *_: children)
    text = json.loads(pyforge_web.dumps(source.nested))
    assert [[row["x"] for row in each["them"]] for each in text] == [["a", "b", "c"], ["d"], [], []]
    assert calls == ["K", "k", "L"]


FAILURES = [
    (fail, where) for fail in ("fetch", "close", "fallback", "short", "no tuple") for where in ("parents", "rows")
]


@pytest.mark.parametrize(("fail", "where"), [*FAILURES, ("load", "parents"), ("unhashable", "rows")])
def test_all_is_closed_whatever_fails(fail, where):
    rows = [("a", 1), ("b", 1)]
    layouts = {"parents": PARENTS, "rows": ROWS}
    parents = [(1,), (2,)]
    broken = {"short": [()], "no tuple": [5], "unhashable": [("a", [])]}.get(fail)
    if fail == "fallback":
        layouts = {
            "parents": RowLayout([DJANGO, VALUE], [("column", "id", 0), ("many", "them", 0)]),
            "rows": RowLayout([DJANGO, VALUE], [("column", "x", 0)]),
        }
    own = where == "parents"
    if broken is not None:
        rows, parents = (rows, broken) if own else (broken, parents)
    sources, load = related(rows, layouts["rows"] if not own else ROWS, fail=None if own else fail)
    source = Source([parents], layout=layouts["parents"] if own else PARENTS, children=load, fail=fail if own else None)
    with pytest.raises(BaseException) as error:  # noqa: PT011 - each its own
        pyforge_web.dumps(source.nested)
    assert not isinstance(error.value, AssertionError | pytest.fail.Exception)
    assert source.closed == 1
    assert all(each.closed == 1 for each in sources)


def test_no_depth_ends_the_process():
    """Levels lie on the heap; their number has the limit of all containers."""

    def deep(levels):
        source = Source([[(1, 1)]], layout=RowLayout([VALUE, VALUE], [("many", "x", 0)]) if levels else ROWS)
        source.children = lambda *_: RelatedRows(deep(levels - 1), 1, None, None)
        return source.nested

    assert pyforge_web.dumps(deep(400)).count(b"[") == 401
    limit = find_depth_limit()
    with pytest.raises(RecursionError, match=f"more than {limit} containers"):
        pyforge_web.dumps(deep(limit // 2 + 1))


@pytest.mark.parametrize(
    ("readers", "steps"),
    [
        ([], [("column", "x", 0)]),
        ([VALUE], [("column", "x", -1)]),
        ([VALUE], [("object", "x", -1)]),
        ([VALUE], [("end", "", -1)]),
        ([VALUE], [("many", "x", 3)]),
        ([VALUE], [("nothing", "x", 0)]),
        ([("nothing", "naive", False, 0, 0)], []),
        ([("value", "nowhere", False, 0, 0)], []),
    ],
)
def test_a_layout_is_checked(readers, steps):
    with pytest.raises(ValueError, match=r"no |without"):
        RowLayout(readers, steps)


def test_a_router_decides_where_relations_are(sqlite, settings):
    asked = []

    class Router:
        def db_for_read(self, model, instance=None, **hints):
            asked.append(
                (model, type(instance), instance and instance._state.db, isinstance(instance, Model) and instance.pk)
            )
            return

    settings.DATABASE_ROUTERS = [Router()]
    pyforge_web.dumps(Article.objects.using("default").order_by("pk"), fields=["id", {"tags": ["name"]}])
    first = Article.objects.order_by("pk").first()
    assert (Tag, Article, "default", first.pk) in asked


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_rows_are_not_read_again_after_an_interrupt(kind):
    """After an `Exception` the rows before the faulty one are written; anything else ends the call at once."""
    calls = []

    def convert(column, value):
        calls.append(value)
        if value == "bad":
            raise kind
        return value

    rows = [("a", 1), ("b", 1), ("c", 2), ("bad", 3)]
    layout = RowLayout([DJANGO, VALUE], [("column", "x", 0)])

    def load(relation, parents):
        keys = [key for (key,) in parents]
        return RelatedRows(
            NestedRows(layout, [row for row in rows if row[1] in keys], convert, int, None), 1, None, None
        )

    fetched = iter([[(1,), (2,), (3,)], []])
    source = NestedRows(PARENTS, fetched.__next__, convert, int, load)
    body, count, error = dump_chunk(source, 0, 10, after="\n")
    assert type(error) is kind
    if issubclass(kind, Exception):
        assert [row["id"] for row in map(json.loads, body.splitlines())] == [1, 2]
        assert calls == ["a", "b", "c", "bad", "a", "b", "c"]
    else:
        assert (body, count) == (b"", 0)
        assert calls == ["a", "b", "c", "bad"]
