"""Every address of the demo is in its one app, but those of the debug toolbar."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [path("", include("demo_site.airports.urls"))]
if "debug_toolbar" in settings.INSTALLED_APPS:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns = [*debug_toolbar_urls(), *urlpatterns]
