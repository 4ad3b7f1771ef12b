"""A prefetched QuerySet in memory gives what iterating it gives: its class may give other rows than its cache has."""

import json

import pytest
from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from pyforge_web import Attribute, Flat, Keys, PyForgeStreamingResponse, dumps, rows
from tests.output.models import Person, Ticket

pytestmark = pytest.mark.django_db(databases="__all__")


class LeavesOne(QuerySet):
    """Each look at its rows leaves out the first of those that the last look has left."""

    def __iter__(self):
        self._fetch_all()
        self._result_cache = self._result_cache[1:]
        return iter(self._result_cache)


class Rotates(QuerySet):
    """Each look at its rows begins with another one."""

    def __iter__(self):
        self._fetch_all()
        self._result_cache = [*self._result_cache[1:], *self._result_cache[:1]]
        return iter(self._result_cache)


class Hides(QuerySet):
    def _fetch_all(self):
        super()._fetch_all()
        self._result_cache = [each for each in self._result_cache if each.name != "Ben"]


class ListOnce(list):
    """A list of a project's own: only the first look at it has all."""

    def __iter__(self):
        found, self[:] = list(super().__iter__()), list(super().__iter__())[1:]
        return iter(found)


FIELDS = {
    "objects": ([{"watchers": ["name"]}], lambda t: {"watchers": [{"name": p.name} for p in t.watchers.all()]}),
    "keys": ([{"x": Keys("watchers")}], lambda t: {"x": [p.pk for p in t.watchers.all()]}),
    "keys by the name": (["watchers"], lambda t: {"watchers": [p.pk for p in t.watchers.all()]}),
    "a flat list": ([{"x": Flat("watchers", "name")}], lambda t: {"x": [p.name for p in t.watchers.all()]}),
    "a method": (
        [{"x": Attribute("watcher_names", reads=["title", "watchers__name"])}],
        lambda t: {"x": t.watcher_names()},
    ),
}
WAYS = {
    "queryset": lambda tickets, fields: dumps(tickets, fields=fields),
    "evaluated": lambda tickets, fields: dumps((len(tickets), tickets)[1], fields=fields),
    "list": lambda tickets, fields: dumps(list(tickets), fields=fields),
    "list, fetched": lambda tickets, fields: dumps(list(tickets), fields=fields, fetch=True),
    "rows()": lambda tickets, fields: dumps(rows(tickets, fields)),
    "stream": lambda tickets, fields: b"".join(PyForgeStreamingResponse(tickets, "array", fields=fields)),
}


@pytest.mark.parametrize("kind", [QuerySet, LeavesOne, Rotates, Hides])
@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("way", WAYS)
def test_the_rows_of_a_relation_are_what_iterating_gives(alias, kind, name, way):
    fields, read = FIELDS[name]

    def tickets():
        people = kind(Person).using(alias).order_by("pk")
        return Ticket.objects.using(alias).prefetch_related(Prefetch("watchers", people)).order_by("pk")

    expected = [read(each) for each in tickets()]
    assert json.loads(WAYS[way](tickets(), fields)) == expected


@pytest.mark.parametrize("kind", [QuerySet, LeavesOne, Rotates, Hides])
@pytest.mark.parametrize("way", WAYS)
def test_a_to_attr_is_a_list_of_what_was_iterated_once(alias, kind, way):
    def tickets():
        people = kind(Person).using(alias).order_by("pk")
        return Ticket.objects.using(alias).prefetch_related(Prefetch("watchers", people, to_attr="seen")).order_by("pk")

    expected = [{"seen": [{"name": each.name} for each in ticket.seen]} for ticket in tickets()]
    assert json.loads(WAYS[way](tickets(), [{"seen": ["name"]}])) == expected


@pytest.mark.parametrize("way", ["queryset", "stream"])
def test_rows_of_a_manager_are_what_iterating_gives(alias, way, monkeypatch):
    monkeypatch.setattr(Person._default_manager, "_queryset_class", LeavesOne)
    tickets = Ticket.objects.using(alias).prefetch_related("watchers").order_by("pk")
    expected = [{"watchers": [{"name": each.name} for each in ticket.watchers.all()]} for ticket in tickets.all()]
    assert json.loads(WAYS[way](tickets.all(), [{"watchers": ["name"]}])) == expected


def test_relations_behind_relations(alias):
    def people():
        tickets = Ticket.objects.using(alias).prefetch_related(
            Prefetch("watchers", Rotates(Person).using(alias).order_by("pk"))
        )
        return Person.objects.using(alias).prefetch_related(Prefetch("tickets", tickets)).order_by("pk")

    def read(person):
        return [{"watchers": [each.name for each in ticket.watchers.all()]} for ticket in person.tickets.all()]

    expected = [{"name": person.name, "tickets": read(person)} for person in people()]
    fields = ["name", {"tickets": [{"watchers": Flat("watchers", "name")}]}]
    for way in WAYS.values():
        assert json.loads(way(people(), fields)) == expected


def test_a_list_of_a_class_of_its_own_is_read_once(alias):
    tickets = list(Ticket.objects.using(alias).order_by("pk"))
    prefetch_related_objects(tickets, "watchers")
    for ticket in tickets:
        ticket.seen = ListOnce(ticket.watchers.all())
    expected = [{"seen": [{"name": each.name} for each in ticket.watchers.all()]} for ticket in tickets]
    assert json.loads(dumps(tickets, fields=[{"seen": ["name"]}])) == expected
