"""Values that become other SQL, and functions that read something that is another one each time."""

import pytest
from django.db import connections, models
from django.db.models import Count, F, Q
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext

from pyforge_web import dumps, prepared
from tests.relations.models import Article, Author, Comment, Meaning, Word
from tests.relations.models import Prefixed as StoredText

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


def sent(call):
    """What a call gives, or raises, and its statements."""
    with CaptureQueriesContext(connections["default"]) as queries:
        try:
            result = call()
        except Exception as error:
            result = type(error), str(error)
    return result, [query["sql"] for query in queries]


def check(function, values, fields=("id",)):
    """Compare a function with what it returns, for each value in turn."""
    made = prepared(fields=list(fields))(function)
    for value in [*values, *values[::-1], *values]:
        for part in (slice(None), slice(1, 3)):
            expected = sent(lambda value=value, part=part: dumps(function(value)[part], fields=list(fields)))
            assert sent(lambda value=value, part=part: dumps(made(value)[part])) == expected
    return made


FLAGS = [1, 0, "0", "1", True, False, "True"]


@pytest.mark.parametrize("first", FLAGS)
@pytest.mark.parametrize(
    "function",
    [
        lambda flag: Comment.everything.filter(hidden=flag).order_by("id"),
        lambda flag: Comment.everything.exclude(hidden=flag).order_by("id"),
        lambda flag: Comment.everything.filter(Q(hidden=flag) | Q(id=2)).order_by("id"),
        lambda flag: Article.objects.filter(comments__hidden=flag).order_by("id", "comments__id"),
    ],
    ids=range(4),
)
def test_prepared_flags(function, first):
    """A number for a boolean column is no parameter: `WHERE hidden` and `WHERE NOT hidden`."""
    check(function, [first, *FLAGS])


@pytest.mark.parametrize("first", ["", "key:a", "nothing"])
@pytest.mark.parametrize(
    "function",
    [
        lambda text: Meaning.objects.filter(word=text).order_by("id"),
        lambda text: Meaning.objects.exclude(word=text).order_by("id"),
        lambda text: Meaning.objects.filter(Q(word=text) | Q(id=1)).order_by("id"),
    ],
    ids=range(3),
)
def test_prepared_value_that_becomes_null(function, first, monkeypatch):
    """Fields that store an empty text as null are common: `IS NULL` is other SQL."""
    monkeypatch.setattr(StoredText, "get_prep_value", lambda self, value: value or None)
    made = check(function, [first, *Word.objects.values_list("text", flat=True)[:2], "", "nothing"])
    assert made.why_not is None


@pytest.mark.parametrize(
    "function",
    [
        lambda value: Article.objects.exclude(editor=value).order_by("id"),
        lambda value: Article.objects.exclude(editor__name=value).order_by("id"),
        lambda value: Article.objects.exclude(Q(editor=value) & Q(price__gt=value)).order_by("id"),
        lambda value: Article.objects.filter(~Q(price=value)).order_by("id"),
        lambda value: Article.objects.filter(id__gte=value).order_by("id")[1:3],
        lambda value: Article.objects.filter(id__gte=value).order_by("id")[2:],
    ],
    ids=range(6),
)
def test_prepared_excludes_and_slices(function):
    """What Django adds to a condition of a column with nulls is no value of the function's."""
    assert check(function, [1, 2, 3]).why_not is None


def test_prepared_own_null_beside_that_of_django():
    flag = False
    for function in (
        lambda value: Article.objects.exclude(editor=value, editor__isnull=flag),
        lambda value: Article.objects.exclude(id=value, id__isnull=flag),
        lambda value: Article.objects.filter(editor=value, editor__isnull=flag),
    ):
        with pytest.raises(ValueError, match="isnull"):
            prepared(fields=["id"])(function)(1)


class Chosen:
    """What a project chooses for each request: a column, a direction, a QuerySet."""

    column = "title"
    is_last = False
    start = 0
    end = None
    rows = Article.objects.all()


