"""QuerySets of a function, compiled once with parameters: what `@prepared` stands on."""

from pyforge_web.querysets.prepared_queries.bound import BoundQuery, PreparedTemplate
from pyforge_web.querysets.prepared_queries.returned import check_function, check_queryset
from pyforge_web.querysets.prepared_queries.template import ForeignValueError, Template, make_template

__all__ = [
    "BoundQuery",
    "ForeignValueError",
    "PreparedTemplate",
    "Template",
    "check_function",
    "check_queryset",
    "make_template",
]
