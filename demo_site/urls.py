"""Every address of the demo is in its one app, but those of the debug toolbar."""

from django.conf import settings
from django.urls import include, path
from django.views.generic import RedirectView

# Browsers ask for it beside documents that name no icon, as JSON.
icon = RedirectView.as_view(url=f"{settings.STATIC_URL}airports/favicon.svg")
urlpatterns = [path("favicon.ico", icon), path("", include("demo_site.airports.urls"))]
if "debug_toolbar" in settings.INSTALLED_APPS:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns = [*debug_toolbar_urls(), *urlpatterns]
