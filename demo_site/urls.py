"""Every address of the demo is in its one app."""

from django.urls import include, path

urlpatterns = [path("", include("demo_site.airports.urls"))]
