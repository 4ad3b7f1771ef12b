"""QuerySets that are not fresh and not plain: evaluated ones, subclasses, raw ones, locks, other connections."""

import asyncio
import json

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.core.paginator import Paginator
from django.db import connections, models, transaction
from django.db.models import Count, F
from django.db.models.query import ValuesIterable, ValuesListIterable
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.test import override_settings

import pyforge_web
from tests.oracle import FORMS, encode
from tests.querysets.judge import assert_like_django, assert_rows, like_values, run
from tests.querysets.models import Customs, Event, Place, Scalars, Town
from tests.tables import cases

pytestmark = pytest.mark.django_db(databases="__all__")


class Marked(models.QuerySet):
    """Adds to its rows as they are fetched."""

    def _fetch_all(self):
        fetched = self._result_cache is not None
        super()._fetch_all()
        for row in () if fetched else self._result_cache:
            if isinstance(row, dict):
                row["marked"] = True


class Backwards(models.QuerySet):
    """Iterates in its own way."""

    def __iter__(self):
        return reversed(list(super().__iter__()))


class Hiding(models.QuerySet):
    """Hides rows by an attribute that its copies do not have."""

    hidden = ()

    def _fetch_all(self):
        super()._fetch_all()
        self._result_cache[:] = [row for row in self._result_cache if getattr(row, "pk", row) not in self.hidden]


def hiding(db, *names):
    queryset = Hiding(Event).using(db).order_by("pk")
    queryset = queryset.values_list(*names, flat=True) if names else queryset
    queryset.hidden = tuple(Event.objects.using(db).order_by("pk").values_list("pk", flat=True)[:2])
    return queryset


class Lazy(models.QuerySet):
    """Its own `iterator()`, which `list()` never calls."""

    def iterator(self, *args, **kwargs):
        raise AssertionError("list() does not call it")


class Filtered(models.QuerySet):
    """Its own `values()`."""

    def values(self, *names, **expressions):
        return super().values("pk", *names, n=F("number") * 2)


class Cloned(models.QuerySet):
    """Keeps an attribute over `_clone()`."""

    def _clone(self):
        clone = super()._clone()
        clone.seen = True
        return clone


class Strings(ValuesIterable):
    def __iter__(self):
        return map(str, super().__iter__())


class Sums(ValuesListIterable):
    def __iter__(self):
        return (sum(row) for row in super().__iter__())


class FewerRows(SQLCompiler):
    def results_iter(self, *args, **kwargs):
        rows = iter(super().results_iter(*args, **kwargs))
        next(rows)
        return rows


class Compiled(Query):
    """Its own compiler, as in packages for common table expressions."""

    def get_compiler(self, using=None, connection=None, elide_empty=True):
        return FewerRows(self, connection or connections[using], using, elide_empty)


def with_query(database):
    return models.QuerySet(Event, query=Compiled(Event), using=database).order_by("pk")


def with_iterable(iterable, *names):
    def make(database):
        queryset = models.QuerySet(Event).using(database).order_by("pk").values(*names)
        queryset._iterable_class = iterable
        return queryset

    return make


SUBCLASSES = {
    "_fetch_all": lambda db: Marked(Event).using(db).order_by("pk"),
    "_fetch_all, values()": lambda db: Marked(Event).using(db).order_by("pk").values("kind"),
    "_fetch_all by an attribute": hiding,
    "_fetch_all by an attribute, values_list()": lambda db: hiding(db, "pk"),
    "__iter__": lambda db: Backwards(Event).using(db).order_by("pk").values("pk"),
    "__iter__, model": lambda db: Backwards(Event).using(db).order_by("pk"),
    "iterator": lambda db: Lazy(Event).using(db).order_by("pk"),
    "values": lambda db: Filtered(Event).using(db).order_by("pk"),
    "_clone": lambda db: Cloned(Event).using(db).order_by("pk").filter(live=True),
    "a Query with get_compiler": with_query,
    "a Query with get_compiler, values_list()": lambda db: with_query(db).values_list("pk", "at"),
    "an iterable class over ValuesIterable": with_iterable(Strings, "kind", "number"),
    "an iterable class over ValuesListIterable": with_iterable(Sums, "pk", "number"),
}


@pytest.mark.parametrize("make", cases(SUBCLASSES))
def test_subclass_of_a_queryset_gives_its_rows(make, database):
    assert_like_django(lambda: make(database), database)


def test_relations_of_a_subclass_that_hides_rows(database):
    towns = Hiding(Town).using(database).order_by("pk")
    towns.hidden = (towns[0].pk,)
    expected = [
        {"name": town.name, "country": {"pk": town.country_id}}
        for town in Town.objects.using(database).order_by("pk")[1:]
    ]
    assert json.loads(pyforge_web.dumps(towns, fields=["name", {"country": ["pk"]}])) == expected


NAMES_THAT_A_NAMEDTUPLE_REFUSES = {
    "a keyword": lambda q: q.annotate(**{"class": F("kind")}).values_list("pk", "class", named=True),
    "an underscore": lambda q: q.annotate(_x=F("kind")).values_list("pk", "_x", named=True),
    "a backslash": lambda q: q.annotate(**{"a\\b": F("kind")}).values_list("pk", "a\\b", named=True),
}


@pytest.mark.parametrize("shape", cases(NAMES_THAT_A_NAMEDTUPLE_REFUSES))
def test_names_that_a_namedtuple_refuses(shape, database):
    ended = assert_like_django(lambda: shape(Event.objects.using(database).order_by("pk")), database)
    assert type(ended.error) is ValueError


