"""What a query does not contain and decides its SQL: changed while the process runs, between two QuerySets alike.

Each test warms the cache, changes something, and changes it back: what is written is Django's each time.
"""

import contextlib
import itertools
import json
from unittest import mock

import pytest
from django.db import connections, models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.models import CharField, Count, F, Q, QuerySet, lookups
from django.db.models.expressions import Col
from django.db.models.functions import Lower, Upper
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.datastructures import Join
from django.db.models.sql.where import WhereNode
from django.test import override_settings

from pyforge_web import dumps, prepared
from tests.relations.models import Article, Author, Comment, Country, Tag
from tests.sql_cache.oracle import has_versions, run, run_django_keeping
from tests.unheard import unheard

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]


def articles():
    return Article.objects.filter(title__gte="a", id__gte=1).order_by("title", "id"), ["id", "title"]


def tags():
    return Tag.objects.filter(id__gte=1), ["id", "name"]


def by_parent():
    return Article.objects.filter(id__gte=1).order_by("tags", "id"), ["id"]


def nested():
    return Article.objects.filter(id__gte=1).order_by("id"), ["id", {"tags": ["name"]}, {"comments": ["text"]}]


def bare():
    return Tag.objects.filter(id__gte=1).select_related("parent"), None


def values():
    return Article.objects.filter(id__gte=1).values("title", "id").order_by("title", "id"), None


def counted():
    return Article.objects.annotate(n=Count("tags")).filter(n__gte=0).order_by("n", "id"), ["id", "n"]


MAKES = [articles, tags, by_parent, nested, bare, values, counted]


def meta(model, **options):
    return mock.patch.multiple(model._meta, **options)


def columns(field, **attributes):
    with contextlib.ExitStack() as stack:
        for name, value in attributes.items():
            before = vars(field).get(name, stack)
            stack.callback(field.__dict__.pop if before is stack else field.__dict__.__setitem__, name, before)
            vars(field)[name] = value
        vars(field).pop("cached_col", None)
        yield


change_field = contextlib.contextmanager(columns)


def other_sql(method):
    """A method of Django's, wrapped by a project: it writes other SQL."""

    def changed(self, compiler, connection, *args, **kwargs):
        sql, params = method(self, compiler, connection, *args, **kwargs)
        return f"{sql} /* changed */", params

    return changed


def select_format(self, compiler, sql, params):
    return f"{sql} /* selected */", params


@contextlib.contextmanager
def changed_list(items, *new):
    before = list(items)
    items[:] = new
    try:
        yield
    finally:
        items[:] = before


@contextlib.contextmanager
def own_dict(owner, name, **changes):
    """A dict of a class, changed in place."""
    found = getattr(owner, name)
    before = dict(found)
    found.update(changes)
    try:
        yield
    finally:
        found.clear()
        found.update(before)


def title():
    return Article._meta.get_field("title")


def ops():
    return connections["default"].ops


