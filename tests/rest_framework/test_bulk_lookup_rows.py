"""`is_valid()` of many rows whose own code decides, row by row, what is asked: it has the last word."""

import pytest
from django.db import connections
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext
from rest_framework import relations, serializers
from rest_framework.validators import UniqueValidator

from pyforge_web.rest_framework import CompiledSerializerMixin
from tests.relations import models as m
from tests.rest_framework.test_bulk_lookup_doubts import articles, assert_like_drf
from tests.rest_framework.test_bulk_lookups import keys_of

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def rows(sqlite, settings):
    settings.REST_FRAMEWORK = {"LIST_SERIALIZER_ERRORS_AS_DICT": True}


def keep_title(self, value):
    self.last_title = value
    return value


def choose(self, value):
    self.fields["author"].queryset = m.Author.objects.exclude(name=value)
    return value


class ByTitle(relations.PrimaryKeyRelatedField):
    def get_queryset(self):
        return m.Author.objects.exclude(name=self.parent.last_title)


class OneByTitle(relations.PrimaryKeyRelatedField):
    def get_queryset(self):
        return m.Author.objects.exclude(name=getattr(self.parent, "last_title", "nobody"))


class Always(relations.PrimaryKeyRelatedField):
    def get_queryset(self):
        return m.Author.objects.exclude(name="nobody")


class NoneYet(relations.PrimaryKeyRelatedField):
    def get_queryset(self):
        found = m.Author.objects.all()
        return found if hasattr(self.parent, "last_title") else found.none()


class Refused(relations.PrimaryKeyRelatedField):
    def get_queryset(self):
        raise serializers.ValidationError("not today")


def with_field(field, validate_title):
    def make(mixins):
        meta = type("Meta", (), {"model": m.Article, "fields": ("title", "author")})
        bases = (*mixins, serializers.ModelSerializer)
        return type("Rows", bases, {"author": field(), "Meta": meta, "validate_title": validate_title})

    return make


@pytest.mark.parametrize("kind", [ByTitle, OneByTitle, Always, NoneYet, Refused])
def test_queryset_that_a_row_chooses(kind):
    authors = list(m.Author.objects.order_by("pk")[:3])
    bodies = [{"title": one.name, "author": other.pk} for one in authors for other in authors]
    assert_like_drf(with_field(kind, keep_title), bodies)


def test_queryset_that_is_replaced_in_a_row():
    authors = list(m.Author.objects.order_by("pk")[:3])
    bodies = [{"title": one.name, "author": other.pk} for one in authors for other in authors]
    field = relations.PrimaryKeyRelatedField
    assert_like_drf(with_field(lambda: field(queryset=m.Author.objects.all()), choose), bodies)


def test_own_method_that_gives_the_same_for_each_row_takes_one_query():
    serializer = with_field(Always, keep_title)((CompiledSerializerMixin,))(
        data=articles(*keys_of(m.Author)), many=True
    )
    with CaptureQueriesContext(connections[m.Author.objects.db]) as statements:
        assert serializer.is_valid()
    assert len(statements) == 1


def count_made(made):
    def set_number(sender, instance, **kwargs):
        made.append(instance)
        instance.number = len(made)

    return set_number


@pytest.mark.parametrize("way", ["post_init", "from_db", "__init__"])
def test_code_of_a_project_sees_each_instance(way, monkeypatch):
    made = []
    see, find, init = count_made(made), m.Author.from_db.__func__, m.Author.__init__

    def from_db(cls, *args, **options):
        instance = find(cls, *args, **options)
        see(cls, instance)
        return instance

    def own_init(self, *args):
        init(self, *args)
        see(type(self), self)

    if way == "post_init":
        post_init.connect(see, sender=m.Author)
    else:
        monkeypatch.setattr(m.Author, way, classmethod(from_db) if way == "from_db" else own_init)
    try:
        first, second, *_ = keys_of(m.Author)
        numbers = []
        for mixins in ((), (CompiledSerializerMixin,)):
            made.clear()
            serializer = with_field(Always, keep_title)(mixins)(data=articles(first, second, first, second), many=True)
            assert serializer.is_valid()
            numbers.append([row["author"].number for row in serializer.validated_data])
    finally:
        post_init.disconnect(see, sender=m.Author)
    assert numbers[0] == numbers[1]


class OfRow(serializers.ListSerializer):
    """Gives each row its instance, as DRF's documentation has it for updates."""

    def run_child_validation(self, data):
        self.child.instance = m.Shelf.objects.get(pk=data["id"])
        return super().run_child_validation(data)


def exclude_row(self, data):
    for validator in self.fields["code"].validators:
        if isinstance(validator, UniqueValidator):
            validator.queryset = m.Shelf.objects.exclude(pk=data["id"])
    return super(type(self), self).to_internal_value(data)


def drop_validators(self, data):
    field = self.fields["code"]
    field.validators = [validator for validator in field.validators if not isinstance(validator, UniqueValidator)]
    return super(type(self), self).to_internal_value(data)


def other_words(self, data):
    for validator in self.fields["code"].validators:
        validator.message = f"{data['code']} is there"
    return super(type(self), self).to_internal_value(data)


@pytest.mark.parametrize(
    ("list_class", "methods"),
    [
        (OfRow, {}),
        (serializers.ListSerializer, {"to_internal_value": exclude_row}),
        (serializers.ListSerializer, {"to_internal_value": drop_validators}),
        (serializers.ListSerializer, {"to_internal_value": other_words}),
    ],
    ids=["instance", "queryset", "no validators", "words"],
)
def test_unique_value_of_a_row(list_class, methods):
    def make(mixins):
        options = {"model": m.Shelf, "fields": ("code",)} | (
            {"list_serializer_class": list_class} if list_class else {}
        )
        return type("Rows", (*mixins, serializers.ModelSerializer), {"Meta": type("Meta", (), options), **methods})

    shelves = list(m.Shelf.objects.exclude(code=None).order_by("pk"))
    assert len(shelves) > 1
    codes = [shelves[1].code, *(shelf.code for shelf in shelves[1:])]
    assert_like_drf(make, [{"id": shelf.pk, "code": code} for shelf, code in zip(shelves, codes, strict=True)])


def test_validators_are_as_a_row_has_left_them():
    def validators(mixins):
        options = {"Meta": type("Meta", (), {"model": m.Shelf, "fields": ("code",)}), "to_internal_value": exclude_row}
        kind = type("Rows", (*mixins, serializers.ModelSerializer), options)
        shelves = m.Shelf.objects.exclude(code=None).order_by("pk")
        serializer = kind(data=[{"id": shelf.pk, "code": shelf.code} for shelf in shelves], many=True)
        serializer.is_valid()
        found = serializer.child.fields["code"].validators
        return [(type(one), str(getattr(one, "queryset", getattr(one, "limit_value", None)))) for one in found]

    assert validators((CompiledSerializerMixin,)) == validators(())
