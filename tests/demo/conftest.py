"""The demo in two forms: in this process (a few countries, Django's test client), and as the real site, served whole
by a process of its own with the demo's own settings, for the browser.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as active

from demo_site import settings as demo_settings
from tests.browser import Visit, browser
from tests.browser import visit as plain_visit
from tests.serving import ROOT, process

__all__ = ["browser", "plain_visit"]
COMPARISON = re.compile(r"/api/compare/[\w-]+/$")
QUICK = {"DEMO_MEASURE_SECONDS": "0"}  # one run of each
READY = "/api/airports/BIKF/"
# Iceland; Fiji, on both sides of the 180th meridian; Kosovo, unknown to countryinfo; Andorra, without an airport.
SAMPLE = frozenset({"IS", "FJ", "XK", "AD"})
IN_PROCESS = (
    "test_api",
    "test_compare",
    "test_export",
    "test_frameworks",
    "test_import",
    "test_nearby",
    "test_pages",
    "test_seed",
)


@pytest.fixture(autouse=True)
def demo(request, settings):
    """Let tests with Django's test client see the demo's addresses, templates and middleware."""
    if request.module.__name__.rpartition(".")[2] not in IN_PROCESS:
        return
    missing = {"demo_site.airports", "django.contrib.staticfiles"} - set(active.INSTALLED_APPS)
    assert not missing, f"INSTALLED_APPS of {active.SETTINGS_MODULE} lacks {missing}"
    for name in ("ROOT_URLCONF", "TEMPLATES", "MIDDLEWARE", "STATIC_URL", "LANGUAGES"):
        setattr(settings, name, getattr(demo_settings, name))


@pytest.fixture(scope="session")
def entries():
    """What the packages have of SAMPLE, by the functions that read it: each of them reads megabytes."""
    from demo_site.airports import source

    airports, countries = source.airport_entries(SAMPLE), source.country_entries()
    return {"airport_entries": lambda codes: airports, "country_entries": lambda: countries}


@pytest.fixture
def sample(entries, db):
    """The airports and countries of SAMPLE, in the test database; gives what was loaded."""
    from demo_site.airports import seed, source

    with mock.patch.multiple(source, **entries):
        return seed.load(SAMPLE)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory) -> Path:
    """The folder that all workers of a run have."""
    folder: Path = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def demo_env(shared_folder) -> dict[str, str]:
    """The environment of a demo whose database is migrated and holds all airports; no test writes to it.

    All workers of a run have one database: the first who needs it makes it.
    """
    folder, database = shared_folder, shared_folder / "demo.sqlite3"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "demo_site.settings", "DEMO_DATABASE": str(database)}
    with (folder / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            unfinished = {**env, "DEMO_DATABASE": str(folder / "unfinished.sqlite3")}
            for command in ("migrate", "seed_demo"):
                manage(unfinished, command, "--verbosity", "0")
            Path(unfinished["DEMO_DATABASE"]).rename(database)
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
    with process("WSGI", "demo_site.settings", READY, **QUICK, DEMO_DATABASE=demo_env["DEMO_DATABASE"]) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def comparisons(shared_folder) -> Callable[[], dict[str, Any]]:
    """A function: what the server answered to each comparison of the compare page, by the name of its case."""
    return lambda: {path.stem: json.loads(path.read_text()) for path in shared_folder.glob("comparisons/*.json")}


@pytest.fixture
def visit(plain_visit: Callable[..., Visit], shared_folder: Path) -> Callable[..., Visit]:
    """As `tests.browser.visit`. The server measures each case once for all tests: later pages get its first answer."""
    folder = shared_folder / "comparisons"
    folder.mkdir(exist_ok=True)

    def answer(route: Any) -> None:
        path = folder / f"{route.request.url.split('/')[-2]}.json"
        if not path.exists():
            fetched = route.fetch(timeout=120_000)
            assert fetched.ok, fetched.text()
            own = folder / f"{os.getpid()} {path.stem}"
            own.write_text(fetched.text())
            with suppress(FileExistsError):  # another worker was faster
                path.hardlink_to(own)
        route.fulfill(content_type="application/json", path=path)

    def start(**options: Any) -> Visit:
        visit = plain_visit(**options)
        visit.page.context.route(COMPARISON, answer)
        return visit

    return start


@pytest.fixture
def own_site(demo_env, tmp_path) -> Iterator[str]:
    """The same with a database of the test's own, to be written to."""
    copy = shutil.copy(demo_env["DEMO_DATABASE"], tmp_path)
    with process("WSGI", "demo_site.settings", READY, **QUICK, DEMO_DATABASE=str(copy)) as port:
        yield f"http://127.0.0.1:{port}"