CHANGES = {
    "no default order": lambda: meta(Tag, ordering=[]),
    "another default order": lambda: meta(Tag, ordering=["name"]),
    "default order by an expression": lambda: meta(Tag, ordering=[Lower("name"), "pk"]),
    "default order of a related model": lambda: meta(Comment, ordering=["text"]),
    "default order where there was none": lambda: meta(Author, ordering=["name"]),
    "table": lambda: meta(Tag, db_table="relations_author"),
    "column": lambda: change_field(title(), column="body"),
    "column of a key": lambda: change_field(Article._meta.get_field("author"), column="editor_id"),
    "select_format of a field": lambda: change_field(title(), select_format=select_format.__get__(title())),
    "select_format of a class": lambda: mock.patch.object(CharField, "select_format", select_format),
    "select_format of all": lambda: mock.patch.object(models.Field, "select_format", select_format),
    "get_internal_type": lambda: mock.patch.object(CharField, "get_internal_type", return_value="TextField"),
    "get_internal_type of a field": lambda: change_field(title(), get_internal_type=lambda: "DateTimeField"),
    "as_sql of columns": lambda: mock.patch.object(Col, "as_sql", other_sql(Col.as_sql)),
    "as_sqlite of columns": lambda: mock.patch.object(Col, "as_sqlite", other_sql(Col.as_sql), create=True),
    "as_sql of a lookup": lambda: mock.patch.object(
        lookups.GreaterThanOrEqual, "as_sql", other_sql(lookups.GreaterThanOrEqual.as_sql)
    ),
    "as_sql of all lookups": lambda: mock.patch.object(
        lookups.BuiltinLookup, "as_sql", other_sql(lookups.BuiltinLookup.as_sql)
    ),
    "as_sql of conditions": lambda: mock.patch.object(WhereNode, "as_sql", other_sql(WhereNode.as_sql)),
    "as_sql of joins": lambda: mock.patch.object(Join, "as_sql", other_sql(Join.as_sql)),
    "as_sql of Count": lambda: mock.patch.object(Count, "as_sql", other_sql(Count.as_sql)),
    "right side of lookups": lambda: mock.patch.object(
        lookups.BuiltinLookup, "get_rhs_op", lambda self, connection, rhs: f">= {rhs} /* right */"
    ),
    "name of a lookup": lambda: mock.patch.object(lookups.GreaterThanOrEqual, "lookup_name", "gt"),
    "as_sql of the compiler": lambda: mock.patch.object(
        SQLCompiler,
        "as_sql",
        lambda self, *a, _old=SQLCompiler.as_sql, **k: (f"{_old(self, *a, **k)[0]} /* c */", _old(self, *a, **k)[1]),
    ),
    "quoting of the compiler": lambda: mock.patch.object(
        SQLCompiler, "quote_name_unless_alias", lambda self, name: f"[{name}]"
    ),
    "order of the compiler": lambda: mock.patch.object(SQLCompiler, "get_order_by", return_value=[]),
    "default columns": lambda: mock.patch.object(Query, "get_meta", Query.get_meta),
    "quoting of a connection": lambda: mock.patch.object(ops(), "quote_name", lambda name: f"[{name}]"),
    "quoting of a database": lambda: mock.patch.object(type(ops()), "quote_name", lambda self, name: f"[{name}]"),
    "casts of a database": lambda: mock.patch.object(BaseDatabaseOperations, "lookup_cast", return_value="(%s)"),
    "operators of a class": lambda: own_dict(type(connections["default"]), "operators", gte=">= 0 + %s"),
    "operators of a connection": lambda: mock.patch.object(
        connections["default"], "operators", {**connections["default"].operators, "gte": "> %s"}
    ),
    "feature": lambda: mock.patch.object(connections["default"].features, "allows_group_by_select_index", False),
    "registered lookup": lambda: registered(CharField, SlowerLookup),
    "USE_TZ": lambda: override_settings(USE_TZ=True),
    "zone": lambda: override_settings(USE_TZ=True, TIME_ZONE="Asia/Tokyo"),
}


class SlowerLookup(lookups.GreaterThanOrEqual):
    """Takes the name of Django's."""

    lookup_name = "gte"

    def as_sql(self, compiler, connection):
        sql, params = super().as_sql(compiler, connection)
        return f"{sql} /* mine */", params


@contextlib.contextmanager
def registered(owner, lookup):
    owner.register_lookup(lookup)
    try:
        yield
    finally:
        owner._unregister_lookup(lookup)


@pytest.mark.parametrize("name", CHANGES)
def test_change_between_two(name, cache):
    for make in MAKES:
        plain = run_django_keeping(make, cache)
        hits = cache.hits
        assert [run(make) for _ in range(2)] == [plain] * 2
        assert cache.hits > hits or not has_versions()
        for _ in range(2):
            with CHANGES[name]():
                changed = run_django_keeping(make, cache)
                assert [run(make) for _ in range(2)] == [changed] * 2
            assert run(make) == plain
    assert cache.why_off is None


@pytest.mark.parametrize("name", CHANGES)
def test_change_cold(name, cache):
    """What was remembered while the change was in place says nothing afterwards."""
    for make in MAKES:
        plain = run_django_keeping(make, cache)
        with CHANGES[name]():
            changed = run_django_keeping(make, cache)
            assert [run(make) for _ in range(2)] == [changed] * 2
        assert [run(make) for _ in range(2)] == [plain] * 2


class Moment:
    """Gives another answer each time."""

    def __init__(self):
        self.numbers = itertools.count()

    def __str__(self):
        return str(next(self.numbers))


def test_method_of_the_moment(cache):
    """A method that a project wrote may give other SQL each time: nothing is remembered."""
    moment = Moment()
    with mock.patch.object(
        CharField, "select_format", lambda self, compiler, sql, params: (f"{sql} /* {moment} */", params)
    ):
        statements = {run(articles).statements[0][1] for _ in range(4)}
    assert len(statements) == 4


def test_order_by_a_transform(cache):
    def make():
        return Article.objects.filter(id__gte=1).order_by("title__order", "id"), ["id"]

    for transform in (Lower, Upper, Lower):
        with mock.patch.object(transform, "lookup_name", "order"), registered(CharField, transform):
            assert [run(make) for _ in range(2)] == [run_django_keeping(make, cache)] * 2


