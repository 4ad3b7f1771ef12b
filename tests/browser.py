"""The browser of all tests that need one: the system's Chromium, driven by Playwright. A conftest imports the fixtures.

pytest-playwright is not used: its plugin is loaded into every run, and its browser lives for the whole session.
Playwright's event loop runs in the main thread as long as the browser does, and Django refuses the ORM beside it.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# A click ends before the page that it leads to is there: what follows one is awaited by expect(), not read at once.
expect.set_options(timeout=30_000)


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
    """A page of the browser, with what its console complained of and every address it asked for."""

    page: Page
    site: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a path of the site, and wait until its styles and scripts are loaded.

        What its scripts fetch then is awaited by the test: waiting for silence would cost half a second at each visit.
        """
        self.page.goto(self.site + path)
        return self.page

    def foreign(self) -> list[str]:
        """Give the addresses asked for that are not the site's."""
        return [url for url in self.requests if not url.startswith(self.site + "/")]


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Visit]]:
    """A function (context options) -> Visit: a fresh browser context on `site`, closed after the test."""
    contexts = []

    def start(**options: Any) -> Visit:
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
