"""Every refusal of the package leads to its section of docs/reference/errors.md."""

import ast
import io
import pickle
import re
from typing import get_args

import pytest
from django.core.exceptions import BadRequest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.template import Engine
from django.test import RequestFactory, override_settings
from django.utils import timezone

import pyforge_web
from pyforge_web import (
    Attribute,
    CompiledSerializer,
    CompiledValidator,
    Computed,
    Display,
    PyForgeJsonResponse,
    PyForgeStreamingResponse,
    bulk_create_validated,
    dumps,
    loads,
    prepared,
    rows,
    validate_many,
)
from pyforge_web.conf import DEFAULT_DOCS_URL, ErrorTopic, docs_url, with_docs
from pyforge_web.html import pyforge_json
from pyforge_web.testing import assert_no_pyforge_warnings
from tests.docs.blog.models import Article, Author
from tests.docs.markdown import DOCS, ROOT, find_anchors
from tests.test_house import trees

TOPICS = get_args(ErrorTopic)
# Sections of errors that have no note, and why.
WITHOUT_NOTE = {
    "command": "the address is in the text",
    "interpreter": "has a note, but the package is not imported: tests/test_interpreters.py",
    "setting": "the address is in the text",
    "synchronous-only": "Django's own",
}
TEMPLATES = Engine(libraries={"pyforge": "pyforge_web.templatetags.pyforge"})
# What a developer raises by a wrong argument.
REFUSED = {
    "TypeError", "ValueError", "RuntimeError", "ImportError", "FieldError", "BadRequest", "ImproperlyConfigured",
    "CommandError", "TemplateSyntaxError", "RequestDataTooBig", "ColumnNotReadError", "NotNamedError",
    "ForeignValueError", "BodyError", "BatchValidationError",
}  # fmt: skip
# Errors without an address, by a part of their text, and why.
NOT_LINKED = {
    "Negative indexing is not supported.": "Django's words",
    "Chunk size must be strictly positive.": "Django's words",
    "lookup was already seen with a different queryset": "Django's words",
    "conflicts with a field on the": "Django's words",
    "__str__ returned non-string": "Python's words",
    "raised StopIteration": "what a generator of the project would raise",
    "Unable to write": "an error of the file system or of a row, which the text has",
    "str(error)": "another error's text",
    "psycopg 3 is not installed": "caught where it is imported",
    "Django uses psycopg 3": "caught where it is imported",
    "rows of a relation have a key behind their columns": "caught inside",
    "no mode for": "a fault of the package",
}


def _live():
    return Article.objects.filter(status="live")


def _circle():
    found = []
    found.append(found)
    return found


def _deep():
    found = []
    for _ in range(200_000):
        found = [found]
    return found


def _change():
    changed = {"a": None, "b": 1}

    class Clears:
        def __str__(self):
            changed["c"] = 2
            return "text"

    changed["a"] = Clears()
    dumps(changed, default=str)


def _call_now():
    @prepared(fields=["id"])
    def published_now():
        return Article.objects.filter(published__lte=timezone.now())

    return dumps(published_now())


def _native_rows():
    from pyforge_web.ninja import native_rows

    async def articles(request): ...

    native_rows(object)(articles)


def _schema_fields():
    import ninja
    import pydantic

    from pyforge_web.ninja import schema_fields

    class Short(ninja.Schema):
        title: str

        @pydantic.field_validator("title")
        @classmethod
        def cut(cls, value):
            return value[:3]

    schema_fields(Short, Article)


def _explain():
    from rest_framework.serializers import CharField, Serializer

    from pyforge_web.rest_framework import explain

    class Named(Serializer):
        name = CharField()

    explain(Named)


def _validator():
    return CompiledValidator.for_model(Article)


def _clean(**options):
    return _validator().clean_data({}, **options)


def _write_with_limit(**limits):
    with assert_no_pyforge_warnings(**limits):
        pass


