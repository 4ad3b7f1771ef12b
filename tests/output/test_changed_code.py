"""Code that decides about rows and values is changed while the process runs: what is written follows at once."""

import json

import pytest
from django.core.paginator import Page, Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, FilteredRelation, Model, QuerySet, Value
from django.db.models.base import ModelBase
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    RawQuerySet,
    ValuesIterable,
    ValuesListIterable,
)
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init

import pyforge_web
from pyforge_web import Computed, PyForgeStreamingResponse, rows
from tests.output.models import Person, Region, Ticket, Visit

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def alias(db):
    """SQLite alone: what is changed stands above all databases. Rows that tests share are taken away."""
    using = "default"
    for model in (Ticket, Person):
        model.objects.using(using).all().delete()
    people = [Person.objects.using(using).create(name=name) for name in ("ann", "bob")]
    tickets = [
        Ticket.objects.using(using).create(
            title=f"t{number}", rank=number, owner=people[number] if number < 2 else None
        )
        for number in range(3)
    ]
    tickets[0].watchers.add(*people)
    return using


def bare(instance):
    """Each column as its attribute; a file by its name."""
    values = {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}
    return {name: getattr(value, "name", value) for name, value in values.items()}


def as_json(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def stream(data, fields=None):
    return json.loads(b"".join(PyForgeStreamingResponse(data, "array", fields=fields)))


def assert_like_instances(alias):
    """Tickets in each way in and each way out, beside the attributes of their instances."""

    def tickets():
        return Ticket.objects.using(alias).order_by("pk")

    def check(make, fields, expected):
        for data in (make(), list(make()), Paginator(make(), 9).page(1), tuple(make())):
            assert json.loads(pyforge_web.dumps(data, fields=fields)) == expected
        assert stream(make(), fields) == stream(list(make()), fields) == expected
        assert json.loads(pyforge_web.dumps({"x": rows(make(), fields)})) == {"x": expected}

    check(tickets, None, as_json([bare(each) for each in tickets()]))
    check(tickets, ["id", "title"], as_json([{"id": each.id, "title": each.title} for each in tickets()]))
    last = as_json(bare(list(tickets())[-1]))
    assert json.loads(pyforge_web.dumps(list(tickets())[-1])) == last
    assert json.loads(pyforge_web.dumps([{"x": list(tickets())[-1]}])) == [{"x": last}]
    joined = tickets().select_related("owner")
    expected = as_json([{"owner__name": each.owner and each.owner.name} for each in joined])
    check(joined.all, ["owner__name"], expected)
    for named in ({"owner__name": F("owner__name")}, {"owner": ["name"]}):
        written = json.loads(pyforge_web.dumps(tickets(), fields=[named]))
        assert [row.get("owner__name", (row.get("owner") or {}).get("name")) for row in written] == [
            row["owner__name"] for row in expected
        ]
    loaded = tickets().prefetch_related("watchers")
    check(
        loaded.all,
        [{"watchers": ["name"]}],
        [{"watchers": [{"name": each.name} for each in ticket.watchers.all()]} for ticket in loaded],
    )
    for values in (
        tickets().values("title"),
        tickets().values_list("id", "title"),
        tickets().values_list("title", flat=True),
    ):
        expected = as_json(list(values.all()))
        assert json.loads(pyforge_web.dumps(values.all())) == stream(values.all()) == expected


def shouted(instance):
    for name in ("title", "name"):
        if name in instance.__dict__:
            instance.__dict__[name] += "!"
    return instance


def hide_second(fetched):
    def fetch_all(self):
        fetched(self)
        self._result_cache = [row for row in self._result_cache if getattr(row, "title", "") != "t1"]

    return fetch_all


def leave_first(iterate):
    return lambda self: iter(list(iterate(self))[1:])


def init_and_shout(initialize):
    def init(self, *args, **kwargs):
        initialize(self, *args, **kwargs)
        shouted(self)

    return init


def load_and_shout(load):
    return classmethod(lambda cls, *args, **kwargs: shouted(load.__func__(cls, *args, **kwargs)))


class Upper(DeferredAttribute):
    """A descriptor of the project's."""

    def __get__(self, instance, owner=None):
        value = super().__get__(instance, owner)
        return value if instance is None else value.upper()

    def __set__(self, instance, value):
        instance.__dict__[self.field.attname] = value


def read_upper(self, name):
    value = object.__getattribute__(self, name)
    return value.upper() if name in ("title", "name") else value


CHANGES = {
    "QuerySet._fetch_all": lambda change: change(QuerySet, "_fetch_all", hide_second(QuerySet._fetch_all)),
    "QuerySet.__iter__": lambda change: change(QuerySet, "__iter__", leave_first(QuerySet.__iter__)),
    "ModelIterable": lambda change: change(ModelIterable, "__iter__", leave_first(ModelIterable.__iter__)),
    "ValuesIterable": lambda change: change(ValuesIterable, "__iter__", leave_first(ValuesIterable.__iter__)),
    "ValuesListIterable": lambda change: change(
        ValuesListIterable, "__iter__", leave_first(ValuesListIterable.__iter__)
    ),
    "FlatValuesListIterable": lambda change: change(
        FlatValuesListIterable, "__iter__", leave_first(FlatValuesListIterable.__iter__)
    ),
    "Model.__init__": lambda change: change(Model, "__init__", init_and_shout(Model.__init__)),
    "Model.from_db": lambda change: change(Model, "from_db", load_and_shout(Model.from_db)),
    "from_db of the model": lambda change: change(Ticket, "from_db", load_and_shout(Ticket.from_db)),
    "from_db of the owner": lambda change: change(Person, "from_db", load_and_shout(Person.from_db)),
    "__init__ of the owner": lambda change: change(Person, "__init__", init_and_shout(Person.__init__)),
    "the class of the class": lambda change: change(
        ModelBase, "__call__", lambda cls, *args, **kwargs: shouted(type.__call__(cls, *args, **kwargs)), raising=False
    ),
    "__getattribute__": lambda change: change(Ticket, "__getattribute__", read_upper),
    "__getattribute__ of the owner": lambda change: change(Person, "__getattribute__", read_upper),
    "a descriptor": lambda change: change(Ticket, "title", Upper(Ticket._meta.get_field("title"))),
    "a descriptor of the owner": lambda change: change(Person, "name", Upper(Person._meta.get_field("name"))),
    "from_db_value": lambda change: change(
        Ticket._meta.get_field("title"), "from_db_value", lambda value, *_: value and value.upper(), raising=False
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_written_follows(alias, name, monkeypatch):
    assert_like_instances(alias)
    plain = as_json([bare(each) for each in Ticket.objects.using(alias).order_by("pk")])
    with monkeypatch.context() as patched:
        CHANGES[name](patched.setattr)
        assert_like_instances(alias)
    assert_like_instances(alias)
    assert plain == as_json([bare(each) for each in Ticket.objects.using(alias).order_by("pk")])


def test_a_receiver_of_the_owner_that_is_connected_later(alias):
    assert_like_instances(alias)

    def receive(sender, instance, **kwargs):
        shouted(instance)

    post_init.connect(receive, sender=Person)
    try:
        assert_like_instances(alias)
    finally:
        post_init.disconnect(receive, sender=Person)
    assert_like_instances(alias)


def read_loud(self):
    return self.__dict__["_loud"]


def set_loud(self, value):
    self.__dict__["_loud"] = f"<{value}>"


def test_an_annotation_that_a_property_takes_is_that_of_the_instance(alias, monkeypatch):
    monkeypatch.setattr(Ticket, "loud", property(read_loud, set_loud), raising=False)
    for queryset in (
        Ticket.objects.using(alias).annotate(loud=Value("v")).order_by("pk"),
        Ticket.objects.using(alias).extra(select={"loud": "title"}).order_by("pk"),
    ):
        expected = [{"id": each.pk, "loud": each.loud} for each in queryset.all()]
        assert all(row["loud"].startswith("<") for row in expected)
        for make in (queryset.all, lambda made=queryset: (len(made), made)[1], lambda made=queryset: rows(made)):
            written = json.loads(pyforge_web.dumps(make()))
            assert [{"id": row["id"], "loud": row["loud"]} for row in written] == expected
        assert json.loads(pyforge_web.dumps(queryset.all(), fields=["id", "loud"])) == expected
        assert stream(queryset.all(), ["id", "loud"]) == expected
        renamed = json.loads(pyforge_web.dumps(queryset.all(), fields=["id", {"x": F("loud")}]))
        assert [row["x"] for row in renamed] == [row["loud"] for row in expected]


def test_an_annotation_that_no_instance_takes_is_djangos_error(alias):
    queryset = Ticket.objects.using(alias).annotate(short=Value("v"))
    with pytest.raises(AttributeError):
        list(queryset.all())
    for fields in (None, ["id", "short"], ["id"]):
        with pytest.raises(AttributeError):
            pyforge_web.dumps(queryset.all(), fields=fields)


@pytest.mark.parametrize("fields", [None, ["name"], ["name", {"region": ["name"]}]])
def test_a_join_without_a_constraint_loses_the_rows_that_django_loses(alias, fields):
    Region.objects.using(alias).create(code=1, name="one")
    for code in (1, 2):
        Visit.objects.using(alias).create(name=f"to {code}", region_code=code)
    joined = Visit.objects.using(alias).select_related("region").order_by("pk")
    expected = [each.name for each in joined]
    assert expected == ["to 1"]
    assert [row["name"] for row in json.loads(pyforge_web.dumps(joined.all(), fields=fields))] == expected
    assert [row["name"] for row in stream(joined.all(), fields)] == expected


@pytest.mark.parametrize("fields", [["id", "name"], "*", ["name", {"tickets": ["title"]}]])
def test_a_join_of_a_relation_to_many_gives_rows_as_often_as_django(alias, fields):
    owner = Person.objects.using(alias).create(name="twice")
    for title in ("one", "two"):
        Ticket.objects.using(alias).create(title=title, owner=owner)
    joined = Person.objects.using(alias).annotate(joined=FilteredRelation("tickets")).select_related("joined")
    joined = joined.order_by("pk")
    expected = [each.name for each in joined]
    assert expected.count("twice") == 2
    assert [row["name"] for row in json.loads(pyforge_web.dumps(joined.all(), fields=fields))] == expected
    assert [row["name"] for row in stream(joined.all(), fields)] == expected
    regions = Region.objects.using(alias).annotate(joined=FilteredRelation("visits")).select_related("joined")
    for code in (1, 2):
        Region.objects.using(alias).create(code=code, name="one")
        Visit.objects.using(alias).create(name="to one", region_code=1)
    expected = [each.code for each in regions.order_by("pk")]
    assert [row["code"] for row in json.loads(pyforge_web.dumps(regions.order_by("pk")))] == expected == [1, 1, 2]


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        (["owner__name", "id"], lambda ticket: {"owner__name": ticket.owner.name, "id": ticket.pk}),
        (["id", {"owner": ["name"]}], lambda ticket: {"id": ticket.pk, "owner": {"name": ticket.owner.name}}),
        ([{"x": F("owner__name")}], lambda ticket: {"x": ticket.owner.name}),
        ([{"x": Computed(str.upper, "owner__name")}], lambda ticket: {"x": ticket.owner.name.upper()}),
    ],
)
def test_rows_of_a_related_manager_have_the_instance_in_memory(alias, fields, read):
    owner = Person.objects.using(alias).get(name="ann")
    owner.name = "changed in memory"
    expected = [read(ticket) for ticket in owner.tickets.all()]
    assert "memory" in str(expected).lower()
    assert json.loads(pyforge_web.dumps(owner.tickets.all(), fields=fields)) == expected
    assert stream(owner.tickets.all(), fields) == expected


class ShortPage(Page):
    def __iter__(self):
        return iter(list(self.object_list)[:-1])


class SlicedPage(Page):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return super().__getitem__(slice(None))[:1][index]


@pytest.mark.parametrize("kind", [Page, ShortPage, SlicedPage])
@pytest.mark.parametrize("way", ["models", "annotated", "values", "flat", "list"])
def test_a_page_of_its_own_class_is_what_iterating_gives(alias, kind, way):
    class OwnPaginator(Paginator):
        def _get_page(self, *args, **kwargs):
            return kind(*args, **kwargs)

    tickets = Ticket.objects.using(alias).order_by("pk")

    def make():
        found = {
            "models": lambda: tickets.all(),
            "annotated": lambda: tickets.annotate(n=Value(1)),
            "values": lambda: tickets.values("id", "title"),
            "flat": lambda: tickets.values_list("title", flat=True),
            "list": lambda: list(tickets),
        }[way]()
        return OwnPaginator(found, 9).page(1)

    if way in ("values", "flat"):
        assert json.loads(pyforge_web.dumps(make())) == stream(make()) == as_json(list(make()))
        return
    names = ["id", "title", "n"] if way == "annotated" else ["id", "title"]
    expected = [{name: getattr(each, name) for name in names} for each in make()]
    for data in (make(), rows(make(), names)):
        written = json.loads(pyforge_web.dumps(data))
        assert [{name: row[name] for name in names} for row in written] == expected
    assert stream(make(), names) == json.loads(pyforge_web.dumps(make(), fields=names)) == expected


class ShortRaw(RawQuerySet):
    def _fetch_all(self):
        super()._fetch_all()
        self._result_cache = self._result_cache[:1]


class IteratedRaw(RawQuerySet):
    def __iter__(self):
        return iter(list(super().__iter__())[1:])


@pytest.mark.parametrize("kind", [RawQuerySet, ShortRaw, IteratedRaw])
@pytest.mark.parametrize("is_evaluated", [False, True])
@pytest.mark.parametrize("chunk_size", [1, 2, 100])
def test_raw_rows_of_a_stream_are_what_iterating_gives(alias, kind, is_evaluated, chunk_size):
    sql = f"SELECT *, 7 AS seven FROM {Ticket._meta.db_table} ORDER BY id"

    def make():
        raw = kind(sql, model=Ticket, using=alias).prefetch_related("watchers")
        for each in raw if is_evaluated else ():
            each.title += " changed"
        return raw

    def send(data, fields):
        response = PyForgeStreamingResponse(data, "array", fields=fields, chunk_size=chunk_size)
        return json.loads(b"".join(response))

    fields = ["title", "seven", {"watchers": ["name"]}]
    expected = [
        {"title": each.title, "seven": each.seven, "watchers": [{"name": one.name} for one in each.watchers.all()]}
        for each in make()
    ]
    assert len(expected) > 0
    assert send(make(), fields) == json.loads(pyforge_web.dumps(make(), fields=fields)) == expected
    assert send(make(), None) == as_json([{**bare(each), "seven": 7} for each in make()])
