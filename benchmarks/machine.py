"""On what the figures were taken: without it they mean nothing."""

import hashlib
import os
import platform
import subprocess
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
PACKAGES = ("Django", "orjson", "msgspec", "psycopg", "djangorestframework", "django-ninja")


def facts() -> dict[str, Any]:
    """Return what the figures depend on; `sources` tells builds apart that have the same version."""
    import pyforge_web
    from pyforge_web import _native

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "cpu": _cpu(),
        "cores": cores,
        "load": [round(figure, 1) for figure in os.getloadavg()],
        "platform": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "version": pyforge_web.__version__,
        "build": _native.BUILD_PROFILE,
        "stale": _is_stale(),
        "sources": hash_sources(),
        "packages": {name: _version(name) for name in PACKAGES},
        "rustc": _first_line("rustc", "--version"),
        "commit": _commit(),
    }


def stamp(facts: dict[str, Any]) -> str:
    """Return a few lines for the head of a report."""
    load = " ".join(map(str, facts["load"]))
    warning = ", OLDER THAN ITS SOURCES: run make install" if facts["stale"] else ""
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    return "\n".join(
        [
            f"- {facts['at']} UTC, {facts['cpu']}, {facts['cores']} cores, load {load}",
            f"- {facts['platform']}, {facts['python']}",
            f"- PyForge Web {facts['version']} ({facts['build']} build{warning}); {packages}",
            f"- {facts['rustc']}; commit {facts['commit']}",
        ]
    )


def hash_sources() -> str:
    """Return a short hash of the code whose speed is measured: the Rust core and the Python package."""
    files = [PROJECT / "Cargo.lock", *PROJECT.glob("native/**/*.rs"), *PROJECT.glob("pyforge_web/**/*.py")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(PROJECT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _is_stale() -> bool:
    built = (PROJECT / "pyforge_web" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}").stat().st_mtime
    return any(path.stat().st_mtime > built for path in (PROJECT / "native").rglob("*.rs"))


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"  # the tests run without the peers


def _commit() -> str:
    commit = _first_line("git", "rev-parse", "--short", "HEAD")
    return f"{commit}, changed since" if _first_line("git", "status", "--porcelain") else commit


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    except (OSError, subprocess.CalledProcessError):
        return "" if "status" in command else f"no {command[0]} answer"
    return done.stdout.partition("\n")[0]
