"""Expressions of a relation to one: those that a join of its columns can compute, and how they are written there."""

from typing import Any, cast

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query

from pyforge_web.fields import is_django_function

# What names columns of its own query elsewhere than in its source expressions: its names would stay those of the rows
# around it.
_ROOTED = (Query, QuerySet, RawSQL)


def can_be_joined(expression: Any) -> bool:
    """Return whether an expression means the same in a query that joins its model.

    A subquery may refer to the rows outside of it, and a window is one over all rows of the query that it stands in.
    """
    work = [expression]
    while work:
        part = work.pop()
        if type(part) is F or part is None:
            continue
        if isinstance(part, Q):
            values = [child[1] if isinstance(child, tuple) else child for child in part.children]
            work += [value for value in values if hasattr(value, "resolve_expression")]
            continue
        resolve = getattr(type(part), "resolve_expression", None)
        if not is_django_function(resolve) or isinstance(part, _ROOTED) or not hasattr(part, "get_source_expressions"):
            return False
        if getattr(type(part), "contains_over_clause", None) is True:
            return False
        work += part.get_source_expressions()
    return True


def prefix_expression(expression: Any, prefix: str) -> Any:
    """Return an expression of a related model as one of the model that the relations begin at."""
    if isinstance(expression, F):
        return F(prefix + cast(Any, expression).name)
    if isinstance(expression, Q):
        made = expression.copy()
        made.children = [
            (prefix + child[0], prefix_expression(child[1], prefix))
            if isinstance(child, tuple)
            else prefix_expression(child, prefix)
            for child in expression.children
        ]
        return made
    if not hasattr(expression, "get_source_expressions"):
        return expression
    made = expression.copy()
    sources = [
        None if each is None else prefix_expression(each, prefix) for each in expression.get_source_expressions()
    ]
    made.set_source_expressions(sources)
    return made