# One refusal of each topic, at least. The blog has articles.
REFUSALS = [
    ("argument", lambda: dumps(1, nan="zero")),
    ("argument", lambda: dumps(1, dates="short")),
    ("argument", lambda: dumps(1, max_bytes=True)),
    ("argument", lambda: PyForgeStreamingResponse(_live(), "csv")),
    ("argument", lambda: PyForgeJsonResponse({}, encoder=None, nan="null")),
    ("bad-request", lambda: PyForgeJsonResponse(_live(), fields=["body"], allowed=["id"])),
    ("bad-request", lambda: PyForgeJsonResponse(_live(), fields="id", allowed=["id"])),
    ("bad-request", lambda: PyForgeJsonResponse(_live(), fields=["author__name"], max_depth=0)),
    ("batch", lambda: bulk_create_validated(Article.objects, [Article()])),
    ("batch", lambda: validate_many([Article()]).raise_()),
    ("body", lambda: _validator().clean_json(b"[", fields=["title"])),
    ("body", lambda: _validator().clean_json(b"[]", fields=["title"])),
    ("body", lambda: _validator().clean_json(b'"\xff"', fields=["title"])),
    ("body", lambda: _validator().clean_json_rows(b"{}", fields=["title"])),
    ("changed", _change),
    ("circular", lambda: dumps(_circle())),
    ("column-not-read", lambda: dumps(Article.objects.all(), fields=[{"short": Attribute("short")}])),
    ("compiled", lambda: CompiledSerializer.for_model(int)),
    ("compiled", lambda: CompiledSerializer.for_model(Article).dump_queryset([])),
    ("depth", lambda: dumps(_deep())),
    ("descriptors", lambda: pyforge_web.serialize_fields([], {"id": 1})),
    ("dict-key", lambda: dumps({(1, 2): 3})),
    ("explain", _explain),
    ("expression", lambda: dumps(Article.objects.all(), fields=[{"t": Display("title")}])),
    ("expression", lambda: Computed("title")),
    ("expression", lambda: dumps(Article.objects.all(), fields=[{"t": F("tags")}])),
    ("field", lambda: dumps(Article.objects.all(), fields=["titel"])),
    ("field", lambda: validate_many([Article()], exclude=["titel"])),
    ("fields", lambda: dumps(Article.objects.all(), fields="title")),
    ("fields", lambda: dumps(Article.objects.all(), fields=[])),
    ("fields-data", lambda: dumps({"a": 1}, fields=["a"])),
    ("fields-data", lambda: dumps(Article.objects.values_list("id"), fields=["id"])),
    ("fields-required", lambda: _clean()),
    ("foreign-value", _call_now),
    ("html", lambda: pyforge_json(1, mode="style")),
    ("html", lambda: pyforge_json(1, id="")),
    ("key-names", lambda: dumps(1, keys="snake")),
    ("nan", lambda: dumps(float("nan"))),
    ("native-rows", _native_rows),
    ("not-loaded", lambda: dumps(Article.objects.first(), fields=[{"author": ["name"]}])),
    ("not-loaded", lambda: dumps(Article.objects.defer("title").first(), fields=["title"])),
    ("not-serializable", lambda: dumps({1, 2})),
    ("not-serializable", lambda: PyForgeJsonResponse(Article)),
    ("not-serializable", lambda: dumps(Article.objects)),
    ("payload", lambda: _clean(fields=["title"], rename={"Slug": "slug"})),
    ("prepared", lambda: prepared(_live)),
    ("request-body", lambda: loads(RequestFactory().get("/"))),
    ("row-length", lambda: pyforge_web.serialize_to_bytes(pyforge_web.extract_model_fields(Author), [1])),
    ("rows", lambda: pickle.dumps(rows(Article.objects.all(), ["id"]))),
    ("rows", lambda: Article.objects.filter(id__in=rows(Article.objects.all(), ["id"]))),
    ("safe", lambda: PyForgeJsonResponse([1])),
    ("schema-fallback", _schema_fields),
    ("secret-columns", lambda: dumps(_user_model().objects.all())),
    ("secret-columns", lambda: dumps(_user_model().objects.all(), fields=[{"key": F("password")}])),
    ("stream", lambda: PyForgeStreamingResponse(Article)),
    ("stream", lambda: PyForgeStreamingResponse(Article.objects)),
    ("template-tag", lambda: TEMPLATES.from_string("{% load pyforge %}{% pyforge_json %}")),
    ("testing", lambda: _write_with_limit(bytes=1)),
    ("too-big", lambda: loads(b"[1, 2]", max_size=1)),
    ("too-big", lambda: dumps([1, 2], max_bytes=1)),
    ("validate-many", lambda: validate_many(Article)),
    ("validate-many", lambda: bulk_create_validated(Article, [])),
    ("validator", lambda: CompiledValidator.for_model(int)),
    ("validator", lambda: CompiledValidator.for_model(Article).clean(Author())),
]
# Topics whose errors need more than a call.
RAISED_ELSEWHERE = {"debug-toolbar", "model-changed", "native-core"}


