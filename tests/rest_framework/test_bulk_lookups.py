"""`is_valid()` of many rows: DRF's data, words and codes, with one query for each foreign key and unique column."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from rest_framework import relations, serializers, validators

from pyforge_web.rest_framework import CompiledSerializerMixin
from tests.relations import models as m

pytestmark = pytest.mark.django_db(databases="__all__")


def make(mixins):
    class CommentSerializer(*mixins, serializers.ModelSerializer):
        class Meta:
            model = m.Comment
            fields = ("article", "writer", "text")

    class ArticleSerializer(*mixins, serializers.ModelSerializer):
        author = relations.SlugRelatedField(slug_field="password", queryset=m.Author.objects.all())

        class Meta:
            model = m.Article
            fields = ("title", "author", "tags")

    class ShelfSerializer(*mixins, serializers.ModelSerializer):
        class Meta:
            model = m.Shelf
            fields = ("code",)

    class LimitedSerializer(*mixins, serializers.ModelSerializer):
        article = relations.PrimaryKeyRelatedField(queryset=m.Article.objects.filter(price__isnull=False))

        class Meta:
            model = m.Comment
            fields = ("article", "text")

    return {
        "comment": CommentSerializer,
        "article": ArticleSerializer,
        "shelf": ShelfSerializer,
        "limited": LimitedSerializer,
    }


EXPECTED, GIVEN = make(()), make((CompiledSerializerMixin,))


def make_bodies():
    """The request bodies of each serializer. Keys come from the rows: sequences go on after a rollback."""
    first, second, third, *_ = keys_of(m.Article)
    writer, tag, other_tag = keys_of(m.Author)[0], *keys_of(m.Tag)[:2]
    missing = 10**8
    return {
        "comment": [
            [
                {"article": first, "writer": writer, "text": "a"},
                {"article": second, "writer": None, "text": "b"},
                {"article": first, "text": "c"},
            ],
            [
                {"article": first, "text": "a"},
                {"article": missing, "text": "b"},
                {"article": str(second), "text": "c"},
            ],
            [{"article": True, "text": "a"}, {"article": "x", "text": ""}, {"article": None}, {}, 5, {"article": 1.5}],
            [{"article": 10**30, "text": "a"}, {"article": [first], "text": "a"}, {"article": second, "text": "a"}],
            [],
            {},
            [{"article": first, "text": "a"}],
        ],
        "article": [
            [
                {"title": "x", "author": "hash", "tags": [tag, other_tag]},
                {"title": "y", "author": "none", "tags": [tag, missing]},
            ],
            [{"title": "x", "author": "unique", "tags": []}, {"title": "y", "author": "unique", "tags": "no"}],
        ],
        "shelf": [
            [{"code": "a-1"}, {"code": "new"}, {"code": "  b-2 "}, {"code": "A-1"}, {"code": None}],
            [{"code": "new"}, {"code": "new"}, {"code": ""}, {"code": 5}],
        ],
        "limited": [
            [{"article": second, "text": "a"}, {"article": first, "text": "b"}, {"article": third, "text": "c"}]
        ],
    }


def keys_of(model):
    return list(model.objects.order_by("pk").values_list("pk", flat=True))


CASES = [("comment", 7), ("article", 2), ("shelf", 2), ("limited", 1)]


def codes(errors):
    """The codes of all errors, in their structure."""
    if isinstance(errors, dict):
        return {key: codes(value) for key, value in errors.items()}
    return [codes(item) for item in errors] if isinstance(errors, list) else getattr(errors, "code", None)


def outcome(serializer_class, rows):
    serializer = serializer_class(data=rows, many=True)
    try:
        valid = serializer.is_valid()
    except Exception as error:
        return type(error), str(error)
    return valid, serializer.validated_data, serializer.errors, codes(serializer.errors)


@pytest.fixture(autouse=True)
def rows(sqlite, settings):
    settings.REST_FRAMEWORK = {"LIST_SERIALIZER_ERRORS_AS_DICT": True}
    m.Author.objects.filter(pk=keys_of(m.Author)[2]).update(password="unique")


@pytest.mark.parametrize(("name", "number"), [(name, number) for name, count in CASES for number in range(count)])
def test_outcome_is_that_of_drf(name, number):
    body = make_bodies()[name][number]
    assert outcome(GIVEN[name], body) == outcome(EXPECTED[name], body)


def test_every_body_is_tried():
    assert [(name, len(bodies)) for name, bodies in make_bodies().items()] == CASES


@pytest.mark.parametrize(("name", "columns"), [("comment", 2), ("shelf", 1)])
def test_one_query_for_each_column(name, columns):
    if name == "comment":
        articles, writers = keys_of(m.Article), keys_of(m.Author)
        rows = [{"article": articles[n % 9], "writer": writers[n % 7], "text": "x"} for n in range(100)]
    else:
        rows = [{"code": f"code-{n}"} for n in range(100)]
    connections["default"].queries_log.clear()
    with CaptureQueriesContext(connections["default"]) as statements:
        serializer = GIVEN[name](data=rows, many=True)
        assert serializer.is_valid(), serializer.errors
    assert len(statements) == columns


@pytest.mark.parametrize(
    "rows",
    [
        [{"code": "a-1"}, {"code": "b-2"}],
        [{"code": "a-1"}, {"code": "a-1"}, {"code": "new"}],
        [{"code": True}, {"code": "a-1"}],
        [{}, {"code": "new"}],
        [{"code": " a-1 "}, {"code": ""}],
    ],
    ids=str,
)
@pytest.mark.parametrize("message", ["This one is taken.", None])
def test_unique_values_take_no_more_statements_than_drf(rows, message):
    m.Shelf.objects.get_or_create(code="a-1")
    m.Shelf.objects.get_or_create(code="b-2")
    found = []
    for mixins in ((), (CompiledSerializerMixin,)):
        options = {} if message is None else {"message": message}
        validator = validators.UniqueValidator(m.Shelf.objects.all(), **options)
        field = serializers.SlugField(validators=[validator])
        kind = type("Codes", (*mixins, serializers.Serializer), {"code": field})
        with CaptureQueriesContext(connections["default"]) as statements:
            found.append((outcome(kind, rows), len(statements)))
    assert found[1][0] == found[0][0]
    assert found[1][1] <= found[0][1]


def test_fields_are_as_before_afterwards():
    serializer = GIVEN["comment"](data=make_bodies()["comment"][0], many=True)
    serializer.is_valid()
    assert "to_internal_value" not in vars(serializer.child.fields["article"])
    shelves = GIVEN["shelf"](data=make_bodies()["shelf"][0], many=True)
    shelves.is_valid()
    names = [type(validator).__name__ for validator in shelves.child.fields["code"].validators]
    assert "_KnownUniqueValidator" not in names


def test_own_lookup_is_asked_for_each_row():
    first, *others = keys_of(m.Article)

    class Own(relations.PrimaryKeyRelatedField):
        def to_internal_value(self, data):
            return m.Article.objects.get(pk=first)

    class OwnSerializer(CompiledSerializerMixin, serializers.ModelSerializer):
        article = Own(queryset=m.Article.objects.all())

        class Meta:
            model = m.Comment
            fields = ("article", "text")

    serializer = OwnSerializer(data=[{"article": key, "text": "a"} for key in others[:2]], many=True)
    assert serializer.is_valid()
    assert [row["article"].pk for row in serializer.validated_data] == [first, first]
