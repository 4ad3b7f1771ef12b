"""The check for literal tags that no engine would run."""

import pytest
from django.core.checks import Tags, run_checks

from pyforge_web.checks import check_literal_tags

DJANGO = "django.template.backends.django.DjangoTemplates"
JINJA = "django.template.backends.jinja2.Jinja2"
EXTENSION = {"extensions": ["pyforge_web.jinja.PyForgeExtension"]}
DELIMITERS = {"block_start_string": "<%", "block_end_string": "%>"}
OURS = {"loaders": ["pyforge_web.loaders.FilesystemLoader"]}
DJANGOS = {"loaders": ["django.template.loaders.filesystem.Loader"]}
CACHED = {"loaders": [("django.template.loaders.cached.Loader", ["pyforge_web.loaders.FilesystemLoader"])]}
BOTH = {"loaders": [*DJANGOS["loaders"], *OURS["loaders"]]}

ENGINES = {
    "Django's own loaders": ([(DJANGO, {})], True),
    "ours": ([(DJANGO, OURS)], False),
    "ours, cached": ([(DJANGO, CACHED)], False),
    "ours behind Django's, which is asked first": ([(DJANGO, BOTH)], True),
    "Jinja2 with both options": ([(JINJA, EXTENSION | DELIMITERS)], False),
    "Jinja2 without the extension": ([(JINJA, DELIMITERS)], True),
    "Jinja2 without the delimiters": ([(JINJA, EXTENSION)], True),
    "one of two engines runs it": ([(DJANGO, {}), (JINJA, EXTENSION | DELIMITERS)], False),
    "none of two engines runs it": ([(DJANGO, {}), (JINJA, EXTENSION)], True),
}


def configure(settings, directory, engines):
    settings.TEMPLATES = [
        {"BACKEND": backend, "NAME": f"engine {n}", "DIRS": [directory], "OPTIONS": options}
        for n, (backend, options) in enumerate(engines)
    ]


@pytest.mark.parametrize(("engines", "warns"), ENGINES.values(), ids=ENGINES)
def test_check_looks_at_every_engine(settings, tmp_path, engines, warns):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "list.html").write_text("\n\n<% pyforge_json rows %>")
    configure(settings, tmp_path, engines)
    messages = check_literal_tags()
    assert [message.id for message in messages] == ["pyforge_web.W010"] * warns
    if warns:
        assert messages[0].obj == f"{tmp_path / 'pages' / 'list.html'}, line 3"
        assert "{% load pyforge %}" in messages[0].hint


def test_text_that_is_not_a_literal_tag_passes(settings, tmp_path):
    sources = {
        "django.html": "{% load pyforge %}{% pyforge_json rows %}",
        "verbatim.html": "{% verbatim %}<% pyforge_json rows %>{% endverbatim %}",
        "comment.html": "{# <% pyforge_json rows %> #}",
        "other.html": "<% other %> pyforge_json",
    }
    for name, source in sources.items():
        (tmp_path / name).write_text(source)
    (tmp_path / "image.png").write_bytes(b"\xff\xfe pyforge_json")
    configure(settings, tmp_path, [(DJANGO, {})])
    assert check_literal_tags() == []


def test_check_runs_with_those_of_templates(settings, tmp_path):
    (tmp_path / "page.html").write_bytes(b"\xff<%- pyforge_json rows %>")
    configure(settings, tmp_path, [(DJANGO, {})])
    assert "pyforge_web.W010" in [message.id for message in run_checks(tags=[Tags.templates])]


def test_missing_directories_are_skipped(settings, tmp_path):
    configure(settings, tmp_path / "absent", [(DJANGO, {}), (JINJA, {})])
    assert check_literal_tags() == []
