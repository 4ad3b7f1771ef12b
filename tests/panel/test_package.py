"""The package without the toolbar, and the panel's checks and settings."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from pyforge_web.conf import get_settings
from pyforge_web.panels import PyForgePanel

ROOT = Path(__file__).resolve().parents[2]


def run(code):
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip(), [line for line in done.stderr.splitlines() if line.startswith("ImportError")]


def test_panels_without_the_toolbar_names_the_missing_package():
    _, (error,) = run("import sys; sys.modules['debug_toolbar'] = None\nimport pyforge_web.panels")
    assert error.startswith("ImportError: PyForgePanel is a panel of django-debug-toolbar, which is not installed: pip")


def test_an_old_toolbar_is_named():
    code = (
        "import sys, types\nsys.modules['debug_toolbar'] = old = types.ModuleType('debug_toolbar')\n"
        "old.VERSION = '4.4.6'\nfrom pyforge_web.panels import PyForgePanel"
    )
    _, (error,) = run(code)
    assert error.startswith("ImportError: PyForgePanel needs django-debug-toolbar 8 or later, not 4.4.6")


def test_the_module_has_nothing_else():
    with pytest.raises(ImportError, match="cannot import name 'Other'"):
        from pyforge_web.panels import Other  # noqa: F401


def test_the_check_for_the_application(settings):
    assert PyForgePanel.run_checks() == []
    with override_settings(INSTALLED_APPS=[app for app in settings.INSTALLED_APPS if app != "pyforge_web"]):
        (message,) = PyForgePanel.run_checks()
    assert message.id == "pyforge_web.W011"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "must be a dict"),
        ({"SIMILAR": 5}, "must be a dict of 'SIMILAR_CALLS'"),
        ({"CALLBACKS": "5"}, r"\['CALLBACKS'\] must be a whole number"),
        ({"CALLBACKS": True}, r"\['CALLBACKS'\] must be a whole number"),
        ({"CALLBACKS": -1}, r"\['CALLBACKS'\] must be a whole number"),
    ],
)
def test_settings_that_are_wrong_are_named(settings, given, words):
    settings.PYFORGE_WEB = {"PANEL": given}
    with pytest.raises(ImproperlyConfigured, match=words):
        get_settings()


def test_the_panel_is_complete_in_the_toolbars_eyes():
    assert PyForgePanel.is_async
    assert PyForgePanel.panel_id == "PyForgePanel"
