"""The app's registration with Django."""

from django.apps import AppConfig


class AirportsConfig(AppConfig):
    """Airports and countries."""

    name = "demo_site.airports"
    verbose_name = "The world's airports"
