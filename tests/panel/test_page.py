"""The panel's page: complete, escaped, without styles and scripts in it; and its data as JSON."""

import html5lib
import pytest
from django.test import Client

from pyforge_web.querysets import rows as querysets
from pyforge_web.toolbar import display, formats
from pyforge_web.toolbar.stats import STATS_VERSION
from pyforge_web.validators import CompiledValidator
from tests.app.models import Article, Author
from tests.panel import urls
from tests.panel.conftest import Panel, panel_of
from tests.panel.urls import HOSTILE

XHTML = "{http://www.w3.org/1999/xhtml}"


def elements(panel):
    """The elements of the panel as the toolbar's page holds it, with the title bar."""
    return list(html5lib.parse(f"<div>{panel.stored.title_bar}{panel.content}</div>").iter())


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/page/", "/rows/", "/tag/", "/validate/", "/similar/", "/hostile/", "/idle/"])
def test_no_style_no_script_no_handler(ask, path):
    Author.objects.bulk_create([Author(name=f"{number}") for number in range(12)])
    for element in elements(ask(path)):
        assert element.tag not in (f"{XHTML}style", f"{XHTML}script", f"{XHTML}img")
        assert "style" not in element.attrib
        assert not [name for name in element.attrib if name.startswith("on")]


def test_hostile_names_are_text(ask):
    panel = ask("/hostile/")
    assert HOSTILE in [group["label"] for group in panel.stats["groups"]]
    for text in (panel.content, panel.stored.title_bar, panel.stored.title, panel.subtitle):
        assert "<script" not in text
        assert "<img" not in text
    assert "alert(1)" in panel.text
    assert "{{ 7|add:7 }}" in panel.text


def test_hostile_stats_are_text(ask):
    """Each text in them, whoever has stored it."""
    stats = spoil(ask("/tag/").stats)
    content = panel_of(stats).content
    assert "<script" not in content
    assert "<img" not in content
    assert "&lt;script&gt;" in content


def spoil(value, key=""):
    if isinstance(value, str):
        return value if key in ("state", "path") else HOSTILE
    if isinstance(value, dict):
        return {name: spoil(item, name) for name, item in value.items()}
    return [spoil(item) for item in value] if isinstance(value, list) else value


@pytest.mark.django_db
def test_page_shows_calls_and_their_costs(ask):
    author = Author.objects.create(name="Ann")
    Article.objects.bulk_create([Article(title=f"{number}", author=author) for number in range(7)])
    panel = ask("/rows/")
    assert panel.stored.title == "PyForge: 1 serialize call"
    (group,) = panel.stats["groups"]
    assert (group["label"], group["rows"], group["path"]) == ("tests_app.Article", 7, "values")
    assert group["bytes"] == len(panel.response.content)
    for words in (
        "Serialize 1 call", "7 rows", "Fast path, by time 100 %", "2 of 2 columns native",
        "tests_app.Article", "panel/urls.py:", "dict, 2 fields", "the rows of the query, read by Rust",
        "Native fields: id, title", "dumps_response",
        "pyforge_web ", "release build", "outside of the toolbar",
    ):  # fmt: skip
        assert words in panel.text, words


@pytest.mark.django_db
def test_validators_are_listed_with_their_costs(ask):
    ask("/validate/")
    panel = ask("/validate/")
    (validator,) = panel.stats["validators"]
    assert (validator["label"], validator["calls"], validator["rows"]) == ("tests_app.Article", 3, 3)
    assert sorted(validator["failures"]) == [["published", "blank", 3], ["title", "blank", 2]]
    assert validator["compile_us"] > 0
    assert panel.totals["errors"] == 5
    assert panel.stored.title == "PyForge: 3 validate calls"
    assert "title: blank \N{MULTIPLICATION SIGN}2" in panel.text
    assert "fine" not in panel.content, "never a value"
    assert "fine" not in str(panel.stats)


@pytest.mark.django_db
def test_errors_that_nobody_reads_have_no_code(ask, monkeypatch):
    def judge(request):
        CompiledValidator.for_model(Article).clean_rows(
            [Article(title="", author_id=1), Article(title="", author_id=1)]
        )
        return urls.idle(request)

    monkeypatch.setattr(urls.IDLE, "callback", judge)
    ask("/idle/")
    panel = ask("/idle/")
    (validator,) = panel.stats["validators"]
    assert ["title", "unread", 2] in validator["failures"]
    assert "title: errors not read \N{MULTIPLICATION SIGN}2" in panel.text


