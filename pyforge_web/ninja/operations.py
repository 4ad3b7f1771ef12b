"""`native_rows`: operations that return a QuerySet."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from django.db.models import Manager, QuerySet
from django.db.models.query import ModelIterable
from django.http import HttpResponse
from ninja.schema import Schema

from pyforge_web._native import dumps
from pyforge_web.ninja.renderers import has_standard_encoder
from pyforge_web.ninja.schemas import SchemaFallbackError, schema_fields

View = TypeVar("View", bound=Callable[..., Any])


def native_rows(schema: type[Schema]) -> Callable[[View], View]:
    """Return a decorator for an operation that returns a QuerySet: its rows are written without instances.

    It stands below the operation: `@api.get("/articles", response=list[ArticleOut])`, `@native_rows(ArticleOut)`. The
    bytes are those of ninja with its own renderer. Other results, and a Schema that does more than name columns, are
    ninja's. It is not for operations with `exclude_none=`, `exclude_unset=` or `exclude_defaults=`.
    """

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):
            raise TypeError("native_rows() decorates synchronous operations: an async one runs its query elsewhere")

        @wraps(view)
        def operation(*args: Any, **kwargs: Any) -> Any:
            result = view(*args, **kwargs)
            if isinstance(result, Manager):
                result = result.all()
            body = _body(result, schema)
            return result if body is None else HttpResponse(body, content_type="application/json; charset=utf-8")

        return operation  # type: ignore[return-value]

    return decorate


def _body(result: Any, schema: type[Schema]) -> bytes | None:
    if not isinstance(result, QuerySet) or result._result_cache is not None:
        return None
    if result._iterable_class is not ModelIterable or not has_standard_encoder():
        return None
    try:
        fields = schema_fields(schema, result.model)
    except SchemaFallbackError:
        return None
    return dumps(result, fields=fields, django_bytes=True)
