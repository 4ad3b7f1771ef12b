"""PyForge Web: Django's JSON, written by Rust, without changing what it says."""

from .bodies import loads
from .bridge import VERSION
from .encoders import dumps
from .http import PyForgeJsonResponse
from .serializers import (
    CompiledSerializer,
    extract_model_fields,
    serialize_fields,
    serialize_instance,
    serialize_to_bytes,
    serialize_value_tuples,
    version,
)
from .validators import CompiledModelMixin, CompiledValidator

__version__ = VERSION

__all__ = [
    "CompiledModelMixin",
    "CompiledSerializer",
    "CompiledValidator",
    "PyForgeJsonResponse",
    "__version__",
    "dumps",
    "extract_model_fields",
    "loads",
    "serialize_fields",
    "serialize_instance",
    "serialize_to_bytes",
    "serialize_value_tuples",
    "version",
]
