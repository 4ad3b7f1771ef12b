"""PyForge Web: Django's JSON, written by Rust, without changing what it says."""

from .bridge import VERSION
from .encoders import dumps
from .http import PyForgeJsonResponse

__version__ = VERSION

__all__ = ["PyForgeJsonResponse", "__version__", "dumps"]
