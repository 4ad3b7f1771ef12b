"""The checks of settings, of the order of middleware, of the toolbar's store and of the core; their docs."""

from types import SimpleNamespace

import pytest
from django.core.checks import WARNING, run_checks
from django.middleware.cache import CacheMiddleware
from django.test import override_settings

from pyforge_web import checks
from pyforge_web.conf import DEFAULTS
from pyforge_web.middleware import PyForgeMiddleware
from tests.tables import cases

pytestmark = pytest.mark.django_db  # other checks ask the database

OURS = "pyforge_web.middleware.PyForgeMiddleware"
TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
STORE = "debug_toolbar.store.DatabaseStore"


class Ours(PyForgeMiddleware):
    """A subclass of the project's own."""


class Cache(CacheMiddleware):
    """A subclass of Django's."""


def function(get_response):
    """A middleware that is a function."""
    return get_response


def ids():
    """The checks of ours that find something, by id; each says what to do."""
    found = [
        message for message in run_checks() if message.id.startswith("pyforge_web.") and message.level >= WARNING
    ]  # the list of guarded columns is in tests/secrets
    assert all(message.hint for message in found)
    return [message.id.partition(".")[2] for message in found]


ORDERS = {
    "no middleware": ([], []),
    "not ours": ([TOOLBAR, UPDATE], []),
    "ours alone": ([OURS], []),
    "ours first": ([OURS, f"{__name__}.function", TOOLBAR, UPDATE], []),
    "inside of the toolbar": ([TOOLBAR, OURS, UPDATE], ["W001"]),
    "inside of the cache": ([UPDATE, f"{__name__}.function", OURS], ["W002"]),
    "inside of both": ([UPDATE, TOOLBAR, OURS], ["W001", "W002"]),
    "subclasses": ([f"{__name__}.Cache", f"{__name__}.Ours"], ["W002"]),
    "a subclass, first": ([f"{__name__}.Ours", f"{__name__}.Cache"], []),
    "a name that is wrong": (["nothing.there", UPDATE, OURS], ["W002"]),
}


@pytest.mark.parametrize("case", cases(ORDERS))
def test_order_of_middleware_is_checked(settings, case):
    settings.MIDDLEWARE, expected = case
    assert ids() == expected


SETTINGS = {
    "none": ({}, []),
    "all": (dict(DEFAULTS), []),
    "an unknown key": ({"NAM": 1}, ["E001"]),
    "a wrong value": ({"NAN": 1}, ["E001"]),
    "no dict": (["NAN"], ["E001"]),
    "None": (None, ["E001"]),
}


@pytest.mark.parametrize("case", cases(SETTINGS))
def test_settings_with_faults_are_reported(case):
    given, expected = case
    with override_settings(PYFORGE_WEB=given):
        assert ids() == expected


STORES = {
    "under ASGI": ({}, True),
    "under WSGI alone": ({"ASGI_APPLICATION": None}, False),
    "the default store": ({"DEBUG_TOOLBAR_CONFIG": {}}, False),
    "the cache's store": ({"DEBUG_TOOLBAR_CONFIG": {"TOOLBAR_STORE_CLASS": "debug_toolbar.store.CacheStore"}}, False),
    "no toolbar": ({"INSTALLED_APPS": []}, False),
}


@pytest.mark.parametrize("case", cases(STORES))
def test_toolbar_store_under_asgi_is_reported(monkeypatch, case):
    changed, is_wrong = case
    given = {
        "INSTALLED_APPS": ["debug_toolbar"],
        "ASGI_APPLICATION": "site.asgi.application",
        "DEBUG_TOOLBAR_CONFIG": {"TOOLBAR_STORE_CLASS": STORE},
    }
    monkeypatch.setattr(checks, "settings", SimpleNamespace(**given | changed))  # the toolbar is not installed here
    assert [message.id for message in checks.check_toolbar_store()] == ["pyforge_web.W003"] * is_wrong


def test_debug_build_of_the_core_is_reported(monkeypatch):
    assert "W004" not in ids()
    monkeypatch.setattr(checks, "BUILD_PROFILE", "debug")
    assert ids() == ["W004"]


@pytest.mark.parametrize("url", ["https://pyforge-web.readthedocs.io/en/stable/", "http://localhost/docs/", ""])
def test_hint_ends_with_the_address_of_the_check(url, settings):
    settings.PYFORGE_WEB = {"DOCS_URL": url, "PUBLIC_FIELDS": ["shop.Order.share_tokn"]}
    (message,) = (message for message in run_checks() if message.id == "pyforge_web.W031")
    assert message.hint.endswith(f"See {url}reference/checks.html#w031" if url else "remove it.")


def test_hint_of_wrong_settings_has_the_default_address(settings):
    settings.PYFORGE_WEB = {"DOCS_URL": 5}
    (message,) = (message for message in run_checks() if message.id == "pyforge_web.E001")
    assert message.hint.endswith(f"See {DEFAULTS['DOCS_URL']}reference/checks.html#e001")
