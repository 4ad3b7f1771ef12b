"""Sessions of nox: the tests under other Pythons, Djangos and packages. `nox --list` names them all.

The versions are those of `[tool.pyforge-web.supported]` in pyproject.toml. A session builds the Rust core for its
Python, in release, and takes the newest patch release of what it names. Arguments after `--` go to pytest.
"""

import os
import shutil
import subprocess
from pathlib import Path

import nox
from packaging.requirements import Requirement

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["newest"]

_PROJECT = nox.project.load_toml("pyproject.toml")
_SUPPORTED = _PROJECT["tool"]["pyforge-web"]["supported"]
_TEST = nox.project.dependency_groups(_PROJECT, "test")
_BENCH = nox.project.dependency_groups(_PROJECT, "bench")
# The tests of each package that has an oldest and a newest version.
_TESTS = {
    "djangorestframework": ["tests/rest_framework", "tests/validation"],
    "django-ninja": ["tests/ninja"],
    "django-debug-toolbar": ["tests/panel"],
    "psycopg": ["tests/querysets", "tests/test_postgres.py"],
}
# As in the Makefile: compiled Python is kept, or every process of the tests compiles Django anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(".nox", "pycache").resolve()))
_DEVELOPMENT = "https://github.com/django/django/archive/refs/heads/main.zip"


def _can_run(python: str) -> bool:
    """Return whether this Python is in PATH and starts: pyenv has shims for Pythons that are not chosen, too."""
    path = shutil.which(python)
    return path is not None and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0  # noqa: S603


def _find_pythons() -> list[str]:
    """Return the supported Pythons of this machine, oldest first; those of pyenv are put into PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    here = []
    for version in _SUPPORTED["python"]:
        if not _can_run(f"python{version}"):
            for folder in sorted(pyenv.glob(f"versions/{version}.*/bin")):
                os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
        if _can_run(f"python{version}"):
            here.append(version)
    return here


_PYTHONS = _find_pythons() or [_SUPPORTED["python"][-1]]


def _newest_django(python: str) -> str:
    return [django for django, pythons in _SUPPORTED["django"].items() if python in pythons][-1]


def _prepare(session: nox.Session, *packages: str, without: tuple[str, ...] = ()) -> None:
    """Install what the tests need, with these packages, and build the Rust core into pyforge_web/."""
    names = {Requirement(package).name for package in packages} | set(without)
    others = [requirement for requirement in [*_TEST, *_BENCH] if Requirement(requirement).name not in names]
    session.install("--upgrade", "pip>=25.1")
    session.install("--no-compile", *packages, *others, "maturin>=1.9.4,<2")
    # A target folder of its own: the one of `make test` stays as it is.
    target = Path("target", f"nox-{session.python}").resolve()
    build = {"CARGO_TARGET_DIR": str(target), "PYO3_PYTHON": str(Path(session.bin, "python").absolute())}
    session.run(
        "maturin",
        "develop",
        "--release",
        "--quiet",
        "--group",
        "demo",
        env=build | {"VIRTUAL_ENV": session.virtualenv.location},
    )
    session.run(
        "python", "-c", "import django, sys; print('Python', sys.version.split()[0], 'Django', django.__version__)"
    )


@nox.session
@nox.parametrize(
    ("python", "django"),
    [(python, django) for django, pythons in _SUPPORTED["django"].items() for python in pythons],
)
def tests(session: nox.Session, django: str) -> None:
    """All tests, for each Python with each Django that supports it."""
    _prepare(session, f"Django~={django}.0")
    session.run("python", "-m", "pytest", "-q", *session.posargs)


@nox.session(python=_PYTHONS[-1])
def newest(session: nox.Session) -> None:
    """All tests but the browser's, with the newest Python of this machine and the newest Django."""
    _prepare(session, f"Django~={_newest_django(str(session.python))}.0")
    session.run("python", "-m", "pytest", "-q", "-m", "not browser", *session.posargs)


@nox.session(python=_PYTHONS[-1])
def development(session: nox.Session) -> None:
    """All tests but the browser's, with Django's development version."""
    _prepare(session, f"Django @ {_DEVELOPMENT}", without=("django-tenants",))  # it does not allow this Django
    session.run("python", "-m", "pytest", "-q", "-m", "not browser", *session.posargs)


@nox.session(python=_PYTHONS[-1])
@nox.parametrize(
    ("package", "version"),
    [(package, version) for package, versions in _SUPPORTED["packages"].items() for version in dict.fromkeys(versions)],
)
def packages(session: nox.Session, package: str, version: str) -> None:
    """The tests of each package beside which we work, with its oldest and its newest version."""
    folders = [folder for folder in _TESTS[package] if Path(folder).exists()]
    if not folders:
        session.skip(f"no tests of {package} yet")
    extra = "[binary]" if package == "psycopg" else ""
    _prepare(session, f"{package}{extra}~={version}.0", f"Django~={_newest_django(str(session.python))}.0")
    session.run("python", "-m", "pytest", "-q", "-m", "not browser", *session.posargs, *folders)


@nox.session(name="django-suite", python=_PYTHONS[-1])
def django_suite(session: nox.Session) -> None:
    """A part of Django's own tests with the product in place."""
    _prepare(session, f"Django~={_newest_django(str(session.python))}.0")
    session.run("python", "-m", "tests.django_suite", *session.posargs)


@nox.session(name="drf-suite", python=_PYTHONS[-1])
def drf_suite(session: nox.Session) -> None:
    """DRF's own tests with the native path in place."""
    _prepare(session, f"Django~={_newest_django(str(session.python))}.0")
    session.run("python", "-m", "tests.drf_suite", *session.posargs)


@nox.session(name="django-sql", python=_PYTHONS[-1])
@nox.parametrize("django", list(_SUPPORTED["django"]))
def django_sql(session: nox.Session, django: str) -> None:
    """Django's own tests with its SQL remembered, each hit compared with Django's compiler."""
    if str(session.python) not in _SUPPORTED["django"][django]:
        session.skip(f"Django {django} does not support Python {session.python}")
    _prepare(session, f"Django~={django}.0")
    session.run("python", "-m", "tests.django_suite", "--run", "remembered SQL", "--all", *session.posargs)


@nox.session(python=_PYTHONS)
def package(session: nox.Session) -> None:
    """The sdist and a wheel made of it, checked as PyPI does, installed, and tried outside of the clone."""
    session.install("build", "twine")
    folder = Path("target", f"dist-{session.python}").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder))
    files = [str(path) for path in folder.iterdir()]
    session.run("twine", "check", "--strict", *files)
    session.install(next(path for path in files if path.endswith(".whl")))
    code = "import pyforge_web, datetime; assert pyforge_web.dumps([datetime.date(2026, 1, 2)]) == b'[\"2026-01-02\"]'"
    session.chdir(session.create_tmp())
    session.run("python", "-c", code)
