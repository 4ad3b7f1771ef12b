"""Code that runs for each new instance: where it may change a column, the rows are read from instances."""

import json
from functools import partial

import pytest
from django.db.models import Model
from django.db.models.signals import post_init

import pyforge_web
from pyforge_web.querysets.django_path import why_instances
from tests.relations.models import Author

pytestmark = pytest.mark.django_db(databases="__all__")


def shout(instance):
    instance.name = instance.name.upper()


def note_only(sender, instance, **kwargs):
    instance.loaded_name = instance.name


def change(sender, instance, **kwargs):
    instance.name = "changed"


def change_by_helper(sender, instance, **kwargs):
    shout(instance)


def change_by_setattr(sender, instance, **kwargs):
    setattr(instance, "name", "changed")  # noqa: B010


def change_by_dict(sender, instance, **kwargs):
    instance.__dict__["name"] = "changed"


class Receiver:
    def __call__(self, sender, instance, **kwargs):
        instance.name = "changed"


HARMFUL = {
    "a column": change,
    "a helper": change_by_helper,
    "setattr": change_by_setattr,
    "its dict": change_by_dict,
    "a lambda": lambda sender, instance, **kwargs: shout(instance),
    "partial": partial(change),
    "an object": Receiver(),
}


def compare(sqlite):
    queryset = Author.objects.using(sqlite).order_by("pk")
    ours = json.loads(pyforge_web.dumps(queryset, fields=["id", "name"]))
    assert ours == [{"id": each.pk, "name": each.name} for each in queryset.all()]


@pytest.mark.parametrize("name", HARMFUL)
def test_a_receiver_that_changes_a_column_is_seen(name, sqlite):
    post_init.connect(HARMFUL[name], sender=Author, weak=False, dispatch_uid="harm")
    try:
        assert why_instances(Author)
        compare(sqlite)
    finally:
        post_init.disconnect(sender=Author, dispatch_uid="harm")


def test_a_receiver_that_notes_a_value_is_harmless(sqlite):
    post_init.connect(note_only, sender=Author, weak=False, dispatch_uid="harm")
    try:
        assert why_instances(Author) is None
        compare(sqlite)
    finally:
        post_init.disconnect(sender=Author, dispatch_uid="harm")


def init_that_calls_a_method(self, *args, **kwargs):
    super(Author, self).__init__(*args, **kwargs)
    self.normalize()


def test_an_init_that_calls_a_method_is_seen(monkeypatch, sqlite):
    monkeypatch.setattr(Author, "__init__", init_that_calls_a_method)
    monkeypatch.setattr(Author, "normalize", shout, raising=False)
    assert "__init__" in why_instances(Author) or "init_that_calls" in why_instances(Author)
    compare(sqlite)


def test_a_from_db_of_its_own_is_seen(monkeypatch, sqlite):
    def from_db(cls, *args, **kwargs):
        instance = Model.from_db.__func__(cls, *args, **kwargs)
        instance.name = "changed"
        return instance

    monkeypatch.setattr(Author, "from_db", classmethod(from_db))
    assert "from_db" in why_instances(Author)
    compare(sqlite)
