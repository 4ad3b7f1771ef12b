"""PyForge Web: Django's JSON, written by Rust, without changing what it says."""

from .bridge import VERSION
from .encoders import adumps, dumps
from .http import PyForgeJsonResponse, PyForgeStreamingResponse
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
    "PyForgeStreamingResponse",
    "__version__",
    "adumps",
    "dumps",
    "extract_model_fields",
    "serialize_fields",
    "serialize_instance",
    "serialize_to_bytes",
    "serialize_value_tuples",
    "version",
]
