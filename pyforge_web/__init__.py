"""PyForge Web: Django's JSON, written by Rust, without changing what it says."""

from .batches import BatchResult, BatchValidationError, bulk_create_validated, validate_many
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
    "BatchResult",
    "BatchValidationError",
    "CompiledModelMixin",
    "CompiledSerializer",
    "CompiledValidator",
    "PyForgeJsonResponse",
    "__version__",
    "bulk_create_validated",
    "dumps",
    "extract_model_fields",
    "serialize_fields",
    "serialize_instance",
    "serialize_to_bytes",
    "serialize_value_tuples",
    "validate_many",
    "version",
]
