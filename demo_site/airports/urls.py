"""The demo's addresses: pages first, then the JSON endpoints under /api/."""

from django.urls import include, path

from demo_site.airports import api, exports, frameworks, pages, sources
from demo_site.airports.guide import SPELLINGS

urlpatterns = [
    path("", pages.index, name="index"),
    path("map/", pages.map_page, name="map"),
    path("compare/", pages.compare_page, name="compare"),
    path("frameworks/", frameworks.frameworks_page, name="frameworks"),
    path("import/", pages.import_page, name="import"),
    path("export/", exports.page, name="export"),
    *(path(f"{page.url_name}/", pages.embedded, {"name": page.url_name}, page.url_name) for page in SPELLINGS),
    path("", include("demo_site.airports.panel_urls")),
    path("", include("demo_site.airports.async_urls")),
    path("source/<slug:module>/", sources.source, name="source"),
    path("api/airports/", api.airport_list, name="airport-list"),
    path("api/dots/", api.airport_dots, name="airport-dots"),
    path("api/airports/import/", api.airport_import, name="airport-import"),
    path("api/airports/nearby/", api.airport_nearby, name="airport-nearby"),
    path("api/airports/<str:icao>/", api.airport_detail, name="airport-detail"),
    path("api/countries/", api.country_list, name="country-list"),
    path("api/countries/<str:code>/", api.country_detail, name="country-detail"),
    path("api/export/", exports.export, name="airport-export"),
    path("api/export-async/", exports.export_async, name="airport-export-async"),
    path("api/compare/<slug:slug>/", pages.compare_case, name="compare-case"),
    path("api/compare/<slug:slug>/<slug:side>/", pages.compare_body, name="compare-body"),
    path("api/frameworks/<slug:slug>/<int:size>/", frameworks.frameworks_body, name="frameworks-body"),
    path("api/<path:rest>", api.unknown, name="api-unknown"),
]
