"""The addresses of the pages about the panel: explorer, streams, warnings."""

from django.urls import path

from demo_site.airports import explorer, warned

urlpatterns = [
    path("explorer/", explorer.page, name="explorer"),
    path("warnings/", warned.index, name="warnings"),
    path("warnings/<str:code>/", warned.page, name="warning"),
    path("api/live/stream/", explorer.stream, name="stream"),
    path("api/live/stream-async/", explorer.stream_async, name="stream-async"),
    path("api/live/async/", explorer.country_async, name="country-async"),
    path("api/live/validate/", explorer.validate, name="validate"),
]
