"""Random fields over all models, compared with Django's instances: rows as sets, their order is tested elsewhere."""

import json

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyforge_web
from pyforge_web.related import find_relation
from tests.oracle import django_text
from tests.relations.models import Comment, Label, Note
from tests.relations.oracle import expected, fetched
from tests.relations.test_cases import on

pytestmark = pytest.mark.django_db(databases="__all__")
MODELS = list(apps.get_app_config("relations").get_models())


def relations_of(model):
    """All but two of contenttypes: of one the models are not known, the other has rows twice, depending on the path."""
    names = {name for name in dir(model) if not name.startswith("_") and find_relation(model, name)}
    return sorted(names - ({"subject", "article"} if model is Note else {"subject"} if model is Label else set()))


@st.composite
def fields_of(draw, model, depth):
    columns = [name for field in model._meta.concrete_fields for name in {field.name, field.attname}]
    fields = draw(st.lists(st.sampled_from([*columns, "pk"]), unique=True, max_size=4))
    names = relations_of(model)
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if depth and names else []
    fields = [name for name in fields if name not in chosen]
    nested = [{name: draw(fields_of(find_relation(model, name).model, depth - 1))} for name in chosen]
    return draw(st.permutations(fields + nested)) or ["pk"]


@st.composite
def questions(draw):
    model = draw(st.sampled_from(MODELS))
    return model, draw(fields_of(model, 3))


def canonical(value):
    if isinstance(value, dict):
        return {key: canonical(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((canonical(inner) for inner in value), key=repr)
    return value


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
def test_like_django(question, database):
    model, fields = question
    rows = expected(on(database)(model), fields)
    ours = pyforge_web.dumps(on(database)(model), fields=fields)
    assert canonical(json.loads(ours)) == canonical(json.loads(django_text(rows)))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
def test_instances_like_django(question, sqlite):
    model, fields = question
    rows = fetched(list(on(sqlite)(model)), fields)
    instances = list(on(sqlite)(model))
    ours = pyforge_web.dumps(instances, fields=fields, fetch=True)
    assert canonical(json.loads(ours)) == canonical(json.loads(django_text(rows)))


def test_the_models_have_all_sorts_of_relations():
    sorts = {find_relation(model, name).sort for model in MODELS for name in relations_of(model)}
    assert sorts == {"forward", "backward", "reverse", "many_to_many", "generic"}
    assert find_relation(Note, "subject").sort == "other"
    assert find_relation(Comment, "everything") is None
