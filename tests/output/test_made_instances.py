"""Code of the project that sees how instances are made: `Attribute` gives what it gives on Django's instances."""

import json

import pytest
from django.db.models import Model
from django.db.models.signals import post_init, pre_init

import pyforge_web
from pyforge_web import Attribute
from tests.output.models import Person, Ticket
from tests.output.tickets import load

pytestmark = pytest.mark.django_db(databases="__all__")
FIELDS = [
    "id",
    {"short": Attribute("short", reads=["title"])},
    {"swapped": Attribute("short", reads=["state", "title"])},
    {"with_owner": Attribute("with_owner", reads=["title", "owner__name"])},
    {"names": Attribute("watcher_names", reads=["title", "watchers__name"])},
    {"owner": [{"loud": Attribute("__str__", reads=["name"])}]},
]


def note(sender, instance, **kwargs):
    instance.noted = True


def see(sender, **kwargs):
    """A receiver that does nothing."""


def own_init(self, *args, **kwargs):
    super(type(self), self).__init__(*args, **kwargs)
    self.noted = True


def own_from_db(cls, db, field_names, values, **options):
    """Django 6.1 gives `fetch_mode=` besides."""
    instance = Model.from_db.__func__(cls, db, field_names, values, **options)
    if "title" in instance.__dict__:
        instance.title = instance.title.upper()
    return instance


def own_setattr(self, name, value):
    object.__setattr__(self, name, value[::-1] if name in ("title", "name") else value)


class Shouting:
    """A descriptor that gives another value than the row has."""

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__["title"].upper()

    def __set__(self, instance, value):
        instance.__dict__["title"] = value


def own_short(self):
    return [self.title[:3], getattr(self, "noted", None)]


CHANGES = {
    "a receiver that notes": lambda patch, model: post_init.connect(note, sender=model, dispatch_uid="made"),
    "a receiver that sees": lambda patch, model: post_init.connect(see, sender=model, dispatch_uid="made"),
    "a receiver before": lambda patch, model: pre_init.connect(see, sender=model, dispatch_uid="made"),
    "an init": lambda patch, model: patch.setattr(model, "__init__", own_init),
    "from_db": lambda patch, model: patch.setattr(model, "from_db", classmethod(own_from_db)),
    "setattr": lambda patch, model: patch.setattr(model, "__setattr__", own_setattr),
    "a descriptor": lambda patch, model: model is Ticket and patch.setattr(Ticket, "title", Shouting()),
}


@pytest.fixture
def changed(request, monkeypatch, sqlite):
    load(sqlite)
    name, model = request.param
    CHANGES[name](monkeypatch, model)
    if model is Ticket:
        monkeypatch.setattr(Ticket, "short", property(own_short))
    yield sqlite
    for signal in (pre_init, post_init):
        signal.disconnect(sender=model, dispatch_uid="made")


def as_dict(ticket):
    return {
        "id": ticket.pk,
        "short": ticket.short,
        "swapped": ticket.short,
        "with_owner": ticket.with_owner(),
        "names": ticket.watcher_names(),
        "owner": ticket.owner and {"loud": str(ticket.owner)},
    }


@pytest.mark.parametrize(
    "changed", [(name, model) for name in CHANGES for model in (Ticket, Person)], indirect=True, ids=str
)
@pytest.mark.parametrize("is_evaluated", [False, True])
def test_attributes_are_those_of_djangos_instances(changed, is_evaluated):
    queryset = Ticket.objects.using(changed).order_by("pk")
    expected = [as_dict(ticket) for ticket in queryset]
    given = list(queryset.all()) if is_evaluated else queryset.all()
    assert json.loads(pyforge_web.dumps(given, fields=FIELDS, fetch=True)) == json.loads(json.dumps(expected))
