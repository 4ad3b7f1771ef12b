"""Functions with `@prepared` beside the QuerySets that they return."""

import asyncio
import datetime
import decimal
import json
import logging
import uuid
from unittest import mock

import pytest
from django.core.paginator import Paginator
from django.db import connections, models, transaction
from django.db.models import Count, F, Prefetch, Q, Value
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import pyforge_web
from pyforge_web import PyForgeJsonResponse, PyForgeStreamingResponse, dumps, prepared, rows
from pyforge_web.description.prepared_rows import ForeignValueError
from tests.relations.models import Article, Author, Comment, Tag

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]
FIELDS = ["id", "title", "price", "published"]
TITLE = "zzz"
FIXED = 2


class Case:
    """A function, its output fields, and calls of it."""

    def __init__(self, fields, *calls):
        self.fields, self.calls = fields, calls

    def __call__(self, function):
        self.function = function
        return self


CASES = {}


def case(fields, *calls):
    def add(function):
        CASES[function.__name__] = Case(fields, *calls)(function)
        return function

    return add


@case(FIELDS, {})
def no_parameter():
    return Article.objects.filter(id__gte=1).order_by("-published", "id")


@case(FIELDS, {"author": 1}, {"author": 2}, {"author": 999})
def by_author(author):
    return Article.objects.filter(author=author).order_by("id")


@case(FIELDS, {"low": 1, "title": "a"}, {"low": 3, "title": ""}, {"low": 0, "title": "%"})
def two_values(title, low):
    return Article.objects.filter(id__gte=low).filter(title__icontains=title).order_by("id")


@case(FIELDS, {"since": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}, {"since": datetime.date(2026, 1, 3)})
def by_moment(since):
    return Article.objects.filter(published__gte=since).order_by("id")


@case(FIELDS, {"price": decimal.Decimal("1.0")}, {"price": 1}, {"price": 1.5}, {"price": "2"})
def by_price(price):
    return Article.objects.filter(price__lt=price).order_by("id")


@case(["id"], {"key": uuid.UUID(int=1)}, {"key": str(uuid.UUID(int=2))})
def by_key(key):
    return Article.objects.exclude(key=key).order_by("id")


@case(["id", "name"], {"code": "FR"}, {"code": "JP"})
def behind_a_key(code):
    return Author.objects.filter(country__code=code).order_by("id")


@case(["id", {"author": ["name", {"country": ["name"]}]}, {"tags": ["name"]}], {"low": 1}, {"low": 4})
def with_relations(low):
    return Article.objects.filter(id__gte=low).order_by("id")


@case(["id", "n"], {"low": 0}, {"low": 2})
def annotated(low):
    return Article.objects.annotate(n=Count("tags")).filter(n__gte=low).order_by("id")


@case(["id", "five"], {"low": 1})
def constants(low):
    return Article.objects.filter(id__gte=low, title__gte="").annotate(five=Value(5)).order_by("-id")[:4]


@case(FIELDS, {"low": 1}, {"low": 2})
def either(low):
    return Article.objects.filter(Q(id=low) | Q(title__startswith="a") & ~Q(id=3)).order_by("id")


@case(FIELDS, {"low": 1})
def null_constants(low):
    return Article.objects.filter(editor=None, id__gte=low).exclude(published=None).order_by("id")


@case(FIELDS, {"low": 1})
def constants_of_types(low):
    return Article.objects.filter(
        id__gte=low, editor__isnull=True, published__gte="2026-01-01T00:00Z", title__in=["a", "b"], id__in=(1, 2)
    ).exclude(key="00000000-0000-0000-0000-000000000001")


@case(["id", "text"], {"low": 1})
def own_manager(low):
    return Comment.objects.filter(article__gte=low)


RUNS = [(name, values) for name, case in CASES.items() for values in case.calls]
SLICES = [slice(None), slice(None, 2), slice(1, 3), slice(2, None), slice(3, 3), slice(0, 100)]


def sent(call):
    """What a call gives, or raises, and its statements."""
    with CaptureQueriesContext(connections["default"]) as queries:
        try:
            result = call()
        except Exception as error:
            result = type(error), str(error)
    return result, [query["sql"] for query in queries]


@pytest.mark.parametrize(("name", "values"), RUNS, ids=lambda value: value if isinstance(value, str) else "")
def test_prepared_like_its_queryset(name, values):
    case = CASES[name]
    function = prepared(fields=case.fields)(case.function)
    for _ in range(2):
        for part in SLICES:
            expected = sent(lambda part=part: dumps(case.function(**values)[part], fields=case.fields))
            assert sent(lambda part=part: dumps(function(**values)[part])) == expected
        assert sent(lambda: dumps(function(**values))) == sent(
            lambda: dumps(case.function(**values), fields=case.fields)
        )
    if name != "own_manager":
        assert function.why_not is None


