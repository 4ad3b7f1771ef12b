"""Every block of code of README and the documentation is executed against the tutorial's models.

Python is executed page by page, and then what a block defines is used: a view answers a request, a test runs, a
serializer of DRF writes rows. Commands run, JSON and templates are read. Only `text` and the languages of other
programs are left alone, and each of those is listed below.
"""

import copy
import inspect
import json
import re
import shlex
import unittest
from io import StringIO

import prometheus_client
import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template import engines
from django.test import override_settings
from django.test.utils import isolate_apps
from django.utils.module_loading import import_string

from pyforge_web.conf import get_settings
from pyforge_web.signals import request_metered
from tests.docs.markdown import PAGES, ROOT, TOP_PAGES, TUTORIAL, Block, read_blocks, read_commands
from tests.docs.names import make_names, make_request
from tests.docs.test_tutorial import require_json

CHECKED_PAGES = [page for page in [*PAGES, *TOP_PAGES] if page != TUTORIAL and any(read_blocks(page))]
# Languages that nothing here executes: plain text, and files of other programs.
UNTESTED = {"", "text", "apache", "nginx", "dockerfile", "js", "yaml", "http", "diff", "ini"}
TESTED = {"python", "console", "json", "django", "jinja", "html"}
# Settings that a block may change in their place.
LISTS = ("MIDDLEWARE", "TEMPLATES")
# Commands whose output on a page is compared, line by line; `...` stands for lines that are left out.
COMPARED = ("pyforge_explain", "pyforge_reads")
# Commands that are not run: what they name must exist.
MAKE_TARGETS = set(re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split())
PACKAGES = (ROOT / "pyproject.toml").read_text()


@pytest.fixture
def page_names(blog, db, settings, tmp_path, monkeypatch):
    """The names of one page. What its blocks connect or set is undone."""
    settings.ROOT_URLCONF = "tests.docs.urls"
    settings.MEDIA_URL = "/media/"
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
    settings.REST_FRAMEWORK = {"PAGE_SIZE": 25, "DEFAULT_AUTHENTICATION_CLASSES": []}
    monkeypatch.chdir(tmp_path)
    receivers = list(request_metered.receivers)
    with isolate_apps("tests.docs.blog"):  # a block may define a model
        names = make_names()
        yield names
    request_metered.receivers = receivers
    request_metered.sender_receivers_cache.clear()
    for value in names.values():
        if isinstance(value, prometheus_client.Counter):
            prometheus_client.REGISTRY.unregister(value)


