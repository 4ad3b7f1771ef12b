"""How a model's classes make its instances: what may change a column is seen, on each way and behind relations."""

import json
from copy import copy

import pytest
from django.db import models
from django.db.models import Prefetch
from django.test.utils import isolate_apps
from ninja import Schema
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import CharField, ModelSerializer

import pyforge_web
from pyforge_web import Attribute, PyForgeStreamingResponse
from pyforge_web.ninja import PyForgeRenderer
from pyforge_web.querysets.django_path import why_instances
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer
from tests.ninja.test_ninja import get
from tests.relations.models import Article, Author, Country

pytestmark = pytest.mark.django_db(databases="__all__")


class Shouting(models.Model):
    class Meta:
        abstract = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.name = self.name.upper()


class Noting:
    """Harmless by itself; what it calls may not be."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loaded_name = self.name


class Behind:
    """Stands behind `Model` in the bases: Django's `__init__` calls this one, when the columns are set."""

    def __init__(self):
        super().__init__()
        self.name = self.name.upper()


class ReadingProperty:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loaded_name = self.shown

    @property
    def shown(self):
        self.name = f"{self.name} as shown"
        return self.name


class CallingMethod:
    """Its method has the name of one of dicts, which changes nothing."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loaded_name = self.copy()

    def copy(self):
        self.name = f"{self.name} copied"
        return self.name


class PassingMethod:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loaded_names = list(map(self.shout, [1]))

    def shout(self, times):
        self.name = self.name.upper()


class AskingGetattr:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loaded_name = self.missing

    def __getattr__(self, name):
        if name != "missing":
            raise AttributeError(name)
        self.name = f"{self.name} missed"
        return self.name


class OtherArguments:
    def __init__(self, *args, **kwargs):
        super().__init__(*args[:1], "other", *args[2:], **kwargs)


class SettingAttributes:
    def __setattr__(self, name, value):
        super().__setattr__(name, value.upper() if name == "name" else value)


class ChangingClass:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.__class__ = self.another


def sorted(instance):  # noqa: A001
    """Hides Python's own, which is known to change nothing."""
    instance.name = instance.name.upper()


class HidingBuiltin:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        sorted(self)


class Plain:
    pass


