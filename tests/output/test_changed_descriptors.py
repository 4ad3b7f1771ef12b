"""What reads the columns and relations of instances: a tool may replace it for all models, a field may have its own."""

import json
import subprocess
import sys
from datetime import timedelta
from unittest import mock

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.fields.files import FieldFile, FileDescriptor
from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ManyToManyDescriptor,
    ReverseManyToOneDescriptor,
    ReverseOneToOneDescriptor,
)
from django.db.models.query_utils import DeferredAttribute
from django.test.utils import isolate_apps

from pyforge_web import FileUrl, dumps
from tests.output.attribute_reader import follow
from tests.output.models import Exhibit, Person, Ticket
from tests.output.ways import WAYS_IN, WAYS_OUT, read_bare, read_fields
from tests.relations.models import Article, Author, Profile, Tag

pytestmark = pytest.mark.django_db(databases="__all__")
WAYS_IN_AND_SEEN = {**WAYS_IN, "list, seen": lambda queryset: [*map(look_at_files, queryset)]}


def look_at_files(instance):
    """Read each column once, which leaves a file in the place of its name."""
    for field in instance._meta.concrete_fields:
        getattr(instance, field.attname)
    return instance


def as_json(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def require_rows(make_queryset, fields, read):
    """Each way in and out writes what the instances say, and again where something is remembered."""
    for name, way_in in WAYS_IN_AND_SEEN.items():
        if fields is None and "list" in name and make_queryset().query.annotation_select:
            continue
        expected = as_json([read(each) for each in make_queryset()])
        for way_out in WAYS_OUT.values():
            for _time in range(2):
                options = {} if fields is None else {"fields": fields, "fetch": True}
                assert way_out(way_in(make_queryset()), **options) == expected


def require_rows_throughout(change, make_queryset, fields, read):
    """The same before a tool changes something, while it does, and when that is undone."""
    require_rows(make_queryset, fields, read)
    with change():
        require_rows(make_queryset, fields, read)
    require_rows(make_queryset, fields, read)


def shout(value):
    return value.upper() if isinstance(value, str) else value


READ_COLUMN, READ_FILE, MAKE_FILE = DeferredAttribute.__get__, FileDescriptor.__get__, FieldFile.__init__


def read_loudly(descriptor, instance, owner=None):
    return descriptor if instance is None else shout(READ_COLUMN(descriptor, instance, owner))


def read_file(descriptor, instance, owner=None):
    found = READ_FILE(descriptor, instance, owner)
    return f"cdn/{found.name}" if instance is not None and found else found


def make_loudly(file, instance, field, name):
    MAKE_FILE(file, instance, field, shout(name))


def name_file(file):
    return file.__dict__["given"] and f"cdn/{file.__dict__['given']}"


def give_name(file, name):
    file.__dict__["given"] = name


COLUMNS = {
    "any column": lambda: mock.patch.object(DeferredAttribute, "__get__", read_loudly),
    "a file": lambda: mock.patch.object(FileDescriptor, "__get__", read_file),
    "the name of a file": lambda: mock.patch.object(FieldFile, "name", property(name_file, give_name), create=True),
    "a file that is made": lambda: mock.patch.object(FieldFile, "__init__", make_loudly),
}
TICKETS = {
    "bare": (None, read_bare),
    "flat": (["title", "cover"], lambda one: read_fields(one, ["title", "cover"])),
    "nested": (["cover", {"owner": ["name"]}], lambda one: read_fields(one, ["cover", {"owner": ["name"]}])),
    "behind": (["owner__name"], lambda one: {"owner__name": one.owner and one.owner.name}),
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("form", TICKETS)
def test_columns_are_what_instances_say_while_a_tool_reads_them(alias, form, name):
    fields, read = TICKETS[form]

    def tickets():
        return Ticket.objects.using(alias).order_by("pk")

    require_rows_throughout(COLUMNS[name], tickets, fields, read)


@pytest.mark.parametrize("name", COLUMNS)
def test_an_instance_of_a_class_that_was_written_before(alias, name):
    ticket = Ticket.objects.using(alias).exclude(cover="").order_by("pk").last()
    shown = json.loads(dumps([{"ticket": ticket}]))
    assert shown == as_json([{"ticket": read_bare(ticket)}])
    with COLUMNS[name]():
        again = Ticket.objects.using(alias).get(pk=ticket.pk)
        assert json.loads(dumps([{"ticket": again}])) == as_json([{"ticket": read_bare(again)}]) != shown
    assert json.loads(dumps([{"ticket": ticket}])) == shown


class OwnName(FieldFile):
    name = property(name_file, give_name)


class MadeLoudly(FieldFile):
    def __init__(self, instance, field, name):
        super().__init__(instance, field, shout(name))


class OwnNameField(models.FileField):
    attr_class = OwnName


class MadeLoudlyField(models.FileField):
    attr_class = MadeLoudly


@pytest.fixture(scope="module")
def shown_model():
    """Files with names of their own, over a table of the tests."""
    with isolate_apps("tests.output"):

        class Shown(models.Model):
            usual = OwnNameField()
            elsewhere = MadeLoudlyField()
            before = models.ForeignKey("self", models.CASCADE, null=True)

            class Meta:
                app_label, managed, db_table = "output", False, Exhibit._meta.db_table

    return Shown


SHOWN = {
    "bare": (None, read_bare),
    "flat": (["usual", "elsewhere"], lambda one: read_fields(one, ["usual", "elsewhere"])),
    "nested": (
        [{"before": ["usual", "elsewhere"]}],
        lambda one: read_fields(one, [{"before": ["usual", "elsewhere"]}]),
    ),
    "behind": (["before__usual"], lambda one: {"before__usual": one.before and one.before.usual.name}),
    "a URL": ([{"x": FileUrl("usual")}], lambda one: {"x": one.usual.url}),
    "a loud URL": ([{"x": FileUrl("elsewhere")}], lambda one: {"x": one.elsewhere.url}),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def shown(request, vendors, db, shown_model):
    using, before = vendors[request.param], None
    for number, name in enumerate(["a.txt", "Ü/b.txt"]):
        other = {"number": 1, "amount": 1, "on": "2026-01-02", "length": timedelta(1), "flag": True}
        before = Exhibit.objects.using(using).create(
            key=f"{number:032}", slug="x", usual=name, elsewhere=name, before=before, **other
        )
    return lambda: shown_model.objects.using(using).order_by("pk")


@pytest.mark.parametrize("form", SHOWN)
def test_files_have_the_names_of_their_class(shown, form):
    require_rows(shown, *SHOWN[form])


HIDDEN = {Author: [3, 7], Profile: [1, 3], Tag: [2, 4], Article: [1, 3]}


def hide(queryset):
    return queryset.exclude(pk__in=HIDDEN.get(queryset.model, []))


def hide_behind(kind, name):
    """Some objects are hidden from a relation of all models."""
    found = getattr(kind, name)
    return mock.patch.object(kind, name, lambda *args, **hints: hide(found(*args, **hints)))


def give_nobody(descriptor, instance, owner=None):
    found = READ_RELATION(descriptor, instance, owner)
    return None if instance is not None and getattr(found, "pk", 1) % 2 else found


READ_RELATION = ForwardManyToOneDescriptor.__get__


def hide_many(kind):
    """The related managers of all models hide rows."""
    found = kind.related_manager_cls

    def find_managers(descriptor):
        manager = found.func(descriptor)
        return type(manager.__name__, (manager,), {"get_queryset": lambda self: hide(manager.get_queryset(self))})

    return mock.patch.object(kind, "related_manager_cls", property(find_managers))


RELATIONS = {
    "forward": lambda: hide_behind(ForwardManyToOneDescriptor, "get_queryset"),
    "forward, read": lambda: mock.patch.object(ForwardManyToOneDescriptor, "__get__", give_nobody),
    "backward": lambda: hide_behind(ReverseOneToOneDescriptor, "get_queryset"),
    "reverse": lambda: hide_many(ReverseManyToOneDescriptor),
    "many to many": lambda: hide_many(ManyToManyDescriptor),
}
FORMS = {
    "forward": (Article, ["editor__name", {"editor": ["name"]}]),
    "backward": (Author, ["id", {"profile": ["about"]}]),
    "reverse": (Author, ["articles", {"edited": ["title"]}]),
    # Tags have an ordering: to a join without one, PostgreSQL may give the rows of another statement in another order.
    "many to many": (Article, ["title", {"tags": ["name"]}]),
    "many to many, keys": (Article, ["tags"]),
}


def read_related(instance, fields):
    row = {}
    for item in fields:
        for name, inner in item.items() if isinstance(item, dict) else [(item, ["pk"])]:
            found = follow(instance, *name.split("__"))
            rows = [read_related(each, inner) for each in found.all()] if hasattr(found, "all") else None
            if rows is None:
                is_model = isinstance(found, models.Model)
                row[name] = read_related(found, inner) if is_model and isinstance(item, dict) else found
                row[name] = row[name].pk if isinstance(row[name], models.Model) else row[name]
            else:
                row[name] = rows if isinstance(item, dict) else [each["pk"] for each in rows]
    return row


@pytest.mark.parametrize("patch", RELATIONS)
@pytest.mark.parametrize("form", FORMS)
def test_relations_are_what_instances_say_while_a_tool_finds_them(database, form, patch):
    model, fields = FORMS[form]

    def rows():
        return model.objects.using(database).order_by("pk")

    def read(instance):
        return read_related(instance, fields)

    shown = [read(each) for each in rows()]
    require_rows_throughout(RELATIONS[patch], rows, fields, read)
    if patch.partition(",")[0] == form:
        with RELATIONS[patch]():
            assert [read(each) for each in rows()] != shown


class Nobody(ForwardManyToOneDescriptor):
    __get__ = give_nobody


class NobodysKey(models.ForeignKey):
    forward_related_accessor_class = Nobody


def test_a_key_with_a_descriptor_of_its_own(alias):
    with isolate_apps("tests.output"):

        class Owned(models.Model):
            title = models.CharField(max_length=40)
            owner = NobodysKey(Person, models.CASCADE, null=True)

            class Meta:
                app_label, managed, db_table = "output", False, Ticket._meta.db_table

    def owned():
        return Owned.objects.using(alias).order_by("pk")

    for fields in ([{"owner": ["name"]}], ["owner__name", "title"]):
        require_rows(owned, fields, lambda one, fields=fields: read_related(one, fields))


BEFORE_IMPORT = """
from django.db.models.fields.files import FieldFile, FileDescriptor
from django.db.models.query_utils import DeferredAttribute
{patch}
from pyforge_web.output.model_names import find_changed_read
print(find_changed_read())
"""
EARLY_PATCHES = {
    "None": "",
    "DeferredAttribute.__get__": "DeferredAttribute.__get__ = lambda self, instance, owner=None: self",
    "FileDescriptor.__get__": "FileDescriptor.__get__ = lambda self, instance, owner=None: self",
    "FieldFile": "FieldFile.name = 'a name'",
}


@pytest.mark.parametrize("name", EARLY_PATCHES)
def test_what_was_replaced_before_the_import(name):
    program = BEFORE_IMPORT.format(patch=EARLY_PATCHES[name])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == name
