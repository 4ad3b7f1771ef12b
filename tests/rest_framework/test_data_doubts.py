"""What an instance, a model or its fields have of their own, and what a QuerySet refuses: as DRF has it."""

import copy
import json

import pytest
from django.db import connections, models
from django.test.utils import CaptureQueriesContext
from rest_framework import fields, relations, serializers
from rest_framework.renderers import JSONRenderer

from pyforge_web import dumps
from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer, reads
from tests.oracle import join_all
from tests.relations import models as m

pytestmark = pytest.mark.django_db(databases="__all__")
MIXINS = (CompiledSerializerMixin,)


def of(mixins, model, names, **attributes):
    options = {"Meta": type("Meta", (), {"model": model, "fields": names}), **attributes}
    return type("Rows", (*mixins, serializers.ModelSerializer), options)


def outcome(read):
    try:
        return read()
    except Exception as error:
        return type(error), str(error)


def assert_like_drf(expected, given, queryset, **context):
    data = outcome(lambda: expected(queryset.all(), many=True, context=context).data)
    body = outcome(lambda: JSONRenderer().render(expected(queryset.all(), many=True, context=context).data))
    assert outcome(lambda: given(queryset.all(), many=True, context=context).data) == data
    rows = outcome(lambda: PyForgeJSONRenderer().render(given(queryset.all(), many=True, context=context).rows))
    assert rows == body


@pytest.mark.parametrize("order", [[{}, {"full": True}, {}], [{"full": True}, {}, {"full": True}]], ids=["few", "full"])
def test_method_that_an_instance_has_for_itself(order, database):
    def make(mixins):
        def own_init(self, *args, **options):
            super(made, self).__init__(*args, **options)
            if "full" in self.context:
                self.get_text = self.get_full

        made = of(
            mixins,
            m.Article,
            ["text"],
            text=fields.SerializerMethodField(),
            get_text=reads("title")(lambda self, article: article.title),
            get_full=lambda self, article: f"{article.body} {article.author.name}",
            __init__=own_init,
        )
        return made

    classes = make(()), make(MIXINS)
    for context in order:
        assert_like_drf(*classes, m.Article.objects.using(database).order_by("pk"), **context)


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("owner", [m.Author, models.Model], ids=["the model's", "Django's"])
@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("pk", property(lambda self: f"key {self.id}")),
        ("serializable_value", lambda self, name: f"{name} of {self.pk}"),
    ],
    ids=["pk", "serializable_value"],
)
def test_method_that_reads_an_instance(name, changed, owner, is_kept, database, monkeypatch):
    def make(mixins):
        author = of(mixins, m.Author, ["pk", "mentor"], pk=fields.ReadOnlyField())
        return of(
            mixins,
            m.Article,
            ["author", "key", "tags"],
            author=author(),
            key=relations.PrimaryKeyRelatedField(source="author", read_only=True),
        )

    classes = make(()), make(MIXINS)
    queryset = m.Article.objects.using(database).select_related("author").prefetch_related("tags").order_by("pk")
    if is_kept:
        assert_like_drf(*classes, queryset)
    monkeypatch.setattr(owner, name, changed)
    assert_like_drf(*classes, queryset)
    monkeypatch.undo()
    assert_like_drf(*classes, queryset)


class Noted(models.CharField):
    """Its text has another column in it."""

    def value_from_object(self, obj):
        return [super().value_from_object(obj)]

    def value_to_string(self, obj):
        return f"{self.value_from_object(obj)[0]} ({obj.body})"


def test_field_of_a_model_reads_another_column(database):
    column = copy.copy(m.Article._meta.get_field("title"))
    column.__class__ = Noted

    def make(mixins):
        return of(mixins, m.Article, ["title"], title=fields.ModelField(column))

    queryset = m.Article.objects.using(database).order_by("pk")
    assert_like_drf(make(()), make(MIXINS), queryset)
    with CaptureQueriesContext(connections[database]) as statements:
        assert make(MIXINS)(queryset, many=True).data
    assert len(statements) < queryset.count()


@pytest.mark.parametrize(
    "change",
    [
        lambda queryset: queryset.select_related("country").only("name"),
        lambda queryset: queryset.select_related("country").defer("country"),
        lambda queryset: queryset.select_related("mentor__country").only("name", "mentor__name"),
        lambda queryset: queryset.select_related("mentor__country").only("name", "mentor__country__name"),
        lambda queryset: queryset.select_related("country").only("name", "country__name"),
        lambda queryset: join_all(queryset).defer("name"),
    ],
    ids=["only", "defer", "only behind", "path", "column", "all"],
)
def test_relation_that_is_joined_and_deferred(change, database):
    classes = [of(mixins, m.Author, ["name"]) for mixins in ((), MIXINS)]
    assert_like_drf(*classes, change(m.Author.objects.using(database).order_by("pk")))


@pytest.mark.parametrize("end", [None, 3])
def test_no_order_that_is_turned_round(end, database):
    queryset = m.Author.objects.using(database).reverse()[:end]
    assert_like_drf(*(of(mixins, m.Author, ["id", "name"]) for mixins in ((), MIXINS)), queryset)
    keys = [author.pk for author in queryset]
    for names in (["id"], ["id", {"country": ["name"]}]):
        assert [row["id"] for row in json.loads(dumps(queryset.all(), fields=names))] == keys


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("owner", [m.VisibleManager, models.manager.BaseManager], ids=["the project's", "Django's"])
@pytest.mark.parametrize("prefetched", [(), ("comments",)], ids=str)
def test_manager_with_its_own_all(owner, prefetched, is_kept, database, monkeypatch):
    """It may hide rows that its QuerySet has."""

    def make(mixins):
        comment = of(mixins, m.Comment, ["text", "score"])
        return of(
            mixins,
            m.Article,
            ["id", "comments", "keys"],
            comments=comment(many=True),
            keys=relations.PrimaryKeyRelatedField(source="comments", many=True, read_only=True),
        )

    classes = make(()), make(MIXINS)
    queryset = m.Article.objects.using(database).order_by("pk").prefetch_related(*prefetched)
    if is_kept:
        assert_like_drf(*classes, queryset)
    monkeypatch.setattr(owner, "all", lambda self: self.get_queryset().filter(score__gt=1), raising=False)
    assert_like_drf(*classes, queryset)
    monkeypatch.undo()
    assert_like_drf(*classes, queryset)


def test_database_whose_engine_is_not_installed(sqlite, monkeypatch):
    """Django leaves it alone until somebody asks it."""
    method = {"text": fields.SerializerMethodField(), "get_text": reads("title")(lambda self, article: article.title)}
    engine = dict(connections.settings["default"], ENGINE="not.installed")
    bodies = [{"author": author.pk, "title": "x"} for author in m.Author.objects.order_by("pk")[:2]]
    validated = []
    with monkeypatch.context() as changed:
        changed.setitem(connections.settings, "not installed", engine)
        classes = [of(mixins, m.Article, ["text", "author"], **method) for mixins in ((), MIXINS)]
        assert_like_drf(*classes, m.Article.objects.order_by("pk"))
        for mixins in ((), MIXINS):
            serializer = of(mixins, m.Article, ["title", "author"])(data=bodies, many=True)
            assert serializer.is_valid()
            validated.append(serializer.validated_data)
    assert validated[0] == validated[1]
