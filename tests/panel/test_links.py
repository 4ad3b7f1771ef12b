"""Links of the panel: to the documentation, and from a line of code to an editor."""

import html5lib
import pytest
from django.core.exceptions import ImproperlyConfigured

from pyforge_web.conf import docs_url, get_settings
from pyforge_web.toolbar.other_json import AUTHORS
from tests.app.models import Author
from tests.panel import urls
from tests.serving import ROOT

XHTML = "{http://www.w3.org/1999/xhtml}"
EDITOR = "vscode://file{file}:{line}"


def addresses(panel):
    return [link.attrib["href"] for link in html5lib.parse(f"<div>{panel.content}</div>").iter(f"{XHTML}a")]


@pytest.fixture
def warned(ask, db):
    Author.objects.bulk_create([Author(name=f"{number}") for number in range(12)])
    return lambda: ask("/similar/")


def test_a_warning_links_to_its_section(warned, site):
    assert "https://pyforge-web.readthedocs.io/en/stable/reference/panel.html#pf001" in addresses(warned())
    site.PYFORGE_WEB = {"DOCS_URL": "http://localhost:8000/docs"}
    assert "http://localhost:8000/docs/reference/panel.html#pf001" in addresses(warned())
    site.PYFORGE_WEB = {"DOCS_URL": ""}
    assert not [address for address in addresses(warned()) if "panel.html" in address]
    assert docs_url("panel") == ""


def test_a_line_of_code_opens_the_editor(warned, site):
    assert not [address for address in addresses(warned()) if urls.__file__ in address]
    site.PYFORGE_WEB = {"EDITOR_URL": EDITOR}
    panel = warned()
    (line, *_) = {site[1] for group in panel.stats["groups"] for site in group["sites"] if site[2] == "similar"}
    assert f"vscode://file{urls.__file__}:{line}" in addresses(panel)


def test_a_file_that_is_not_there_has_no_link(ask, site, monkeypatch):
    def view(request):
        exec(compile("dumps([1])", "/nowhere/shop.py", "exec"), {"__name__": "shop", "dumps": urls.dumps})
        return urls.idle(request)

    monkeypatch.setattr(urls.IDLE, "callback", view)
    site.PYFORGE_WEB = {"EDITOR_URL": EDITOR}
    panel = ask("/idle/")
    assert panel.stats["groups"][0]["sites"][0][0] == "/nowhere/shop.py"
    assert not [address for address in addresses(panel) if "nowhere" in address]


@pytest.mark.parametrize(
    "value", [None, 5, "vscode://file{path}", "vscode://{", "vscode://file{file}:{line}{column}", "x"]
)
def test_an_address_without_places_is_refused(settings, value):
    settings.PYFORGE_WEB = {"EDITOR_URL": value}
    with pytest.raises(ImproperlyConfigured, match="EDITOR_URL"):
        get_settings()


def test_an_address_of_the_documentation_is_a_text(settings):
    settings.PYFORGE_WEB = {"DOCS_URL": None}
    with pytest.raises(ImproperlyConfigured, match="DOCS_URL"):
        get_settings()


def test_authors_of_json_link_to_pages_that_exist():
    pages = {author.page for author in AUTHORS.values()}
    assert not [page for page in pages if not (ROOT / "docs" / "reference" / f"{page}.md").is_file()]
