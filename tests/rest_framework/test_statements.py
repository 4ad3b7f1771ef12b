"""DRF never sends fewer statements, and what is raised comes from the same field of the same row."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.db.models import Count, F, Prefetch, Value
from django.db.models.signals import post_init
from django.test.utils import CaptureQueriesContext
from rest_framework import fields, relations, serializers

from pyforge_web.rest_framework import ColumnNotReadError, CompiledSerializerMixin, reads
from tests.relations import models as m

pytestmark = [pytest.mark.django_db(databases="__all__"), pytest.mark.usefixtures("sqlite")]
MIXINS = (CompiledSerializerMixin,)
WAYS = ["data", "rows"]


def make(mixins, model, names, **attributes):
    meta = type("Meta", (), {"model": model, "fields": names})
    return type(f"{model.__name__}Serializer", (*mixins, serializers.ModelSerializer), {"Meta": meta, **attributes})


def read(serializer, way):
    """What a serializer gives, or the error, and how many statements that takes."""
    with CaptureQueriesContext(connections["default"]) as captured:
        try:
            found = list(getattr(serializer, way))
        except Exception as error:
            found = type(error), str(error)
    return found, len(captured)


def assert_no_more_statements(make_serializer, make_queryset, way):
    expected, most = read(make_serializer(())(make_queryset(), many=True), "data")
    found, sent = read(make_serializer(MIXINS)(make_queryset(), many=True), way)
    assert found == expected
    assert sent <= most


def repeated(mixins):
    """The same relation as keys, as texts, and as objects with another relation in each."""
    author = make(mixins, m.Author, ["name", "country"])
    names = make(mixins, m.Comment, ["text", "writer"])
    return make(
        mixins,
        m.Article,
        ["id", "tags", "tag_names", "comments", "comment_texts", "contributors", "answers"],
        tag_names=relations.SlugRelatedField("name", many=True, read_only=True, source="tags"),
        comments=names(many=True, read_only=True),
        comment_texts=relations.SlugRelatedField("text", many=True, read_only=True, source="comments"),
        contributors=author(many=True, read_only=True),
        answers=make(mixins, m.Comment, ["answers"])(many=True, read_only=True, source="comments"),
    )


@pytest.mark.parametrize("way", WAYS)
def test_relation_under_several_names_is_one_statement(way):
    def queryset():
        return m.Article.objects.order_by("pk").prefetch_related("tags", "comments__answers", "contributors")

    assert_no_more_statements(repeated, queryset, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("source", ["id", "author_id", "author.pk", "title", "price", "published", "key"])
def test_field_over_a_column_of_another_kind_is_one_statement(source, way):
    def serializer(mixins):
        def get_fields(self):
            return {"shown": fields.CharField(source=source)}

        return make(mixins, m.Article, ["shown"], get_fields=get_fields)

    assert_no_more_statements(serializer, lambda: m.Article.objects.order_by("pk").select_related("author"), way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "related",
    [
        lambda: m.Comment.everything.filter(score=1).union(m.Comment.everything.filter(score=2)),
        lambda: OwnRows(m.Comment),
    ],
    ids=["union", "own rows"],
)
def test_prefetch_that_django_has_to_read(related, way):
    def queryset():
        return m.Article.objects.order_by("pk").prefetch_related(Prefetch("comments", related()))

    assert_no_more_statements(lambda mixins: make(mixins, m.Article, ["id", "comments"]), queryset, way)


class OwnRows(m.OwnWayQuerySet):
    """Fetches in its own way."""


@pytest.mark.parametrize("way", WAYS)
def test_receiver_of_related_instances(way):
    def shout(instance, **kwargs):
        instance.name = instance.name.upper()

    def serializer(mixins):
        return make(mixins, m.Article, ["id", "tags"], tags=make(mixins, m.Tag, ["name"])(many=True))

    post_init.connect(shout, sender=m.Tag)
    try:
        assert_no_more_statements(serializer, lambda: m.Article.objects.order_by("pk").prefetch_related("tags"), way)
    finally:
        post_init.disconnect(shout, sender=m.Tag)


def refuse(self, article):
    if article.pk > 2:
        raise PermissionDenied(f"article {article.pk}")
    return article.pk


class Strict(fields.CharField):
    """Raises for one value, with that value in its words."""

    def __init__(self, refused, **kwargs):
        self.refused = refused
        super().__init__(**kwargs)

    def to_representation(self, value):
        if str(value) in self.refused:
            raise ValueError(f"refused: {value}")
        return super().to_representation(value)


def two_strict(mixins):
    return make(mixins, m.Article, ["late", "early"], late=Strict("3", source="id"), early=Strict("2", source="id"))


def strict_and_method(mixins):
    return make(
        mixins,
        m.Article,
        ["method", "column"],
        method=fields.SerializerMethodField(),
        column=Strict("2", source="id"),
        get_method=reads("pk")(refuse),
    )


def method_and_strict(mixins):
    return make(
        mixins,
        m.Article,
        ["column", "method"],
        method=fields.SerializerMethodField(),
        column=Strict("4", source="id"),
        get_method=reads("pk")(refuse),
    )


def strict_and_missing(mixins):
    """A required value behind no editor, and a value that a later row has."""
    return make(
        mixins,
        m.Article,
        ["name", "column"],
        name=fields.CharField(source="editor.name"),
        column=Strict([str(article.pk) for article in m.Article.objects.filter(editor=None)][1:], source="id"),
    )


def strict_in_list(mixins):
    comment = make(mixins, m.Comment, ["text"], text=Strict(["text 1"]))
    return make(mixins, m.Article, ["comments", "column"], comments=comment(many=True), column=Strict("2", source="id"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "make_serializer", [two_strict, strict_and_method, method_and_strict, strict_and_missing, strict_in_list]
)
def test_error_is_that_of_the_first_row(make_serializer, way):
    results = [
        read(make_serializer(mixins)(m.Article.objects.order_by("pk"), many=True), name)[0]
        for mixins, name in (((), "data"), (MIXINS, way))
    ]
    assert results[1] == results[0]
    assert isinstance(results[0], tuple)


@pytest.mark.parametrize("way", WAYS)
def test_column_that_is_not_read_is_an_error_of_its_own(way):
    def get_body(self, article):
        return article.body

    kind = make(MIXINS, m.Article, ["body"], body=fields.SerializerMethodField(), get_body=reads("title")(get_body))
    with pytest.raises(ColumnNotReadError):
        _ = getattr(kind(m.Article.objects.all(), many=True), way)


def test_foreign_key_that_is_followed_is_named_with_a_path():
    def get_body(self, article):
        return article.author.name

    kind = make(MIXINS, m.Article, ["body"], body=fields.SerializerMethodField(), get_body=reads("title")(get_body))
    with pytest.raises(ColumnNotReadError, match="a path like 'author__name'"):
        _ = kind(m.Article.objects.all(), many=True).data


@pytest.mark.parametrize(
    "options", [{}, {"data": []}, {"data": [{"name": "Ann"}]}, {"data": [{}]}, {"data": {}}], ids=str
)
def test_rows_without_an_instance_are_those_of_data(options):
    found = []
    for mixins, way in (((), "data"), (MIXINS, "rows")):
        serializer = make(mixins, m.Author, ["name"])(many=True, **options)
        if options:
            serializer.is_valid()
        found.append(read(serializer, way)[0])
    assert found[1] == found[0]


def test_rows_after_data_are_the_same_rows():
    serializer = make(MIXINS, m.Author, ["name"])(m.Author.objects.order_by("pk"), many=True)
    serializer.data[0]["name"] = "changed"
    with CaptureQueriesContext(connections["default"]) as captured:
        assert serializer.rows == serializer.data
    assert not captured.captured_queries


def test_rows_before_validation_raise_what_data_raises():
    messages = []
    for mixins, way in (((), "data"), (MIXINS, "rows")):
        serializer = make(mixins, m.Author, ["name"])(m.Author.objects.all(), data=[], many=True)
        with pytest.raises(AssertionError) as error:
            getattr(serializer, way)
        messages.append(str(error.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [fields.CharField, fields.IntegerField, fields.FloatField, fields.BooleanField])
@pytest.mark.parametrize("added", [Count("tags"), F("price"), Value(True), Value(1.5), Value("1")])
def test_annotation_of_another_type_is_one_statement(kind, added, way):
    """A field of a text that shows a count, for example: its values are of another form than the field's."""

    def make_serializer(mixins):
        return make(mixins, m.Article, ["id", "added"], added=kind())

    def make_queryset():
        return m.Article.objects.annotate(added=added).order_by("pk")

    assert_no_more_statements(make_serializer, make_queryset, way)
