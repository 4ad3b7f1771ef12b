"""The demo in two forms: in this process (a few countries, Django's test client), and as the real site, served whole
by a process of its own with the demo's own settings, for the browser.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings as active
from playwright.sync_api import Browser, Page, sync_playwright

from demo_site import settings as demo_settings

ROOT = Path(__file__).resolve().parents[2]
# Iceland; Fiji, on both sides of the 180th meridian; Kosovo, unknown to countryinfo; Andorra, without an airport.
SAMPLE = frozenset({"IS", "FJ", "XK", "AD"})
IN_PROCESS = ("test_api", "test_compare", "test_export", "test_import", "test_nearby", "test_pages", "test_seed")


@pytest.fixture(autouse=True)
def demo(request, settings):
    """Let tests with Django's test client see the demo's addresses, templates and middleware."""
    if request.module.__name__.rpartition(".")[2] not in IN_PROCESS:
        return
    missing = {"demo_site.airports", "django.contrib.staticfiles"} - set(active.INSTALLED_APPS)
    assert not missing, f"INSTALLED_APPS of {active.SETTINGS_MODULE} lacks {missing}"
    for name in ("ROOT_URLCONF", "TEMPLATES", "MIDDLEWARE", "STATIC_URL", "LANGUAGES"):
        setattr(settings, name, getattr(demo_settings, name))


@pytest.fixture
def sample(db):
    """The airports and countries of SAMPLE, in the test database; gives what was loaded."""
    from demo_site.airports import seed

    return seed.load(SAMPLE)


@pytest.fixture(scope="session")
def demo_env(tmp_path_factory) -> dict[str, str]:
    """The environment of a demo with a database of its own that is migrated and holds all airports."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "demo_site.settings",
        "DEMO_DATABASE": str(tmp_path_factory.mktemp("demo") / "demo.sqlite3"),
    }
    for command in (("migrate", "--verbosity", "0"), ("seed_demo", "--verbosity", "0")):
        manage(env, *command)
    return env


def manage(env: dict[str, str], *command: str) -> str:
    """Run a management command of the demo as its users do; give its output, fail with its errors."""
    done = subprocess.run(
        [sys.executable, "-m", "demo_site.manage", *command], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def site(demo_env) -> Iterator[str]:
    """The address of the demo, served by `runserver` in its own process."""
    with serve(demo_env) as address:
        yield address


@pytest.fixture
def own_site(demo_env, tmp_path) -> Iterator[str]:
    """The same with a database of the test's own, to be written to."""
    copy = shutil.copy(demo_env["DEMO_DATABASE"], tmp_path)
    with serve({**demo_env, "DEMO_DATABASE": str(copy)}) as address:
        yield address


@contextmanager
def serve(env: dict[str, str]) -> Iterator[str]:
    """Serve the demo while the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "demo_site.manage", "runserver", "--noreload", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/airports/BIKF/", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(url: str, server: subprocess.Popen, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.poll() is None, f"the demo's server ended with {server.returncode}"
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the demo's server did not answer within {seconds} s")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium: the one of PYFORGE_CHROMIUM, or `chromium` in PATH."""
    path = os.environ.get("PYFORGE_CHROMIUM") or shutil.which("chromium")
    if not path:
        stop = pytest.fail if os.environ.get("CI") else pytest.skip
        stop("no Chromium: apt-get install chromium, or set PYFORGE_CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """A browser page, with what its console complained of and every address it asked for."""

    page: Page
    site: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a path of the site and wait until its own requests are answered."""
        self.page.goto(self.site + path)
        self.page.wait_for_load_state("networkidle")
        return self.page

    def foreign(self) -> list[str]:
        """Give the addresses asked for that are not the site's."""
        return [url for url in self.requests if not url.startswith(self.site + "/")]


@pytest.fixture
def visit(browser, site):
    """A function (context options) -> Visit: a fresh browser context, closed after the test."""
    contexts = []

    def start(**options) -> Visit:
        context = browser.new_context(**options)
        contexts.append(context)
        visit = Visit(context.new_page(), site)
        visit.page.on("console", lambda said: visit.errors.append(said.text) if said.type != "log" else None)
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        return visit

    yield start
    for context in contexts:
        context.close()
