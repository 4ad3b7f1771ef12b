"""The QuerySet of a function with parameters in the place of its arguments, and whether it says all about the function."""

from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple, NoReturn

from django.db import connections
from django.db.models import QuerySet
from django.db.models.expressions import Value
from django.db.models.sql.where import WhereNode

from pyforge_web.querysets.prepared_queries.parameters import Parameter, ParameterUse
from pyforge_web.querysets.prepared_queries.provenance import change_constants, find_branch, watch_calls


class ForeignValue(ValueError):
    """A value of the query is of the moment at which the function was called."""


class Template(NamedTuple):
    """A QuerySet in which `Parameter`s stand; `why_not` says why the function must be called each time."""

    queryset: Any
    why_not: str | None


class _QueryRun(Exception):
    """A function has asked the database."""


def make_template(function: FunctionType, names: list[str]) -> Template:
    """Return the template of a function with these parameters.

    Raises `ForeignValue` for a value that is neither a parameter nor a constant of the function's code, and what the
    function raises.
    """
    if why := find_branch(function.__code__):
        return Template(None, why)
    try:
        with watch_calls(function) as called:
            queryset = _call(function, names)
    except ParameterUse as error:
        return Template(None, str(error))
    except _QueryRun:
        return Template(None, "it asks the database before its QuerySet is there")
    except Exception as error:  # with values it may raise nothing
        return Template(None, f"it raises {type(error).__name__} with parameters: {error}")
    if not isinstance(queryset, QuerySet):
        raise TypeError(f"@prepared: {function.__name__} returned {type(queryset).__name__}, not a QuerySet")
    for code in called:
        if why := find_branch(code):
            return Template(None, f"{code.co_qualname} is called by it: {why}")
    if queryset._prefetch_related_lookups:
        return Template(None, "it has prefetch_related")
    if queryset._result_cache is not None:
        return Template(None, "it evaluates its QuerySet")
    _refuse_foreign(function, names, queryset)
    return Template(queryset, None)


def _call(function: Callable[..., Any], names: list[str]) -> Any:
    def refuse(*args: object) -> NoReturn:
        raise _QueryRun

    held = [connection.execute_wrapper(refuse) for connection in connections.all(initialized_only=True)]
    for wrapper in held:
        wrapper.__enter__()
    try:
        return function(**{name: Parameter(name) for name in names})
    finally:
        for wrapper in reversed(held):
            wrapper.__exit__(None, None, None)


def read_values(queryset: Any) -> list[tuple[str, Any, Any]]:
    """Return the values of a QuerySet that are no parameters: what each is called, the value, and its lookup."""
    query = queryset.query
    values: list[tuple[str, Any, Any]] = []
    work: list[Any] = [query.where]
    while work:
        node = work.pop()
        if isinstance(node, WhereNode):
            work.extend(reversed(node.children))
        elif hasattr(node, "rhs") and not isinstance(node.rhs, Parameter):
            field = getattr(getattr(node.lhs, "target", None), "name", type(node.lhs).__name__)
            values.append((f"{field}__{node.lookup_name}", node.rhs, node))
    for name, annotation in query.annotations.items():
        parts = [annotation]
        while parts:
            part = parts.pop()
            if isinstance(part, Value):
                values.append((name, part.value, None))
            parts += [source for source in part.get_source_expressions() if source is not None]
    for name in ("low_mark", "high_mark"):
        if getattr(query, name) not in (0, None):
            values.append((f"the slice ({name})", getattr(query, name), None))
    values += [("order_by", name, None) for name in query.order_by if isinstance(name, str)]
    return values


def _refuse_foreign(function: FunctionType, names: list[str], queryset: Any) -> None:
    values = read_values(queryset)
    open_values = dict(enumerate(values))
    for constant, changed in change_constants(function):
        if not open_values:
            return
        try:
            others: list[Any] | None = read_values(_call(changed, names))
        except Exception:  # a name of a column that is none now, a date that is none
            others = None
        for number, (_, value, lookup) in list(open_values.items()):
            if others is None:
                is_constant = _is_made_of(value, constant, lookup)
            else:
                is_constant = number >= len(others) or not _is_same(value, others[number][1])
            if is_constant:
                del open_values[number]
    if open_values:
        name, value, _ = next(iter(open_values.values()))
        raise ForeignValue(
            f"@prepared: in {function.__qualname__} the value of {name} ({value!r}) is neither a parameter nor a "
            "constant of the function: it would stay as it is now. Make it a parameter of the function."
        )


def _is_same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _is_made_of(value: Any, constant: Any, lookup: Any) -> bool:
    """Return whether a value is what a constant becomes: itself, or what a field makes of a text."""
    if type(constant) is not str:
        return False
    if lookup is None:
        return _is_same(value, constant)
    try:
        return _is_same(value, type(lookup)(lookup.lhs, constant).rhs)
    except Exception:
        return False
