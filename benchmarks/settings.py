"""The Django settings every suite runs under. Its databases are made by `databases.py`."""

SECRET_KEY = "benchmarks"
INSTALLED_APPS = ["pyforge_web", "benchmarks"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
# The views of the benchmarks are open to all: no user model is installed.
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}
# Links and files of the output fields.
ROOT_URLCONF = "benchmarks.urls"
MEDIA_URL = "/media/"
ALLOWED_HOSTS = ["testserver"]
