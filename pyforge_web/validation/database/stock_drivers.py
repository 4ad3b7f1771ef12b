"""Whether the driver gives Python what the column holds, so that values can be compared in Python.

A project may give its driver other converters: then a stored value comes back as something else, and only the database
can say whether two values are equal. What decides is compared at each use, by what reads rows (`querysets.backends`).
"""

from typing import Any

from django.db import connections
from django.db.models import Manager, Model, QuerySet

from pyforge_web.querysets.backends import why_not_stock
from pyforge_web.stock import find_stock

# What a QuerySet does between a filter and its rows. A project's QuerySet may hide rows in any of them.
_QUERYSET_METHODS = (
    "__iter__",
    "_chain",
    "_clone",
    "_fetch_all",
    "_filter_or_exclude",
    "_filter_or_exclude_inplace",
    "_iterator",
    "_values",
    "distinct",
    "exclude",
    "exists",
    "filter",
    "iterator",
    "order_by",
    "values_list",
)

_FILTER_PROXY = find_stock(Manager, "filter").__code__


def not_stock_reason(queryset: "QuerySet[Any, Any]") -> str:
    """Return why the values of a query cannot be compared in Python; an empty text if they can."""
    if changed_queryset_methods(queryset):
        return f"{type(queryset).__qualname__} has its own {changed_queryset_methods(queryset)[0]}()"
    return why_not_stock(connections[queryset.db], both_ways=True) or ""


def has_own_filter(model: type[Model]) -> bool:
    """Return whether the default manager of a model has a `filter()` of its own, and not that of its QuerySet."""
    method: Any = type(model._default_manager).filter
    # Each class of managers that was made of a QuerySet has another function of the same code.
    return getattr(method, "__code__", None) is not _FILTER_PROXY


def changed_queryset_methods(queryset: "QuerySet[Any, Any]") -> list[str]:
    """Return the methods that a QuerySet has of its own."""
    cls = type(queryset)
    return [name for name in _QUERYSET_METHODS if getattr(cls, name) is not getattr(QuerySet, name)]
