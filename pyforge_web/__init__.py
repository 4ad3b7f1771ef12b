"""PyForge Web: Django's JSON, written by Rust, without changing what it says."""

from .bridge import VERSION as __version__
from .encoders import dumps
from .http import PyForgeJsonResponse

__all__ = ["PyForgeJsonResponse", "__version__", "dumps"]
