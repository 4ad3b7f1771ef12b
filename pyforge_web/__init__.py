"""PyForge Web: Django's JSON, written by Rust, without changing what it says."""

from .batches import BatchResult, BatchValidationError, bulk_create_validated, validate_many
from .bodies import BodyError, loads
from .bridge import VERSION
from .encoders import adumps, dumps
from .http import PyForgeJsonResponse, PyForgeProblemResponse, PyForgeStreamingResponse
from .problems import as_drf, as_json_data, as_problem
from .serializers import (
    CompiledSerializer,
    extract_model_fields,
    serialize_fields,
    serialize_instance,
    serialize_to_bytes,
    serialize_value_tuples,
    version,
)
from .validators import CompiledModelMixin, CompiledValidator, validate_fields

__version__ = VERSION

__all__ = [
    "BatchResult",
    "BatchValidationError",
    "BodyError",
    "CompiledModelMixin",
    "CompiledSerializer",
    "CompiledValidator",
    "PyForgeJsonResponse",
    "PyForgeProblemResponse",
    "PyForgeStreamingResponse",
    "__version__",
    "adumps",
    "as_drf",
    "as_json_data",
    "as_problem",
    "bulk_create_validated",
    "dumps",
    "extract_model_fields",
    "loads",
    "serialize_fields",
    "serialize_instance",
    "serialize_to_bytes",
    "serialize_value_tuples",
    "validate_fields",
    "validate_many",
    "version",
]
