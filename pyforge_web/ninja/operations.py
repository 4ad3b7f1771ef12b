"""`native_rows`: operations that return a QuerySet."""

from collections.abc import Callable
from functools import lru_cache, partial, wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from django.core.exceptions import FieldError
from django.db import Error as DjangoDatabaseError
from django.db.models import Manager, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.db.models.query import ModelIterable
from django.http import HttpResponse
from ninja.schema import Schema

from pyforge_web._native import dumps
from pyforge_web.ninja.renderers import has_standard_encoder
from pyforge_web.ninja.resolvers import SchemaFallbackError
from pyforge_web.ninja.schemas import has_standard_getter, schema_fields
from pyforge_web.output.grammar import parse_fields
from pyforge_web.output.lean_instances import NotNamedError
from pyforge_web.output.model_names import find_relation
from pyforge_web.output.resolve import resolve_model_fields

View = TypeVar("View", bound=Callable[..., Any])


def native_rows(schema: type[Schema]) -> Callable[[View], View]:
    """Return a decorator for an operation that returns a QuerySet: its rows are written without instances.

    It stands below the operation: `@api.get("/articles", response=list[ArticleOut])`, `@native_rows(ArticleOut)`. The
    bytes are those of ninja with its own renderer. Other results are ninja's, and so is a Schema of which
    `schema_fields()` says why. It is not for operations with `by_alias=`, `exclude_none=`, `exclude_unset=` or
    `exclude_defaults=`.
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
    if result._iterable_class is not ModelIterable or not (has_standard_encoder() and has_standard_getter()):
        return None
    if any(map(partial(_hides_object, result.model), cast(Any, result)._prefetch_related_lookups)):
        return None
    try:
        return dumps(result, fields=_fields_of(cast(Any, schema), cast(Any, result.model)), django_bytes=True)
    except (DjangoDatabaseError, NotNamedError):
        raise
    except Exception:
        return None  # ninja raises its own error, or writes what only its encoder knows: infinities, for example


def _hides_object(model: Any, lookup: Any) -> bool:
    """Return whether a `Prefetch` loads a relation to one: an object that it does not load is missing, and not None."""
    if getattr(lookup, "queryset", None) is None:
        return False
    many = False
    for name in lookup.prefetch_through.split(LOOKUP_SEP):
        relation = find_relation(model, name)
        if relation is None or relation.model is None:
            return True
        model, many = relation.model, relation.many
    return not many


@lru_cache(maxsize=256)
def _fields_of(schema: Any, model: Any) -> list[Any]:
    fields = schema_fields(schema, model)
    try:
        resolve_model_fields(model, parse_fields(fields))
    except FieldError as error:  # a secret under another name, for example
        raise SchemaFallbackError(str(error)) from None
    return fields
