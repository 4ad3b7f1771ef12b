"""Expressions of a relation to one: those that a join of its columns can compute, and how they are written there."""

from typing import Any, cast

from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Model, Q, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query

from pyforge_web.stock import is_django_function

# What names columns of its own query elsewhere than in its source expressions: its names would stay those of the rows
# around it.
_ROOTED = (Query, QuerySet, RawSQL)
# What an instance of a function may have that is SQL of the project's: it may name columns.
_OWN_SQL = frozenset({"arg_joiner", "template"})


def can_be_joined(expression: Any, model: type[Model]) -> bool:
    """Return whether an expression of `model` means the same in a query that joins it.

    A subquery may refer to the rows outside of it, a window is one over all rows of the query that it stands in, and an
    aggregate is one over all that the query joins. A class of the project's may write names of columns as they are.
    """
    work = [expression]
    while work:
        part = work.pop()
        if part is None:
            continue
        if type(part) is F:
            if _leads_to_many(model, cast(Any, part).name):
                return False
            continue
        if isinstance(part, Q):
            for child in part.children:
                name, value = child if isinstance(child, tuple) else (None, child)
                if (name is not None and _leads_to_many(model, name)) or _holds_expressions(value):
                    return False
                if hasattr(value, "resolve_expression"):
                    work.append(value)
            continue
        if not _is_plain(part):
            return False
        work += part.get_source_expressions()
    return True


def _is_plain(part: Any) -> bool:
    """Return whether an expression is of Django's own, and its columns are those of its source expressions."""
    kind = type(part)
    if isinstance(part, _ROOTED) or not hasattr(part, "get_source_expressions"):
        return False
    if not kind.__module__.startswith("django.") or not is_django_function(getattr(kind, "resolve_expression", None)):
        return False
    if getattr(kind, "contains_over_clause", None) is True or getattr(kind, "contains_aggregate", None) is True:
        return False
    attributes = vars(part)
    has_sql = not _OWN_SQL.isdisjoint(attributes.get("extra") or ()) or not _OWN_SQL.isdisjoint(attributes)
    # Lookups name an `F` on their right side no source expression, nor what is in a list there.
    right = attributes.get("rhs")
    is_hidden = hasattr(right, "resolve_expression") and all(
        each is not right for each in part.get_source_expressions()
    )
    return not (has_sql or is_hidden or _holds_expressions(right))


def _holds_expressions(value: Any) -> bool:
    """Return whether a list, such as that of `IN`, has an expression in it: it is no source expression."""
    return isinstance(value, list | tuple | set | frozenset) and any(
        hasattr(each, "resolve_expression") for each in value
    )


def _leads_to_many(model: type[Model], name: str) -> bool:
    """Return whether a path leads through a relation to many: a join of it would give a row more than once."""
    current: type[Model] | None = model
    for part in name.split(LOOKUP_SEP):
        if current is None or part == "pk":
            return False
        try:
            field: Any = current._meta.get_field(part)
        except FieldDoesNotExist:
            return False
        if field.many_to_many or field.one_to_many:
            return True
        current = field.related_model
    return False


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
