"""System checks of the panel; docs/checks.md has a section for each."""

from django.apps import apps
from django.core.checks import CheckMessage
from django.core.checks import Warning as Caution


def check_installed() -> list[CheckMessage]:
    """Finds the panel without its application, which has its template and its static files."""
    if apps.is_installed("pyforge_web"):
        return []
    return [
        Caution(
            "PyForgePanel is in DEBUG_TOOLBAR_PANELS, but its template and static files cannot be found.",
            hint='Add "pyforge_web" to INSTALLED_APPS.',
            id="pyforge_web.W011",
        )
    ]
