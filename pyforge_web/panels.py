"""The panel for django-debug-toolbar: `DEBUG_TOOLBAR_PANELS += ["pyforge_web.panels.PyForgePanel"]`."""

from contextvars import Token
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pyforge_web._native import listen
from pyforge_web.metering import active_collectors
from pyforge_web.metering.sql_traces import watch_queries
from pyforge_web.metering.streaming_bodies import follow_body
from pyforge_web.toolbar import display, stats
from pyforge_web.toolbar.comparison import CapturingCollector, keep_input

try:
    import debug_toolbar
except ModuleNotFoundError as missing:
    raise ImportError(
        "PyForgePanel is a panel of django-debug-toolbar, which is not installed: "
        "pip install 'django-debug-toolbar>=8', or take pyforge_web.panels.PyForgePanel out of your settings."
    ) from missing
if int(debug_toolbar.VERSION.partition(".")[0]) < 8:
    raise ImportError(
        f"PyForgePanel needs django-debug-toolbar 8 or later, not {debug_toolbar.VERSION}: "
        "pip install 'django-debug-toolbar>=8'."
    )
from debug_toolbar.panels import Panel
from debug_toolbar.settings import get_config

from pyforge_web.toolbar import views


class PyForgePanel(Panel):
    """The panel. It has its own collector: it works with `PyForgeMiddleware` and without."""

    is_async = True
    nav_title = "PyForge"
    nav_icon = "pyforge_web/panel.svg"  # type: ignore[assignment] # the toolbar declares None
    template = "pyforge_web/panel.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._collector: CapturingCollector | None = None
        self._token: Token[Any] | None = None
        self._outside = False
        self._timing = ""

    @classmethod
    def ready(cls) -> None:
        """Has the SQL inside of calls noted, and native code look for collectors."""
        watch_queries()
        listen()

    @classmethod
    def get_urls(cls) -> list[URLPattern]:
        """The stats as JSON, and the comparison with Django."""
        return [
            path("pyforge/stats/", views.stats_view, name="pyforge_stats"),
            path("pyforge/compare/", views.comparison_view, name="pyforge_compare"),
        ]

    @classmethod
    def run_checks(cls) -> list[CheckMessage]:
        """Finds the panel without its application, which has its template and its static files."""
        if apps.is_installed("pyforge_web"):
            return []
        return [
            CheckWarning(
                "PyForgePanel is in DEBUG_TOOLBAR_PANELS, but its template and static files cannot be found.",
                hint='Add "pyforge_web" to INSTALLED_APPS.',
                id="pyforge_web.W011",
            )
        ]

    # Titles and content: of the stored stats alone, and they never raise, as they are made for each response.

    @property
    def title(self) -> str:
        """How many calls there were."""
        return display.format_title(self.get_stats())

    @property
    def nav_subtitle(self) -> str:
        """How many calls, how long, how many warnings."""
        return display.format_subtitle(self.get_stats())

    @property
    def title_bar(self) -> SafeString | str:
        """A link to the stats as JSON."""
        address = self._address("pyforge_stats")
        return format_html('<a class="pf-json" href="{}" target="_blank">JSON</a>', address) if address else ""

    @property
    def content(self) -> SafeString:
        """The panel's page."""
        found = self.get_stats()
        can_compare = stats.is_readable(found) and found["env"].get("compare") is True
        context = {
            **display.build_context(found),
            "compare_url": self._address("pyforge_compare") if can_compare else "",
            "nonce": self.toolbar.csp_nonce if self.toolbar.request is not None else None,
        }
        return render_to_string(self.template, context)

    @property
    def scripts(self) -> list[str]:
        """Sorting, and a fresh look at a body that was still being sent; nothing is missing without it."""
        return [*super().scripts, static("pyforge_web/panel.js")]

    def _address(self, name: str) -> str:
        try:
            return f"{reverse(f'djdt:{name}')}?request_id={self.toolbar.request_id}"
        except NoReverseMatch:
            return ""  # the toolbar's addresses were made before this panel was in the settings

    # A request

    def enable_instrumentation(self) -> None:
        """Opens the collector, in the context of the whole request."""
        if self._token is not None:
            return
        self._collector = CapturingCollector(details=True)
        around = active_collectors.get()
        self._outside = getattr(self.toolbar.request, "pyforge", None) in around
        self._token = active_collectors.set((*around, self._collector))

    def disable_instrumentation(self) -> None:
        """Closes it; a streaming body opens it again for each of its parts."""
        token, self._token = self._token, None
        if token is not None:
            active_collectors.reset(token)

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Stores what was heard; once more when a streaming body ends."""
        collector = self._collector
        if collector is None:
            return
        # The toolbar would replace the header with that of its panels: ours gives it back (`get_headers`).
        self._timing = response.headers.get("Server-Timing", "")
        del response.headers["Server-Timing"]
        streaming = response.streaming and not isinstance(response, FileResponse)
        middleware = "outside" if self._outside else "inside" if hasattr(request, "pyforge") else ""
        self._record(collector, middleware, streaming=streaming)
        if streaming:
            again = partial(self._record_again, collector, middleware)
            follow_body(response, (collector,), again, sync_to_async(again))

    def _record(self, collector: CapturingCollector, middleware: str, *, streaming: bool) -> None:
        env = {
            "middleware": middleware,
            "store": str(get_config()["TOOLBAR_STORE_CLASS"]).rpartition(".")[2],
            "compare": keep_input(self.toolbar.request_id, collector),
        }
        self.record_stats(stats.gather_stats(collector, env, streaming=streaming))

    def _record_again(self, collector: CapturingCollector, middleware: str) -> None:
        """The body is sent, or the client has left. What the store has dropped meanwhile stays dropped."""
        if self.toolbar.store.exists(self.toolbar.request_id):
            self._record(collector, middleware, streaming=False)

    def generate_server_timing(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """A metric, as the toolbar's own panels have; with `PyForgeMiddleware` there is its own."""
        collector = self._collector
        if collector is not None and collector.calls and not hasattr(request, "pyforge"):
            spent = (collector.native_ns + collector.python_ns - collector.database_ns) / 1e6
            self.record_server_timing("total", f"PyForge {collector.calls} calls", round(spent, 3))

    def get_headers(self, request: HttpRequest) -> dict[str, str]:
        """The panel's headers, and the `Server-Timing` of whoever stands inside of the toolbar."""
        headers: dict[str, str] = super().get_headers(request)
        own = headers.pop("Server-Timing", "")
        if timing := ", ".join(filter(None, (self._timing, own))):
            headers["Server-Timing"] = timing
        return headers
