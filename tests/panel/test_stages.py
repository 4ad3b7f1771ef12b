"""Stages of calls: where the time went, and what the toolbar itself spent."""

import pytest

from pyforge_web.toolbar.stages import STAGES, measure_stages
from tests.app.models import Article, Author

pytestmark = pytest.mark.django_db


@pytest.fixture
def articles():
    author = Author.objects.create(name="Ann")
    return Article.objects.bulk_create([Article(title=f"{number}", author=author) for number in range(12)])


def test_stages_of_a_queryset_are_in_the_order_of_their_work(ask, articles):
    (group,) = ask("/rows/").stats["groups"]
    assert set(group["stages"]) >= {"plan", "compile", "execute", "fetch", "write"}
    assert [name for name in STAGES if name in group["stages"]] == list(group["stages"])


def test_stages_and_recording_sum_up_to_the_time_of_the_calls(ask, articles):
    for path in ("/rows/", "/related/", "/deferred/", "/instances/"):
        for group in ask(path).stats["groups"]:
            spent = sum(group["stages"].values()) + group["recording_us"]
            assert spent == pytest.approx(group["span_us"], rel=0.02, abs=2), path


def test_queries_inside_of_values_are_a_stage_of_their_own(ask, articles):
    panel = ask("/related/")
    (group,) = [group for group in panel.stats["groups"] if group["query_count"]]
    assert group["stages"]["queries"] == pytest.approx(group["query_us"], abs=1)
    assert panel.totals["inner_queries"] == group["query_count"]
    assert "inside of values" in panel.text


def test_the_recording_of_the_sql_panel_is_taken_out(site, ask, articles, monkeypatch):
    """It takes a millisecond for each query here, and no stage has it: all together they are the span of the call."""
    import time

    from debug_toolbar.panels.sql.panel import SQLPanel

    record = SQLPanel.record

    def slow(self, **details):
        time.sleep(0.001)
        record(self, **details)

    monkeypatch.setattr(SQLPanel, "record", slow)
    site.DEBUG_TOOLBAR_PANELS = ["debug_toolbar.panels.sql.SQLPanel", *site.DEBUG_TOOLBAR_PANELS]
    from debug_toolbar.toolbar import DebugToolbar

    monkeypatch.setattr(DebugToolbar, "_panel_classes", None)
    own, inner = ask("/rows/"), ask("/related/")
    (group,) = own.stats["groups"]
    assert group["recording_us"] > 1000
    assert sum(group["stages"].values()) + group["recording_us"] == pytest.approx(group["span_us"], rel=0.02)
    (group,) = [group for group in inner.stats["groups"] if group["query_count"]]
    assert group["recording_us"] > 1000 * group["query_count"]
    assert "Toolbar" in inner.text
    assert sum(group["stages"].values()) + group["recording_us"] == pytest.approx(group["span_us"], rel=0.02)


def test_stages_of_a_validator_have_rules_and_python(ask):
    ask("/validate/")
    (validator,) = ask("/validate/").stats["validators"]
    assert set(validator["stages"]) >= {"rules"}
    assert set(validator["stages"]) <= {"rules", "validators", "lookups"}


def test_the_fast_path_is_a_share_of_time(ask, articles):
    """Columns are all native, and nearly all of the time is spent in queries inside of values."""
    text = ask("/related/").text
    share = float(text.partition("Fast path, by time ")[2].partition(" %")[0])
    assert share < 60


def test_no_stage_is_negative(ask, articles):
    from pyforge_web import dumps
    from pyforge_web.metering import collect

    with collect(details=True) as collector:
        dumps(Article.objects.all())
        dumps([Article.objects.defer("title").first()])
    for group in collector.groups:
        assert all(ns > 0 for ns in measure_stages(group).values())
