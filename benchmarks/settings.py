"""The Django settings every suite runs under."""

SECRET_KEY = "benchmarks"
INSTALLED_APPS = ["pyforge_web"]
USE_TZ = True
