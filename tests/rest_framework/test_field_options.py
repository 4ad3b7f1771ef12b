"""Fields whose options, or whose order, decide what they write: labels, options of a class, what one remembers."""

from zoneinfo import ZoneInfo

import pytest
from rest_framework import fields, relations, serializers
from rest_framework.renderers import JSONRenderer

from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer, explain, reads
from tests.relations import models as m

pytestmark = pytest.mark.django_db(databases="__all__")
MIXINS = (CompiledSerializerMixin,)


def of(mixins, model, names, **attributes):
    options = {"Meta": type("Meta", (), {"model": model, "fields": names}), **attributes}
    return type("Rows", (*mixins, serializers.ModelSerializer), options)


def assert_like_drf(expected, given, queryset, database):
    """Compare what two classes of serializers make of a QuerySet; a context remembers what their fields have seen."""

    def serialize(kind):
        return kind(queryset().using(database), many=True, context={"seen": []})

    assert "DRF" not in explain(serialize(given))
    data = serialize(expected).data
    assert serialize(given).data == data
    assert PyForgeJSONRenderer().render(serialize(given).rows) == JSONRenderer().render(data)


class Label(fields.ChoiceField):
    """Writes the label of a choice."""

    def __init__(self, choices, **options):
        super().__init__(choices, **options)
        self.choice_strings_to_values = dict(self.choices)


class LabelOfProperty(fields.ChoiceField):
    def _set_choices(self, choices):
        super()._set_choices(choices)
        self.choice_strings_to_values = {text: f"<{text}>" for text in self.choice_strings_to_values}

    choices = property(fields.ChoiceField._get_choices, _set_choices)


class Lower(dict):
    def get(self, name, default=None):
        return name.lower()


class LabelOfMapping(fields.ChoiceField):
    def __init__(self, choices, **options):
        super().__init__(choices, **options)
        self.choice_strings_to_values = Lower(self.choice_strings_to_values)


@pytest.mark.parametrize("kind", [fields.ChoiceField, Label, LabelOfProperty, LabelOfMapping])
def test_choice_with_values_of_its_own(kind, database):
    choices = [(name, name.upper()) for name in m.Tag.objects.using(database).values_list("name", flat=True)]
    classes = [of(mixins, m.Tag, ["name"], name=kind(choices)) for mixins in ((), MIXINS)]
    assert_like_drf(*classes, m.Tag.objects.all, database)


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (fields.DateTimeField, "format", "%Y"),
        (fields.DateField, "format", "%d.%m.%Y"),
        (fields.DecimalField, "coerce_to_string", False),
        (fields.DateTimeField, "timezone", ZoneInfo("Asia/Tokyo")),
        (fields.CharField, "to_representation", lambda self, value: f"<{value}>"),
    ],
    ids=["datetime", "date", "decimal", "timezone", "method"],
)
def test_option_that_a_class_gets_while_a_plan_is_kept(owner, name, value, monkeypatch, database):
    def classes():
        names = ["title", "published", "price", "author"]
        return [
            of(mixins, m.Article, names, author=of(mixins, m.Author, ["born"])(read_only=True))
            for mixins in ((), MIXINS)
        ]

    made = classes()
    for _ in range(2):
        assert_like_drf(*made, m.Article.objects.all, database)
    monkeypatch.setattr(owner, name, value, raising=False)
    assert_like_drf(*made, m.Article.objects.all, database)
    monkeypatch.undo()
    assert_like_drf(*made, m.Article.objects.all, database)


class Seen(fields.Field):
    """The place of a value among all that were written."""

    def to_representation(self, value):
        self.context["seen"].append(value)
        return len(self.context["seen"])


class SeenKey(relations.PrimaryKeyRelatedField):
    def to_representation(self, value):
        self.context["seen"].append(value.pk)
        return len(self.context["seen"])


def count_name(self, author):
    self.context["seen"].append(author.name)
    return len(self.context["seen"])


def add_method(attributes):
    return {**attributes, "name": fields.SerializerMethodField(), "get_name": reads("name")(count_name)}


@pytest.mark.parametrize("is_guarded", [True, False])
def test_fields_remember_something_for_the_next(is_guarded, database):
    def make(mixins):
        inner = {"name": Seen(), "id": Seen()}
        author = of(mixins, m.Author, ["id", "name"], **(add_method(inner) if is_guarded else inner))
        own = {"id": Seen(), "author": author(), "editor": SeenKey(read_only=True), "title": Seen(), "key": Seen()}
        return of(mixins, m.Article, [*own], **own)

    assert_like_drf(make(()), make(MIXINS), m.Article.objects.select_related("author").order_by("-pk").all, database)


def test_field_beside_a_method_may_query(database):
    """What `@reads` promises is said of the method alone."""

    class Counted(fields.Field):
        def to_representation(self, value):
            return m.Author.objects.filter(pk__gte=value).count()

    def make(mixins):
        return of(mixins, m.Author, ["id", "name"], **add_method({"id": Counted()}))

    assert_like_drf(make(()), make(MIXINS), m.Author.objects.order_by("pk").all, database)
