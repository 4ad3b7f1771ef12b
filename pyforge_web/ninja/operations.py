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
from ninja.schema import Schema

from pyforge_web._native import dumps
from pyforge_web.conf import with_docs
from pyforge_web.ninja.resolvers import SchemaFallbackError
from pyforge_web.ninja.running import find_response, note_operation, running_operation
from pyforge_web.ninja.schemas import has_standard_getter, schema_fields
from pyforge_web.output.grammar import parse_fields
from pyforge_web.output.lazy_values import is_queryset
from pyforge_web.output.lean_instances import NotNamedError
from pyforge_web.output.model_names import find_relation
from pyforge_web.output.resolve import resolve_model_fields

View = TypeVar("View", bound=Callable[..., Any])


def native_rows(schema: type[Schema]) -> Callable[[View], View]:
    """Return a decorator for an operation that returns a QuerySet: its rows are written without instances.

    It stands below the operation: `@api.get("/articles", response=list[ArticleOut])`, `@native_rows(ArticleOut)`. The
    response is ninja's, in every byte, header and status. Other results are ninja's, and so are a Schema of which
    `schema_fields()` says why, an operation with `by_alias=`, `exclude_none=`, `exclude_unset=`, `exclude_defaults=`
    or another `response=`, another renderer, and a decorator in between. Code that calls the view gets its QuerySet.
    """

    def decorate(view: View) -> View:
        if iscoroutinefunction(view):
            raise with_docs(
                TypeError("native_rows() decorates synchronous operations: an async one runs its query elsewhere"),
                "native-rows",
            )

        @wraps(view)
        def operation(*args: Any, **kwargs: Any) -> Any:
            result = view(*args, **kwargs)
            running = running_operation(operation)
            if running is None:
                return result
            if isinstance(result, Manager):
                result = result.all()
            response = find_response(running, schema, args[0] if args else None, kwargs)
            if response is None:
                return result
            body = _body(result, schema)
            if type(body) is not bytes:
                return result if body is None else body
            response.content = body
            return response

        note_operation(operation)
        return operation  # type: ignore[return-value]

    return decorate


def _body(result: Any, schema: type[Schema]) -> bytes | QuerySet[Any, Any] | None:
    """Return the JSON of the rows, or a QuerySet that raises the database's error; None where ninja writes them."""
    if not is_queryset(result) or result._result_cache is not None:
        return None
    if result._iterable_class is not ModelIterable or not has_standard_getter():
        return None
    lookups = cast(Any, result)._prefetch_related_lookups
    if any(map(partial(_hides_object, result.model), lookups)):
        return None
    try:
        return dumps(result, fields=_fields_of(cast(Any, schema), cast(Any, result.model)), django_bytes=True)
    except DjangoDatabaseError as error:
        return _raising(result, error)
    except NotNamedError:
        raise
    except Exception:
        return None  # ninja raises its own error, or writes what only its encoder knows: infinities, for example


def _raising(queryset: Any, error: Exception) -> "QuerySet[Any, Any]":
    """Return a QuerySet that raises an error where ninja iterates it: ninja makes its own error of that.

    The database is not asked again: its transaction may be broken.
    """
    raising = queryset._chain()
    raising._iterable_class = partial(_raise, error)
    return cast("QuerySet[Any, Any]", raising)


def _raise(error: Exception, *args: Any, **kwargs: Any) -> None:
    raise error


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
