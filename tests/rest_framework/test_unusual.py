"""List serializers of a project, lists behind missing objects, names that are no relations: all as DRF has them."""

import contextlib
import copy
import operator
from unittest import mock

import pytest
from django.db.models import Prefetch
from django.db.models.signals import post_init
from rest_framework import generics, relations, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory

from pyforge_web.rest_framework import CompiledListMixin, CompiledSerializerMixin, PyForgeJSONRenderer, project, reads
from tests.relations import models as m

pytestmark = pytest.mark.django_db(databases="__all__")
MIXINS = (CompiledSerializerMixin,)


@pytest.fixture(autouse=True)
def rows_of_sqlite(sqlite):
    return sqlite


class Reversed(serializers.ListSerializer):
    def to_representation(self, data):
        return super().to_representation(data)[::-1]


class Wrapped(serializers.ListSerializer):
    @property
    def data(self):
        return {"wrapped": super().data}


class Keyed(serializers.ListSerializer):
    def to_representation(self, data):
        return {str(row["id"]): row for row in super().to_representation(data)}


class Generated(serializers.ListSerializer):
    def to_representation(self, data):
        return (row["title"] for row in super().to_representation(data))


class Plain(serializers.ListSerializer):
    """No method of its own."""


def make(mixins, model, names, list_class=None, **attributes):
    options = {"model": model, "fields": names, **({"list_serializer_class": list_class} if list_class else {})}
    return type(
        f"{model.__name__}Serializer",
        (*mixins, serializers.ModelSerializer),
        {"Meta": type("Meta", (), options), **attributes},
    )


@pytest.mark.parametrize("list_class", [Plain, Reversed, Wrapped, Keyed, Generated])
def test_list_serializer_of_a_project(list_class):
    def serializer(mixins):
        return make(mixins, m.Article, ["id", "title"], list_class)(m.Article.objects.order_by("pk"), many=True)

    expected = serializer(()).data
    assert serializer(MIXINS).data == expected
    assert PyForgeJSONRenderer().render(serializer(MIXINS).rows) == JSONRenderer().render(expected)


@pytest.mark.parametrize("list_class", [Plain, Reversed, Wrapped, Keyed, Generated])
@pytest.mark.parametrize("mixins", [(), MIXINS], ids=["plain", "mixed"])
def test_list_view_with_a_list_serializer_of_a_project(list_class, mixins):
    def body(bases, renderer, mixins):
        attributes = {
            "queryset": m.Article.objects.order_by("pk"),
            "serializer_class": make(mixins, m.Article, ["id", "title"], list_class),
            "renderer_classes": [renderer],
        }
        view = type("Articles", (*bases, generics.ListAPIView), attributes).as_view()
        return view(APIRequestFactory().get("/")).render().content

    assert body((CompiledListMixin,), PyForgeJSONRenderer, mixins) == body((), JSONRenderer, ())


@pytest.mark.parametrize("list_class", [Plain, Reversed])
def test_nested_list_serializer_of_a_project(list_class):
    def serializer(mixins):
        articles = make(mixins, m.Article, ["id"], list_class)(many=True)
        kind = make(mixins, m.Author, ["name", "articles"], articles=articles)
        return kind(m.Author.objects.order_by("pk"), many=True)

    assert serializer(MIXINS).data == serializer(()).data


def test_mixin_and_setting_together_give_rows():
    project.install_native_path()
    try:
        kind = make(MIXINS, m.Author, ["id", "name"])
        given = kind(m.Author.objects.order_by("pk"), many=True)
        assert given.rows.body is not None
        assert given.rows == given.data
    finally:
        project.uninstall_native_path()


@pytest.mark.parametrize("options", [{"read_only": True}, {"allow_null": True}, {"required": False}], ids=str)
@pytest.mark.parametrize("is_nested", [True, False])
@pytest.mark.parametrize(
    ("model", "source", "target"),
    [(m.Place, "restaurant.dishes", m.Dish), (m.Article, "editor.articles", m.Article)],
    ids=["reverse", "forward"],
)
def test_list_behind_a_missing_object(model, source, target, is_nested, options):
    def serializer(mixins):
        if is_nested:
            field = make(mixins, target, ["id"])(many=True, source=source, **options)
        else:
            choices = {} if "read_only" in options else {"queryset": target.objects.all()}
            field = relations.PrimaryKeyRelatedField(many=True, source=source, **choices, **options)
        return make(mixins, model, ["id", "found"], found=field)(model.objects.order_by("pk"), many=True)

    expected = outcome(lambda: serializer(()).data)
    assert outcome(lambda: serializer(MIXINS).data) == expected
    assert outcome(lambda: serializer(MIXINS).rows) == expected
    if isinstance(expected, list):
        assert PyForgeJSONRenderer().render(serializer(MIXINS).rows) == JSONRenderer().render(expected)


def outcome(read):
    """What is read, or the words of the error: some of these are missing, and required."""
    try:
        return read()
    except AttributeError as error:
        return str(error)


