"""A site with the toolbar and the panel, in this process; `Panel` is what the panel has of one response."""

import re
from pathlib import Path

import pytest
from debug_toolbar.store import MemoryStore, get_store
from debug_toolbar.toolbar import DebugToolbar, StoredDebugToolbar
from django.test import Client

PYFORGE = "pyforge_web.middleware.PyForgeMiddleware"
TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"
PLACES = {"outside": [PYFORGE, TOOLBAR], "inside": [TOOLBAR, PYFORGE], "": [TOOLBAR]}
SITE = {
    "DEBUG": True,
    "ROOT_URLCONF": "tests.panel.urls",
    "INTERNAL_IPS": ["127.0.0.1"],
    "MIDDLEWARE": PLACES["outside"],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
            "APP_DIRS": True,
        }
    ],
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "panel"}},
}


@pytest.fixture
def site(settings):
    """The tests' views behind the toolbar."""
    for name, value in SITE.items():
        setattr(settings, name, value)
    MemoryStore.clear()
    return settings


@pytest.fixture
def ask(site):
    """A function (path) -> the panel of its response."""

    def ask(path, **given):
        return Panel(Client(raise_request_exception=False).get(path, **given))

    return ask


class Panel:
    """The panel of a response, as the toolbar renders it later from its store."""

    def __init__(self, response):
        self.response = response
        self.request_id = response["djdt-request-id"]

    @property
    def stats(self):
        return get_store().panel(self.request_id, "PyForgePanel")

    @property
    def totals(self):
        return self.stats["totals"]

    @property
    def calls(self):
        return self.totals["serialize"]["calls"]

    @property
    def stored(self):
        return DebugToolbar.fetch(self.request_id).get_panel_by_id("PyForgePanel")

    @property
    def content(self):
        return self.stored.content

    @property
    def text(self):
        """What a reader sees of the content."""
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.content))

    @property
    def subtitle(self):
        """What a reader sees below the panel's name in the sidebar."""
        return re.sub(r"<[^>]+>", "", self.stored.nav_subtitle)

    @property
    def warned(self):
        return [warning["id"] for warning in self.stats["warnings"]]


def panel_of(stats):
    """The panel over stats that somebody else has stored."""
    store = get_store()
    store.set("foreign")
    store.save_panel("foreign", "PyForgePanel", stats)
    return StoredDebugToolbar.from_store("foreign").get_panel_by_id("PyForgePanel")
