"""The Django application."""

import sys
from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility

from pyforge_web.conf import apply_native, get_settings

# The management commands that serve, or that look at what serving does. All others start without validators: a command
# like `showmigrations` paid 150 ms for 300 models.
_SERVING_COMMANDS = {"check", "runserver", "test"}


class PyForgeWebConfig(AppConfig):
    """`INSTALLED_APPS += ["pyforge_web"]`."""

    name = "pyforge_web"
    verbose_name = "PyForge Web"

    def ready(self) -> None:
        """Register the checks, obey `NATIVE` and `REST_FRAMEWORK`, and compile the validators that `PRECOMPILE` names.

        Nothing else is imported here: each process pays for it at its start.
        """
        # Functions that import the checks when they run: a server does not pay for them.
        register_checks()
        apply_native()
        if does_precompile():
            from pyforge_web.validators import precompile_models

            precompile_models()
        install_rest_framework()


def register_checks() -> None:
    """Register functions that import the checks when they are run, under Django's tags."""
    register(check_project)
    register(check_security, Tags.security)
    register(check_templates, Tags.templates)


def check_project(**kwargs: Any) -> list[CheckMessage]:
    """Return the messages about settings, middleware and databases."""
    from pyforge_web.checks import PROJECT_CHECKS, run_with_addresses

    return run_with_addresses(PROJECT_CHECKS, **kwargs)


def check_security(**kwargs: Any) -> list[CheckMessage]:
    """Return the messages about columns that may hold secrets."""
    from pyforge_web.checks import SECURITY_CHECKS, run_with_addresses

    return run_with_addresses(SECURITY_CHECKS, **kwargs)


def check_templates(**kwargs: Any) -> list[CheckMessage]:
    """Return the messages about templates that write JSON."""
    from pyforge_web.checks import TEMPLATE_CHECKS, run_with_addresses

    return run_with_addresses(TEMPLATE_CHECKS, **kwargs)


def does_precompile() -> bool:
    """Return whether validators are compiled at the start of this process, and not at their first use.

    They are in a server, and in the management commands that serve. Tests use few models, and pytest starts often.
    """
    command = find_command()
    return "pytest" not in sys.modules and (command is None or command in _SERVING_COMMANDS)


def find_command() -> str | None:
    """Return the management command that starts this process; None in a server.

    The name of the script says nothing: a project may have another than `manage.py`. Source:
    `django.core.management.ManagementUtility.execute`, which sets the applications up.
    """
    for frame in _find_frames():
        # By the identity of the code: a project may have a function of the same name.
        if frame.f_code is ManagementUtility.execute.__code__:
            return str(frame.f_locals.get("subcommand", ""))
    return None


def _find_frames() -> Iterator[Any]:
    frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back  # type: ignore[assignment] # the outermost has none


def install_rest_framework() -> None:
    """Give all of a project's DRF serializers the native path, where `PYFORGE_WEB["REST_FRAMEWORK"]` says so.

    A setting that cannot be read, or a DRF that is not installed, is for the checks to report.
    """
    try:
        if not get_settings()["REST_FRAMEWORK"]:
            return
        # Imported here: it imports DRF, which a project may not have.
        from pyforge_web.rest_framework.project import install_native_path
    except (ImportError, ImproperlyConfigured):
        return
    install_native_path()
