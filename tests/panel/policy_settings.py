"""The settings of the site that the browser visits: the panel, behind a content security policy."""

import os
from pathlib import Path

SECRET_KEY = "tests only"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INTERNAL_IPS = ["127.0.0.1"]
ROOT_URLCONF = "tests.panel.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "debug_toolbar",
    "pyforge_web",
    "tests.app",
    "tests.querysets",
]
MIDDLEWARE = [
    "pyforge_web.middleware.PyForgeMiddleware",
    "tests.panel.policy_settings.policy",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
SILENCED_SYSTEM_CHECKS = ["fields.E210"]  # Pillow
STATIC_URL = "/static/"
USE_TZ = True
DEBUG_TOOLBAR_PANELS = ["debug_toolbar.panels.history.HistoryPanel", "pyforge_web.panels.PyForgePanel"]
DEBUG_TOOLBAR_CONFIG = {
    "UPDATE_ON_FETCH": True,
    "USE_SHADOW_DOM": os.environ.get("PANEL_SHADOW", "1") == "1",
}
# What scripts and styles may be loaded: all of this site, or only those with the nonce of the page.
POLICIES = {"self": "'self' 'nonce-a-nonce'", "nonce": "'nonce-a-nonce'"}


def nonce(get_response):
    """A middleware that gives the page's nonce, as django-csp does."""

    def respond(request):
        request.csp_nonce = "a-nonce"
        return get_response(request)

    return respond


def policy(get_response):
    """A middleware that sends the policy that the address asks for with ?csp=."""

    def respond(request):
        request.csp_nonce = "a-nonce"
        response = get_response(request)
        if allowed := POLICIES.get(request.GET.get("csp", "")):
            response["Content-Security-Policy"] = (
                f"default-src 'self'; script-src {allowed}; style-src {allowed}; img-src 'self' data:"
            )
        return response

    return respond