@pytest.mark.parametrize("name", CASES)
def test_prepared_values_in_turn(name):
    case = CASES[name]
    function = prepared(fields=case.fields)(case.function)
    for values in [*case.calls, *case.calls[::-1], *case.calls]:
        assert sent(lambda values=values: dumps(function(**values)[:3])) == sent(
            lambda values=values: dumps(case.function(**values)[:3], fields=case.fields)
        )


@pytest.mark.parametrize(
    "value", [None, True, False, [1], (1, 2), {1}, "x", 10**30, object(), 1.5, b"1", Article], ids=range(12)
)
def test_prepared_other_values(value):
    """A value that makes another query is the function's own: so are its errors."""
    function = prepared(fields=FIELDS)(by_author)
    dumps(function(author=1))
    assert sent(lambda: dumps(function(author=value))) == sent(lambda: dumps(by_author(author=value), fields=FIELDS))


def test_prepared_with_an_instance():
    author = Author.objects.order_by("id").first()
    function = prepared(fields=FIELDS)(by_author)
    assert dumps(function(author)) == dumps(by_author(author), fields=FIELDS)


def test_prepared_function_with_branches():
    @prepared(fields=["id"])
    def branching(low=None):
        queryset = Article.objects.order_by("id")
        if low:
            queryset = queryset.filter(id__gte=low)
        return queryset

    assert json.loads(dumps(branching(low=3))) == list(Article.objects.filter(id__gte=3).order_by("id").values("id"))
    assert json.loads(dumps(branching())) == list(Article.objects.order_by("id").values("id"))
    assert "branches" in branching.why_not


@pytest.mark.parametrize(
    "function",
    [
        lambda low: Article.objects.filter(id__gte=low + 1).order_by("id"),
        lambda low: Article.objects.filter(id__in=[low, 2]).order_by("id"),
        lambda low: Article.objects.filter(id__in=low).order_by("id"),
        lambda low: Article.objects.filter(author__isnull=low).order_by("id"),
        lambda low: Article.objects.order_by("id")[: int(low)],
        lambda low: Article.objects.filter(title__contains=f"{low}").order_by("id"),
        lambda low: Article.objects.filter(**dict(zip(["id__gte"], [low], strict=True))).order_by("id"),
        lambda low: Article.objects.annotate(x=F("id") + low).filter(x__gte=2).order_by("id"),
        lambda low: Article.objects.prefetch_related(Prefetch("tags", Tag.objects.filter(id=low))).order_by("id"),
        lambda low: Article.objects.exclude(tags__id=low).order_by("id"),
        lambda low: Article.objects.filter(author__in=Author.objects.filter(id=low)).order_by("id"),
        lambda low: Article.objects.filter(id__gte=low).union(Article.objects.filter(id=1)),
    ],
    ids=range(12),
)
@pytest.mark.parametrize("value", [1, 3])
def test_prepared_function_of_another_kind(function, value):
    made = prepared(fields=["id", "title"])(function)
    expected = sent(lambda: dumps(function(value), fields=["id", "title"]))
    for _ in range(2):
        assert sent(lambda: dumps(made(value))) == expected


class TenantQuerySet(models.QuerySet):
    def visible(self):
        return self.filter(author=Tenant.now)


class Tenant:
    now = 2


def test_prepared_refuses_values_of_the_moment():  # noqa: C901 - a function for each
    closure = 2

    def by_clock(low):
        return Article.objects.filter(id__gte=low, published__lte=timezone.now())

    def by_closure(low):
        return Article.objects.filter(id__gte=low, author=closure)

    def by_global(low):
        return Article.objects.filter(title__gte=TITLE, id__gte=low)

    def by_attribute(low):
        return Article.objects.filter(id__gte=low, author=Tenant.now)

    def by_alike(low):
        # A constant of the same value stands beside it.
        return Article.objects.filter(id__gte=low, author=FIXED).exclude(editor=2)

    def by_queryset(low):
        return TenantQuerySet(Article).visible().filter(id__gte=low)

    def by_flag(low):
        return Comment.everything.filter(id__gte=low, hidden=bool(Tenant.now))

    def by_flag_beside_another(low):
        return Comment.everything.filter(writer__isnull=True, article__gte=low).filter(hidden=bool(Tenant.now))

    names = {
        by_flag_beside_another: "hidden__exact",
        by_clock: "published__lte",
        by_closure: "author__exact",
        by_global: "title__gte",
        by_attribute: "author__exact",
        by_alike: "author__exact",
        by_queryset: "author__exact",
        by_flag: "hidden__exact",
    }
    for function, name in names.items():
        made = prepared(fields=["id"])(function)
        for _ in range(2):
            with pytest.raises(ForeignValueError, match=f"{function.__name__}.*{name}"):
                made(1)


