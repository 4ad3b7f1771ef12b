"""A `Prefetch` decides what is behind a relation for each output field; annotations are named in memory, too."""

import pytest
from django.db.models import Count, F, Prefetch

from pyforge_web import Attribute, Computed, Display, Flat, Keys
from tests.output.models import Person, Ticket
from tests.output.ways import WAYS_IN, WAYS_OUT

pytestmark = pytest.mark.django_db(databases="__all__")


def assert_like(make, fields, read):
    expected = [read(each) for each in make()]
    for way_in in WAYS_IN.values():
        for way_out in WAYS_OUT.values():
            assert way_out(way_in(make()), fields=fields, fetch=True) == expected
    return expected


def name_of(ticket):
    return ticket.owner and ticket.owner.name


def test_paths_follow_a_prefetch(alias):
    def tickets():
        owners = Person.objects.using(alias).filter(name="Ada")
        return Ticket.objects.using(alias).prefetch_related(Prefetch("owner", owners)).order_by("pk")

    fields = [
        "owner__name",
        {"a": F("owner__name")},
        {"b": Computed(lambda name: [name], "owner__name")},
        {"c": Attribute("with_owner", reads=["title", "owner__name"])},
    ]
    for count in range(1, 5):
        found = assert_like(
            tickets,
            fields[-count:],
            lambda ticket, count=count: dict(
                [
                    ("owner__name", name_of(ticket)),
                    ("a", name_of(ticket)),
                    ("b", [name_of(ticket)]),
                    ("c", ticket.with_owner()),
                ][-count:]
            ),
        )
        assert "Ben" not in str(found)


def test_they_do_behind_a_relation(alias):
    def people():
        owners = Person.objects.using(alias).filter(name="Ada")
        watchers = Person.objects.using(alias).exclude(name="Ada")
        return (
            Person.objects.using(alias)
            .prefetch_related(Prefetch("watched__owner", owners), Prefetch("watched__watchers", watchers))
            .order_by("pk")
        )

    names = Attribute("watcher_names", reads=["title", "watchers__name"])
    found = assert_like(
        people,
        ["id", {"watched": ["title", "owner__name", {"label": Display("state")}, {"x": names}]}],
        lambda person: {
            "id": person.pk,
            "watched": [
                {
                    "title": each.title,
                    "owner__name": name_of(each),
                    "label": each.get_state_display(),
                    "x": each.watcher_names(),
                }
                for each in person.watched.all()
            ],
        },
    )
    assert "Ben" in str(found)
    assert "'owner__name': 'Ben'" not in str(found)


def test_two_fields_of_one_to_attr(alias):
    def tickets():
        people = Person.objects.using(alias).order_by("-pk")
        return Ticket.objects.using(alias).prefetch_related(Prefetch("watchers", people, to_attr="seen")).order_by("pk")

    fields = [{"seen": ["name", {"tickets": ["title"]}]}, {"names": Flat("seen", "name")}, {"keys": Keys("seen")}]
    assert_like(
        tickets,
        fields,
        lambda ticket: {
            "seen": [
                {"name": each.name, "tickets": [{"title": one.title} for one in each.tickets.all()]}
                for each in ticket.seen
            ],
            "names": [each.name for each in ticket.seen],
            "keys": [each.pk for each in ticket.seen],
        },
    )


def test_annotations_are_named_in_memory_too(alias):
    def tickets():
        return Ticket.objects.using(alias).annotate(count=Count("watchers"), who=F("owner__name")).order_by("pk")

    fields = [{"x": Computed(lambda *values: list(values), "count", "who", "title")}]
    assert_like(tickets, fields, lambda ticket: {"x": [ticket.count, ticket.who, ticket.title]})
    assert_like(tickets, [{"x": Attribute("count", reads=["count"])}], lambda ticket: {"x": ticket.count})
