"""`encoder=` and `json_dumps_params=` beside models anywhere in the value."""

import json
from functools import partial

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


class Keyed(DjangoJSONEncoder):
    def __init__(self, own_types=(), **options):
        super().__init__(**options)
        self.default = lambda value: "own" if isinstance(value, own_types) else DjangoJSONEncoder.default(self, value)


def make_plain(**options):
    return Plain(**options)


def refuse(value):
    raise TypeError(value)


PARAMS = [
    {"encoder": Plain},
    {"encoder": None},
    {"encoder": make_plain},
    {"encoder": partial(Keyed, own_types=(set,))},
    {"encoder": make_plain, "json_dumps_params": {"indent": 2, "default": refuse}},
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


class Phone:
    def __init__(self, number):
        self.number = number

    def __str__(self):
        return f"+{self.number}"


class MobilePhone(Phone):
    pass


def as_number(phone):
    return {"number": phone.number}


def test_types_of_a_project_are_written_as_the_setting_says():
    from django.test import override_settings

    path = f"{__name__}.Phone"
    # What the error advises keeps the rest of the value native, and is done below and beside it.
    with pytest.raises(TypeError, match=r"MobilePhone is not JSON .* pass default=.*PYFORGE_WEB\['TYPES'\]"):
        dumps([MobilePhone(5)])
    assert dumps([MobilePhone(5)], default=str) == b'["+5"]'
    with override_settings(PYFORGE_WEB={"TYPES": {path: "str"}}):
        assert dumps([MobilePhone(5), Phone(6)]) == b'["+5","+6"]'
    with override_settings(PYFORGE_WEB={"TYPES": {path: f"{__name__}.as_number"}}):
        assert dumps({"phone": Phone(5)}) == b'{"phone":{"number":5}}'


NO_OWN_TYPES = [
    "decimal.Decimal",
    "no.such.Type",
    "json.loads",
    "django.contrib.auth.models.User",
    "django.db.models.QuerySet",
    "signal.Signals",
    "builtins.range",
    "ipaddress.IPv4Interface",
]


@pytest.mark.parametrize("types", [{name: "str"} for name in NO_OWN_TYPES])
def test_types_that_cannot_be_are_improperly_configured(types):
    from django.core.exceptions import ImproperlyConfigured
    from django.test import override_settings

    with override_settings(PYFORGE_WEB={"TYPES": types}), pytest.raises(ImproperlyConfigured):
        dumps([Phone(1)])


def test_default_is_asked_for_values_that_nobody_knows():
    response = PyForgeJsonResponse({"phone": Phone(5), "n": 1}, default=str)
    assert response.content == b'{"phone":"+5","n":1}'
    with pytest.raises(TypeError):
        dumps(Phone(5))
