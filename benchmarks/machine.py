"""On what the figures were taken: without it they mean nothing."""

import os
import platform
import subprocess
import sysconfig
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PACKAGES = ("Django", "orjson", "msgspec", "psycopg", "djangorestframework", "django-ninja")


def stamp() -> str:
    """A few lines for the head of a report."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = " ".join(f"{figure:.1f}" for figure in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return "\n".join(
        [
            f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {_cpu()}, {cores} cores, load {load}",
            f"- {platform.platform()}, {platform.python_implementation()} {platform.python_version()}",
            f"- PyForge Web {_ours()}; {packages}",
            f"- {_first_line('rustc', '--version')}; commit {_commit()}",
        ]
    )


def _ours() -> str:
    import pyforge_web
    from pyforge_web import _native

    built = (PROJECT / "pyforge_web" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}").stat().st_mtime
    stale = any(path.stat().st_mtime > built for path in (PROJECT / "native").rglob("*.rs"))
    warning = ", OLDER THAN ITS SOURCES: run make install" if stale else ""
    return f"{pyforge_web.__version__} ({_native.BUILD_PROFILE} build{warning})"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _commit() -> str:
    commit = _first_line("git", "rev-parse", "--short", "HEAD")
    return f"{commit}, changed since" if _first_line("git", "status", "--porcelain") else commit


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT)
    except (OSError, subprocess.CalledProcessError):
        return "" if "status" in command else f"no {command[0]} answer"
    return done.stdout.partition("\n")[0]
