"""Values that are made when they are first asked for."""

from typing import Any

from django.db.models import QuerySet
from django.utils.functional import empty


def is_queryset(value: object) -> bool:
    """Return whether a value is a QuerySet itself. Behind a `LazyObject`, `isinstance()` says so too."""
    return issubclass(type(value), QuerySet)


def unwrap_lazy(value: Any) -> Any:
    """Return the object behind a `LazyObject`, as `request.user` and the default storage are."""
    if value._wrapped is empty:
        value._setup()
    return value._wrapped
