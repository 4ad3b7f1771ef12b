"""The Django application."""

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

from pyforge_web.conf import get_settings


class PyForgeWebConfig(AppConfig):
    """`INSTALLED_APPS += ["pyforge_web"]`."""

    name = "pyforge_web"
    verbose_name = "PyForge Web"

    def ready(self) -> None:
        """Register the checks, compile the validators that `PRECOMPILE` names, and obey `REST_FRAMEWORK`."""
        from pyforge_web import checks  # noqa: F401, importing it registers them
        from pyforge_web.validators import precompile_models

        precompile_models()
        install_rest_framework()


def install_rest_framework() -> None:
    """Give all of a project's DRF serializers the native path, where `PYFORGE_WEB["REST_FRAMEWORK"]` says so.

    A setting that cannot be read, or a DRF that is not installed, is for the checks to report.
    """
    try:
        if not get_settings()["REST_FRAMEWORK"]:
            return
        from pyforge_web.rest_framework.project import install_native_path
    except (ImportError, ImproperlyConfigured):
        return
    install_native_path()