@pytest.mark.parametrize(
    "change",
    [
        lambda queryset: queryset.prefetch_related("nothing"),
        lambda queryset: queryset.prefetch_related("tags__nothing"),
        lambda queryset: queryset.prefetch_related("title"),
        lambda queryset: queryset.prefetch_related(Prefetch("nothing")),
        lambda queryset: queryset.prefetch_related(Prefetch("comments", m.Comment.objects.prefetch_related("nothing"))),
        lambda queryset: queryset.select_related("nothing"),
        lambda queryset: queryset.select_related("author__nothing"),
        lambda queryset: queryset.select_related("tags"),
    ],
    ids=["prefetch", "deep prefetch", "prefetch a column", "Prefetch", "inner", "select", "deep select", "select many"],
)
def test_names_that_are_no_relations_raise_what_django_raises(change):
    messages = []
    for mixins in ((), MIXINS):
        serializer = make(mixins, m.Article, ["id", "tags"])(change(m.Article.objects.all()), many=True)
        with pytest.raises(Exception) as error:  # noqa: PT011 - whatever Django raises
            _ = serializer.data
        messages.append((type(error.value), str(error.value)))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("operation", ["lt", "le", "gt", "ge", "eq", "ne", "add", "contains", "iadd", "imul"])
@pytest.mark.parametrize("other", [[], [1], [1, 2, 3], [1, [2]], 2, None], ids=str)
def test_rows_data_has_the_operators_of_a_list(operation, other):
    from pyforge_web.rest_framework import RowsData

    def result(value, other):
        try:
            found = getattr(operator, operation)(value, other)
        except TypeError:
            return TypeError
        return list(found) if isinstance(found, RowsData) else found

    for ours in (lambda: RowsData(b"[1,2]", lambda: [1, 2], []), lambda: RowsData(None, None, [1, 2])):
        assert result(ours(), other) == result([1, 2], other)
        if isinstance(other, list):
            assert result(other.copy(), ours()) == result(other.copy(), [1, 2])
        assert result(ours(), ours()) == result([1, 2], [1, 2])
        assert copy.deepcopy(ours()) == [1, 2]


def shout(instance, **kwargs):
    instance.name = instance.name.upper()


@contextlib.contextmanager
def heard_author():
    """A receiver of another app changes each author."""
    post_init.connect(shout, sender=m.Author)
    try:
        yield
    finally:
        post_init.disconnect(shout, sender=m.Author)


@contextlib.contextmanager
def described_author():
    """The attribute of a column is read in another way."""
    with mock.patch.object(m.Author, "name", property(lambda author: author.__dict__["name"].upper(), name_setter)):
        yield


def name_setter(author, value):
    author.__dict__["name"] = value


@pytest.mark.parametrize("changed", [heard_author, described_author])
@pytest.mark.parametrize("shape", ["dotted", "nested", "list"])
def test_joined_model_that_changes_while_plans_are_kept(changed, shape):
    def serializer(mixins):
        author = make(mixins, m.Author, ["id", "name"])
        if shape == "dotted":
            fields = {"name": serializers.CharField(source="author.name")}
            return make(mixins, m.Article, ["id", "name"], **fields)
        if shape == "nested":
            return make(mixins, m.Article, ["id", "author"], author=author())
        article = make(mixins, m.Article, ["id", "author"], author=author())
        return make(mixins, m.Tag, ["id", "article_set"], article_set=article(many=True))

    model = m.Tag if shape == "list" else m.Article
    ours, drfs = serializer(MIXINS), serializer(())

    def written(kind):
        return kind(model.objects.order_by("pk"), many=True).data

    before = written(ours)
    assert before == written(ours) == written(drfs)
    with changed():
        assert written(ours) == written(drfs) != before
    assert written(ours) == before


@pytest.mark.parametrize(("name", "slug"), [("author", "country"), ("author", "country__code"), ("tags", "parent")])
def test_slug_that_is_a_relation_is_the_object(name, slug):
    def serializer(mixins):
        field = relations.SlugRelatedField(slug_field=slug, read_only=True, many=name == "tags")
        articles = m.Article.objects.exclude(author__country=None).order_by("pk")
        return make(mixins, m.Article, ["id", name], **{name: field})(articles, many=True)

    expected = serializer(()).data
    assert serializer(MIXINS).data == expected
    assert list(serializer(MIXINS).rows) == expected


def mark(serializer, article):
    """A method that changes what it reads."""
    article.data["marked"] = article.pk
    return article.data["n"]


@pytest.mark.parametrize("names", [("data", "marks", "again", "inner"), ("marks", "inner", "data", "again")], ids=str)
def test_json_value_is_one_object_for_all_that_read_it(names):
    def rows(mixins):
        fields = {
            "again": serializers.ReadOnlyField(source="data"),
            "inner": make(mixins, m.Article, ["data"])(source="*"),
            "marks": serializers.SerializerMethodField(),
            "get_marks": reads("data")(mark),
        }
        kind = make(mixins, m.Article, names, **fields)
        return kind(m.Article.objects.order_by("pk"), many=True)

    expected = rows(()).data
    assert rows(MIXINS).data == expected
    assert PyForgeJSONRenderer().render(rows(MIXINS).rows) == JSONRenderer().render(expected)
    assert all(row["data"] is row["again"] is row["inner"]["data"] for row in [*expected, *rows(MIXINS).data])