def test_prepared_paginates():
    function = prepared(fields=FIELDS)(by_author)
    expected = Paginator(by_author(1), 2)
    pages = Paginator(function(1), 2)
    assert pages.count == expected.count
    for number in pages.page_range:
        page = pages.page(number)
        text = dumps(expected.page(number), fields=FIELDS)
        assert dumps(page) == text
        assert dumps({"count": pages.count, "results": page.object_list}) == b'{"count":%d,"results":%b}' % (
            pages.count,
            text,
        )


def test_prepared_like_a_sequence():
    function = prepared(fields=["id", "title"])(by_author)
    plain = by_author(1)
    made = function(1)
    assert len(made) == len(plain)
    assert made.count() == plain.count()
    assert list(made) == list(plain.values("id", "title"))
    assert made[0] == plain[0]
    assert list(made[1:][:1]) == list(plain.values("id", "title")[1:][:1])
    assert list(made.queryset) == list(plain)
    assert made.ordered is True
    for wrong in (slice(-1, None), slice(None, -1)):
        with pytest.raises(ValueError, match="Negative"):
            made[wrong]
    with pytest.raises(TypeError):
        made["x":]
    with pytest.raises(TypeError):
        function()
    assert function.__name__ == "by_author"


def test_prepared_every_way_out():
    function = prepared(fields=FIELDS)(by_author)
    expected = dumps(by_author(1), fields=FIELDS)
    assert PyForgeJsonResponse(function(1)).content == expected
    assert dumps({"rows": function(1)}) == b'{"rows":' + expected + b"}"
    stream = PyForgeStreamingResponse(function(1), format="array")
    assert json.loads(b"".join(stream.streaming_content)) == json.loads(expected)
    stream.close()
    assert json.loads(dumps(function(1).tolist())) == json.loads(expected)
    with pytest.raises(TypeError, match="own fields"):
        dumps(function(1), fields=["id"])
    with pytest.raises(TypeError):
        rows(function(1), ["id"]).tolist()


@pytest.mark.django_db(transaction=True)
def test_prepared_awaited(filled):
    function = prepared(fields=FIELDS)(by_author)

    async def write():
        return await pyforge_web.adumps(function(1))

    assert asyncio.run(write()) == dumps(by_author(1), fields=FIELDS)


def test_prepared_using_and_routers(filled):
    function = prepared(fields=["id", "title"])(by_author)
    for alias in {*filled.values(), "default"}:
        assert dumps(function(1).using(alias)) == dumps(by_author(1).using(alias), fields=["id", "title"])
    with mock.patch("tests.querysets.routers.OnlyPostgreSQL.db_for_read", return_value="nowhere", create=True):
        from django.db import router

        router.__dict__.pop("routers", None)
        assert sent(lambda: dumps(function(1)))[0] == sent(lambda: dumps(by_author(1), fields=["id", "title"]))[0]


def test_prepared_obeys_the_connection():
    function = prepared(fields=FIELDS)(by_author)
    dumps(function(1))
    heard = []

    def listen(execute, sql, params, many, context):
        heard.append((sql, params))
        return execute(sql, params, many, context)

    with connections["default"].execute_wrapper(listen):
        dumps(function(2)[:1])
        dumps(by_author(2)[:1], fields=FIELDS)
    assert heard[0] == heard[1]
    with transaction.atomic():
        Article.objects.filter(author=1).update(title="changed")
        assert b"changed" in dumps(function(1))
        connections["default"].needs_rollback = True
        with pytest.raises(transaction.TransactionManagementError):
            dumps(function(1))
        connections["default"].needs_rollback = False
        transaction.set_rollback(True)
    assert b"changed" not in dumps(function(1))


def test_prepared_after_changes():
    function = prepared(fields=["id", "name"])(lambda low: Tag.objects.filter(id__gte=low))

    def expected():
        return dumps(Tag.objects.filter(id__gte=1), fields=["id", "name"])

    assert dumps(function(1)) == expected()
    with mock.patch.object(Tag._meta, "ordering", ["name"]):
        assert dumps(function(1)) == expected()
    with override_settings(USE_TZ=True, TIME_ZONE="Asia/Tokyo"):
        assert dumps(function(1)) == expected()
    assert dumps(function(1)) == expected()


def test_prepared_compares(monkeypatch, caplog):
    """A difference from what the function returns now is logged, and the function runs from then on."""
    other = {"title": "a"}

    def wandering(low):
        return Article.objects.filter(id__gte=low).order_by(*Other.order)

    class Other:
        order = ("id",)

    made = prepared(fields=["id"])(by_author)
    dumps(made(1))
    monkeypatch.setattr(made, "function", lambda author: Article.objects.filter(author=author).order_by("-id"))
    assert other
    with (
        override_settings(PYFORGE_WEB={"SQL_CACHE_CHECK": 1}),
        caplog.at_level(logging.ERROR, "pyforge_web.prepared"),
    ):
        text = dumps(made(1))
    assert text == dumps(Article.objects.filter(author=1).order_by("-id"), fields=["id"])
    assert "runs at each call" in caplog.text
    assert dumps(made(1)) == text
    assert made.why_not
    assert wandering
