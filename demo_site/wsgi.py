"""WSGI entry point, static files included: any WSGI server can run `demo_site.wsgi:application` as it is."""

import os

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_site.settings")

application = StaticFilesHandler(get_wsgi_application())
