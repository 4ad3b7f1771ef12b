"""django-ninja: a renderer, the output fields of a Schema, and a decorator for operations that return a QuerySet.

ninja validates each instance attribute by attribute, in Python. Where a Schema says no more than which columns to
write, their rows give the same bytes without instances and without pydantic.
"""

from pyforge_web.ninja.operations import native_rows
from pyforge_web.ninja.renderers import PyForgeRenderer
from pyforge_web.ninja.resolvers import SchemaFallbackError
from pyforge_web.ninja.schemas import schema_fields
from pyforge_web.output.method_reads import ColumnNotReadError, reads

__all__ = ["ColumnNotReadError", "PyForgeRenderer", "SchemaFallbackError", "native_rows", "reads", "schema_fields"]
