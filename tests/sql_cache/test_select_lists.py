"""The columns of SELECT and ORDER BY that are kept, with the SQL cache off: always those that Django would write."""

import contextlib
from unittest import mock

import pytest
from django.db import connections
from django.db.models import Count, F, Value
from django.db.models.functions import Lower

from pyforge_web.querysets.backends.kept_orders import KeptOrder
from pyforge_web.querysets.backends.select_lists import KeptSelect, find_select_compiler, select_memory
from tests.querysets.models import Box, Diner, OldPlace, Restaurant
from tests.relations.models import Article, Author, Tag
from tests.sql_cache.families import FAMILIES
from tests.sql_cache.oracle import columns_by_django, has_versions, run
from tests.sql_cache.test_changes import CHANGES, MAKES, change_field
from tests.sql_cache.test_families import bind
from tests.unheard import sql_cache

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def cache(monkeypatch):
    """No SQL cache; nothing is compared but by the tests."""
    monkeypatch.setattr(select_memory, "always_check", False)
    with sql_cache(monkeypatch, is_on=False):
        yield


@contextlib.contextmanager
def counted():
    """How often kept columns were given."""
    given = []
    original = KeptSelect.give

    def note(self, query):
        given.append(self)
        return original(self, query)

    with mock.patch.object(KeptSelect, "give", note):
        yield given


def run_django(make):
    with columns_by_django():
        return run(make)


def compile_with(kind, queryset):
    """What a compiler makes of a query: SQL, parameters, the places of the columns, how often tables are used."""
    query = queryset.query.clone()
    compiler = kind(query, connections[queryset.db], queryset.db)
    made = compiler.as_sql()
    (compiler.klass_info or {}).pop("related_klass_infos", None)  # it has functions, which are others each time
    return (
        made,
        compiler.select,
        compiler.klass_info,
        compiler.annotation_col_map,
        compiler._meta_ordering,
        query.alias_refcount,
    )


def compile_both(queryset):
    """The same by our compiler, and by Django's."""
    standard = connections[queryset.db].ops.compiler(queryset.query.compiler)
    return compile_with(find_select_compiler(standard), queryset), compile_with(standard, queryset)


def compile_select(queryset):
    """The same by our compiler, cold and warm: columns are kept at the second use, orders at the third; by Django's."""
    vars(queryset.model._meta).pop("_pyforge_select", None)
    compiled = [compile_both(queryset) for _ in range(4)]
    return [*[ours for ours, _ in compiled], compiled[-1][1]]


