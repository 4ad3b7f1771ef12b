"""What a project runs on: whether the native core works there, and if not, why."""

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from pyforge_web import _native
from pyforge_web.conf import get_settings
from pyforge_web.stock import find_changed_encoder, why_not_native

_PACKAGES = ("Django", "djangorestframework", "django-ninja")


class EnvironmentSummary(NamedTuple):
    """The Python, whether native code runs in it, why if not, and the versions of the packages that write JSON."""

    python: str
    native: bool
    reason: str
    packages: dict[str, str]

    def show_packages(self) -> str:
        """Return `Django 5.2.1, djangorestframework 3.16.0`."""
        return ", ".join(f"{name} {number}" for name, number in self.packages.items())


def summarize_environment() -> EnvironmentSummary:
    """Return what this process runs on."""
    name = f"{sys.implementation.name} {sys.version.partition(' ')[0]}"
    reason = ""
    if not get_settings()["NATIVE"]:
        reason = 'PYFORGE_WEB["NATIVE"] is False: Django writes everything'
    elif changed := find_changed_encoder():
        reason = f"{changed} was changed: Django's encoder writes all JSON"
    elif _native.BUILD_PROFILE == "debug":
        reason = "a debug build of the native core: times mean nothing, install a release build"
    return EnvironmentSummary(name, why_not_native() is None, reason, _find_versions())


def _find_versions() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