def test_order_of_a_list_in_place(cache):
    ordering = ["name", "pk"]
    with meta(Tag, ordering=ordering):
        for new in (["-name", "pk"], ["pk"], [], ["name", "pk"]):
            with changed_list(ordering, *new):
                for make in (tags, by_parent, nested):
                    assert [run(make) for _ in range(3)] == [run_django_keeping(make, cache)] * 3


ORDERS = {
    "descends": (lambda: [F("name").asc(), "pk"], lambda ordering: setattr(ordering[0], "descending", True)),
    "is reversed": (lambda: [F("pk").asc()], lambda ordering: ordering[0].reverse_ordering()),
    "has another name": (
        lambda: [F("name").asc(), "pk"],
        lambda ordering: setattr(ordering[0].expression, "name", "pk"),
    ),
    "is none at first": (list, lambda ordering: ordering.append("-name")),
}


@pytest.mark.parametrize("name", ORDERS)
def test_order_in_place_of_rows_that_nobody_hears_of(name):
    """The rows of a relation, and of a prepared function, are read without a key of their query."""
    make, change = ORDERS[name]
    ordering = make()
    function = prepared(fields=["name"])(lambda low: Tag.objects.filter(id__gte=low))

    def assert_like_instances():
        tags = [{"name": tag.name} for tag in Tag.objects.filter(id__gte=1)]
        articles = [{"tags": [{"name": tag.name} for tag in article.tags.all()]} for article in Article.objects.all()]
        for _ in range(3):
            assert json.loads(dumps(function(1))) == tags
            assert json.loads(dumps(Article.objects.all(), fields=[{"tags": ["name"]}])) == articles

    with unheard(connections["default"]), meta(Tag, ordering=ordering):
        assert_like_instances()
        change(ordering)
        assert_like_instances()


class TenantManager(models.Manager):
    """Rows of the tenant of the moment."""

    tenant = 1

    def get_queryset(self):
        return super().get_queryset().filter(writer=TenantManager.tenant)


def test_manager_of_the_moment(cache, monkeypatch):
    """A relation's manager is asked each time."""
    manager = TenantManager()
    manager.model, manager.name = Comment, "objects"
    monkeypatch.setitem(Comment._meta.__dict__, "default_manager", manager)
    Article.comments.__dict__.pop("related_manager_cls", None)
    try:
        results = []
        for tenant in (1, 2, None, 1, 2):
            monkeypatch.setattr(TenantManager, "tenant", tenant)
            results.append(run(nested))
            assert results[-1] == run_django_keeping(nested, cache)
        assert len({result.result for result in results}) > 1
        assert cache.hits or not has_versions()
    finally:
        Article.comments.__dict__.pop("related_manager_cls", None)


def test_query_changed_in_place(cache):
    queryset = Article.objects.filter(id__gte=1).order_by("id")

    def make():
        return queryset._chain(), ["id"]

    expected = run(make)
    assert run(make) == expected
    queryset.query.add_q(Q(id=2))
    assert run(make) == run_django_keeping(make, cache) != expected
    queryset.query.where.children[0].rhs = 2
    assert run(make) == run_django_keeping(make, cache)
    queryset.query.where.children[0].as_sql = lambda compiler, connection: ("1 = 1", [])
    assert run(make) == run_django_keeping(make, cache)


def test_lookup_instances_keep_their_parameters(cache):
    """The marks with which an entry is made never reach the lookups that other threads compile."""
    queryset = Article.objects.filter(id__gte=1, title__gte="a").order_by("id")
    before = [dict(vars(lookup)) for lookup in queryset.query.where.children]
    run(lambda: (queryset._chain(), ["id"]))
    caches = {"contains_aggregate", "contains_over_clause"}
    after = [vars(lookup) for lookup in queryset.query.where.children]
    assert [set(state) - caches for state in after] == [set(state) - caches for state in before]
    assert [state["rhs"] for state in after] == [state["rhs"] for state in before]


def test_own_query_class(cache):
    class Own(Query):
        def get_meta(self):
            return super().get_meta()

    def make():
        return QuerySet(Article, Own(Article)).filter(id=F("id")).order_by("id"), ["id"]

    assert run(make) == run_django_keeping(make, cache)
    assert not cache.hits


def test_country_of_another_table(cache):
    """A QuerySet that was built before a change keeps the table that it was built with, as in Django."""
    kept = Country.objects.filter(name__gte="").order_by("code")

    def make():
        return kept._chain(), ["code"]

    for _ in range(2):
        assert run(make) == run_django_keeping(make, cache)
    with meta(Country, db_table="relations_nowhere"):
        assert run(make) == run_django_keeping(make, cache)
        fresh = lambda: (Country.objects.filter(name__gte="").order_by("code"), ["code"])  # noqa: E731
        assert run(fresh) == run_django_keeping(fresh, cache)
