"""`is_valid()` of many rows where one query for all of them could say something else than DRF's query for each."""

import copy

import pytest
from django.db import connections, models, transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.test.utils import CaptureQueriesContext
from rest_framework import relations, serializers
from rest_framework.validators import UniqueValidator

from pyforge_web.rest_framework import CompiledSerializerMixin
from tests.relations import models as m
from tests.rest_framework.test_bulk_lookups import codes, keys_of

pytestmark = pytest.mark.django_db(databases="__all__")


class OwnGet(models.QuerySet):
    """Hides one author from `get()` alone."""

    def get(self, *args, **kwargs):
        found = super().get(*args, **kwargs)
        if found.pk == keys_of(m.Author)[1]:
            raise found.DoesNotExist
        return found


class OwnFilter(models.QuerySet):
    def filter(self, *args, **kwargs):
        return super().filter(*args, **{name: str(value).strip("?") for name, value in kwargs.items()})


def numbered(queryset):
    return queryset.annotate(place=Window(RowNumber(), order_by="pk")).filter(place=1)


QUERYSETS = {
    "own get": lambda: OwnGet(m.Author),
    "window": lambda: numbered(m.Author.objects.all()),
    "values": lambda: m.Author.objects.values("id", "name"),
    "a column": lambda: m.Author.objects.values_list("name", flat=True),
    "related rows": lambda: m.Author.objects.select_related("mentor__mentor", "country"),
    "rows fetched before": lambda: m.Author.objects.prefetch_related("articles"),
    "rows of a parent": lambda: m.Country.objects.get(pk=m.Author.objects.exclude(country=None)[0].country_id).authors,
}


def with_author(mixins, queryset, name="pk", **methods):
    if name == "pk":
        field = relations.PrimaryKeyRelatedField(queryset=queryset)
    else:
        field = relations.SlugRelatedField(slug_field=name, queryset=queryset)
    meta = type("Meta", (), {"model": m.Article, "fields": ("title", "author")})
    bases = (*mixins, serializers.ModelSerializer)
    return type("ArticleSerializer", bases, {"author": field, "Meta": meta, **methods})


def described(value):
    if isinstance(value, models.Model):
        state = {
            name: held for name, held in vars(value).items() if name not in ("_state", "_prefetched_objects_cache")
        }
        cached = {name: described(one) for name, one in value._state.fields_cache.items()}
        return type(value), state, cached, value._state.db, value._state.adding
    if isinstance(value, dict):
        return {name: described(item) for name, item in value.items()}
    return value


def outcome(serializer_class, rows, **options):
    serializer = serializer_class(data=copy.deepcopy(rows), many=True, **options)
    with transaction.atomic():
        try:
            valid = serializer.is_valid()
        except Exception as error:
            return type(error), str(error)
        finally:
            transaction.set_rollback(True)
        return valid, [*map(described, serializer.validated_data)], serializer.errors, codes(serializer.errors)


def assert_like_drf(make, rows, **options):
    expected = outcome(make(()), rows, **options)
    assert outcome(make((CompiledSerializerMixin,)), rows, **options) == expected
    return expected


@pytest.fixture(autouse=True)
def rows(sqlite, settings):
    settings.REST_FRAMEWORK = {"LIST_SERIALIZER_ERRORS_AS_DICT": True}


def articles(*authors):
    return [{"title": f"title {place}", "author": author} for place, author in enumerate(authors)]


@pytest.mark.parametrize("name", QUERYSETS)
def test_queryset_decides_what_a_row_names(name):
    first, second, third, *_ = keys_of(m.Author)
    assert_like_drf(lambda mixins: with_author(mixins, QUERYSETS[name]()), articles(first, second, third, first, 10**8))


