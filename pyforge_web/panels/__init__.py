"""The panel for django-debug-toolbar: `DEBUG_TOOLBAR_PANELS += ["pyforge_web.panels.PyForgePanel"]`.

The toolbar is not a dependency: this package can be imported without it, `PyForgePanel` cannot be used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .panel import PyForgePanel

__all__ = ["PyForgePanel"]


def __getattr__(name: str) -> Any:
    if name != "PyForgePanel":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import debug_toolbar
    except ModuleNotFoundError as missing:
        raise ImportError(
            "PyForgePanel is a panel of django-debug-toolbar, which is not installed: "
            "pip install 'django-debug-toolbar>=8', or take pyforge_web.panels.PyForgePanel out of your settings."
        ) from missing
    if int(debug_toolbar.VERSION.partition(".")[0]) < 8:
        raise ImportError(
            f"PyForgePanel needs django-debug-toolbar 8 or later, not {debug_toolbar.VERSION}: "
            "pip install 'django-debug-toolbar>=8'."
        )
    from .panel import PyForgePanel

    return PyForgePanel
