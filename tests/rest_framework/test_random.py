"""Random serializers over the models of the relations' tests: DRF's data, bytes and errors."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import fields, relations, serializers
from rest_framework.renderers import JSONRenderer

from pyforge_web.rest_framework import CompiledSerializerMixin, PyForgeJSONRenderer, reads
from tests.oracle import outcome
from tests.relations import models as m

pytestmark = pytest.mark.django_db(databases="__all__")

# The relations that serializers nest, by model: the model behind each, and whether it leads to many.
RELATIONS = {
    m.Article: {
        "author": (m.Author, False),
        "editor": (m.Author, False),
        "tags": (m.Tag, True),
        "comments": (m.Comment, True),
    },
    m.Author: {
        "country": (m.Country, False),
        "mentor": (m.Author, False),
        "articles": (m.Article, True),
        "friends": (m.Author, True),
    },
    m.Comment: {"writer": (m.Author, False), "article": (m.Article, False), "answers": (m.Comment, True)},
    m.Tag: {"parent": (m.Tag, False)},
    m.Country: {"authors": (m.Author, True)},
}
OPTIONS = st.fixed_dictionaries({}, optional={"allow_null": st.booleans(), "read_only": st.just(True)})
DOTTED = {
    m.Article: ["author.name", "editor.name", "editor.country.name", "author.country_id", "editor.born"],
    m.Author: ["country.name", "mentor.country.code", "mentor.name", "profile.about"],
    m.Comment: ["writer.name", "article.author.name", "article.editor.name", "answered.text"],
    m.Tag: ["parent.name"],
    m.Country: [],
}


def columns(model):
    return [field.name for field in model._meta.concrete_fields]


@st.composite
def descriptions(draw, model, depth=2):
    """What a serializer of a model has: names of columns, and descriptions of other fields."""
    described = {"model": model, "columns": draw(st.lists(st.sampled_from(columns(model)), unique=True, max_size=5))}
    extra = {}
    for number in range(draw(st.integers(0, 4))):
        sort = draw(st.sampled_from(["dotted", "nested", "keys", "slugs", "texts", "method", "renamed", "value"]))
        names = DOTTED[model] if sort == "dotted" else list(RELATIONS[model])
        if sort in ("dotted", "nested", "keys", "slugs", "texts") and not names:
            continue
        name = (
            draw(st.sampled_from(names))
            if sort not in ("method", "renamed", "value")
            else draw(st.sampled_from(columns(model)))
        )
        if sort == "nested":
            if not depth:
                continue
            other, _ = RELATIONS[model][name]
            extra[f"f{number}"] = (sort, name, draw(descriptions(other, depth - 1)), draw(OPTIONS))
        else:
            extra[f"f{number}"] = (sort, name, None, draw(OPTIONS))
    return described | {"extra": extra}


def make_field(model, sort, name, inner, options, mixins):
    if sort == "nested":
        many = RELATIONS[model][name][1]
        return make(inner, mixins)(many=many, source=name, read_only=True)
    if sort == "dotted":
        return fields.CharField(
            source=name, **({"required": False} | options if "read_only" not in options else options)
        )
    if sort in ("renamed", "value"):
        return fields.ReadOnlyField(source=name) if sort == "renamed" else Loud(source=name, read_only=True)
    many = RELATIONS[model][name][1]
    if sort == "keys":
        return relations.PrimaryKeyRelatedField(source=name, many=many, read_only=True)
    if sort == "texts":
        return relations.StringRelatedField(source=name, many=many, **({"required": False} if many else {}))
    return relations.SlugRelatedField(source=name, slug_field="pk", many=many, read_only=True)


class Loud(fields.Field):
    def to_representation(self, value):
        return f"{value}!"


def make(described, mixins):
    """The serializer of a description, with these classes before DRF's."""
    model, attributes = described["model"], {}
    for name, (sort, source, inner, options) in described["extra"].items():
        if sort == "method":
            attributes[name] = fields.SerializerMethodField()
            column = model._meta.get_field(source).attname
            attributes[f"get_{name}"] = reads(column)(
                lambda self, instance, column=column: str(getattr(instance, column))
            )
        else:
            attributes[name] = make_field(model, sort, source, inner, options, mixins)
    names = [*described["columns"], *described["extra"]]
    meta = type("Meta", (), {"model": model, "fields": names})
    return type("Random", (*mixins, serializers.ModelSerializer), attributes | {"Meta": meta})


@pytest.mark.parametrize("model", RELATIONS, ids=lambda model: model.__name__)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_serializer_is_drfs(model, data, sqlite):
    described = data.draw(descriptions(model))
    expected = outcome(lambda: make(described, ())(model._base_manager.order_by("pk"), many=True).data)
    serializer = make(described, (CompiledSerializerMixin,))
    assert outcome(lambda: serializer(model._base_manager.order_by("pk"), many=True).data) == expected
    rows = outcome(lambda: serializer(model._base_manager.order_by("pk"), many=True).rows)
    assert rows == expected
    if not isinstance(expected, tuple):
        rows = serializer(model._base_manager.order_by("pk"), many=True).rows
        assert outcome(lambda: PyForgeJSONRenderer().render(rows)) == outcome(lambda: JSONRenderer().render(expected))
