"""The Django application."""

from django.apps import AppConfig


class PyForgeWebConfig(AppConfig):
    """`INSTALLED_APPS += ["pyforge_web"]`."""

    name = "pyforge_web"
    verbose_name = "PyForge Web"

    def ready(self) -> None:
        """Registers the checks, compiles the validators that `PRECOMPILE` names."""
        from pyforge_web.validators import precompile_models

        precompile_models()