class NotingTwice(Noting):
    """Two classes of the project, which change nothing: they copy a column, and the rows stay native."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.first, self.kind, self.key = copy(self.name), self.__class__, self.pk


CHANGING = {
    "a base of a harmless class": (Noting, Shouting),
    "behind Model": (models.Model, Behind),
    "behind Model, of a harmless class": (Noting, models.Model, Behind),
    "a property": (ReadingProperty, models.Model),
    "a method called as one of dicts": (CallingMethod, models.Model),
    "a method that is passed": (PassingMethod, models.Model),
    "__getattr__": (AskingGetattr, models.Model),
    "other arguments": (OtherArguments, models.Model),
    "__setattr__": (SettingAttributes, models.Model),
    "another class": (ChangingClass, models.Model),
    "a hidden builtin": (HidingBuiltin, models.Model),
}
HARMLESS = {"plain": (Plain, models.Model), "noting": (NotingTwice, models.Model)}


class NameOut(Schema):
    name: str


class PieceOut(Schema):
    writer: NameOut


class LandOut(Schema):
    writers: list[NameOut]


def define_models(bases):
    """A writer that is made in the way of these bases, its country and its texts, over the tables of the tests."""

    class Land(models.Model):
        code = models.CharField(max_length=2, primary_key=True)

        class Meta:
            app_label, managed, db_table = "relations", False, Country._meta.db_table

    class Writer(*bases):
        id = models.AutoField(primary_key=True)
        name = models.CharField(max_length=40)
        country = models.ForeignKey(Land, models.SET_NULL, null=True, related_name="writers")

        class Meta:
            app_label, managed, db_table = "relations", False, Author._meta.db_table

    class Another(Writer):
        name = property(lambda self: "another")

        class Meta:
            app_label, proxy = "relations", True

    Writer.another = Another

    class Piece(models.Model):
        title = models.CharField(max_length=80)
        writer = models.ForeignKey(Writer, models.CASCADE, db_column="author_id", related_name="pieces")

        class Meta:
            app_label, managed, db_table = "relations", False, Article._meta.db_table

    return Land, Writer, Piece


def make_serializer(mixins, model, **fields):
    meta = type("Meta", (), {"model": model, "fields": [*fields]})
    declared = {name: field for name, field in fields.items() if field is not None}
    return type("Serializer", (*mixins, ModelSerializer), {"Meta": meta, **declared})


def give_rows(queryset, fields):
    return json.loads(pyforge_web.dumps(queryset.all(), fields=fields))


def stream_rows(queryset, fields):
    return [json.loads(line) for line in b"".join(PyForgeStreamingResponse(queryset.all(), fields=fields)).splitlines()]


def require_rows(queryset, fields, expected):
    for give in (give_rows, stream_rows):
        assert give(queryset, fields) == expected
        assert give(queryset, fields) == expected  # what is remembered


def require_serializer(make, queryset):
    kind = make((CompiledSerializerMixin,))
    expected = JSONRenderer().render(make(())(queryset.all(), many=True).data)
    for _time in range(2):
        assert PyForgeJSONRenderer().render(kind(queryset.all(), many=True).rows) == expected
        assert JSONRenderer().render(kind(queryset.all(), many=True).data) == expected


@pytest.fixture(params=[*CHANGING, *HARMLESS])
def querysets(request, database):
    with isolate_apps("tests.relations"):
        kinds = define_models({**CHANGING, **HARMLESS}[request.param])
    assert (why_instances(kinds[1]) is None) == (request.param in HARMLESS)
    return [kind.objects.using(database).order_by("pk") for kind in kinds]


def test_rows_are_what_the_instances_are(querysets):
    lands, writers, pieces = querysets
    expected = [{"id": each.pk, "name": each.name} for each in writers.all()]
    require_rows(writers, ["id", "name"], expected)
    require_rows(writers, [{"shown": Attribute("name", reads=["name"])}], [{"shown": row["name"]} for row in expected])
    names = [each.writer.name for each in pieces.all()]
    require_rows(pieces, ["writer__name"], [{"writer__name": name} for name in names])
    require_rows(pieces, [{"writer": ["name"]}], [{"writer": {"name": name}} for name in names])
    many = [{"writers": [{"name": one.name} for one in each.writers.order_by("pk")]} for each in lands.all()]
    require_rows(lands.prefetch_related(Prefetch("writers", writers.all())), [{"writers": ["name"]}], many)


def test_serializers_and_schemas_say_what_theirs_say(querysets):
    lands, writers, pieces = querysets

    def make_writer(mixins, **options):
        return make_serializer(mixins, writers.model, pk=None, name=None)(**options)

    require_serializer(lambda mixins: type(make_writer(mixins)), writers)
    for fields in (
        lambda mixins: {"writer": make_writer(mixins)},
        lambda mixins: {"name": CharField(source="writer.name")},
    ):
        require_serializer(lambda mixins: make_serializer(mixins, pieces.model, pk=None, **fields(mixins)), pieces)  # noqa: B023
    loaded = lands.prefetch_related(Prefetch("writers", writers.all()))
    require_serializer(
        lambda mixins: make_serializer(
            mixins, lands.model, code=None, writers=make_writer(mixins, many=True, read_only=True)
        ),
        loaded,
    )
    for schema, queryset in ((NameOut, writers), (PieceOut, pieces), (LandOut, loaded)):
        expected = get(schema, queryset, decorated=False)
        assert expected[0] == 200
        assert get(schema, queryset, decorated=True) == expected
        assert get(schema, queryset, decorated=False, renderer=PyForgeRenderer()) == expected
