"""The panel for django-debug-toolbar.

Settings: `DEBUG_TOOLBAR_PANELS = [*debug_toolbar.settings.PANELS_DEFAULTS, "pyforge_web.panels.PyForgePanel"]`.
"""

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
from django.urls import NoReverseMatch, URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pyforge_web._native import listen
from pyforge_web.conf import with_docs
from pyforge_web.metering import active_collectors
from pyforge_web.metering.sql_traces import QuerySums, query_sums, time_recording, watch_queries
from pyforge_web.metering.streaming_bodies import follow_body
from pyforge_web.toolbar import display, stats
from pyforge_web.toolbar.comparison import CapturingCollector, explain_size, keep_input, max_input_size
from pyforge_web.toolbar.links import find_address
from pyforge_web.toolbar.other_inputs import capture_other
from pyforge_web.toolbar.other_json import find_other_json

try:
    import debug_toolbar
except ModuleNotFoundError as missing:
    raise with_docs(
        ImportError(
            "PyForgePanel is a panel of django-debug-toolbar, which is not installed: "
            "pip install 'django-debug-toolbar>=8', or take pyforge_web.panels.PyForgePanel out of your settings."
        ),
        "debug-toolbar",
    ) from missing
if int(debug_toolbar.VERSION.partition(".")[0]) < 8:
    raise with_docs(
        ImportError(
            f"PyForgePanel needs django-debug-toolbar 8 or later, not {debug_toolbar.VERSION}: "
            "pip install 'django-debug-toolbar>=8'."
        ),
        "debug-toolbar",
    )
from debug_toolbar.panels import Panel
from debug_toolbar.settings import get_config

from pyforge_web.toolbar import views