@pytest.mark.parametrize("page", CHECKED_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_of_a_page(page, page_names, request):
    for block in read_blocks(page):
        try:
            run_block(block, page_names, request)
        except Exception as error:
            error.add_note(f"in the block {block.name}")
            raise


FAULTS = {
    "an exception": ("python", "1 / 0"),
    "a name that the page does not import": ("python", "dumps([1])"),
    "a view that fails": ("python", "from pyforge_web import dumps\ndef articles(request):\n    return dumps({1, 2})"),
    "an asynchronous view that fails": ("python", "async def articles(request):\n    raise ValueError"),
    "a stream that ends in the middle": (
        "python",
        "import pyforge_web\ndef export(request):\n    return pyforge_web.PyForgeStreamingResponse([{2}])",
    ),
    "a test that fails": ("python", "def test_list():\n    assert 1 == 2"),
    "a test without the database": ("python", "def test_list(client):\n    client.get('/articles/')"),
    "a middleware that is added and is not there": ("python", "MIDDLEWARE += ['pyforge_web.middleware.Missing']"),
    "a command that prints something else": ("console", "$ python manage.py pyforge_explain blog.Article\nReplied"),
    "a class of tests that fails": (
        "python",
        "from django.test import TestCase\nclass Tests(TestCase):\n    def test_list(self):\n        self.fail()",
    ),
    "a setting that is not there": ("python", "PYFORGE_WEB = {'NAM': 1}"),
    "a middleware that is not there": ("python", "MIDDLEWARE = ['pyforge_web.middleware.Missing']"),
    "a command with a wrong option": ("console", "$ python manage.py pyforge_explain blog.Article --colour"),
    "an unknown command": ("console", "$ pyforge articles"),
    "an unknown target of make": ("console", "$ make everything"),
    "no JSON": ("json", "{1: 2}"),
    "a tag that is not loaded": ("django", "{% pyforge_json articles %}"),
    "an unknown language": ("pyhton", "1"),
}


@pytest.mark.parametrize(("language", "code"), FAULTS.values(), ids=FAULTS)
def test_fault_in_a_block_is_found(language, code, page_names, request):
    with pytest.raises((Exception, SystemExit)):
        run_block(Block(TUTORIAL, 1, language, code), page_names, request)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_fits_the_width_of_the_page(page):
    """A reader does not scroll sideways on a screen of 1,280 pixels."""
    code = "\n".join(block.code for block in read_blocks(page) if block.language in ("python", "django", "jinja"))
    assert [line for line in code.splitlines() if len(line) > 96] == []


def run_block(block, names, request):
    """Execute one block, and use what it defines."""
    assert block.language in UNTESTED | TESTED, f"{block.name}: a block of {block.language!r}"
    if block.language == "python":
        before = {**names, **copy.deepcopy({key: names[key] for key in LISTS if key in names})}  # `+=` changes them
        exec(compile(adapt_source(block.code), block.name, "exec", dont_inherit=True), names)
        use_settings(names, before)
        for name, value in list(names.items()):
            if before.get(name) is not value and getattr(value, "__module__", None) == names["__name__"]:
                names["_answer"] = use_definition(name, value, block, names, request)
    elif block.language == "console":
        for command, shown in read_commands(block):
            require_lines(shown, run_command(command), command)
    elif block.language == "json":
        shown = [json.loads(text) for text in re.split(r"\n(?=[\[{])", block.code.strip())]
        if isinstance(answer := names.pop("_answer", None), HttpResponse):
            require_json(shown[0], json.loads(answer.content), block.name)
    elif block.language in ("django", "html"):
        engines["django"].from_string(block.code).render({**names, "csp_nonce": ""})
    elif block.language == "jinja":
        make_jinja(block.code).render(**names)


def adapt_source(code):
    """The blog's application is `blog` in the documentation, and an application of the tests here."""
    return re.sub(r"^(from|import) blog\b", r"\1 tests.docs.blog", code, flags=re.M)


def make_jinja(source):
    """Return the template of a block in Jinja2, with the delimiters that it is written in."""
    from jinja2 import Environment

    delimiters = {"block_start_string": "<%", "block_end_string": "%>"} if "<%" in source else {}
    environment = Environment(autoescape=True, extensions=["pyforge_web.jinja.PyForgeExtension"], **delimiters)
    return environment.from_string(source)


def use_settings(names, before):
    """Look at the settings that a block has set: all that they name must be there."""
    if names.get("PYFORGE_WEB") is not before.get("PYFORGE_WEB"):
        with override_settings(PYFORGE_WEB=names["PYFORGE_WEB"]):
            get_settings()
    for key in ("MIDDLEWARE", "DEBUG_TOOLBAR_PANELS"):
        if names.get(key) != before.get(key):
            for path in names[key]:
                import_string(path)
    if names.get("TEMPLATES") != before.get("TEMPLATES"):
        with override_settings(TEMPLATES=names["TEMPLATES"]):
            assert len(engines.all()) == len(names["TEMPLATES"])


def use_definition(name, value, block, names, request):
    """Call a view, run a test, write rows with a serializer: a definition proves little. Return the answer."""
    if isinstance(value, type):
        use_class(value, names)
    elif inspect.isfunction(value) and name.startswith("test_"):
        marks = {mark.name for mark in getattr(value, "pytestmark", ())}
        assert "client" not in inspect.signature(value).parameters or "django_db" in marks, "it has no database"
        value(**{fixture: request.getfixturevalue(fixture) for fixture in inspect.signature(value).parameters})
    elif callable(value) and next(iter(inspect.signature(value).parameters), "") == "request":
        sent = make_request(post="request.body" in block.code, upload="request.FILES" in block.code)
        # async_to_sync keeps the queries in this thread, which has the database of the tests
        answer = (async_to_sync(value) if inspect.iscoroutinefunction(value) else value)(sent)
        if isinstance(answer, HttpResponseBase):
            require_response(answer)
        return answer
    return None


def use_class(value, names):
    """Use a class that a block defines by what it is."""
    if issubclass(value, unittest.TestCase):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(value).run(result)
        assert result.testsRun
        assert not result.failures + result.errors, result
    elif hasattr(value, "as_view"):
        response = value.as_view()(make_request())
        require_response(response.render() if hasattr(response, "render") else response)
    elif hasattr(value, "to_representation") and hasattr(getattr(value, "Meta", None), "model"):
        assert value(value.Meta.model.objects.all(), many=True).data


def require_response(response):
    """A response of a view is complete, and no fault of the server."""
    assert response.status_code < 400, response.content
    if isinstance(response, StreamingHttpResponse):
        assert b"pyforge_error" not in b"".join(response.streaming_content)


def require_lines(shown, output, command):
    """Compare what a page shows below a command with what it has printed."""
    if any(f" {name} " in command for name in COMPARED):
        printed = iter(output.splitlines())
        assert [line for line in shown.splitlines() if line != "..." and line not in printed] == [], output


def run_command(command):
    """Run a command of Django, and return what it prints; of other commands, look whether what they name is there."""
    words = [word for word in shlex.split(command, comments=True) if not re.fullmatch(r"[A-Z_]+=.*", word)]
    if words[:2] == ["python", "manage.py"]:
        if words[2] == "check":
            words = [*words[:3], "blog"]  # the models and settings of the tests have faults on purpose
        if words[2] not in ("runserver", "migrate"):
            with override_settings(DEBUG=True):
                call_command(*words[2:], stdout=(printed := StringIO()))
            return printed.getvalue()
    elif words[0] == "make":
        assert {word for word in words[1:] if "=" not in word} <= MAKE_TARGETS
    elif words[:4] == ["python", "-m", "pip", "install"]:
        named = [word for word in words[4:] if not word.startswith(("-", "."))]
        assert all(word == "pyforge-web" or f'"{word}' in PACKAGES for word in named), command
    elif words[:2] == ["pytest", "-q"] or words[0] == "pytest":
        assert all((ROOT / word).exists() for word in words[1:] if "/" in word), command
    elif words[:3] == ["python", "-m", "benchmarks"]:
        from benchmarks.suites import __file__ as suites

        assert all((ROOT / suites).with_name(f"{word}.py").exists() for word in words[3:] if not word.startswith("-"))
    else:
        assert words[0] in ("git", "curl", "cargo", "docker", "cd", "python"), f"what is {command!r}?"
    return ""