@pytest.mark.parametrize("text", ["\ud800", "a\0b"], ids=ascii)
def test_text_that_no_driver_sends(text):
    """It is an error of its row, and ends neither the request nor the transaction."""
    names = [author.name for author in m.Author.objects.all()[:2]]
    assert_like_drf(lambda mixins: with_author(mixins, m.Author.objects.all(), "name"), articles(*names, text))
    shelf = {"Meta": type("Meta", (), {"model": m.Shelf, "fields": ("code",)})}
    code = UniqueValidator(m.Shelf.objects.all())
    for field in (serializers.CharField(validators=[code]), serializers.SlugField(validators=[code])):
        assert_like_drf(
            lambda mixins, field=field: type(
                "ShelfSerializer", (*mixins, serializers.ModelSerializer), {**shelf, "code": copy.deepcopy(field)}
            ),
            [{"code": "a-1"}, {"code": text}, {"code": "new"}],
        )


def test_serializer_creates_what_a_row_names():
    def make(mixins):
        def to_internal_value(self, data):
            m.Author.objects.get_or_create(name=data["author"])
            return super(made, self).to_internal_value(data)

        made = with_author(mixins, m.Author.objects.all(), "name", to_internal_value=to_internal_value)
        return made

    valid, *_ = assert_like_drf(make, articles("Somebody", "Else", "Somebody"))
    assert valid


def test_serializer_saves_each_row():
    def make(mixins):
        def validate(self, attrs):
            m.Shelf.objects.create(**attrs)
            return attrs

        meta = type("Meta", (), {"model": m.Shelf, "fields": ("code",)})
        return type("ShelfSerializer", (*mixins, serializers.ModelSerializer), {"Meta": meta, "validate": validate})

    valid, *_ = assert_like_drf(make, [{"code": "n-1"}, {"code": "n-1"}, {"code": "n-2"}])
    assert not valid


def test_each_row_has_an_instance_of_its_own():
    def make(mixins):
        def validate(self, attrs):
            attrs["author"].visits = getattr(attrs["author"], "visits", 0) + 1
            attrs["author"].data["seen"] = attrs["author"].data.get("seen", 0) + 1
            if attrs["author"].visits > 1 or attrs["author"].data["seen"] > 1:
                raise serializers.ValidationError("seen before")
            return attrs

        queryset = m.Author.objects.annotate(data=models.Value({}, models.JSONField()), visits=models.Value(0))
        return with_author(mixins, queryset, validate=validate)

    first, second, *_ = keys_of(m.Author)
    valid, *_ = assert_like_drf(make, articles(first, second, first, second))
    assert valid


def test_validators_that_are_computed():
    class Own(serializers.CharField):
        validators = property(lambda self: [UniqueValidator(m.Shelf.objects.all())])

    def make(mixins):
        return type("ShelfSerializer", (*mixins, serializers.Serializer), {"code": Own()})

    with pytest.raises(AttributeError):  # DRF itself can set them no more than we can
        Own(validators=[])
    assert_like_drf(make, [{"code": "a-1"}, {"code": "new"}])


@pytest.mark.parametrize("queryset", [lambda: OwnFilter(m.Shelf), lambda: numbered(m.Shelf.objects.all())])
def test_unique_by_own_queryset(queryset):
    def make(mixins):
        code = serializers.CharField(source="__doc__", validators=[UniqueValidator(queryset())])
        code.source = "code"
        return type("ShelfSerializer", (*mixins, serializers.Serializer), {"code": code})

    assert_like_drf(make, [{"code": "a-1?"}, {"code": "b-2"}, {"code": "a-1"}])


def test_list_that_is_too_long_sends_no_query():
    first, second, *_ = keys_of(m.Author)
    serializer = with_author((CompiledSerializerMixin,), m.Author.objects.all())(
        data=articles(first, second, first), many=True, max_length=2
    )
    with CaptureQueriesContext(connections["default"]) as statements:
        assert not serializer.is_valid()
    assert not statements.captured_queries
    assert_like_drf(
        lambda mixins: with_author(mixins, m.Author.objects.order_by(F("name").desc())),
        articles(first, second, first),
        max_length=2,
    )
