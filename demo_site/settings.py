"""Settings of the demo.

Environment variables change them: DEMO_DEBUG, DEMO_HOSTS, DEMO_DATABASE, DEMO_MEASURE_SECONDS, and those of
`toolbar.py`.
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent

# The demo has no users, no sessions and no secrets: this key signs nothing that matters.
SECRET_KEY = "demo-only: never use this key for a site of your own"  # noqa: S105
DEBUG = os.environ.get("DEMO_DEBUG", "1") == "1"
ALLOWED_HOSTS = os.environ.get("DEMO_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "pyforge_web",
    "demo_site.airports",
]
MIDDLEWARE = [
    "pyforge_web.middleware.PyForgeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",  # an ETag for each answer, and 304 where it is asked for again
    "django.middleware.locale.LocaleMiddleware",  # the errors of the JSON endpoints, as Accept-Language asks
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "demo_site.urls"
WSGI_APPLICATION = "demo_site.wsgi.application"
ASGI_APPLICATION = "demo_site.asgi.application"
_LOADERS = [
    "pyforge_web.loaders.AppDirectoriesLoader",
    "django.template.loaders.app_directories.Loader",  # the debug toolbar's check asks for it
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "demo_site.airports.guide.site",
            ],
            # In the place of APP_DIRS: templates may hold the literal <% pyforge_json value %>.
            "loaders": [
                ("django.template.loaders.cached.Loader", _LOADERS),
            ],
        },
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "demo_site.airports.jinja.environment",
            "context_processors": ["demo_site.airports.guide.site"],
            "extensions": ["pyforge_web.jinja.PyForgeExtension"],
            "block_start_string": "<%",
            "block_end_string": "%>",
        },
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", BASE_DIR / "demo.sqlite3"),
        # Two transactions that read before they write wait for each other, and neither fails.
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The pages are in English. Django's own texts, such as errors, are in each of these; the panel's in the first three.
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", "English"),
    ("de", "German"),
    ("fr", "French"),
    ("pl", "Polish"),
    ("ar", "Arabic"),
    ("ja", "Japanese"),
]
TIME_ZONE = "UTC"
USE_TZ = True

REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}  # the page of frameworks has no users

STATIC_URL = "/static/"

PYFORGE_WEB = {"SQL_CACHE": True}

if DEBUG:
    from demo_site import toolbar

    toolbar.install(globals())
