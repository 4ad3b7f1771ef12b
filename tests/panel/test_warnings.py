"""Each warning is provoked once, says where, and is documented; what is well is not warned of."""

import re
from pathlib import Path

import pytest

from pyforge_web.conf import DEFAULTS
from pyforge_web.metering.compilations import Compilation
from pyforge_web.toolbar.query_causes import explain_queries
from pyforge_web.toolbar.warning_causes import RequestTrace
from pyforge_web.toolbar.warnings import WARNINGS, WARNINGS_BY_ID, find_warnings
from tests.app.models import Article, Author

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


@pytest.fixture
def articles():
    author = Author.objects.create(name="Ann")
    Author.objects.bulk_create([Author(name=f"{number}") for number in range(12)])
    return Article.objects.bulk_create([Article(title=f"{number}", author=author) for number in range(12)])


# The warning, the view that provokes it, words of its text and of its fix, and the view's name in its place.
PROVOKED = [
    ("PF001", "/similar/", "tests_app.Author is written 13 times", "one call instead of 13", "similar"),
    ("PF003", "/deferred/", "tests_app.Article.title was deferred", "Add title to only()", "deferred"),
    ("PF003", "/related/", "tests_app.Author was fetched", "select_related()", "related"),
    ("PF004", "/instances/", "12 instances of tests_app.Article", "pass the QuerySet itself", "instances"),
    ("PF005", "/duplicates/", "bytes of dict were written 3 times", "cache it", "duplicates"),
    ("PF007", "/large/", "KB of list are part of the page", "choose fewer columns", "large"),
]


@pytest.mark.parametrize(("code", "path", "text", "fix", "where"), PROVOKED)
def test_a_warning_names_the_cause_the_change_and_the_line(ask, articles, code, path, text, fix, where):
    panel = ask(path)
    assert panel.warned == [code]
    (warning,) = panel.stats["warnings"]
    assert text in panel.text
    assert fix in panel.text
    assert warning["sites"][-1][::2] == ["tests/panel/urls.py", where]
    assert panel.text.count(f"{code} {WARNINGS_BY_ID[code].word}") == 1
    assert panel.subtitle.endswith(", 1 warning")
    (group,) = [group for group in panel.stats["groups"] if group["marks"]]
    assert group["marks"] == [code]


def finished(ask, path):
    panel = ask(path)
    b"".join(panel.response.streaming_content)
    assert panel.stats["state"] == "complete"
    return panel


@pytest.mark.parametrize("path", ["/streamed-rows/?chunk=1", "/streamed-values/?one", "/streamed/?parts=3"])
def test_the_parts_of_a_stream_are_no_similar_calls(ask, articles, path):
    assert finished(ask, path).warned == []


def test_a_query_for_each_row_of_a_stream(ask, articles):
    """One for each part, or fewer, is how an iterable gets its rows."""
    assert finished(ask, "/streamed-values/").warned == []
    panel = finished(ask, "/streamed-values/?each")
    assert panel.warned == ["PF003"]
    (warning,) = panel.stats["warnings"]
    assert "Queries while generator was written: 13. tests_app.Author was fetched" in panel.text
    assert warning["sites"][0][2] == "streamed_values"


def test_a_field_that_django_converts(ask, site):
    from tests.querysets.models import Customs

    Customs.objects.bulk_create([Customs() for _ in range(60)])
    panel = ask("/customs/")
    found = [warning for warning in panel.stats["warnings"] if warning["id"] == "PF002"]
    converted = {
        name: (django, why)
        for name, native, django, fallbacks, us, why in panel.stats["groups"][0]["columns"]
        if django + fallbacks >= 50
    }
    assert converted
    assert len(found) == len(converted)
    for name, (_, why) in converted.items():
        assert any(warning["words"]["field"] == name and warning["words"]["why"] == why for warning in found)
        assert f"The field {name} of" in panel.text


def test_a_validator_that_a_request_compiles(ask):
    from pyforge_web.validators import CompiledValidator

    ask("/validate/")
    CompiledValidator.for_model(Article).recompile()
    assert "PF006" not in ask("/validate/").warned
    panel = ask("/recompiled/")
    assert panel.warned == ["PF006"]
    assert "The validator of tests_app.Article was compiled during this request" in panel.text


