"""Managers of related models: whether Django's own code alone decides which rows they give.

Asked by identity at each use: a tool may replace a method of Django's managers for a whole process.
"""

from operator import attrgetter
from typing import Any

from django.db.models import Manager, Model, QuerySet

from pyforge_web.stock import find_stock

MANAGER_METHODS = ("_queryset_class", "all", "get_queryset")
_find_methods = attrgetter(*MANAGER_METHODS)
_DJANGOS_ALL = find_stock(Manager, "all")
_DJANGOS_METHODS = QuerySet, _DJANGOS_ALL, find_stock(Manager, "get_queryset")


def is_stock_manager(manager: Any) -> bool:
    """Return whether a manager gives all rows of its model: nothing of it is the project's, or a tool's."""
    is_stock = type(manager) is Manager and _find_methods(Manager) == _DJANGOS_METHODS
    return bool(is_stock and vars(manager).keys().isdisjoint(MANAGER_METHODS))


def has_own_base_manager(model: type[Model]) -> bool:
    """Return whether code of the project decides which of a model's rows the attribute of a relation to one finds."""
    return not is_stock_manager(model._base_manager)


def why_own_all(model: type[Model]) -> str | None:
    """Return why `all()` of a relation to many of these rows may give others than were loaded; None for Django's."""
    kind = type(model._default_manager)
    return None if kind.all is _DJANGOS_ALL else f"{kind.__name__}.all is its own"
