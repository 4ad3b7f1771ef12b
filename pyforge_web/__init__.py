"""PyForge Web: Django's JSON, written by Rust, without changing what it says."""

from pyforge_web._native import VERSION
from pyforge_web.bulk import BatchResult, BatchValidationError, bulk_create_validated, validate_many
from pyforge_web.encoders import adumps, dumps
from pyforge_web.http import PyForgeJsonResponse, PyForgeProblemResponse, PyForgeStreamingResponse
from pyforge_web.parsers import BodyError, loads
from pyforge_web.serializers import (
    CompiledSerializer,
    extract_model_fields,
    serialize_fields,
    serialize_instance,
    serialize_to_bytes,
    serialize_value_tuples,
    version,
)
from pyforge_web.validation.error_formats import as_drf, as_json_data, as_problem
from pyforge_web.validators import CompiledModelMixin, CompiledValidator, validate_fields

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
