"""ASGI entry point, static files included: any ASGI server can run `demo_site.asgi:application` as it is."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo_site.settings")

application = ASGIStaticFilesHandler(get_asgi_application())