COLUMN = "title"
ROWS = Article.objects.all()
names = {"column": "title"}


def read_column():
    return Chosen.column


CHOOSING = {
    "class": lambda low: Article.objects.filter(id__gte=low).order_by(F(Chosen.column), "id"),
    "flag": lambda low: Article.objects.filter(id__gte=low).order_by(F("price").asc(nulls_last=Chosen.is_last), "id"),
    "module": lambda low: Article.objects.filter(id__gte=low).order_by(F(COLUMN), "id"),
    "dict": lambda low: Article.objects.filter(id__gte=low).order_by(F(names["column"]), "id"),
    "getattr": lambda low: Article.objects.filter(id__gte=low).order_by(F(getattr(Chosen, "column")), "id"),  # noqa: B009
    "function": lambda low: Article.objects.filter(id__gte=low).order_by(F(read_column()), "id"),
    "instance": lambda low: Article.objects.filter(id__gte=low).order_by(F(Chosen().column), "id"),
    "format": lambda low: Article.objects.filter(id__gte=low).order_by(F(f"{COLUMN}"), "id"),
    "annotation": lambda low: Article.objects.annotate(n=F(Chosen.column)).filter(id__gte=low).order_by("n", "id"),
    "condition": lambda low: Article.objects.filter(Q((f"{Chosen.column}__gte", low))).order_by("id"),
    "start": lambda low: Article.objects.filter(id__gte=low).order_by("id")[Chosen.start :],
    "end": lambda low: Article.objects.filter(id__gte=low).order_by("id")[: Chosen.end],
    "rows": lambda low: Chosen.rows.filter(id__gte=low).order_by("id"),
    "rows of the module": lambda low: ROWS.filter(id__gte=low).order_by("id"),
}


@pytest.mark.parametrize("name", CHOOSING)
def test_prepared_reads_what_changes(name, monkeypatch):
    """Names of columns, flags and QuerySets leave no value in the query."""
    function = CHOOSING[name]
    made = prepared(fields=["id"])(function)

    def compare():
        assert sent(lambda: dumps(made(1))) == sent(lambda: dumps(function(1), fields=["id"]))

    for _ in range(2):
        compare()
    for column in ("price", "body"):
        monkeypatch.setattr(Chosen, "column", column)
        monkeypatch.setitem(globals(), "COLUMN", column)
        monkeypatch.setitem(names, "column", column)
        monkeypatch.setattr(Chosen, "is_last", True)
        monkeypatch.setattr(Chosen, "start", 2)
        monkeypatch.setattr(Chosen, "end", 3)
        monkeypatch.setattr(Chosen, "rows", Article.objects.distinct())
        monkeypatch.setitem(globals(), "ROWS", Article.objects.distinct())
        for _ in range(2):
            compare()
    assert made.why_not


def test_prepared_reads_what_stays():
    """Models, their managers, and Django's classes stay what they are."""
    for function in (
        lambda low: Article.objects.filter(id__gte=low).order_by(F("title").desc(), "id"),
        lambda low: Article.objects.filter(Q(id__gte=low) & ~Q(title="x")).order_by("id"),
        lambda low: Article.objects.annotate(n=Count("tags")).filter(n__gte=low).order_by("id"),
        lambda low: Author.objects.annotate(n=models.Count("articles")).filter(n__gte=low).order_by("id"),
    ):
        assert check(function, [1, 2]).why_not is None


def test_prepared_tries_once(monkeypatch):
    """A query that cannot be remembered is not compiled with parameters at each call: that costs more than Django."""
    from pyforge_web.querysets.prepared_queries import bound

    tried = []
    original = bound.remember_selection
    monkeypatch.setattr(bound, "remember_selection", lambda *given: tried.append(1) or original(*given))
    check(lambda low: Article.objects.filter(id__gte=low).order_by(Lower("title"), "id"), [1, 2, 3])
    assert len(tried) == 1
