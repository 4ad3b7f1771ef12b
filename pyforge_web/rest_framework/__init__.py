"""Django REST framework: renderer, parser, serializers and paginators with a native path.

DRF is imported at the first use of a name, so that this package can be imported without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyforge_web.output.method_reads import ColumnNotReadError, reads
    from pyforge_web.rest_framework.cursor_pagination import PyForgeCursorPagination
    from pyforge_web.rest_framework.explanation import explain
    from pyforge_web.rest_framework.pagination import (
        PyForgeLimitOffsetPagination,
        PyForgePageNumberPagination,
        QuerySetPaginationMixin,
    )
    from pyforge_web.rest_framework.parsers import PyForgeJSONParser
    from pyforge_web.rest_framework.renderers import PyForgeJSONRenderer
    from pyforge_web.rest_framework.rows_data import RowsData
    from pyforge_web.rest_framework.serializers import CompiledSerializerMixin
    from pyforge_web.rest_framework.views import CompiledListMixin

_MODULES = {
    "ColumnNotReadError": "pyforge_web.output.method_reads",
    "CompiledListMixin": "views",
    "CompiledSerializerMixin": "serializers",
    "PyForgeCursorPagination": "cursor_pagination",
    "PyForgeJSONParser": "parsers",
    "PyForgeJSONRenderer": "renderers",
    "PyForgeLimitOffsetPagination": "pagination",
    "PyForgePageNumberPagination": "pagination",
    "QuerySetPaginationMixin": "pagination",
    "RowsData": "rows_data",
    "explain": "explanation",
    "reads": "pyforge_web.output.method_reads",
}

__all__ = [
    "ColumnNotReadError",
    "CompiledListMixin",
    "CompiledSerializerMixin",
    "PyForgeCursorPagination",
    "PyForgeJSONParser",
    "PyForgeJSONRenderer",
    "PyForgeLimitOffsetPagination",
    "PyForgePageNumberPagination",
    "QuerySetPaginationMixin",
    "RowsData",
    "explain",
    "reads",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULES[name]
    return getattr(import_module(module if "." in module else f"{__name__}.{module}"), name)
