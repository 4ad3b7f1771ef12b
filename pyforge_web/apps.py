"""The Django application."""

from django.apps import AppConfig


class PyForgeWebConfig(AppConfig):
    """`INSTALLED_APPS += ["pyforge_web"]`."""

    name = "pyforge_web"
    verbose_name = "PyForge Web"

    def ready(self) -> None:
        """Register the checks, and compile the validators that `PRECOMPILE` names."""
        from pyforge_web import checks  # noqa: F401, importing it registers them
        from pyforge_web.validators import precompile_models

        precompile_models()
