"""The site that the servers of the soak test run; its database is in `SOAK_DATABASE`, as JSON."""

import json
import os

SECRET_KEY = "soak only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.soak.site"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "pyforge_web", "tests.app"]
MIGRATION_MODULES = {"auth": None, "contenttypes": None}
MIDDLEWARE = ["pyforge_web.middleware.PyForgeMiddleware"]
DATABASES = {"default": json.loads(os.environ["SOAK_DATABASE"])}
USE_TZ = True
LOGGING = {"version": 1, "disable_existing_loggers": True}
