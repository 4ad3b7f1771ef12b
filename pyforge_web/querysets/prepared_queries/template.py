"""The QuerySet of a function with parameters for its arguments, and whether it says all about the function."""

from collections.abc import Callable
from enum import Enum
from types import CodeType, FunctionType
from typing import Any, NamedTuple, NoReturn

from django.db import connections
from django.db.models.expressions import Col, Value
from django.db.models.lookups import IsNull
from django.db.models.sql.constants import LOUTER
from django.db.models.sql.where import WhereNode

from pyforge_web.conf import with_docs
from pyforge_web.querysets.prepared_queries.parameters import Parameter, ParameterUseError
from pyforge_web.querysets.prepared_queries.provenance import (
    ReadNames,
    change_constants,
    find_branch,
    watch_calls,
    write_constants,
)
from pyforge_web.querysets.prepared_queries.returned import check_queryset
from pyforge_web.querysets.sql_facts import tables


class ForeignValueError(ValueError):
    """A value of the query is of the moment at which the function was called."""


class Template(NamedTuple):
    """A QuerySet in which `Parameter`s stand; `why_not` says why the function must be called each time."""

    queryset: Any
    why_not: str | None
    names: ReadNames | None = None


class QueryValue(NamedTuple):
    """A value of a query that is no parameter: what it is called, and the lookup whose right side it is in."""

    name: str
    value: Any
    lookup: Any = None
    in_list: bool = False

    def make(self, constant: Any) -> Any:
        """Return what a constant becomes in the place of this value."""
        if self.lookup is None:
            return constant
        if self.in_list:
            return next(iter(type(self.lookup)(self.lookup.lhs, [constant, constant]).rhs))
        return type(self.lookup)(self.lookup.lhs, constant).rhs

    def is_made_of(self, constant: Any, changed: Any, other: "QueryValue | None") -> bool:
        """Return whether a constant is the source of this value: with `changed` in its place it is `other`.

        `other` is None where Django refuses the changed constant: it is the name of a column, or a date.
        """
        try:
            if constant is None:
                return self.value is True and (other is None or other.value is not True)
            if other is None:
                return type(constant) is str and _is_same(self.value, self.make(constant))
            return _is_same(self.value, self.make(constant)) and _is_same(other.value, self.make(changed))
        except Exception:
            return False


class _QueryRunError(Exception):
    """A function has asked the database."""


def make_template(function: FunctionType, names: list[str]) -> Template:
    """Return the template of a function with these parameters.

    Raises `ForeignValueError` for a value that is neither a parameter nor a constant of the function's code.
    """
    if why := find_branch(function.__code__):
        return Template(None, why)
    try:
        with watch_calls(function) as called:
            queryset = _call(function, names)
    except ParameterUseError as error:
        return Template(None, str(error))
    except _QueryRunError:
        return Template(None, "it asks the database before its QuerySet is there")
    except Exception as error:  # with values it may raise nothing
        return Template(None, f"it raises {type(error).__name__} with parameters: {error}")
    check_queryset(function, queryset)
    read = ReadNames(function, queryset)
    if why := _why_called(function, names, queryset, called, read.members):
        return Template(queryset, why)
    changing = read.changing and f"it reads {read.changing}, which may be another one each time"
    return Template(queryset, changing, read)


def _why_called(
    function: FunctionType, names: list[str], queryset: Any, called: list[CodeType], members: list[Enum]
) -> str | None:
    """Return why a function has to be called each time, by what its QuerySet is."""
    if queryset._prefetch_related_lookups:
        return "it has prefetch_related"
    if queryset._result_cache is not None:
        return "it evaluates its QuerySet"
    values = read_values(queryset)
    for value in values:
        if hasattr(value.value, "as_sql") or (value.lookup is not None and not _is_known(value.lookup)):
            return f"{value.name} is not known to leave the text of SQL alone"
    own = [constant for code in called for constant in write_constants(code).co_consts]
    for value in _find_foreign_values(function, names, values, members):
        if not any(_is_same(value.value, constant) for constant in own):
            raise with_docs(
                ForeignValueError(
                    f"@prepared: in {function.__qualname__} the value of {value.name} ({value.value!r}) is neither a "
                    "parameter nor a constant of the function: it would stay as it is now. Make it a parameter of the "
                    "function."
                ),
                "foreign-value",
            )
    if called:  # it may return something else each time
        return f"{called[0].co_qualname} is called by it"
    if queryset._db is not None and queryset._db not in function.__code__.co_consts:
        return "its database is chosen at each call"
    return None


