"""The addresses of the asynchronous views: those of `api.py`, under /api/async/."""

from django.urls import path

from demo_site.airports import async_api

urlpatterns = [
    path("api/async/airports/", async_api.airport_list, name="async-airport-list"),
    path("api/async/airports/nearby/", async_api.airport_nearby, name="async-airport-nearby"),
    path("api/async/airports/<str:icao>/", async_api.airport_detail, name="async-airport-detail"),
    path("api/async/countries/", async_api.country_list, name="async-country-list"),
    path("api/async/countries/<str:code>/", async_api.country_detail, name="async-country-detail"),
]
