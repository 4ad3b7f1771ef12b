"""`is_valid()` of many rows whose fields have methods of their own, or keys and columns that few have."""

import pytest
from rest_framework import relations, serializers
from rest_framework.validators import UniqueValidator

from pyforge_web.rest_framework import CompiledSerializerMixin
from tests.relations import models as m
from tests.rest_framework.test_bulk_lookup_doubts import articles, assert_like_drf, with_author
from tests.rest_framework.test_bulk_lookups import keys_of

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture(autouse=True)
def rows(sqlite, settings):
    settings.REST_FRAMEWORK = {"LIST_SERIALIZER_ERRORS_AS_DICT": True}


def shelf(mixins, field):
    return type("ShelfSerializer", (*mixins, serializers.Serializer), {"code": field})


def test_slug_that_no_row_has():
    names = [author.name for author in m.Author.objects.order_by("pk")[:2]]
    valid, *_ = assert_like_drf(
        lambda mixins: with_author(mixins, m.Author.objects.all(), "name"),
        articles(*names, "nobody", "no one", names[0]),
    )
    assert not valid


@pytest.mark.parametrize("is_key", [True, False])
def test_field_of_an_instance_has_its_own_method(is_key):
    def make(mixins):
        def own_init(self, *args, **kwargs):
            super(made, self).__init__(*args, **kwargs)
            field = self.fields["author" if is_key else "code"]
            standard = field.to_internal_value
            field.to_internal_value = lambda data: standard(data.strip("?") if isinstance(data, str) else data)

        if is_key:
            made = with_author(mixins, m.Author.objects.all(), "name", __init__=own_init)
        else:
            code = serializers.CharField(validators=[UniqueValidator(m.Shelf.objects.all())])
            made = type("ShelfSerializer", (*mixins, serializers.Serializer), {"code": code, "__init__": own_init})
        return made

    if is_key:
        names = [f"{author.name}?" for author in m.Author.objects.order_by("pk")[:2]]
        assert_like_drf(make, articles(*names, "nobody"))
    else:
        assert_like_drf(make, [{"code": "a-1?"}, {"code": "new?"}, {"code": "b-2"}])


def test_validators_that_are_computed_by_the_class():
    class Own(serializers.CharField):
        validators = property(lambda self: [UniqueValidator(m.Shelf.objects.all())], lambda self, value: None)

    valid, *_ = assert_like_drf(lambda mixins: shelf(mixins, Own()), [{"code": "a-1"}, {"code": "new"}])
    assert not valid
    valid, *_ = assert_like_drf(lambda mixins: shelf(mixins, Own()), [{"code": "newer"}, {"code": "new"}])
    assert valid


@pytest.mark.parametrize("model", [m.Owner, m.Day, m.Word])
def test_keys_that_are_no_numbers(model):
    def make(mixins):
        field = relations.PrimaryKeyRelatedField(queryset=model.objects.all())
        return type("Rows", (*mixins, serializers.Serializer), {"found": field})

    assert_like_drf(make, [{"found": str(key)} for key in [*keys_of(model), "no key"]])


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [1, 19, 30])
def test_target_with_deep_json(depth):
    m.Article.objects.update(data=nested(depth))

    def make(mixins):
        meta = type("Meta", (), {"model": m.Comment, "fields": ("article", "text")})
        return type("CommentSerializer", (*mixins, serializers.ModelSerializer), {"Meta": meta})

    assert_like_drf(make, [{"article": key, "text": "x"} for key in [*keys_of(m.Article)[:3], keys_of(m.Article)[0]]])


def test_target_that_leads_back_to_itself():
    first = m.Author.objects.order_by("pk")[0]
    m.Author.objects.update(mentor=first)
    queryset = m.Profile.objects.select_related("author__bio", "author__mentor__bio")

    def make(mixins):
        field = relations.PrimaryKeyRelatedField(queryset=queryset)
        return type("Rows", (*mixins, serializers.Serializer), {"found": field})

    keys = keys_of(m.Profile)
    for serializer in (make(()), make((CompiledSerializerMixin,))):
        made = serializer(data=[{"found": key} for key in [*keys, keys[0]]], many=True)
        assert made.is_valid()
        for row in made.validated_data:
            assert row["found"].author.profile.pk == row["found"].pk


def test_nested_serializer_of_a_row():
    def make(mixins):
        code = serializers.CharField(validators=[UniqueValidator(m.Shelf.objects.all())])
        inner = type("Inner", (*mixins, serializers.Serializer), {"code": code})
        return type("Rows", (*mixins, serializers.Serializer), {"inner": inner(), "inners": inner(many=True)})

    assert_like_drf(
        make,
        [{"inner": {"code": code}, "inners": [{"code": "new"}, {"code": code}]} for code in ("a-1", "new", "b-2")],
    )
