"""Fields that DRF serializes itself: each has its reason in `explain()`, and the rows are DRF's."""

import pytest
from rest_framework import fields, relations, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer, explain, reads
from tests.oracle import outcome
from tests.relations import models as m

pytestmark = [
    pytest.mark.django_db(databases="__all__"),
    pytest.mark.urls("tests.rest_framework.urls"),
    pytest.mark.usefixtures("sqlite"),
]
MIXINS = (CompiledSerializerMixin,)
CONTEXT = {"request": APIRequestFactory().get("/")}


def make(mixins, model, names, **attributes):
    options = type("Meta", (), {"model": model, "fields": names})
    return type(f"{model.__name__}Serializer", (*mixins, serializers.ModelSerializer), {"Meta": options, **attributes})


def assert_as_drf(make_kind, queryset):
    """Both ways out of a list serializer give what DRF gives."""
    ours, drfs = make_kind(MIXINS), make_kind(())
    expected = outcome(lambda: drfs(queryset.all(), many=True, context=CONTEXT).data)
    assert outcome(lambda: ours(queryset.all(), many=True, context=CONTEXT).data) == expected
    body = outcome(lambda: JSONRenderer().render(drfs(queryset.all(), many=True, context=CONTEXT).data))
    given = outcome(lambda: PyForgeJSONRenderer().render(ours(queryset.all(), many=True, context=CONTEXT).rows))
    assert given == body
    return expected


class Raw(serializers.BaseSerializer):
    def to_representation(self, instance):
        return {"raw": str(instance)}


class OwnAttributeSerializer(serializers.ModelSerializer):
    class Meta:
        model = m.Author
        fields = ("name",)

    def get_attribute(self, instance):
        return instance.editor or instance.author


class OwnList(relations.ManyRelatedField):
    def to_representation(self, iterable):
        return sorted(super().to_representation(iterable))


class OwnTarget(relations.PrimaryKeyRelatedField):
    def get_attribute(self, instance):
        return instance.author


class Described(relations.RelatedField):
    def to_representation(self, value):
        return f"<{value}>"


class OwnFile(fields.FileField):
    def to_representation(self, value):
        return f"file {value}" if value else "no file"


class Whole(fields.Field):
    def to_representation(self, value):
        return f"{value.title} {value.pk}"


class WholeRead(fields.Field):
    @reads("title", "author__name")
    def to_representation(self, value):
        return f"{value.title} {value.author.name}"


class OwnUrl(relations.HyperlinkedIdentityField):
    def get_url(self, obj, view_name, request, format):  # noqa: A002 - DRF's name
        return f"/{obj.pk}/"


def method(*names):
    """A method field that reads these names, and writes the last of them as a text."""

    def get_found(self, instance):
        for name in names[-1].split("__"):
            instance = getattr(instance, name, None)
        return str(instance.count() if hasattr(instance, "all") else instance)

    return {"found": fields.SerializerMethodField(), "get_found": reads(*names)(get_found)}


def field(made):
    return {"found": made}