def _is_known(lookup: Any) -> bool:
    return type(lookup) in tables.LOOKUPS and type(lookup.lhs) in tables.EXPRESSIONS


def _call(function: Callable[..., Any], names: list[str]) -> Any:
    def refuse(*args: object) -> NoReturn:
        raise _QueryRunError

    held = [connection.execute_wrapper(refuse) for connection in connections.all(initialized_only=True)]
    for wrapper in held:
        wrapper.__enter__()
    try:
        return function(**{name: Parameter(name) for name in names})
    finally:
        for wrapper in reversed(held):
            wrapper.__exit__(None, None, None)


def read_values(queryset: Any) -> list[QueryValue]:
    """Return the values of a QuerySet that are no parameters."""
    query = queryset.query
    values: list[QueryValue] = []
    work: list[tuple[Any, Any, bool]] = [(query.where, None, False)]
    while work:
        node, before, is_negated = work.pop()
        if isinstance(node, WhereNode):
            inside = is_negated != node.negated
            pairs = zip(node.children, (None, *node.children), strict=False)
            work.extend(reversed([(child, previous, inside) for child, previous in pairs]))
        elif is_negated and _is_added_null(query, node, before):
            continue
        elif hasattr(node, "rhs") and not isinstance(node.rhs, Parameter):
            field = getattr(getattr(node.lhs, "target", None), "name", type(node.lhs).__name__)
            name, in_list = f"{field}__{node.lookup_name}", isinstance(node.rhs, list | tuple)
            values += [QueryValue(name, value, node, in_list) for value in (node.rhs if in_list else [node.rhs])]
    for name, annotation in query.annotations.items():
        parts = [annotation]
        while parts:
            part = parts.pop()
            if isinstance(part, Value):
                values.append(QueryValue(name, part.value))
            parts += [source for source in part.get_source_expressions() if source is not None]
    values += [QueryValue(f"the slice ({name})", getattr(query, name)) for name in ("low_mark", "high_mark")]
    return values + [QueryValue("order_by", name) for name in query.order_by if isinstance(name, str)]


def _is_added_null(query: Any, lookup: Any, before: Any) -> bool:
    """Return whether Django has added `IS NOT NULL` to the condition before it: `exclude()` of a column with nulls.

    Source: `Query.build_filter` in `django/db/models/sql/query.py`.
    """
    if not isinstance(lookup, IsNull) or lookup.rhs is not False or isinstance(before, IsNull):
        return False
    column, same = lookup.lhs, getattr(before, "lhs", None)
    if type(column) is not Col or type(same) is not Col or (column.alias, column.target) != (same.alias, same.target):
        return False
    return bool(query.is_nullable(column.target) or query.alias_map[column.alias].join_type == LOUTER)


def _find_foreign_values(
    function: FunctionType, names: list[str], values: list[QueryValue], members: list[Enum]
) -> list[QueryValue]:
    """Return the values that no constant of the function's code is the source of."""
    no_slice = QueryValue("the slice (low_mark)", 0), QueryValue("the slice (high_mark)", None)
    foreign = {number: value for number, value in enumerate(values) if value not in no_slice}
    for constant, changed, copy in change_constants(function, members):
        if not foreign:
            break
        try:
            others: list[Any] = read_values(_call(copy, names))
        except Exception:
            others = [None] * len(values)
        if len(others) == len(values):  # with another number of values nothing is known of any
            for number, value in list(foreign.items()):
                if value.is_made_of(constant, changed, others[number]):
                    del foreign[number]
    return list(foreign.values())


def _is_same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)