def _user_model():
    from django.contrib.auth import get_user_model

    return get_user_model()


def _topics_of_code():
    found = set()
    for module in trees().values():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("with_docs", "Refusal"):
                topic = node.args[-1]
                found.update([topic.value] if isinstance(topic, ast.Constant) else [])
    error = (ROOT / "native/src/error.rs").read_text()
    found.update(re.findall(r'Self::.*=> "([\w-]+)"', error))
    for path in (ROOT / "native/src").rglob("*.rs"):
        found.update(re.findall(r'with_docs\(py, .*?, "([\w-]+)"\)', path.read_text()))
    return found


def test_topics_are_those_that_code_uses():
    assert _topics_of_code() == set(TOPICS)


def test_each_topic_has_a_section_and_each_section_a_topic():
    anchors = set(re.findall(r"^\(error-([\w-]+)\)=$", (DOCS / "reference/errors.md").read_text(), re.M))
    assert anchors == {*TOPICS, *WITHOUT_NOTE}
    assert not set(TOPICS) & set(WITHOUT_NOTE)


def test_every_refusal_has_an_address():
    """An error that is made without `with_docs()` is in the table above, by its text."""
    missing, used = [], set()
    for name, module in trees().items():
        for node in ast.walk(module):
            error = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Return) else None
            if not isinstance(error, ast.Call) or ast.unparse(error.func).rpartition(".")[2] not in REFUSED:
                continue
            if name.endswith((".conf", ".command_errors")) and "See {address}" in ast.unparse(error):
                continue
            known = [text for text in NOT_LINKED if text in ast.unparse(error)]
            used.update(known)
            missing += [] if known else [f"{name}:{node.lineno}: {ast.unparse(error)}"]
    assert missing == []
    assert used == set(NOT_LINKED)


@pytest.mark.parametrize(
    ("topic", "refuse"), REFUSALS, ids=[f"{topic}-{number}" for number, (topic, _) in enumerate(REFUSALS)]
)
def test_refusal_leads_to_its_section(topic, refuse, blog, db):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        refuse()
    address = f"See {DEFAULT_DOCS_URL}reference/errors.html#error-{topic}"
    assert [note for note in caught.value.__notes__ if note.startswith("See ")] == [address]
    assert address not in str(caught.value)


def test_every_topic_is_raised_here_or_has_its_test():
    assert {topic for topic, _ in REFUSALS} | RAISED_ELSEWHERE == set(TOPICS)


@override_settings(PYFORGE_WEB={"DOCS_URL": ""})
def test_no_note_without_the_address_of_the_documentation():
    with pytest.raises(TypeError) as caught:
        dumps({1})
    assert not hasattr(caught.value, "__notes__")


def test_a_wrong_setting_does_not_hide_an_error():
    with override_settings(PYFORGE_WEB={"DOCS_URL": 5, "NAN": 6}):
        assert docs_url("errors") == f"{DEFAULT_DOCS_URL}reference/errors.html"
        error = with_docs(BadRequest("no"), "bad-request")
        assert error.__notes__ == [f"See {DEFAULT_DOCS_URL}reference/errors.html#error-bad-request"]
    with override_settings(PYFORGE_WEB=5):
        assert docs_url("errors") == f"{DEFAULT_DOCS_URL}reference/errors.html"


@pytest.mark.parametrize(
    ("command", "arguments", "anchor"),
    [
        ("pyforge_dump", ["blog.Article", "--format", "django", "--fields", "id"], "#pyforge-dump"),
        ("pyforge_explain", [], "#pyforge-explain"),
        ("pyforge_explain", ["blog.Nothing"], ""),
        ("pyforge_reads", ["blog.Article.nothing"], "#pyforge-reads"),
        ("pyforge_report", ["--header", "x"], "#pyforge-report"),
    ],
)
def test_error_of_a_command_has_the_address_in_its_text(command, arguments, anchor, blog, db):
    with pytest.raises(CommandError) as caught:
        call_command(command, *arguments, stdout=io.StringIO())
    assert str(caught.value).endswith(f"\nSee {DEFAULT_DOCS_URL}reference/commands.html{anchor}")
    assert not anchor or anchor[1:] in find_anchors(DOCS / "reference/commands.md")
