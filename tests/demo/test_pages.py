"""The HTML pages: whole, linked, free of inline scripts and of anything from elsewhere."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.urls import reverse

from demo_site.airports import guide, urls
from demo_site.airports.models import Airport
from pyforge_web.checks import check_literal_tags

APP = Path(urls.__file__).parent
NAMES = dict.fromkeys(page.url_name for page in (*guide.PAGES, *guide.SPELLINGS))
ADDRESSES = ("/", *(f"/{name}/" for name in NAMES))


class Elements(HTMLParser):
    """The elements of a page, as (tag, attributes)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_has_a_title_one_heading_and_nothing_inline(client, sample, address):
    answer = client.get(address)
    assert answer.status_code == 200
    html = answer.content.decode()
    elements = Elements(html).found
    tags = [tag for tag, _ in elements]
    assert (tags.count("title"), tags.count("h1"), tags.count("main")) == (1, 1, 1)
    assert "style" not in tags
    for tag, attributes in elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        data = attributes.get("type") == "application/json"
        assert tag != "script" or data or attributes.get("src", "").startswith("/static/")
        assert tag != "img" or "alt" in attributes


def test_titles_differ(client, sample):
    titles = [re.search("<title>(.+)</title>", client.get(address).content.decode()).group(1) for address in ADDRESSES]
    assert len(set(titles)) == len(titles)


def test_every_link_leads_somewhere(client, sample):
    links = {
        attributes.get("href", "")
        for address in ADDRESSES
        for tag, attributes in Elements(client.get(address).content.decode()).found
        if tag == "a"
    }
    for link in sorted(link for link in links if link.startswith("/")):
        answer = client.get(link)
        expected = {200, 400, 404} if link.startswith("/api/") else {200}  # some show what an error looks like
        assert answer.status_code in expected, link
        is_json = link.startswith("/api/") and "/embed/" not in link
        assert is_json == ("json" in answer["Content-Type"]), link


def test_the_index_explains_every_endpoint():
    shown = {endpoint.path for endpoint in guide.ENDPOINTS}
    served = {"/" + re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern)) for pattern in urls.urlpatterns}
    internal = {path for path in served if path.startswith(("/api/compare/", "/api/frameworks/"))} | {"/api/<rest>"}
    assert {path for path in served if path.startswith("/api/")} - internal == shown


def test_every_page_of_the_guide_is_in_the_navigation(client, sample):
    html = client.get("/").content.decode()
    navigation = html[html.index("<nav") : html.index("</nav>")]
    for page in guide.PAGES:
        assert f'href="{reverse(page.url_name)}"' in navigation


@pytest.mark.django_db
def test_without_data_the_index_says_what_to_do(client):
    assert "seed_demo" in client.get("/").content.decode()
    assert client.get("/map/").status_code == 200


def test_nothing_names_another_site():
    for path in (*APP.glob("templates/**/*.html"), *APP.glob("jinja2/**/*.html"), *APP.glob("static/**/*.*")):
        text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(r"""(https?:)?//[\w-]+\.\w|@import|url\(""", text), path


def test_the_same_airports_in_every_spelling(client, sample):
    oceania = Airport.objects.filter(country__region="Oceania").exclude(iata="")
    expected = list(oceania.values("icao", "iata", "name", "latitude", "longitude"))
    plain = None
    for spelling in guide.SPELLINGS:
        html = client.get(f"/{spelling.url_name}/").content.decode()
        data = re.search(r'<script id="airports" type="application/json">(.*?)</script>', html)
        assert json.loads(data[1]) == expected
        shown = re.search(r'<pre class="code"[^>]*><code>(.*?)</code>', html, re.DOTALL)[1]
        assert unescape(re.sub(r"<[^>]+>", "", shown)) == spelling.code
        colours = re.sub(r'(<span class="cp">)(?:{%|%}|&lt;%|%&gt;)', r"\1", shown)
        assert len(re.findall(r'<span class="cp">', colours)) == 2
        assert plain is None or colours == plain, "the same colours with every delimiter"
        plain = colours


def test_the_source_of_a_view_can_be_read(client, sample):
    for module in ("api", "pages", "warned"):
        answer = client.get(f"/source/{module}/")
        assert answer.status_code == 200
        assert 'id="L-1"' in answer.content.decode()
    assert client.get("/source/settings/").status_code == 404
    assert client.get("/source/__init__/").status_code == 404


def test_each_template_holds_what_its_page_shows():
    for spelling in guide.SPELLINGS:
        folder = "jinja2" if spelling.engine == "jinja2" else "templates"
        assert spelling.code in (APP / folder / spelling.template).read_text()


def test_no_literal_tag_is_sent_as_text():
    assert check_literal_tags() == []
