"""What a prepared function may be, and what it may return."""

from inspect import isasyncgenfunction, isawaitable, iscoroutinefunction, isgeneratorfunction
from types import CoroutineType
from typing import Any

from django.db.models import QuerySet
from django.db.models.manager import BaseManager

from pyforge_web.conf import with_docs


def check_function(function: Any) -> None:
    """Raise `TypeError` for a function that can return no QuerySet; it says what to write."""
    name = getattr(function, "__qualname__", repr(function))
    if not callable(function):
        hint = (
            f"put @{type(function).__name__} above it" if isinstance(function, classmethod) else "decorate a function"
        )
        raise with_docs(TypeError(f"@prepared: {name} cannot be called: {hint}"), "prepared")
    if isgeneratorfunction(function) or isasyncgenfunction(function):
        raise with_docs(
            TypeError(f"@prepared: {name} is a generator: return the QuerySet, and do not yield its rows"), "prepared"
        )
    if iscoroutinefunction(function):
        raise with_docs(
            TypeError(
                f"@prepared: {name} is an async function: write def in place of async def, nothing is awaited to make "
                "a QuerySet. Asynchronous code writes its rows by adumps() or PyForgeJsonResponse.afrom()"
            ),
            "prepared",
        )


def check_queryset(function: Any, returned: Any) -> None:
    """Raise `TypeError` where a prepared function has returned anything but a QuerySet; it says what to return."""
    if isinstance(returned, QuerySet):
        return
    hint = ""
    if isinstance(returned, BaseManager):
        hint = ": return .all() of the manager"
    elif isinstance(getattr(returned, "queryset", None), QuerySet):  # the rows of another prepared function
        hint = ": return .queryset of these rows"
    elif isawaitable(returned):
        hint = ": nothing is awaited to make a QuerySet"
        if isinstance(returned, CoroutineType):
            returned.close()  # else Python warns that it was never awaited
    name = getattr(function, "__qualname__", repr(function))
    raise with_docs(
        TypeError(f"@prepared: {name} returned {type(returned).__name__}, not a QuerySet{hint}"), "prepared"
    )
