"""The debug toolbar in the demo: on while DEBUG is, for this machine. DEMO_TOOLBAR=0 leaves it out.

DEMO_STORE is where it keeps its data: memory, cache or database (the last under WSGI alone).
"""

import os
from typing import Any

STORES = {"memory": "MemoryStore", "cache": "CacheStore", "database": "DatabaseStore"}
PANELS = [
    "debug_toolbar.panels.history.HistoryPanel",
    "pyforge_web.panels.PyForgePanel",
    "debug_toolbar.panels.timer.TimerPanel",
    "debug_toolbar.panels.headers.HeadersPanel",
    "debug_toolbar.panels.request.RequestPanel",
    "debug_toolbar.panels.sql.SQLPanel",
    "debug_toolbar.panels.templates.TemplatesPanel",
    "debug_toolbar.panels.versions.VersionsPanel",
]


def install(settings: dict[str, Any]) -> None:
    """Add the toolbar to the settings; inside of PyForgeMiddleware, as its check asks for."""
    if os.environ.get("DEMO_TOOLBAR", "1") != "1":
        return
    store = STORES[os.environ.get("DEMO_STORE", "memory")]
    settings["INSTALLED_APPS"] += ["debug_toolbar"]
    middleware = settings["MIDDLEWARE"]
    after = middleware.index("pyforge_web.middleware.PyForgeMiddleware") + 1
    middleware.insert(after, "debug_toolbar.middleware.DebugToolbarMiddleware")
    settings["INTERNAL_IPS"] = ["127.0.0.1", "::1"]
    settings["DEBUG_TOOLBAR_PANELS"] = PANELS
    settings["DEBUG_TOOLBAR_CONFIG"] = {
        "TOOLBAR_STORE_CLASS": f"debug_toolbar.store.{store}",
        "SHOW_TOOLBAR_CALLBACK": "demo_site.toolbar.show",
        "SHOW_COLLAPSED": True,
        "UPDATE_ON_FETCH": True,  # the sidebar follows the newest call of a page's script
        "RESULTS_CACHE_SIZE": 100,
    }
    if store == "CacheStore":
        cache = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": _cache_folder()}
        settings["CACHES"] = {"default": cache}
    if store == "DatabaseStore":
        del settings["ASGI_APPLICATION"]


def _cache_folder() -> str:
    """Give a folder that all processes of this user share."""
    import tempfile

    return os.path.join(tempfile.gettempdir(), f"pyforge-demo-{os.getuid()}")  # noqa: PTH118


def show(request: Any) -> bool:
    """Whether a request has the toolbar: not where times are compared, which its own recording would distort."""
    from debug_toolbar.middleware import show_toolbar

    return not request.path.startswith("/api/compare/") and bool(show_toolbar(request))