def test_validators_that_call_python_are_named(ask, site, monkeypatch):
    from pyforge_web.validators import CompiledValidator
    from tests.panel import urls

    def shout(value):
        """A validator of the project's own."""

    monkeypatch.setattr(Article._meta.get_field("title"), "validators", [shout])

    def view(request):
        rows = [Article(title=f"{number}", author_id=1) for number in range(60)]
        CompiledValidator.for_model(Article).clean_rows(rows, exclude=["author", "editor", "published"])
        return urls.idle(request)

    monkeypatch.setattr(urls.IDLE, "callback", view)
    ask("/idle/")
    panel = ask("/idle/")
    assert panel.warned == ["PF009"]
    (validator,) = panel.stats["validators"]
    assert validator["out"] >= 60
    assert f"Validating tests_app.Article called Python {validator['out']} times: title (calls " in panel.text
    assert validator["marks"] == ["PF009"]
    assert validator["stages"]["validators"] > 0
    site.PYFORGE_WEB = {"PANEL": {"CALLBACKS": validator["out"] + 1}}
    assert ask("/idle/").warned == []
    monkeypatch.undo()
    CompiledValidator.for_model(Article).recompile()


def test_debug_build_is_warned_of(ask, monkeypatch):
    monkeypatch.setattr("pyforge_web.toolbar.stats.BUILD_PROFILE", "debug")
    assert ask("/idle/").warned == ["PF008"]


@pytest.mark.parametrize("path", ["/data/", "/rows/", "/tag/", "/page/?calls=9", "/validate/"])
def test_what_is_well_is_not_warned_of(ask, articles, path):
    ask(path)
    assert ask(path).warned == []


@pytest.mark.parametrize(
    ("key", "path", "code", "least"),
    [("SIMILAR_CALLS", "/similar/", "PF001", 13), ("INLINE_BYTES", "/large/", "PF007", 120_361)],
)
def test_thresholds_are_settings(ask, articles, site, key, path, code, least):
    size = ask(path).stats["groups"][0]
    least = size["calls"] if key == "SIMILAR_CALLS" else size["bytes"] - 1
    site.PYFORGE_WEB = {"PANEL": {key: least}}
    assert ask(path).warned == [code]
    site.PYFORGE_WEB = {"PANEL": {key: least + 1}}
    assert ask(path).warned == []


def test_the_sql_names_the_relation():
    """Of an instance whose foreign key is fetched while it is written."""
    from types import SimpleNamespace

    sql = 'SELECT "tests_app_author"."id", "tests_app_author"."name" FROM "tests_app_author" WHERE "id" = %s'
    group = SimpleNamespace(queries={sql: 3}, label="tests_app.Article")
    assert explain_queries(group) == ("relation", {"column": "tests_app.Article.author", "name": "author"})
    words = {"label": "tests_app.Article", "queries": "3", "column": "tests_app.Article.author", "name": "author"}
    text, change = WARNINGS_BY_ID["PF003"].format_text("relation", words)
    assert text.endswith("tests_app.Article.author was fetched for each object.")
    assert change == 'Add select_related("author") to the QuerySet.'
    unknown = SimpleNamespace(queries={"SELECT 1": 1}, label="dict")
    assert explain_queries(unknown) == ("", {})


def test_words_of_a_hostile_name_are_not_a_format():
    event = Compilation("app.{0.__class__}", "validator", "request", 0, 1000, 1, 0)
    ((warning, match),) = find_warnings(RequestTrace([], [event], "release", DEFAULTS["PANEL"]))
    assert "app.{0.__class__}" in warning.format_text(match.variant, match.words)[0]


def test_every_warning_is_documented_and_provoked():
    rows = re.findall(r"^### `(PF\d+)`: (.+)$", (DOCS / "panel.md").read_text(), re.MULTILINE)
    assert rows == [(warned.id, warned.word) for warned in WARNINGS]
    source = Path(__file__).read_text()
    assert all(f'"{warned.id}"' in source for warned in WARNINGS)


def test_every_threshold_is_documented():
    text = (DOCS / "panel.md").read_text()
    for key, value in DEFAULTS["PANEL"].items():
        assert f"| `{key}` | {value:,} |" in text
