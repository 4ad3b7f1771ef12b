"""PyForge Web: Django's JSON, written by Rust, without changing what it says.

A public name is imported when it is first used. So a settings file may import this package, and pytest may load its
plugin in a project without Django: neither needs configured settings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    from pyforge_web._native import VERSION
except ModuleNotFoundError as error:
    # A wheel has the native core. A clone has not: Python in the folder of the clone finds these sources first.
    # In its message: CPython 3.15.2 prints no notes of a module that is missing in a package that cannot be imported.
    raise ModuleNotFoundError(
        f"{error}: {__path__[0]} has the sources of PyForge Web, and no native core for this Python. Run Python in "
        "another folder, where it finds the installed package, or build the core in this one: make install"
    ) from None

if TYPE_CHECKING:
    from pyforge_web.bulk import BatchResult, BatchValidationError, bulk_create_validated, validate_many
    from pyforge_web.description.prepared_rows import prepared
    from pyforge_web.description.rows import rows
    from pyforge_web.encoders import adumps, dumps
    from pyforge_web.http import PyForgeJsonResponse, PyForgeProblemResponse, PyForgeStreamingResponse
    from pyforge_web.output.fields import Attribute, Computed, Display, Flat, Keys
    from pyforge_web.output.file_urls import FileUrl
    from pyforge_web.output.grammar import Fields
    from pyforge_web.output.links import Link
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
    "Attribute",
    "BatchResult",
    "BatchValidationError",
    "BodyError",
    "CompiledModelMixin",
    "CompiledSerializer",
    "CompiledValidator",
    "Computed",
    "Display",
    "Fields",
    "FileUrl",
    "Flat",
    "Keys",
    "Link",
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
    "prepared",
    "rows",
    "serialize_fields",
    "serialize_instance",
    "serialize_to_bytes",
    "serialize_value_tuples",
    "validate_fields",
    "validate_many",
    "version",
]

# Where each public name is; a test compares this table with the imports above.
_HOMES = {
    "bulk": ("BatchResult", "BatchValidationError", "bulk_create_validated", "validate_many"),
    "encoders": ("adumps", "dumps"),
    "http": ("PyForgeJsonResponse", "PyForgeProblemResponse", "PyForgeStreamingResponse"),
    "output.fields": ("Attribute", "Computed", "Display", "Flat", "Keys"),
    "output.file_urls": ("FileUrl",),
    "output.grammar": ("Fields",),
    "output.links": ("Link",),
    "description.prepared_rows": ("prepared",),
    "description.rows": ("rows",),
    "parsers": ("BodyError", "loads"),
    "serializers": (
        "CompiledSerializer",
        "extract_model_fields",
        "serialize_fields",
        "serialize_instance",
        "serialize_to_bytes",
        "serialize_value_tuples",
        "version",
    ),
    "validation.error_formats": ("as_drf", "as_json_data", "as_problem"),
    "validators": ("CompiledModelMixin", "CompiledValidator", "validate_fields"),
}


def __getattr__(name: str) -> Any:
    """Import a public name (PEP 562); Python asks only while the module has no attribute of that name."""
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
