"""`python -m demo_site.screenshots`: take the pictures in docs/images/ of the demo, light and dark, with Chromium.

A server of its own with a database of its own; PYFORGE_CHROMIUM names another browser than `chromium` in PATH.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SCHEMES = ("light", "dark")
SIZE = {"width": 1280, "height": 960}
PHONE = {"width": 375, "height": 700}


def main() -> None:
    """Take all pictures."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as missing:
        raise SystemExit("The pictures need playwright: run make install.") from missing
    chromium = os.environ.get("PYFORGE_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("The pictures need Chromium: apt-get install chromium, or set PYFORGE_CHROMIUM to its path.")
    IMAGES.mkdir(exist_ok=True)
    with _served() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in SCHEMES:
            _take(browser, site, scheme, f"panel-{scheme}", _panel)
            _take(browser, site, scheme, f"explorer-{scheme}", _explorer)
        _take(browser, site, "light", "panel-phone", _panel, PHONE)
        browser.close()


def _panel(page: Any, site: str) -> None:
    """The panel of a busy request, the details of one kind of calls open."""
    for _ in range(4):  # the first ones compile
        page.goto(f"{site}/warnings/mixed/")
        page.wait_for_load_state("networkidle")
    page.evaluate("djdt.show_toolbar()")
    _open(page)


def _explorer(page: Any, site: str) -> None:
    """The explorer after a call, the toolbar beside it."""
    page.goto(f"{site}/explorer/")
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="All countries").click()
    page.locator("[data-answer][aria-busy=false] [data-title]", has_text="/api/countries/").wait_for()
    page.locator("#djdt-HistoryPanel small", has_text="/api/countries/").wait_for()


def _open(page: Any) -> None:
    page.locator("#djdt-PyForgePanel a").click()
    page.locator("#PyForgePanel .pf-foot").wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)  # the panel's stylesheet


def _take(browser: Any, site: str, scheme: str, name: str, arrange: Any, size: dict[str, int] = SIZE) -> None:
    context = browser.new_context(color_scheme=scheme, viewport=size, reduced_motion="reduce")
    page = context.new_page()
    arrange(page, site)
    page.screenshot(path=IMAGES / f"{name}.png")
    context.close()
    print(f"docs/images/{name}.png")


@contextmanager
def _served() -> Iterator[str]:
    """The address of the demo, migrated, with its airports."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "demo_site.settings",
            "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3"),
        }
        for command in ("migrate", "seed_demo"):
            _manage(env, command, "--verbosity", "0").wait()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = _manage(env, "runserver", "--noreload", f"127.0.0.1:{port}")
        try:
            _wait_for(f"http://127.0.0.1:{port}/", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


def _manage(env: dict[str, str], *command: str) -> "subprocess.Popen[bytes]":
    quiet = subprocess.DEVNULL if command[0] == "runserver" else None
    code = [sys.executable, "-m", "demo_site.manage", *command]
    return subprocess.Popen(code, cwd=ROOT, env=env, stdout=quiet, stderr=quiet)  # noqa: S603 - our own commands


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if server.poll() is not None:
            raise SystemExit(f"The demo's server ended with {server.returncode}.")
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The demo's server did not answer.")


main()