REASONS = {
    "another serializer": (m.Article, lambda: field(Raw(source="author", read_only=True)), "Raw is not a Serializer"),
    "object of its own": (
        m.Article,
        lambda: field(OwnAttributeSerializer(read_only=True)),
        "OwnAttributeSerializer.get_attribute is its own",
    ),
    "list of its own": (
        m.Article,
        lambda: field(
            OwnList(child_relation=relations.SlugRelatedField(slug_field="name", read_only=True), source="tags")
        ),
        "OwnList.to_representation is its own",
    ),
    "target of its own": (
        m.Article,
        lambda: field(OwnTarget(source="editor", read_only=True)),
        "OwnTarget.get_attribute is its own",
    ),
    "own related": (
        m.Article,
        lambda: field(Described(source="author", read_only=True)),
        "Described.to_representation reads an instance",
    ),
    "own file": (m.Profile, lambda: field(OwnFile(source="picture", read_only=True)), "files are of a class"),
    "slug that is a file": (
        m.Author,
        lambda: field(relations.SlugRelatedField(slug_field="picture.name", source="profile", read_only=True)),
        "",
    ),
    "slug that is the file itself": (
        m.Author,
        lambda: field(relations.SlugRelatedField(slug_field="picture", source="profile", read_only=True)),
        "its slug is a file",
    ),
    "slug behind null": (
        m.Article,
        lambda: field(relations.SlugRelatedField(slug_field="country__name", source="author", read_only=True)),
        "slug is behind a relation that may be null",
    ),
    "whole object": (m.Article, lambda: field(Whole(source="*")), "Whole gets the whole instance"),
    "link of its own": (m.Author, lambda: field(OwnUrl("author-detail")), "OwnUrl.get_url is its own"),
    "behind no relation": (
        m.Article,
        lambda: field(fields.CharField(source="title.upper", read_only=True)),
        "Article.title is not a relation to one",
    ),
    "behind many": (
        m.Article,
        lambda: field(fields.CharField(source="tags.model", read_only=True)),
        "Article.tags is not a relation to one",
    ),
    "no attribute": (
        m.Article,
        lambda: field(fields.CharField(source="nothing", default="none")),
        "Article has no attribute 'nothing'",
    ),
    "one for many": (
        m.Article,
        lambda: field(make((), m.Tag, ["name"])(source="tags", read_only=True)),
        "it is a relation to many",
    ),
    "reads many": (m.Article, lambda: method("tags"), "'tags', a relation to many"),
    "reads behind many": (m.Article, lambda: method("tags__name"), "it is a relation to many"),
    "reads no column": (m.Article, lambda: method("nothing"), "Article.nothing is not a column"),
    "reads behind no relation": (m.Article, lambda: method("title__name"), "it is not a relation"),
    "many of one": (
        m.Article,
        lambda: field(make((), m.Author, ["name"])(source="author", many=True, read_only=True)),
        "it is not a relation to many",
    ),
    "several columns": (
        m.Author,
        lambda: field(relations.PrimaryKeyRelatedField(many=True, source="slots", read_only=True)),
        "",
    ),
    "objects of several models": (
        m.Note,
        lambda: field(make((), m.Article, ["title"])(source="subject", read_only=True)),
        "",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_field_that_drf_serializes_has_its_reason(name):
    model, attributes, reason = REASONS[name]

    def make_kind(mixins):
        return make(mixins, model, ["id", "found"], **attributes())

    explanation = explain(make_kind(MIXINS), model.objects.all())
    assert explanation.mode == "instances"
    assert reason in explanation.fields[1].reason
    assert reason in explanation.reason
    assert_as_drf(make_kind, model.objects.order_by("pk"))


NATIVE = {
    "whole object that is declared": (m.Article, lambda: field(WholeRead(source="*"))),
    "all of a relation": (
        m.Article,
        lambda: field(make((), m.Tag, ["name"])(source="tags.all", many=True, read_only=True)),
    ),
    "behind an object": (
        m.Article,
        lambda: field(relations.PrimaryKeyRelatedField(source="author.pupils", many=True, read_only=True)),
    ),
    "reads behind null": (m.Article, lambda: method("editor__country__name")),
    "reads a reverse object": (m.Author, lambda: method("profile__about")),
    "uuid keys": (m.Owner, lambda: field(make((), m.Pet, ["name"])(source="pets", many=True, read_only=True))),
    "date keys": (m.Day, lambda: field(make((), m.Entry, ["text"])(source="entries", many=True, read_only=True))),
    "date keys of many": (
        m.Day,
        lambda: field(relations.PrimaryKeyRelatedField(source="mentions", many=True, read_only=True)),
    ),
    "converted keys": (m.Word, lambda: field(relations.StringRelatedField(source="meanings", many=True))),
    "converted keys of many": (m.Word, lambda: field(relations.StringRelatedField(source="shared", many=True))),
    "text keys of generic": (m.Box, lambda: field(relations.StringRelatedField(source="stickers", many=True))),
    "no keys": (
        m.Book,
        lambda: field(make((), m.Book, ["title"])(source="shelf.books", many=True, read_only=True)),
    ),
    "choice of numbers": (m.Comment, lambda: field(fields.ChoiceField([(0, "no"), (1, "yes")], source="score"))),
    "choice of both": (m.Comment, lambda: field(fields.ChoiceField([(0, "no"), ("1", "yes")], source="score"))),
    "write only": (m.Author, lambda: field(fields.CharField(source="password", write_only=True))),
}


@pytest.mark.parametrize("name", NATIVE)
def test_field_that_is_read_without_instances_of_drf(name):
    model, attributes = NATIVE[name]

    def make_kind(mixins):
        return make(mixins, model, ["pk", "found"], **attributes())

    assert explain(make_kind(MIXINS), model._default_manager.all()).reason == ""
    for queryset in (model._default_manager.order_by("pk"), model._default_manager.order_by("-pk")[:1]):
        assert_as_drf(make_kind, queryset)
