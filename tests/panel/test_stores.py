"""The stores: what was recorded is read back the same, and what others have recorded never fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from pyforge_web.toolbar.stat_limits import MAX_STATS_BYTES
from pyforge_web.toolbar.stats import STATS_TYPES, STATS_VERSION
from tests.panel.conftest import panel_of

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = {
    "empty": {},
    "older": {"v": STATS_VERSION - 1, "totals": {"calls": 5}},
    "newer": {"v": STATS_VERSION + 1, "state": "complete"},
    "somebody else's": {"title": "mine", "warnings": 5},
    "of our version, hollow": {"v": STATS_VERSION},
    "of our version, the right shapes": {
        "v": STATS_VERSION,
        **{key: kind() for key, kind in STATS_TYPES.items() if key != "v"},
    },
    "of our version, wrong inside": {
        "v": STATS_VERSION,
        **{key: kind() for key, kind in STATS_TYPES.items() if key != "v"},
        "totals": {"serialize": {"calls": "many"}, "validate": {"calls": None}},
    },
    "of our version, wrong further inside": {
        "v": STATS_VERSION,
        **{key: kind() for key, kind in STATS_TYPES.items() if key != "v"},
        "totals": {
            "serialize": {"calls": 1, "native_us": 1, "python_us": 1},
            "validate": {"calls": 0, "native_us": 1, "python_us": 1},
            **dict.fromkeys(["execute_us", "fetch_us", "inner_us", "recording_us", "failed_calls"], 0),
        },
        "groups": [{"source": 5}, None],
        "warnings": [{}],
    },
}


@pytest.mark.parametrize("kind", ["Memory", "Cache"])
def test_what_is_stored_is_plain_json_and_rendered_alike(ask, site, kind):
    site.DEBUG_TOOLBAR_CONFIG = {"TOOLBAR_STORE_CLASS": f"debug_toolbar.store.{kind}Store"}
    panel = ask("/rows/" if kind == "Never" else "/data/?calls=3")
    stats = panel.stats
    assert json.loads(json.dumps(stats, allow_nan=False)) == stats
    assert stats["v"] == STATS_VERSION
    assert panel.calls == 3
    assert stats["env"]["store"] == f"{kind}Store"
    assert panel.content == panel.content
    assert "3 calls" in panel.text


def test_nothing_is_lost_by_the_stores_rules(site, monkeypatch):
    """The stores drop keys that are no text, and turn objects into text: what is recorded has neither."""
    recorded = []
    monkeypatch.setattr("debug_toolbar.store.MemoryStore.save_panel", lambda _, panel, data: recorded.append(data))
    Client().get("/tag/")

    def plain(value):
        assert type(value) in (dict, list, str, int, float, bool, type(None)), value
        for key in value if isinstance(value, dict) else ():
            assert type(key) is str, key
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            plain(item)

    ours = [data for data in recorded if data and "lanes" in data]
    assert ours
    for data in ours:
        plain(data)


@pytest.mark.parametrize("kind", FOREIGN)
def test_titles_and_content_of_stats_that_are_not_ours_never_raise(site, kind):
    panel = panel_of(FOREIGN[kind])
    assert panel.title.startswith("PyForge")
    assert isinstance(str(panel.nav_subtitle), str)
    assert "<p>" in panel.content
    if FOREIGN[kind] and "right shapes" not in kind:
        assert "another version" in panel.content


def test_stats_of_another_version_are_not_shown_however_alike(ask):
    panel = panel_of({**ask("/page/?calls=3").stats, "v": STATS_VERSION + 1})
    assert "another version" in panel.content
    assert panel.title == "PyForge"
    assert "recorded by another version" in panel.nav_subtitle


@pytest.mark.parametrize("path", ["/data/", "/idle/", "/page/"])
def test_a_live_toolbar_without_stats_renders_for_each_response(site, monkeypatch, path):
    """Titles are rendered for JSON too: an exception there is a 500."""
    monkeypatch.setattr("pyforge_web.panels.PyForgePanel.record_stats", lambda self, stats: None)
    assert Client().get(path).status_code == 200


def test_an_idle_request_says_so(ask):
    panel = ask("/idle/")
    assert panel.stored.enabled
    assert panel.stored.title == "PyForge: no calls"
    assert panel.subtitle == "0 calls"
    assert "No PyForge calls were made during this request." in panel.text


@pytest.mark.parametrize("path", ["/page/", "/tag/"])
def test_many_calls_stay_small(ask, path):
    panel = ask(f"{path}?calls=5000")
    assert len(json.dumps(panel.stats)) <= MAX_STATS_BYTES
    assert len(panel.content) <= 300_000


def test_many_kinds_of_calls_stay_small(ask, monkeypatch):
    """More groups, longer names and more warnings than there is room for: the totals are exact."""
    from pyforge_web import dumps
    from tests.panel import urls

    def wild(request):
        for number in range(260):
            kind = type(f"{number}{'k' * 5000}", (dict,), {})
            for _ in range(12):
                dumps(kind(a=number))
        return urls.idle(request)

    monkeypatch.setattr(urls.IDLE, "callback", wild)
    panel = ask("/idle/")
    stats = panel.stats
    assert len(json.dumps(stats)) <= MAX_STATS_BYTES
    assert stats["totals"]["serialize"]["calls"] == 260 * 12
    assert stats["more"]["ungrouped"] == 60 * 12
    assert len(stats["groups"]) + stats["more"]["groups"] == 200
    assert "The totals are exact." in panel.text
    assert len(panel.content) <= 300_000


def test_history_switches_to_another_request(ask):
    first, second = ask("/page/?calls=2"), ask("/data/?calls=7")
    assert first.subtitle.startswith("2 calls in ")
    answer = Client().get("/__debug__/history_sidebar/", {"request_id": second.request_id, "exclude_history": True})
    shown = answer.json()["PyForgePanel"]
    assert "7 calls in " in shown["button"]
    assert "PyForge: 7 serialize calls" in shown["content"]


@pytest.mark.parametrize("store", ["cache", "database"])
def test_in_the_demo_with_other_stores(tmp_path, store):
    """In another process: the settings choose the store, and with it the toolbar's tables."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "demo_site.settings",
        "DEMO_DATABASE": str(tmp_path / "demo.sqlite3"),
        "DEMO_STORE": store,
        "TMPDIR": str(tmp_path),
    }
    code = (
        "import django; django.setup()\n"
        "from django.core.management import call_command as call\n"
        "call('migrate', verbosity=0); call('check')\n"
        "from django.test import Client\n"
        "from debug_toolbar.store import get_store\n"
        "client = Client(HTTP_HOST='localhost')\n"
        "response = client.get('/api/airports/')\n"
        "asked = {'request_id': response['djdt-request-id'], 'panel_id': 'PyForgePanel'}\n"
        "shown = client.get('/__debug__/render_panel/', asked).json()['content']\n"
        "name = get_store().__name__\n"
        "print(response.status_code, name, 'airports.Airport' in shown, name in shown)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == [f"200 {store.title()}Store True True"], done.stderr
