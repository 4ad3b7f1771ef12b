"""The site the tests run in: small, SQLite in memory, no migrations."""

import importlib.util
from pathlib import Path

SECRET_KEY = "tests only"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "debug_toolbar",
    "pyforge_web",
    "demo_site.airports",
    "tests.app",
    "tests.bodies",
    "tests.relations",
    "tests.querysets",
    "tests.streams",
    "tests.validation",
    "tests.bulk",
    "tests.output",
    "tests.docs.blog",
]
if importlib.util.find_spec("psycopg"):
    INSTALLED_APPS += ["django.contrib.postgres", "tests.querysets.pg"]
# The apps of the tests have no migrations, and some of them point to these. Each state of a migration makes the models
# of all apps anew, which takes seconds for each database.
MIGRATION_MODULES = dict.fromkeys(("airports", "auth", "contenttypes"))
DATABASE_ROUTERS = [
    "tests.querysets.routers.OnlyPostgreSQL",
    "tests.querysets.routers.ApartFromMySQL",
    "tests.bulk.routers.MadeByFixture",
]
SILENCED_SYSTEM_CHECKS = ["fields.E210"]  # Pillow: an ImageField is a path here, no image is opened
STATIC_URL = "/static/"
DEBUG_TOOLBAR_PANELS = ["debug_toolbar.panels.history.HistoryPanel", "pyforge_web.panels.PyForgePanel"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MEDIA_ROOT = Path(__file__).parent / "media-that-does-not-exist"
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