EVALUATED = {
    "model": lambda db: Scalars.objects.using(db).order_by("pk"),
    "custom fields": lambda db: Customs.objects.using(db).order_by("pk"),
    "inheritance": lambda db: Place.objects.using(db),
    "annotated": lambda db: Town.objects.using(db).order_by("pk").annotate(n=Count("streets"), x=F("name")),
    "extra()": lambda db: Event.objects.using(db).order_by("pk").extra(select={"x": "number + 1"}),
    "values()": lambda db: Event.objects.using(db).order_by("pk").values("at", "data"),
    "values_list()": lambda db: Event.objects.using(db).order_by("pk").values_list("at", "data"),
    "values_list(), named": lambda db: Event.objects.using(db).order_by("pk").values_list("at", "data", named=True),
    "values_list(), flat": lambda db: Event.objects.using(db).order_by("pk").values_list("key", flat=True),
    "select_related()": lambda db: Town.objects.using(db).order_by("pk").select_related("country"),
    "prefetch_related()": lambda db: Town.objects.using(db).order_by("pk").prefetch_related("streets"),
    "none()": lambda db: Event.objects.using(db).none(),
}


@pytest.mark.parametrize("make", cases(EVALUATED))
def test_evaluated_queryset_is_not_asked_for_again(make, database):
    """No query; the rows are those that it would ask for."""
    queryset, like = make(database), like_values(make(database))
    len(queryset)
    for form in FORMS:
        ended = run(database, lambda form=form: encode({"rows": queryset}, form))
        assert not any(ended.counts.values()), ended.statements
        assert ended.error is None
        assert_rows(ended.value, {"rows": like}, form)


def test_evaluated_instances_are_written_as_they_are_now(database):
    queryset = Town.objects.using(database).order_by("pk")
    queryset[0].name  # noqa: B018  a query of its own: leaves the QuerySet unevaluated
    for town in queryset:
        town.name += "!"
    ours = pyforge_web.dumps(queryset)
    assert ours.count(b"!") == len(queryset) > 1


def test_evaluated_rows_are_written_as_they_are_now(database):
    queryset = Town.objects.using(database).order_by("pk").values("name")
    for row in queryset:
        row["added"] = 1
    assert_rows(pyforge_web.dumps(queryset), list(queryset), "compact")


def test_it_is_not_evaluated_by_us(database):
    """Twice the same QuerySet is two queries, as for `list(qs.values())`; nothing is kept in memory."""
    queryset = Event.objects.using(database).order_by("pk")
    twice = run(database, lambda: pyforge_web.dumps([queryset, queryset]))
    assert twice.counts[database] == 2
    assert queryset._result_cache is None


def test_a_raw_queryset_is_its_instances(database, form):
    raw = Event.objects.using(database).raw("SELECT id, kind, 7 AS seven FROM querysets_event ORDER BY id")
    like = [{"id": each.id, "kind": each.kind, "seven": each.seven} for each in raw]
    assert like
    assert_rows(encode({"rows": raw}, form), {"rows": like}, form)
    assert_rows(encode(raw, form, fields=["seven", "kind"]), [{"seven": 7, "kind": r["kind"]} for r in like], form)
    page = Paginator(raw, 2).page(2)
    assert_rows(encode(page, form), like[2:4], form)
    assert_rows(encode(page, form, fields=["seven"]), [{"seven": 7} for _ in like[2:4]], form)


def test_each_database_answers_for_itself(aliases, sqlite, postgresql):
    """`using()` decides; the rows of nulls say where they are from."""
    for alias in (sqlite, postgresql):
        ours = pyforge_web.dumps(Scalars.objects.using(alias).order_by("pk"))
        assert f"nulls of {alias}".encode() in ours


class ToPostgreSQL:
    def db_for_read(self, model, **hints):
        return "postgres"


def test_routers_decide(postgresql):
    with override_settings(DATABASE_ROUTERS=[f"{__name__}.ToPostgreSQL"]):
        ended = run(postgresql, lambda: pyforge_web.dumps(Scalars.objects.order_by("pk")))
    assert b"nulls of postgres" in ended.value
    assert {alias: count for alias, count in ended.counts.items() if count} == {"postgres": 1}


@pytest.mark.parametrize("disabled", [False, True])
def test_server_side_cursors(database, disabled):
    connection = connections[database]
    before = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS", False)
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = disabled
    try:
        assert_like_django(lambda: Scalars.objects.using(database).order_by("pk"), database)
    finally:
        connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = before


def test_uncommitted_rows_are_seen_and_gone(database):
    queryset = Town.objects.using(database).filter(name="new").values("name")
    with transaction.atomic(using=database):
        Town.objects.using(database).create(name="new", country_id="FR")
        assert pyforge_web.dumps(queryset) == b'[{"name":"new"}]'
        transaction.set_rollback(True, using=database)
    assert pyforge_web.dumps(queryset) == b"[]"


def test_in_an_event_loop_it_is_djangos_error(database):
    async def view():
        return pyforge_web.dumps(Event.objects.using(database).values("pk"))

    with pytest.raises(SynchronousOnlyOperation):
        asyncio.run(view())


@pytest.mark.django_db(databases="__all__", transaction=True)
class TestOutsideATransaction:
    def test_select_for_update(self, aliases, database):
        """PostgreSQL wants a transaction for it, and Django says so."""
        make = lambda: Event.objects.using(database).select_for_update().order_by("pk")  # noqa: E731
        ended = assert_like_django(make, database, savepoint=False)
        postgresql = connections[database].vendor == "postgresql"
        assert isinstance(ended.error, transaction.TransactionManagementError) is postgresql
        with transaction.atomic(using=database):
            assert_like_django(make, database, savepoint=False)

    def test_in_autocommit(self, database):
        assert_like_django(lambda: Scalars.objects.using(database).order_by("pk"), database, savepoint=False)