class PyForgePanel(Panel):
    """The panel. It has its own collector, so it works with `PyForgeMiddleware` and without.

    Life cycle: `enable_instrumentation` opens the collector before the view, `generate_stats` stores what it counted
    after the view and again after a streaming body, and titles and content are made of what was stored.
    """

    is_async = True
    nav_title = "PyForge"
    nav_icon = "pyforge_web/panel.svg"  # type: ignore[assignment] # the toolbar declares None
    template = "pyforge_web/panel.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._collector: CapturingCollector | None = None
        self._token: Token[Any] | None = None
        self._queries = QuerySums()
        self._queries_token: Token[Any] | None = None
        self._outside = False
        self._timing = ""
        self._stored: Any = None
        self._title = ""

    @classmethod
    def ready(cls) -> None:
        """Start to note SQL, and let native code look for collectors."""
        watch_queries()
        listen()

    @classmethod
    def get_urls(cls) -> list[URLPattern]:
        """Return the addresses of the stats as JSON and of the comparison."""
        return [
            path("pyforge/stats/", views.stats_view, name="pyforge_stats"),
            path("pyforge/compare/", views.comparison_view, name="pyforge_compare"),
        ]

    @classmethod
    def run_checks(cls) -> list[CheckMessage]:
        """Report the panel without its app, which has its template and its static files."""
        if apps.is_installed("pyforge_web"):
            return []
        return [
            CheckWarning(
                "PyForgePanel is in DEBUG_TOOLBAR_PANELS, but its template and static files cannot be found.",
                hint='Add "pyforge_web" to INSTALLED_APPS.',
                id="pyforge_web.W011",
            )
        ]

    def get_stats(self) -> Any:
        """Return the stored stats. The store reads them from JSON each time, and each response asks four times."""
        # Asked for by title, subtitle, title bar and content.
        if self._stored is None:
            self._stored = super().get_stats()
        return self._stored

    # Titles and content are made of the stored stats alone. They never raise, as each response renders them.

    @property
    def title(self) -> str:
        """Return how many calls there were. Each response asks twice."""
        if not self._title:
            self._title = display.format_title(self.get_stats())
        return self._title

    @property
    def nav_subtitle(self) -> SafeString:
        """Return how many calls, how long, how many warnings.

        While a body is being sent, the page's script asks for the text again. The toolbar loads a panel's scripts only
        when the panel is opened, so the script of the page itself comes with this text. The toolbar gives a `span`
        colours of its own.
        """
        stored = self.get_stats()
        parts = [
            stored.get("state", "") if isinstance(stored, dict) else "",
            self._view_url("pyforge_stats"),
            display.format_subtitle(stored),
        ]
        text = '<data value="" data-pf-state="{}" data-pf-stats="{}">{}</data>'
        if self.toolbar.request is not None:
            text += '<script type="module" src="{}" nonce="{}" async></script>'
            parts += [static("pyforge_web/panel.js"), self.toolbar.csp_nonce or ""]
        return format_html(text, *parts)

    @property
    def title_bar(self) -> SafeString | str:
        """Return a link to the stats as JSON."""
        address = self._view_url("pyforge_stats")
        return format_html('<a class="pf-json" href="{}" target="_blank">JSON</a>', address) if address else ""

    @property
    def content(self) -> SafeString:
        """Return the panel's page."""
        stored = self.get_stats()
        can_compare = stats.is_readable(stored) and stored["env"].get("compare") is True
        context = {
            **display.build_context(stored),
            "compare_url": self._view_url("pyforge_compare") if can_compare else "",
            "no_comparison": explain_size(stored["env"]) if stats.is_readable(stored) else "",
            "nonce": self.toolbar.csp_nonce if self.toolbar.request is not None else None,
        }
        return render_to_string(self.template, context)

    @property
    def scripts(self) -> list[str]:
        """Return the script for sorting, copying and streaming bodies; without it the page is complete, too."""
        return [*super().scripts, static("pyforge_web/panel.js")]

    def _view_url(self, name: str) -> str:
        try:
            return f"{find_address(f'djdt:{name}')}?request_id={self.toolbar.request_id}"
        except NoReverseMatch:
            return ""  # the toolbar's addresses were made before this panel was in the settings

    # A request

    def enable_instrumentation(self) -> None:
        """Open the collector, in the context of the whole request."""
        if self._token is not None:
            return
        self._collector = CapturingCollector(details=True)
        for panel in self.toolbar.enabled_panels:
            if panel.panel_id == "SQLPanel":
                panel.record = time_recording(panel.record)  # of this request's panel alone
        # A middleware before the toolbar has its collector open already, one behind it opens it later.
        around = active_collectors.get()
        self._outside = getattr(self.toolbar.request, "pyforge", None) in around
        self._token = active_collectors.set((*around, self._collector))
        self._queries_token = query_sums.set(self._queries)

    def disable_instrumentation(self) -> None:
        """Close the collector. A streaming body opens it again for each of its parts."""
        # Taken at once: the toolbar may disable its panels more than once.
        token, self._token = self._token, None
        if token is not None:
            active_collectors.reset(token)
        if self._queries_token is not None:
            query_sums.reset(self._queries_token)
            self._queries_token = None

    def generate_stats(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Store what was counted; once more when a streaming body ends."""
        collector = self._collector
        if collector is None:
            return
        # The toolbar replaces the header with that of its panels; `get_headers` puts ours back.
        self._timing = response.headers.get("Server-Timing", "")
        del response.headers["Server-Timing"]
        # A FileResponse is streaming too, but no Python code of a view runs for its parts.
        streaming = response.streaming and not isinstance(response, FileResponse)
        middleware = "outside" if self._outside else "inside" if hasattr(request, "pyforge") else ""
        other = find_other_json(request, response, collector, self._queries)
        collector.captured = collector.captured or capture_other(response, other)
        self._record_calls(collector, middleware, other, streaming=streaming)
        if streaming:
            again = partial(self._record_again, collector, middleware)
            follow_body(response, (collector,), again, sync_to_async(again))

    def _record_calls(
        self, collector: CapturingCollector, middleware: str, other: dict[str, Any], *, streaming: bool
    ) -> None:
        size = other["size"] if other else collector.largest
        most = max_input_size()
        env = {
            "middleware": middleware,
            "too_large": [size, most] if most and size > most and collector.captured is None else [],
            "store": str(get_config()["TOOLBAR_STORE_CLASS"]).rpartition(".")[2],
            "compare": keep_input(self.toolbar.request_id, collector.captured),
        }
        self.record_stats(stats.gather_stats(collector, env, other, streaming=streaming))
        self._stored, self._title = None, ""

    def _record_again(self, collector: CapturingCollector, middleware: str) -> None:
        """Store the stats after the body was sent, or the client left; not if the store has dropped the request."""
        if self.toolbar.store.exists(self.toolbar.request_id):
            self._record_calls(collector, middleware, {}, streaming=False)

    def generate_server_timing(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Record a metric, as the toolbar's own panels do. `PyForgeMiddleware` has its own instead."""
        collector = self._collector
        # Not beside the middleware: the browser would show the same time twice.
        if collector is not None and collector.calls and not hasattr(request, "pyforge"):
            spent = (collector.native_ns + collector.python_ns - collector.database_ns) / 1e6
            self.record_server_timing("total", f"PyForge {collector.calls} calls", round(spent, 3))

    def get_headers(self, request: HttpRequest) -> dict[str, str]:
        """Return the panel's headers, and the `Server-Timing` of middleware inside of the toolbar."""
        headers: dict[str, str] = super().get_headers(request)
        own = headers.pop("Server-Timing", "")
        if timing := ", ".join(filter(None, (self._timing, own))):
            headers["Server-Timing"] = timing
        return headers
