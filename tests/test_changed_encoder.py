"""Methods that a project puts into Django's encoder, or into `json.JSONEncoder`: what they say is what is written."""

import datetime
import decimal
import json
import subprocess
import sys
import uuid
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.http import JsonResponse
from django.test import RequestFactory
from django.utils.html import json_script
from ninja.renderers import JSONRenderer as NinjaRenderer
from rest_framework.renderers import JSONRenderer

from pyforge_web import CompiledSerializer, PyForgeJsonResponse, PyForgeStreamingResponse, dumps
from pyforge_web.html import pyforge_json
from pyforge_web.ninja import PyForgeRenderer
from pyforge_web.report.environment import summarize_environment
from pyforge_web.rest_framework import PyForgeJSONRenderer
from tests.relations.models import Author
from tests.relations.two_databases import filled, sqlite  # noqa: F401

pytestmark = pytest.mark.django_db(databases="__all__")


class Money:
    def to_json(self):
        return {"euro": 5}


base_default, django_default = json.JSONEncoder.default, DjangoJSONEncoder.default
base_encode, base_iterencode, base_init = (
    json.JSONEncoder.encode,
    json.JSONEncoder.iterencode,
    json.JSONEncoder.__init__,
)


def asking_to_json(self, value):
    return value.to_json() if hasattr(value, "to_json") else base_default(self, value)


def writing_days(self, value):
    return "a day" if isinstance(value, datetime.date) else django_default(self, value)


CHANGES = {
    "JSONEncoder.default": (json.JSONEncoder, "default", asking_to_json),
    "DjangoJSONEncoder.default": (DjangoJSONEncoder, "default", writing_days),
    "DjangoJSONEncoder.encode": (
        DjangoJSONEncoder,
        "encode",
        lambda self, value: f'["seen", {base_encode(self, value)}]',
    ),
    "JSONEncoder.iterencode": (
        json.JSONEncoder,
        "iterencode",
        lambda self, value, **options: [*base_iterencode(self, value, **options), " "],
    ),
    "DjangoJSONEncoder.__init__": (
        DjangoJSONEncoder,
        "__init__",
        lambda self, **options: base_init(self, **{**options, "sort_keys": True}),
    ),
}
VALUES = {
    "plain": {"b": 1, "a": [None, True, "é"]},
    "types": {"b": datetime.date(2026, 1, 1), "a": decimal.Decimal("1.50"), "key": uuid.UUID(int=1)},
    "an object": {"price": [Money()]},
    "unknown": {"what": object},
}


def outcome_of(function):
    """What is given, or the class of the error: messages of ours have the place of the value."""
    try:
        return function()
    except (TypeError, ValueError) as error:
        return type(error)


@pytest.fixture(params=CHANGES)
def change(request, monkeypatch):
    owner, name, method = CHANGES[request.param]
    monkeypatch.setattr(owner, name, method)
    return request.param


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_are_what_the_encoder_says(value, change):
    expected = outcome_of(lambda: JsonResponse(value).content)
    assert outcome_of(lambda: PyForgeJsonResponse(value, django_bytes=True).content) == expected
    assert outcome_of(lambda: dumps(value, django_bytes=True)) == expected
    compact = outcome_of(lambda: json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":"), ensure_ascii=False))
    compact = compact.encode() if isinstance(compact, str) else compact
    assert outcome_of(lambda: PyForgeJsonResponse(value).content) == compact
    assert outcome_of(lambda: dumps(value)) == compact
    script = outcome_of(lambda: json_script(value, "data"))
    ours = outcome_of(lambda: pyforge_json(value, id="data"))
    assert (
        json.loads(ours.partition(">")[2].rpartition("<")[0]) == json.loads(script.partition(">")[2].rpartition("<")[0])
        if isinstance(script, str)
        else ours == script
    )


@pytest.mark.usefixtures("sqlite")
def test_rows_are_what_the_encoder_says(change):
    authors = Author.objects.order_by("pk")
    fields = ["id", "name", "born"]
    expected = JsonResponse([*authors.values(*fields)], safe=False).content
    assert PyForgeJsonResponse(authors, fields=fields, django_bytes=True).content == expected
    assert PyForgeJsonResponse([*authors], fields=fields, django_bytes=True).content == expected
    assert CompiledSerializer(Author, fields).dump_queryset(authors, django_bytes=True) == expected
    lines = b"".join(PyForgeStreamingResponse(authors, fields=fields)).splitlines()
    assert [json.loads(line) for line in lines] == [
        json.loads(json.dumps(row, cls=DjangoJSONEncoder)) for row in authors.values(*fields)
    ]
    written, dumped = StringIO(), StringIO()
    call_command("dumpdata", "relations.Author", stdout=dumped)
    call_command("pyforge_dump", "relations.Author", format="django", stdout=written)
    assert written.getvalue() == dumped.getvalue()


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_renderers_say_what_theirs_say(value, change):
    assert outcome_of(lambda: PyForgeJSONRenderer().render(value)) == outcome_of(lambda: JSONRenderer().render(value))
    request = RequestFactory().get("/")
    expected = outcome_of(lambda: NinjaRenderer().render(request, value, response_status=200))
    found = outcome_of(lambda: PyForgeRenderer().render(request, value, response_status=200))
    assert (found.decode() if isinstance(found, bytes) else found) == expected


def test_a_changed_encoder_is_said(change):
    (warning,) = [found for found in run_checks() if found.id == "pyforge_web.W006"]
    assert change in warning.msg
    assert change in summarize_environment().reason
    assert not summarize_environment().native


def test_native_code_writes_again_when_the_change_is_undone(monkeypatch):
    value = {"day": datetime.date(2026, 1, 1)}
    for _time in range(2):
        with monkeypatch.context() as changed:
            changed.setattr(DjangoJSONEncoder, "default", writing_days)
            assert dumps(value) == b'{"day":"a day"}'
        assert dumps(value) == b'{"day":"2026-01-01"}'
        assert summarize_environment().native
        assert not [found for found in run_checks() if found.id == "pyforge_web.W006"]


def test_a_change_before_the_import_is_seen():
    code = (
        "import json; from django.conf import settings; settings.configure()\n"
        "json.JSONEncoder.default = lambda self, value: 'changed'\n"
        "from pyforge_web import dumps\n"
        "print(dumps([object()]), dumps([1]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["b'[\"changed\"]'", "b'[1]'"]
