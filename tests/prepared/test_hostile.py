"""Values that become other SQL, and functions that read something that is another one each time."""

import gc
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest
from django.db import connections, models
from django.db.models import Count, F, Q
from django.db.models.functions import Lower

from pyforge_web import dumps, prepared
from pyforge_web.description.prepared_rows import ForeignValueError
from tests.prepared.test_prepared import sent
from tests.relations.models import Article, Author, Comment, Meaning, Word
from tests.relations.models import Prefixed as StoredText

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


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


class LastManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(id__gte=3)


def last_manager():
    manager = LastManager()
    manager.model, manager.name = Article, "objects"
    return manager


REPLACED = {
    "method of a manager": lambda patch: patch.setattr(
        Article.objects, "get_queryset", lambda: models.QuerySet(Article).filter(id__gte=3)
    ),
    "method of the class of managers": lambda patch: patch.setattr(
        models.Manager, "get_queryset", lambda self: models.QuerySet(self.model).filter(id__gte=3)
    ),
    "manager": lambda patch: patch.setitem(Article._meta.managers_map, "objects", last_manager()),
    "method of QuerySets": lambda patch: patch.setattr(models.QuerySet, "order_by", models.QuerySet.reverse),
    "model": lambda patch: patch.setitem(globals(), "Article", Author),
    "class": lambda patch: patch.setitem(globals(), "F", models.Max),
}


@pytest.mark.parametrize("name", REPLACED)
def test_prepared_reads_what_is_replaced(name):
    """What a function found when it was prepared is compared at each call."""

    def function(low):
        return Article.objects.filter(id__gte=low).order_by(F("id").desc())

    made = prepared(fields=["id"])(function)

    def compare():
        expected = sent(lambda: dumps(function(1), fields=["id"]))
        assert sent(lambda: dumps(made(1))) == expected
        return expected

    before = compare()
    compare()
    assert made.why_not is None
    with pytest.MonkeyPatch.context() as patch:
        REPLACED[name](patch)
        assert compare() != before
        compare()
    assert compare() == before


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
    made = check(lambda low: Article.objects.filter(id__gte=low).order_by(Lower("title"), "id"), [1, 2, 3])
    assert len(tried) == 1
    assert "ordered by" in made.why_not


ASKING = {
    "a dict": lambda value: Article.objects.filter(id={1: 2}.get(value, 3)),
    "a dict of types": lambda value: Article.objects.filter(id={int: 2}.get(type(value), 3)),
    "a set": lambda value: Article.objects.filter(id=len({value, 1, 2})),
    "equal": lambda value: Article.objects.filter(id=(2, 3)[value == 1]),
    "identical": lambda value: Article.objects.filter(id=(2, 3)[value is None]),
    "contained": lambda value: Article.objects.filter(id=(2, 3)[value in (1, 2)]),
    "not": lambda value: Article.objects.filter(id=(2, 3)[not value]),
    "truth": lambda value: Article.objects.filter(id=(2, 3)[bool(value)]),
    "class": lambda value: Article.objects.filter(id=(2, 3)[isinstance(value, int)]),
    "text": lambda value: Article.objects.filter(title__lt=repr(value)).order_by("id"),
    "order": lambda value: Article.objects.order_by({1: "id"}.get(value, "-id")),
    "column": lambda value: Article.objects.order_by(F({1: "id"}.get(value, "title")), "id"),
    "database": lambda value: Article.objects.using(value),
    "attribute": lambda value: Article.objects.filter(id=value.real),
}


@pytest.mark.parametrize("name", ASKING)
def test_prepared_asks_what_an_argument_is(name):
    """A parameter is no key of a dict, and is equal to nothing: the function is called with the value."""
    assert check(ASKING[name], [1, 2, 0, "1"]).why_not


def test_prepared_kinds_of_parameters():
    def positional(low, /, high=3):
        return Article.objects.filter(id__gte=low, id__lte=high).order_by("id")

    def many(*values):
        return Article.objects.filter(id__in=values).order_by("id")

    def named(**value):
        return Article.objects.filter(**value).order_by("id")

    fields = ["id"]
    for function, given, names in (
        (positional, (1,), {}),
        (positional, (1, 2), {}),
        (positional, (1,), {"high": 4}),
        (many, (1, 2), {}),
        (many, (), {}),
        (named, (), {"id": 2}),
        (named, (), {"id__gte": 2}),
    ):
        made = prepared(fields=fields)(function)
        for _ in range(2):
            assert dumps(made(*given, **names)) == dumps(function(*given, **names), fields=fields)
    made = prepared(fields=fields)(lambda **value: Article.objects.filter(**value))
    assert sent(lambda: dumps(made(value=1)))[0][0] is sent(lambda: Article.objects.filter(value=1))[0][0]


