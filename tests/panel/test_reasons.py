"""The reasons that the panel shows are in the language of the toolbar: all that the package's functions give."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

import pyforge_web
from pyforge_web.toolbar.reasons import show_fields, show_reason
from tests.app.models import Author
from tests.querysets.models import Customs

PACKAGE = Path(pyforge_web.__file__).parent
# Their reasons are printed by commands and by `explain()`, in English, and do not reach the panel.
NOT_SHOWN = ("description", "management", "ninja", "prepared_queries", "report", "streams", "toolbar", "explanation.py")
ERRORS = ("FallbackError", "NotRememberedError")
FUNCTIONS = re.compile(r"why|doubt|reason|find_own_method|find_foreign|find_patched|describe_converters")
ONLY_EXPLAINED = "explain_sql"


def find_texts(node: ast.expr) -> Iterator[str]:
    """Give the texts that an expression may be, with a name in each hole."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else "some.Name" for part in parts)
        case ast.IfExp(body=body, orelse=orelse):
            yield from find_texts(body)
            yield from find_texts(orelse)
        case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.Call(args=values):
            for value in values:
                yield from find_texts(value)


def find_reasons(tree: ast.Module) -> Iterator[str]:
    """Give what functions that say why return, what is called `why` or `reason`, and the texts of the errors."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and FUNCTIONS.search(node.name) and node.name != ONLY_EXPLAINED:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return | ast.Yield) and inner.value is not None:
                    yield from find_texts(inner.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
            for value in node.args:
                yield from find_texts(value)
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("why", "reason"):
            yield from find_texts(node.value)


REASONS = sorted(
    {
        reason
        for path in PACKAGE.rglob("*.py")
        if not set(NOT_SHOWN) & set(path.relative_to(PACKAGE).parts)
        for reason in find_reasons(ast.parse(path.read_text()))
        if " " in reason.partition(": ")[2] or (" " in reason and ": " not in reason)
    }
)


def test_the_reasons_are_found():
    assert len(REASONS) > 100
    assert "it has a custom converter (some.Name), so Django converts it" in REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_translated(reason):
    for language in ("de", "fr"):
        with translation.override(language):
            shown = show_reason(reason)
            assert shown != reason, "write it in toolbar/reason_texts.py and in both catalogs"
            assert shown.count("some.Name") == reason.count("some.Name")
    with translation.override("en"):
        assert show_reason(reason) == reason


def test_a_reason_may_have_its_field_before_it_and_others_behind_it():
    with translation.override("de"):
        assert show_reason("author.name: its slug is a file") == "author.name: sein Slug ist eine Datei"
        assert show_reason("raw SQL; Tag.pk is its own") == "rohes SQL; Tag.pk ist eine eigene Fassung"
        assert show_fields([["iata", "calls upper"], ["name", "?"]]) == "iata (ruft upper auf), name (?)"
        assert show_reason("what nobody knows {0.__class__}") == "what nobody knows {0.__class__}"
        assert show_reason("{name.__class__} is its own") == "{name.__class__} ist eine eigene Fassung"


@pytest.mark.django_db
def test_the_panel_has_them_in_its_language(ask):
    Author.objects.create(name="Ann")
    Customs.objects.create()
    panel = ask("/customs/")
    with translation.override("fr"):
        assert "il a un convertisseur à lui" in panel.text
        assert "custom converter" not in panel.text