QUERIES = {
    "all": lambda: Article.objects.all(),
    "page": lambda: Article.objects.order_by("pk")[:25],
    "distinct": lambda: Article.objects.distinct(),
    "distinct, ordered by another": lambda: Article.objects.distinct().order_by("author__name"),
    "distinct values, ordered by another": lambda: Article.objects.values("title").distinct().order_by("id"),
    "values": lambda: Article.objects.values(),
    "values of some": lambda: Article.objects.values("title", "id"),
    "values, renamed": lambda: Article.objects.values(name=F("title")),
    "values, a name twice": lambda: Article.objects.values_list("id", "id"),
    "values of a join": lambda: Article.objects.values("id", "author__name"),
    "values of two joins to a table": lambda: Article.objects.values("author__name", "editor__name", "id"),
    "values of a parent": lambda: Restaurant.objects.values("name", "pk"),
    "values with a constant": lambda: Article.objects.values("id", one=Value(1)),
    "values with extra": lambda: Article.objects.extra(select={"one": "1"}).values("one", "id"),
    "pk": lambda: Article.objects.values_list("pk", flat=True),
    "deferred": lambda: Article.objects.defer("title"),
    "only": lambda: Article.objects.only("title"),
    "joined": lambda: Article.objects.select_related("author"),
    "annotated": lambda: Article.objects.annotate(name=F("title")),
    "alias": lambda: Article.objects.alias(name=F("title")).order_by("name"),
    "child": lambda: Restaurant.objects.order_by("name"),
    "child, filtered by its parent": lambda: Restaurant.objects.filter(name__gte="a"),
    "grandchild": lambda: Diner.objects.order_by("pk"),
    "generated": lambda: Box.objects.all(),
    "generated values": lambda: Box.objects.values("again", "area"),
    "proxy": lambda: OldPlace.objects.all(),
    "filtered by a join": lambda: Article.objects.filter(author__name__gte="a", editor__name__gte="a"),
    "union": lambda: Article.objects.values("id").union(Author.objects.values("id")),
    "union of rows": lambda: Tag.objects.order_by().union(Tag.objects.order_by(), all=True),
    "in a subquery": lambda: Article.objects.filter(author__in=Author.objects.filter(name__gte="a")),
    "excluded": lambda: Article.objects.exclude(tags__name="x"),
    "by name": lambda: Article.objects.order_by("title"),
    "by two names": lambda: Article.objects.order_by("-title", "pk"),
    "by a name twice": lambda: Article.objects.order_by("id", "pk"),
    "by the default order": lambda: Tag.objects.all(),
    "by the default order, reversed": lambda: Tag.objects.reverse(),
    "by no order": lambda: Tag.objects.order_by(),
    "by a column that is not selected": lambda: Article.objects.values("title").order_by("-id"),
    "by a column that is selected": lambda: Article.objects.values("title").order_by("-title"),
    "by a key": lambda: Article.objects.order_by("author_id"),
    "by a relation": lambda: Article.objects.order_by("author"),
    "by a relation with an order": lambda: Tag.objects.order_by("parent"),
    "by a column of a relation": lambda: Article.objects.order_by("author__name", "id"),
    "by an expression": lambda: Article.objects.order_by(F("title").desc(nulls_last=True), Lower("title"), "id"),
    "by a name and an expression": lambda: Article.objects.order_by("title", F("id")),
    "by an annotation": lambda: Article.objects.annotate(n=F("id")).order_by("n"),
    "by extra": lambda: Article.objects.extra(order_by=["-id"]),
    "by the parent's column": lambda: Restaurant.objects.order_by("-pk"),
    "by chance": lambda: Article.objects.order_by("?"),
    "groups": lambda: Tag.objects.values("name").annotate(n=Count("id")),
    "groups in order": lambda: Tag.objects.values("name").annotate(n=Count("id")).order_by("name"),
    "distinct, in order": lambda: Tag.objects.distinct().order_by("name"),
    "locked": lambda: Article.objects.select_for_update(),
    "none": lambda: Article.objects.filter(pk__in=[1]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_select_compared_with_django(name, database):
    *ours, django = compile_select(QUERIES[name]().using(database))
    assert ours == [django] * len(ours)
    assert [tuple(map(type, part)) for part in ours[2][1]] == [tuple(map(type, part)) for part in django[1]]


@pytest.mark.parametrize("name", ["all", "page", "values", "values of some", "values of a join", "distinct", "pk"])
def test_select_of_plain_columns_kept(name, database):
    with counted() as given:
        compile_select(QUERIES[name]().using(database))
    assert given or not has_versions()


CHILDREN = [
    lambda: Restaurant.objects.all(),
    lambda: Restaurant.objects.filter(name__gte="a"),
    lambda: Restaurant.objects.filter(place_ptr__isnull=False),
    lambda: Restaurant.objects.filter(place_ptr__opened=None).order_by("name"),
    lambda: Restaurant.objects.values("name"),
    lambda: Restaurant.objects.values("pk", "serves"),
    lambda: Restaurant.objects.filter(name__gte="a").values("pk"),
]


@pytest.mark.parametrize("first", range(len(CHILDREN)))
def test_select_of_a_child_after_another(first):
    """Whether the parent's table is joined by conditions or by columns: each follows each other."""
    for make in CHILDREN:
        vars(Restaurant._meta).pop("_pyforge_select", None)
        for queryset in (CHILDREN[first](), CHILDREN[first](), CHILDREN[first](), make(), make(), make()):
            ours, django = compile_both(queryset)
            assert ours == django


@pytest.mark.parametrize("name", FAMILIES)
def test_select_in_families(name, database):
    """Members of a family follow each other, so that each may meet the columns of another."""

    makes = [bind(database, member) for member in FAMILIES[name]]
    expected = [run_django(make) for make in makes]
    for _ in range(4):
        assert [run(make) for make in makes] == expected


@pytest.mark.parametrize("name", CHANGES)
def test_select_after_change(name, sqlite):
    for make in MAKES:
        plain = run_django(make)
        assert [run(make) for _ in range(4)] == [plain] * 4
        for _ in range(2):
            with CHANGES[name]():
                changed = run_django(make)
                assert [run(make) for _ in range(4)] == [changed] * 4
            assert run(make) == plain


@pytest.mark.parametrize("name", ["by name", "by two names", "by the default order, reversed", "page"])
def test_order_of_plain_columns_kept(name, database):
    queryset = QUERIES[name]().using(database)
    compile_select(queryset)
    connection = connections[database]
    compiler = find_select_compiler(connection.ops.compiler("SQLCompiler"))(
        queryset.query.clone(), connection, database
    )
    compiler.as_sql()
    assert not has_versions() or [type(order) for order in compiler.kept.orders.values()] == [KeptOrder]


def test_order_of_a_column_that_has_changed(sqlite):
    """It is not selected, so that the columns of SELECT are as they were."""

    def make():
        return Article.objects.values("title").order_by("-id"), None

    for _ in range(3):
        assert run(make) == run_django(make)
    for change in (
        {"column": "author_id"},
        {"select_format": lambda compiler, sql, params: (sql, params)},
        {"get_col": lambda alias, output_field=None: Article._meta.get_field("author").get_col(alias)},
    ):
        with change_field(Article._meta.get_field("id"), **change):
            for _ in range(3):
                assert run(make) == run_django(make)
        assert run(make) == run_django(make)


def test_order_by_a_name_that_is_another_field_now(sqlite):
    """A name may come to mean another field: a field that was taken out and put back, or another of its name."""
    title, body = Article._meta.get_field("title"), Article._meta.get_field("body")

    def make():
        return Article.objects.order_by("title"), ["id"]

    for _ in range(3):
        assert run(make) == run_django(make)
    with mock.patch.object(title, "name", "body"), mock.patch.object(body, "name", "title"):
        Article._meta._expire_cache()
        try:
            for _ in range(3):
                assert run(make) == run_django(make)
        finally:
            changed = run(make)
    Article._meta._expire_cache()
    for _ in range(3):
        assert run(make) == run_django(make) != changed


def test_select_of_a_column_with_the_name_of_a_join(sqlite):
    """Django 5.2 writes no quotes around a name that is an alias of the query."""
    field = Article._meta.get_field("title")
    queryset = Article.objects.filter(author__name__gte="a", editor__name__gte="a")
    (alias,) = [name for name in queryset.query.alias_map if name not in queryset.query.table_map]
    with mock.patch.object(field, "column", alias):
        for each in (Article.objects.all(), queryset):
            *ours, django = compile_select(each)
            assert ours == [django] * len(ours)


def test_select_of_an_attribute_of_a_column(sqlite):
    """A column that somebody has given a method of its own is Django's to write."""
    queryset = Article.objects.values("title")
    compile_select(queryset)
    (column,) = queryset.query.select
    column.as_sql = lambda compiler, connection: ("1", ())
    try:
        *ours, django = compile_select(queryset)
        assert ours == [django] * len(ours)
        assert django[0][0].startswith("SELECT 1 ")
    finally:
        del column.as_sql
