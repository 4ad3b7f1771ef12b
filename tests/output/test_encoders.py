"""`encoder=` and `json_dumps_params=` beside models anywhere in the value."""

import json

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.http import JsonResponse

from pyforge_web import PyForgeJsonResponse, dumps, rows
from tests.output.ways import read_bare
from tests.relations.models import Author, Tag

pytestmark = pytest.mark.django_db(databases="__all__")


class Plain(DjangoJSONEncoder):
    pass


class OwnForm(DjangoJSONEncoder):
    def default(self, value):
        return str(value) if isinstance(value, Model) else super().default(value)


PARAMS = [
    {"encoder": Plain},
    {"json_dumps_params": {"indent": 2}},
    {"json_dumps_params": {"sort_keys": True}},
    {"json_dumps_params": {"ensure_ascii": False}},
    {"json_dumps_params": {"ensure_ascii": True, "separators": (",", ":")}},
    {"json_dumps_params": {"ensure_ascii": False, "separators": (",", ":")}},
    {"json_dumps_params": {"sort_keys": False}},
    {"json_dumps_params": {"separators": (", ", ": ")}},
]


@pytest.mark.parametrize("options", PARAMS)
def test_models_inside_values(options, sqlite):
    tags = Tag.objects.using(sqlite).order_by("pk")
    like = {"é": [read_bare(each) for each in tags], "one": read_bare(tags[0])}
    given = {"é": tags.all(), "one": tags[0]}
    assert PyForgeJsonResponse(given, **options).content == JsonResponse(like, **options).content
    chosen = {"é": rows(tags.all(), ["name"])}
    expected = JsonResponse({"é": [{"name": each.name} for each in tags]}, **options).content
    assert PyForgeJsonResponse(chosen, **options).content == expected


def test_the_users_own_form_of_a_model_comes_first(sqlite):
    tag = Tag.objects.using(sqlite).first()
    assert json.loads(PyForgeJsonResponse({"tag": tag}, encoder=OwnForm).content) == {"tag": str(tag)}


def test_a_secret_is_guarded_there_too(sqlite):
    authors = Author.objects.using(sqlite).order_by("pk")
    for options in PARAMS:
        with pytest.raises(TypeError, match=r"rows\(value, fields="):
            PyForgeJsonResponse({"authors": authors.all()}, **options)


def test_rows_cannot_be_pickled(sqlite):
    import pickle

    with pytest.raises(TypeError, match=r"dumps\(rows"):
        pickle.dumps(rows(Tag.objects.using(sqlite).all()))


def test_rows_are_read_anew_each_time(sqlite):
    tags = rows(Tag.objects.using(sqlite).order_by("pk"), ["name"])
    before = json.loads(dumps(tags))
    Tag.objects.using(sqlite).create(name="one more")
    assert json.loads(dumps(tags)) == [*before, {"name": "one more"}]
