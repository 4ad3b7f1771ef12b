"""A plan is kept for a class of serializers, and ends when anything changes that it was made from."""

import contextlib
from unittest import mock

import pytest
from django.db import models
from rest_framework import fields, relations, serializers

from pyforge_web.rest_framework import CompiledSerializerMixin, reads
from tests.relations import models as m

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]
MIXINS = (CompiledSerializerMixin,)


def make(mixins, model, names, **attributes):
    meta = type("Meta", (), {"model": model, "fields": names, "extra_kwargs": {"name": {}}})
    return type(f"{model.__name__}Serializer", (*mixins, serializers.ModelSerializer), {"Meta": meta, **attributes})


def nested(mixins):
    return make(mixins, m.Article, ["id", "author"], author=make(mixins, m.Author, ["id", "name"])())


def nested_many(mixins):
    return make(mixins, m.Article, ["id", "tags"], tags=make(mixins, m.Tag, ["id", "name"])(many=True))


def nested_texts(mixins):
    return make(mixins, m.Article, ["id", "tags"], tags=relations.StringRelatedField(many=True, required=False))


def of_property(mixins):
    return make(mixins, m.Article, ["id", "shown"], shown=fields.CharField())


def plain(mixins):
    return make(mixins, m.Author, ["id", "name"])


def inner_class(kind):
    (field,) = kind._declared_fields.values()
    return type(field.child if isinstance(field, serializers.ListSerializer) else field)


def options_of_inner(name, value):
    return lambda kind: mock.patch.object(inner_class(kind).Meta, name, value)


def inner_extra_kwargs(kind):
    return mock.patch.dict(inner_class(kind).Meta.extra_kwargs["name"], {"write_only": True})


@contextlib.contextmanager
def shorter_inner_fields(kind):
    names = inner_class(kind).Meta.fields
    names.remove("name")
    try:
        yield
    finally:
        names.append("name")


def declared_of_inner(kind):
    return mock.patch.dict(inner_class(kind)._declared_fields, {"name": fields.CharField(source="pk")})


class Loud(fields.CharField):
    def to_representation(self, value):
        return value.upper()


def patched(owner, name, value):
    return lambda kind: mock.patch.object(owner, name, value)


def hidden(instance):
    return "hidden"


def find_loud(instance, name):
    return "loud" if name == "name" else object.__getattribute__(instance, name)


def mapping(kind):
    return mock.patch.dict(serializers.ModelSerializer.serializer_field_mapping, {models.CharField: Loud})


def shown(*names):
    """A property that reads these columns."""
    return property(reads(*names)(lambda article: " ".join(str(getattr(article, name)) for name in names)))


@pytest.fixture(autouse=True)
def property_of_the_model(monkeypatch):
    monkeypatch.setattr(m.Article, "shown", shown("title"), raising=False)


@pytest.mark.parametrize("way", ["data", "rows"])
@pytest.mark.parametrize(
    ("serializer", "change"),
    [
        (nested, options_of_inner("fields", ["id"])),
        (nested, options_of_inner("extra_kwargs", {"name": {"write_only": True}})),
        (nested, inner_extra_kwargs),
        (nested, shorter_inner_fields),
        (nested, declared_of_inner),
        (nested_many, options_of_inner("fields", ["id"])),
        (nested_many, shorter_inner_fields),
        (nested_many, patched(m.Tag, "name", property(hidden, lambda tag, value: None))),
        (nested_many, patched(m.Tag, "__getattribute__", find_loud)),
        (nested_texts, patched(m.Tag, "__str__", hidden)),
        (of_property, patched(m.Article, "shown", shown("price"))),
        (of_property, patched(m.Article, "shown", property(hidden))),
        (of_property, patched(m.Article, "shown", "a constant")),
        (plain, mapping),
        (plain, patched(fields.Field, "get_attribute", lambda field, instance: 5)),
        (plain, patched(serializers.Serializer, "to_representation", lambda field, instance: {"pk": instance.pk})),
        (plain, patched(serializers.ListSerializer, "to_representation", lambda field, data: ["nothing"])),
    ],
)
def test_change_is_seen(serializer, change, way):
    ours, drfs = serializer(MIXINS), serializer(())
    model = ours.Meta.model

    def written(kind, name):
        return list(getattr(kind(model.objects.order_by("pk"), many=True), name))

    before = written(drfs, "data")
    assert written(ours, way) == before
    with change(drfs) as _, change(ours) as _:
        expected = written(drfs, "data")
        assert written(ours, way) == expected != before
    assert written(ours, way) == before


