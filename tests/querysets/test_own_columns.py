"""Serializers that were compiled once: what an instance says counts, whoever reads its columns by then."""

import json
from unittest import mock

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.fields.files import FieldFile, FileDescriptor
from django.test.utils import isolate_apps

from pyforge_web import CompiledSerializer, extract_model_fields, serialize_instance
from tests.output.models import Guarded
from tests.output.ways import read_bare, read_fields

READ_FILE = FileDescriptor.__get__


def require_dicts(model, instance):
    """`to_dict`, `dump_instance` and `serialize_instance` give what the attributes are: all of them, and each alone."""
    expected = json.loads(json.dumps(read_bare(instance), cls=DjangoJSONEncoder))
    for names in (None, *([name] for name in expected)):
        row = expected if names is None else read_fields(instance, names)
        compiled = CompiledSerializer.for_model(model, names)
        for _time in range(2):
            assert compiled.to_dict(instance) == json.loads(compiled.dump_instance(instance)) == row
    descriptors = extract_model_fields(model)
    assert serialize_instance(instance, descriptors) == {
        each["attname"]: expected[each["attname"]] for each in descriptors
    }


class Renamed(FieldFile):
    name = property(
        lambda file: file.__dict__["given"] and f"cdn/{file.__dict__['given']}",
        lambda file, name: file.__dict__.update(given=name),
    )


class RenamedField(models.FileField):
    attr_class = Renamed


class Upper:
    """A descriptor of a column that has the last word."""

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__["title"].upper()

    def __set__(self, instance, value):
        instance.__dict__["title"] = value


class UpperField(models.CharField):
    def contribute_to_class(self, model, name, **options):
        super().contribute_to_class(model, name, **options)
        setattr(model, name, Upper())


def define_models():
    class Sheet(models.Model):
        title = models.CharField(max_length=9, default="a sheet")
        file = models.FileField(default="a.txt")

        class Meta:
            app_label = "querysets"

    class Renaming(Sheet):
        other = RenamedField(default="b.txt")

        class Meta:
            app_label = "querysets"

    class Shouting(models.Model):
        title = UpperField(max_length=9, default="a title")

        class Meta:
            app_label = "querysets"

    class Quoting(Sheet):
        class Meta:
            app_label, proxy = "querysets", True

        def __getattribute__(self, name):
            value = super().__getattribute__(name)
            return f"<{value}>" if name == "title" else value

    return Sheet, Renaming, Shouting, Quoting


@pytest.fixture
def kinds():
    with isolate_apps("tests.querysets"):
        return define_models()


@pytest.mark.parametrize("is_seen", [False, True])
def test_columns_that_other_code_reads(kinds, is_seen):
    sheet, renaming, shouting, quoting = kinds
    cases = [(kind, kind()) for kind in (*kinds, Guarded)]
    # A child has other columns, or other attributes, than the model that the serializer is of.
    cases += [(sheet, renaming()), (sheet, quoting()), (shouting, shouting())]
    for model, instance in cases:
        if is_seen:
            read_bare(instance)
        if type(instance) is model or type(instance) is quoting:
            require_dicts(model, instance)
        compiled = CompiledSerializer.for_model(model)
        assert compiled.to_dict(instance) == json.loads(compiled.dump_instance(instance)) == read_bare(instance)


def test_what_a_tool_or_the_project_changes_later(kinds, monkeypatch):
    sheet = kinds[0]
    require_dicts(sheet, sheet())
    loud = mock.patch.object(FileDescriptor, "__get__", lambda *args: (found := READ_FILE(*args)) and f"{found}!")
    with loud:
        require_dicts(sheet, sheet())
    require_dicts(sheet, sheet())
    kept = sheet.title
    sheet.title = property(lambda instance: "of a property", lambda instance, value: vars(instance).update(title=value))
    require_dicts(sheet, sheet())
    sheet.title = kept
    compiled, before = CompiledSerializer.for_model(sheet), CompiledSerializer.for_model(sheet, ["title"])
    models.IntegerField(default=3).contribute_to_class(sheet, "pages")
    require_dicts(sheet, sheet())
    assert compiled.to_dict(sheet()) == read_bare(sheet())
    assert before.to_dict(sheet()) == {"title": "a sheet"}
    monkeypatch.setattr(sheet._meta.get_field("file"), "attr_class", Renamed)
    require_dicts(sheet, sheet())


def test_a_column_that_is_not_loaded(kinds):
    instance = kinds[0]()
    del instance.__dict__["title"]
    compiled = CompiledSerializer.for_model(kinds[0], ["title", "file"])
    for call in (compiled.dump_instance, compiled.to_dict):
        with pytest.raises(ValueError, match="title is not loaded"):
            call(instance)
