"""`@reads`: the columns that a method or property needs, so that it can be given an instance of these alone."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import FieldError
from django.db.models import Model

from pyforge_web.conf import with_docs

Method = TypeVar("Method")


class ColumnNotReadError(FieldError):
    """A method needs a column that its `@reads(...)` does not name."""


def reads(*names: str) -> Callable[[Method], Method]:
    """Return a decorator that names what a method reads of its instance: `@reads("title", "author__name")`.

    The instance then has these columns, and no others: reading another one, or running a query, raises
    `ColumnNotReadError`. It stands below `@property`. Without it a method gets the instance that Django loads.
    """
    if not names or not all(isinstance(name, str) and name for name in names):
        raise with_docs(TypeError('reads() takes the names of columns: @reads("title", "author__name")'), "expression")

    def decorate(method: Method) -> Method:
        method.pyforge_reads = names  # type: ignore[attr-defined]
        return method

    return decorate


def names_read(method: Any) -> tuple[str, ...] | None:
    """Return the names that a method, property or cached property was declared with; None for no declaration."""
    # Of a property, a cached_property, and of a bound or class method.
    for attribute in ("fget", "func", "__func__"):
        method = getattr(method, attribute, method)
    found = getattr(method, "pyforge_reads", None)
    return found if isinstance(found, tuple) else None


def refuse_columns_of(model: type[Model]) -> Callable[..., NoReturn]:
    """Return what stands in for `refresh_from_db` of an instance, which deferred columns call."""

    def refresh_from_db(using: Any = None, fields: Any = None, from_queryset: Any = None) -> NoReturn:
        name = ", ".join(fields or ["*"])
        raise with_docs(
            ColumnNotReadError(
                f"{model.__name__}.{name} is read here, and @reads(...) does not name it: add {name!r} to @reads"
                f"{_related(model, name)}, or take the decorator away to get whole instances"
            ),
            "column-not-read",
        )

    return refresh_from_db


def _related(model: type[Model], name: str) -> str:
    """Return what to write instead where a column is read because a method follows its foreign key."""
    followed = [field.name for field in model._meta.concrete_fields if field.attname == name and field.is_relation]
    return f", or a path like '{followed[0]}__name' for what it reads of {followed[0]}" if followed else ""


def query_not_read(sql: str) -> ColumnNotReadError:
    """The error for a query of a method with `@reads`, for `refuse_queries()`."""
    return with_docs(
        ColumnNotReadError(
            "a method with @reads(...) runs a query here: name what it reads with a path like 'author__name', or take "
            f"the decorator away to get whole instances. The query: {sql}"
        ),
        "column-not-read",
    )
