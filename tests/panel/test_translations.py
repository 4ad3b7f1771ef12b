"""The panel's texts in German and French: complete, with the same places for words, and apart from Django's own."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.utils import translation

import pyforge_web
from pyforge_web.toolbar import formats
from tests.app.models import Article, Author

PACKAGE = Path(pyforge_web.__file__).parent
LANGUAGES = ("de", "fr")
FUNCTIONS = ("pgettext", "pgettext_lazy", "npgettext")
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}|%%")
_TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'


def catalog(language: str) -> dict[str, str]:
    """Give the texts of a compiled catalog, by context and text."""
    path = PACKAGE / "locale" / language / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        return {key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key}


def source_texts() -> set[str]:
    """Give the texts of the templates and of the panel's modules."""
    texts = set()
    for path in (PACKAGE / "templates" / "pyforge_web").rglob("*.html"):
        source = path.read_text()
        assert source.count("{% translate ") == source.count(' context "panel" %}') - source.count("{% blocktranslate")
        texts.update(re.findall(r'{% translate "([^"]*)" context "panel" %}', source))
    for path in (PACKAGE / "toolbar").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "pgettext",
                "pgettext_lazy",
                "npgettext",
            ):
                texts.add(ast.literal_eval(node.args[1]))
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    known = {key if isinstance(key, str) else key[0] for key in catalog(language)}
    assert {f"panel\x04{text}" for text in source_texts()} <= known


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_places_of_their_texts(language):
    for key, text in catalog(language).items():
        if isinstance(key, tuple):
            continue  # the text for one may leave the number out
        msgid = key.partition("\x04")[2]
        assert set(PLACES.findall(text)) == set(PLACES.findall(msgid)), msgid


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_do_not_touch_those_of_django(language):
    """Django merges the catalogs of all apps: without our context a text could replace one of Django's."""
    assert all((key if isinstance(key, str) else key[0]).startswith("panel\x04") for key in catalog(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalog_is_that_of_the_sources(language):
    source = (PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po").read_text()
    written = {
        "".join(map(ast.literal_eval, re.findall(r'"(?:[^"\\]|\\.)*"', text)))
        for text in re.findall(rf"^msgstr(?:\[\d\])? {_TEXT}", source, re.MULTILINE)
    }
    assert {text for text in written if "Content-Type" not in text} == set(catalog(language).values())


def test_numbers_follow_the_language():
    with translation.override("de"):
        assert formats.format_number(6760) == "6.760"
        assert formats.format_time(12_345) == "12,3 ms"
        assert formats.count_calls(2) == "2 Aufrufe"
    with translation.override("fr"):
        assert formats.count_queries(1) == "1 requête SQL"


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "words"), [("de", "Abfragen beim Schreiben von"), ("fr", "Requêtes SQL pendant")])
def test_the_panel_speaks_the_language_of_the_toolbar(ask, language, words):
    author = Author.objects.create(name="Ann")
    Article.objects.bulk_create([Article(title=f"{number}", author=author) for number in range(12)])
    panel = ask("/related/")
    with translation.override(language):
        assert words in panel.text
        assert "Serialize calls" not in panel.text
