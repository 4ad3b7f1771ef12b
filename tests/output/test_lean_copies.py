"""Instances that code of the project makes: an attribute is read of copies, for which that code does not run again."""

import json

import pytest
from django.core.files.storage import FileSystemStorage
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_init

from pyforge_web import Attribute, Display, FileUrl, dumps
from tests.output.models import Exhibit, Person, Ticket
from tests.output.ways import WAYS_IN, WAYS_OUT
from tests.relations.models import Author
from tests.relations.unusual import Slot

pytestmark = pytest.mark.django_db(databases="__all__")


def shout(instance):
    """Change columns, and leave something else behind, as code of projects does."""
    for name in ("title", "name", "state"):
        if name in instance.__dict__:
            setattr(instance, name, f"{instance.__dict__[name]}!")
    instance.noise = getattr(instance, "noise", 0) + 1


def change_from_db(monkeypatch, model):
    def from_db(cls, *args, **kwargs):
        instance = model.__bases__[0].from_db.__func__(cls, *args, **kwargs)
        shout(instance)
        return instance

    monkeypatch.setattr(model, "from_db", classmethod(from_db))


def change_init(monkeypatch, model):
    made = model.__init__

    def init(self, *args, **kwargs):
        made(self, *args, **kwargs)
        shout(self)

    monkeypatch.setattr(model, "__init__", init)


def change_by_signal(monkeypatch, model):
    def receive(instance, **kwargs):
        shout(instance)

    post_init.connect(receive, sender=model, weak=False, dispatch_uid=f"shout {model}")


@pytest.fixture(params=[change_from_db, change_init, change_by_signal])
def changed(request, monkeypatch):
    for model in (Ticket, Person):
        request.param(monkeypatch, model)
    monkeypatch.setattr(Ticket, "get_state_display", lambda self: f"own {self.state}")
    monkeypatch.setattr(Ticket, "heard", lambda self: [self.title, self.noise], raising=False)
    yield
    for model in (Ticket, Person):
        post_init.disconnect(sender=model, dispatch_uid=f"shout {model}")


FIELDS = {
    "a property": (Attribute("short", reads=["title"]), lambda ticket: ticket.short),
    "a relation to one": (Attribute("with_owner", reads=["title", "owner__name"]), lambda t: t.with_owner()),
    "a relation to many": (
        Attribute("watcher_names", reads=["title", "watchers__name"]),
        lambda ticket: ticket.watcher_names(),
    ),
    "what was left behind": (Attribute("heard", reads=["title"]), lambda ticket: ticket.heard()),
    "a label": (Display("state"), lambda ticket: ticket.get_state_display()),
}


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("name", FIELDS)
def test_what_the_project_changes_is_changed_once(alias, name):
    field, read = FIELDS[name]

    def tickets():
        return Ticket.objects.using(alias).order_by("pk")

    expected = [{"x": read(each)} for each in tickets()]
    for way_in in WAYS_IN.values():
        for way_out in WAYS_OUT.values():
            assert way_out(way_in(tickets()), fields=[{"x": field}], fetch=True) == expected
    people = Person.objects.using(alias).order_by("pk")
    nested = [{"tickets": [{"x": read(each)} for each in person.tickets.all()]} for person in people]
    assert json.loads(dumps(people.all(), fields=[{"tickets": [{"x": field}]}])) == nested


def test_a_copy_has_the_named_columns_alone(alias):
    tickets = list(Ticket.objects.using(alias))
    with pytest.raises(ValueError, match="reads 'title', which is not among its columns"):
        dumps(tickets, fields=[{"x": Attribute("short", reads=["rank"])}])
    assert tickets[0].short  # the instance itself is as it was


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_key_of_several_columns_is_on_the_instance(filled, monkeypatch, way):
    monkeypatch.setattr(Slot, "both", lambda self: [list(self.pk), self.text], raising=False)
    monkeypatch.setattr(Author, "numbers", lambda self: [list(each.pk) for each in self.slots.all()], raising=False)
    for alias in (filled["sqlite"], filled["postgresql"]):
        slots = Slot.objects.using(alias).order_by("tenant", "number")
        expected = [{"x": each.both()} for each in slots]
        assert expected
        fields = [{"x": Attribute("both", reads=["text"])}]
        assert json.loads(dumps(WAYS_IN[way](slots.all()), fields=fields)) == expected
        authors = Author.objects.using(alias).order_by("pk")
        expected = [{"x": sorted(each.numbers())} for each in authors]
        written = json.loads(
            dumps(WAYS_IN[way](authors.all()), fields=[{"x": Attribute("numbers", reads=["slots__text"])}], fetch=True)
        )
        assert [{"x": sorted(row["x"])} for row in written] == expected


class ElsewhereFile(FieldFile):
    """Its storage is chosen for each file."""

    def __init__(self, instance, field, name):
        super().__init__(instance, field, name)
        self.storage = FileSystemStorage(base_url=f"/of/{instance.pk}/")


class AbsentFile(FieldFile):
    def __bool__(self):
        return False


@pytest.mark.parametrize("kind", [ElsewhereFile, AbsentFile])
def test_a_class_of_files_decides_what_a_file_is(monkeypatch, kind):
    monkeypatch.setattr(Exhibit._meta.get_field("usual"), "attr_class", kind)
    exhibit = Exhibit(pk=7, usual="a b.txt", before=Exhibit(pk=8, usual="c.txt"))
    expected = {"x": exhibit.usual.url if exhibit.usual else None}
    expected["y"] = exhibit.before.usual.url if exhibit.before.usual else None
    fields = [{"x": FileUrl("usual"), "y": FileUrl("before__usual")}]
    assert json.loads(dumps(exhibit, fields=fields)) == expected
    assert json.loads(dumps([exhibit], fields=fields)) == [expected]