@pytest.mark.django_db
def test_columns_that_were_compiled_for_the_request_are_named(ask):
    querysets.compile_columns.clear()
    first, second = ask("/rows/"), ask("/rows/")
    assert first.stats["groups"][0]["compile_us"] > 0
    assert "Compiled in this request: its columns, in" in first.text
    assert second.stats["groups"][0]["compile_us"] == 0
    assert "Compiled in this request" not in second.text
    assert first.warned == [], "that is no fault"


def test_the_data_as_json_by_request_id(ask):
    panel = ask("/data/?calls=3")
    client = Client()
    answer = client.get("/__debug__/pyforge/stats/", {"request_id": panel.request_id})
    assert answer.json() == {"request_id": panel.request_id, "subtitle": panel.subtitle, **panel.stats}
    assert f"/__debug__/pyforge/stats/?request_id={panel.request_id}" in panel.stored.title_bar
    assert client.get("/__debug__/pyforge/stats/", {"request_id": "none"}).status_code == 404
    assert client.get("/__debug__/pyforge/stats/").status_code == 404
    assert client.post("/__debug__/pyforge/stats/").status_code == 405
    assert "djdt-request-id" not in answer.headers


def test_the_addresses_are_for_those_who_see_the_toolbar(ask, site):
    panel = ask("/data/")
    site.INTERNAL_IPS = []
    for name in ("stats", "compare"):
        assert Client().get(f"/__debug__/pyforge/{name}/", {"request_id": panel.request_id}).status_code == 404


def test_rendered_within_the_page_it_carries_the_pages_nonce(site, monkeypatch):
    site.DEBUG_TOOLBAR_CONFIG = {"RENDER_PANELS": True}
    site.MIDDLEWARE = ["tests.panel.policy_settings.nonce", *site.MIDDLEWARE]
    text = Client().get("/page/").content.decode()
    assert 'panel.css" nonce="a-nonce"' in text
    assert "PyForge: 1 serialize call" in text


def test_titles_have_the_number_of_calls():
    def stats(serialize, validate, state="complete", warnings=()):
        part = {"native_us": 1000.0, "python_us": 500.0}
        totals = {
            "serialize": {"calls": serialize, **part},
            "validate": {"calls": validate, **part},
            "execute_us": 300.0,
            "fetch_us": 200.0,
            "inner_us": 0.0,
            "recording_us": 0.0,
            "failed_calls": 0,
        }
        empty = {"groups": [], "more": {}, "lanes": {}, "validators": [], "compiled": {}, "functions": [], "env": {}}
        empty["other"] = {}
        return {"v": STATS_VERSION, "state": state, "totals": totals, "warnings": list(warnings), **empty}

    assert display.format_title(stats(5000, 2)) == "PyForge: 5,000 serialize calls, 2 validate calls"
    assert display.format_subtitle(stats(1, 0)) == "1 call in 2.50 ms"
    assert display.format_subtitle(stats(52, 1, warnings=[{}, {}])) == "53 calls in 2.50 ms, 2 warnings"
    assert display.format_subtitle(stats(2, 0, "streaming", [{}])) == "2 calls in 2.50 ms, streaming…, 1 warning"
    assert display.format_subtitle({"v": 7}) == "recorded by another version"


def test_the_icon_is_inlined(ask):
    response = ask("/page/").response
    assert 'viewBox="0 0 16 16"' in response.content.decode()
    assert Panel(response).stored.nav_icon == "pyforge_web/panel.svg"


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 µs"),
        (0.04, "0.040 µs"),
        (99.94, "99.9 µs"),
        (999.6, "1.00 ms"),
        (12_345, "12.3 ms"),
        (2_040_000, "2.04 s"),
    ],
)
def test_times_have_three_figures_and_a_unit(us, text):
    assert formats.format_time(us) == text


@pytest.mark.parametrize(("number", "text"), [(6760, "6,760"), (6760.4, "6,760"), (0.066, "0.066"), (12.34, "12.3")])
def test_numbers_are_never_written_with_an_exponent(number, text):
    assert formats.format_number(number) == text
