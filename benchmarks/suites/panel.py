"""What the panel adds to a request of 5,000 calls, beside the toolbar without it and a middleware that does nothing."""

from collections.abc import Mapping

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import include, path

from benchmarks.goals import Goal
from benchmarks.measure import Effort, Timed, interleave
from benchmarks.report import Report, duration, table
from pyforge_web import dumps

CALLS = 5_000
MANY = Goal(10)  # ms above the same request without the panel
EMPTY = "benchmarks.suites.middleware.EmptyMiddleware"
TOOLBAR = "debug_toolbar.middleware.DebugToolbarMiddleware"
PANEL = "pyforge_web.panels.PyForgePanel"
HISTORY = "debug_toolbar.panels.history.HistoryPanel"
# By name: the middleware, and the panels of the toolbar.
CONTESTANTS = {
    "empty": (EMPTY, []),
    "toolbar": (TOOLBAR, [HISTORY]),
    "panel": (TOOLBAR, [HISTORY, PANEL]),
}
APPS = [*settings.INSTALLED_APPS, "django.contrib.staticfiles", "debug_toolbar"]
TOOLBAR_SETTINGS = {
    "DEBUG": True,
    "STATIC_URL": "/static/",
    "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    "DEBUG_TOOLBAR_PANELS": [HISTORY, PANEL],
    "DEBUG_TOOLBAR_CONFIG": {"SHOW_TOOLBAR_CALLBACK": "benchmarks.suites.panel.show"},
}


def many(request: HttpRequest) -> HttpResponse:
    for number in range(CALLS):
        dumps({"ok": True, "id": number})
    return HttpResponse("{}", content_type="application/json")


def idle(request: HttpRequest) -> HttpResponse:
    return HttpResponse("{}", content_type="application/json")


def run(effort: Effort, only: str = "") -> Report:
    report = Report("The panel")
    with override_settings(**TOOLBAR_SETTINGS), override_settings(INSTALLED_APPS=APPS):
        # The toolbar's addresses need its application.
        views = (path("many/", many), path("idle/", idle), path("__debug__/", include("debug_toolbar.urls")))
        with override_settings(ROOT_URLCONF=views):
            rows = [_row(report, name, effort) for name in ("many", "idle") if only in name]
    report.add(
        table(["request", *CONTESTANTS, "panel / empty", "panel above toolbar, ms"], rows),
        f"`many`: {CALLS:,} calls of `dumps` with a small dict, from one line. `idle`: none. `empty`: a middleware that"
        " does nothing; `toolbar`: django-debug-toolbar with its History alone; `panel`: ours beside it. Best times,"
        " of which the last column is the difference: a request is long enough for them.",
    )
    return report


def show(request: HttpRequest) -> bool:
    """Whether a request has the toolbar."""
    return True


def _row(report: Report, name: str, effort: Effort) -> list[str]:
    times = interleave(_chains(f"/{name}/"), effort)
    panel, toolbar = times["panel"], times["toolbar"]
    above = (panel.best - toolbar.best) * 1e3
    verdict = report.judge(f"{name}, ms", MANY, above)
    best = [duration(times[each].best) for each in CONTESTANTS]
    return [name, *best, f"{panel.over(times['empty']):.2f}", verdict]


def _chains(address: str) -> Mapping[str, Timed]:
    factory = RequestFactory()
    return {
        name: Timed(
            "handle(value)",
            {"handle": _handler(middleware, panels)},
            lambda count: [factory.get(address) for _ in range(count)],
            count=1,
        )
        for name, (middleware, panels) in CONTESTANTS.items()
    }


def _handler(middleware: str, panels: list[str]) -> object:
    handler = BaseHandler()
    with override_settings(MIDDLEWARE=[middleware]):
        handler.load_middleware()

    def handle(request: HttpRequest) -> HttpResponse:
        _choose(panels)
        response: HttpResponse = handler.get_response(request)
        return response

    return handle


def _choose(panels: list[str]) -> None:
    """The toolbar keeps the classes of its panels; they are changed without its settings, which would be timed too."""
    from debug_toolbar.toolbar import DebugToolbar
    from django.utils.module_loading import import_string

    DebugToolbar._panel_classes = [import_string(each) for each in panels]