def test_prepared_method():
    class Shelf:
        low = 2

        @prepared(fields=["id"])
        def articles(self, high):
            return Article.objects.filter(id__gte=self.low, id__lte=high).order_by("id")

        @staticmethod
        @prepared(fields=["id"])
        def all_articles(high):
            return Article.objects.filter(id__lte=high).order_by("id")

    shelf = Shelf()
    for low in (2, 1):
        shelf.low = low
        expected = dumps(Article.objects.filter(id__gte=low, id__lte=4).order_by("id"), fields=["id"])
        assert dumps(shelf.articles(4)) == dumps(shelf.articles(high=4)) == dumps(Shelf.articles(shelf, 4)) == expected
    assert dumps(shelf.all_articles(2)) == dumps(Article.objects.filter(id__lte=2).order_by("id"), fields=["id"])


@pytest.mark.django_db(transaction=True, databases="__all__")
def test_prepared_cold_in_threads(filled):
    """Threads that make the same function at once have each the rows of their own argument."""
    from tests.relations import data

    alias = filled["postgresql"]
    data.load(alias)
    values = range(1, 6)
    expected = {value: dumps(Article.objects.using(alias).filter(id=value), fields=["id", "title"]) for value in values}
    for _ in range(5):
        made = prepared(fields=["id", "title"])(lambda value: Article.objects.filter(id=value))
        start = Barrier(4)

        def work(seed, made=made, start=start):
            try:
                start.wait()
                chosen = Random(seed).choices(values, k=30)
                return [value for value in chosen if dumps(made(value).using(alias)) != expected[value]]
            finally:
                connections[alias].close()

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(4))) == [[]] * 4
        assert made.why_not is None


def test_prepared_while_garbage_is_collected():
    """Tools are told of each collection: that is no call of the function's."""

    def listen(phase, info):
        """Do nothing, as a function of the project's."""

    threshold = gc.get_threshold()
    gc.callbacks.append(listen)
    gc.set_threshold(1)
    try:
        made = check(lambda low: Article.objects.filter(id__gte=low).order_by("id"), [1, 2])
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(listen)
    assert made.why_not is None
    assert gc.isenabled()


class Rank(models.IntegerChoices):
    LOW = 1
    HIGH = 2


class Heading(models.TextChoices):
    FIRST = "Title 1"
    SECOND = "Title 2"


class Lists:
    """Where a model usually has its choices."""

    Rank = Rank
    now = Rank.LOW


def test_prepared_with_members_of_enums():
    """They are constants of the code, as they are read by their names."""
    functions = [
        lambda low: Article.objects.filter(id__gte=low, author=Rank.HIGH).order_by("id"),
        lambda low: Article.objects.filter(id__gte=low).exclude(author=Lists.Rank.LOW).order_by("id"),
        lambda low: Article.objects.filter(id__gte=low, author__in=[Rank.LOW, Lists.Rank.HIGH]).order_by("id"),
        lambda low: Article.objects.filter(id__gte=low, title__gte=Heading.FIRST).order_by("id"),
        lambda low: Article.objects.filter(Q(author=Rank.LOW) | Q(editor=Rank.LOW), id__gte=low).order_by("id"),
    ]
    for function in functions:
        made = check(function, [1, 2, 4])
        assert made.why_not is None


def test_prepared_with_a_variable_that_is_a_member():
    """The name of the variable says nothing of its value."""
    with pytest.raises(ForeignValueError, match="author__exact"):
        prepared(fields=["id"])(lambda low: Article.objects.filter(id__gte=low, author=Lists.now))(1)
    beside = prepared(fields=["id"])(
        lambda low: Article.objects.filter(id__gte=low, author=Lists.now).exclude(editor=Rank.LOW)
    )
    with pytest.raises(ForeignValueError, match="author__exact"):
        beside(1)


def test_prepared_follows_an_enum_that_is_another_one(monkeypatch):
    def ranked(low):
        return Article.objects.filter(id__gte=low, author=Lists.Rank.LOW).order_by("id")

    made = check(ranked, [1])

    class Other(models.IntegerChoices):
        LOW = 2

    monkeypatch.setattr(Lists, "Rank", Other)
    assert dumps(made(1)) == dumps(ranked(1), fields=["id"])
    assert dumps(made(1)) != dumps(Article.objects.filter(author=1).order_by("id"), fields=["id"])


def test_prepared_after_many_managers():
    """Django counts managers on their class, one for each look at `article.tags`: the function stays the same."""
    made = prepared(fields=["id"])(lambda low: Article.objects.filter(id__gte=low).order_by("id"))
    article = Article.objects.order_by("id").first()
    for _ in range(1500):
        dumps(made(1))
        assert article.tags is not None
    before = made.calls
    assert dumps(made(1)) == dumps(Article.objects.order_by("id"), fields=["id"])
    assert made.calls == before + 1
