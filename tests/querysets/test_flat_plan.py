"""The attributes that a flat plan gives to a query are those that `values()` gives to it."""

import json

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models import Manager, Q

import pyforge_web
from pyforge_web._native import AttributeWatch
from pyforge_web.querysets.relations.flat_plan import find_column_selection
from pyforge_web.querysets.statement import fetch_chunks
from tests.querysets.models import Place, Restaurant

MODELS = [
    model
    for model in apps.get_models()
    # A manager of its own may ask for what SQLite cannot do.
    if model._meta.managed and len(model._meta.pk_fields) == 1 and type(model._base_manager) is Manager
]


def own_names(model):
    return tuple(field.attname for field in model._meta.local_concrete_fields if field.column)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_selection_of_a_model_is_that_of_values(model):
    names = own_names(model)[::-1]
    selection = find_column_selection(model, names)
    assert selection is not None
    for queryset in (model._base_manager.all(), model._base_manager.filter(Q(pk=None) | Q(pk__isnull=False))):
        query = queryset.values(*names).query
        ours = queryset.query.chain()
        ours.get_initial_alias()
        vars(ours).update(selection)
        assert str(ours) == str(query)
        for name in selection:
            assert getattr(ours, name) == getattr(query, name), name


def test_selection_with_columns_of_a_parent_is_django_s():
    assert find_column_selection(Restaurant, ("place_ptr_id", "name")) is None
    assert find_column_selection(Place, ("name",)) is not None


def test_plan_of_a_query_after_a_changed_descriptor_is_not_kept(db, monkeypatch):
    Group.objects.create(name="a")

    def dumps_names():
        return json.dumps([{"name": group.name} for group in Group.objects.all()], separators=(",", ":")).encode()

    before = pyforge_web.dumps(Group.objects.all(), fields=["name"])

    class Shouting(type(vars(Group)["name"])):
        def __get__(self, instance, cls=None):
            value = super().__get__(instance, cls)
            return value.upper() if instance is not None else value

        def __set__(self, instance, value):
            instance.__dict__["name"] = value

    monkeypatch.setattr(Group, "name", Shouting(Group._meta.get_field("name")))
    assert pyforge_web.dumps(Group.objects.all(), fields=["name"]) == dumps_names() != before


def test_rows_behind_a_chunk_that_is_not_full_are_not_asked_for():
    for count, asked in ((0, 1), (3, 1), (199, 1), (200, 2), (201, 2), (400, 3)):
        rows, sizes = list(range(count)), []

        def fetchmany(size, rows=rows, sizes=sizes):
            sizes.append(size)
            chunk, rows[:] = rows[:size], rows[size:]
            return chunk

        fetch = fetch_chunks(fetchmany)
        fetched = [row for chunk in iter(fetch, []) for row in chunk]
        assert (fetched, len(sizes)) == (list(range(count)), asked)
        assert fetch() == []


class Watched:
    kind = "class"


def watch(own):
    target = Watched()
    return target, AttributeWatch([(target, ("kind", "absent"), own)])


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("name", ["kind", "absent"])
def test_watch_of_an_object_sees_each_attribute(own, name):
    target, watching = watch(own)
    assert watching.holds()
    setattr(target, name, "changed")
    assert not watching.holds()
    delattr(target, name)
    assert watching.holds()


@pytest.mark.parametrize("name", ["kind", "absent", "other"])
def test_watch_of_a_class_sees_its_bases(name):
    base = type("Base", (), {"kind": "base"})
    made = type("Made", (base,), {})
    watching = AttributeWatch([(made, ("kind", "absent"), False)])
    assert watching.holds()
    setattr(base, name, "changed")
    assert watching.holds() == (name == "other")
    assert watching.holds() == (name == "other")
    if name == "kind":
        base.kind = "again"
        assert not watching.holds()


def test_watch_of_an_object_that_is_gone_holds_no_more():
    target, watching = watch(own=True)
    del target
    assert not watching.holds()