@pytest.mark.parametrize(
    ("column", "field", "owner", "name", "value"),
    [
        ("price", fields.DecimalField(7, 2), fields.DecimalField, "quantize", lambda field, value: value + 1),
        ("published", fields.DateTimeField(), fields.DateTimeField, "enforce_timezone", lambda field, value: value.max),
        ("hidden", fields.BooleanField(), fields.BooleanField, "TRUE_VALUES", set()),
    ],
    ids=["decimal", "datetime", "boolean"],
)
def test_change_of_what_a_field_calls_is_seen(column, field, owner, name, value):
    model, attributes = (m.Comment if column == "hidden" else m.Article), {column: field}

    def written(mixins):
        kind = make(mixins, model, ["id", column], **attributes)
        return kind(model._base_manager.order_by("pk"), many=True).data

    before = written(())
    with mock.patch.object(owner, name, value):
        expected = written(())
        assert written(MIXINS) == expected
        assert expected != before or column == "hidden"


IS_ON = {"value": False}  # a setting of a project, which may differ from request to request


class MadeField(fields.DateTimeField):
    def __init__(self, **options):
        super().__init__(**options)
        if IS_ON["value"]:
            self.format = "%Y"


class BoundField(fields.CharField):
    def bind(self, field_name, parent):
        super().bind(field_name, parent)
        if IS_ON["value"]:
            self.source_attrs = ["body"]


class ReadField(fields.CharField):
    @property
    def write_only(self):
        return IS_ON["value"]

    @write_only.setter
    def write_only(self, value):
        """Each request has its own."""


class MadeSlugField(relations.SlugRelatedField):
    def __init__(self, **options):
        super().__init__(**(options | {"slug_field": "pk" if IS_ON["value"] else "name"}))


def made_nested(mixins):
    def make_some(self, *args, **options):
        serializers.ModelSerializer.__init__(self, *args, **options)
        if IS_ON["value"]:
            self.fields.pop("name")

    return make(mixins, m.Author, ["id", "name"], __init__=make_some)(read_only=True)


@pytest.mark.parametrize("way", ["data", "rows"])
@pytest.mark.parametrize(
    ("name", "make_field"),
    [
        ("published", lambda mixins: MadeField()),
        ("title", lambda mixins: BoundField()),
        ("title", lambda mixins: ReadField()),
        ("tags", lambda mixins: MadeSlugField(slug_field="name", many=True, read_only=True)),
        ("author", made_nested),
        ("published", None),
    ],
    ids=["made", "bound", "read", "related", "nested", "mapped"],
)
def test_field_whose_class_decides_its_options_is_asked_each_time(name, make_field, way, monkeypatch):
    if make_field is None:
        monkeypatch.setitem(serializers.ModelSerializer.serializer_field_mapping, models.DateTimeField, MadeField)
    ours, drfs = (
        make(mixins, m.Article, ["id", name], **({name: make_field(mixins)} if make_field else {}))
        for mixins in (MIXINS, ())
    )
    for value in (False, True, False):
        monkeypatch.setitem(IS_ON, "value", value)
        expected = drfs(m.Article.objects.order_by("pk"), many=True).data
        assert list(getattr(ours(m.Article.objects.order_by("pk"), many=True), way)) == expected


def test_patched_function_that_reads_attributes_is_called(monkeypatch):
    ours, drfs = plain(MIXINS), plain(())
    monkeypatch.setattr(fields, "get_attribute", lambda instance, names: 5)
    expected = drfs(m.Author.objects.order_by("pk"), many=True).data
    assert ours(m.Author.objects.order_by("pk"), many=True).data == expected
