"""The rows that values of a request name: one query, where that gives what one for each value gives."""

import copy
import datetime
import decimal
import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections
from django.db.models import Manager, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.query import ModelIterable
from django.db.models.signals import post_init, pre_init

from pyforge_web.output.lazy_values import is_queryset
from pyforge_web.output.model_names import find_column, own_inits
from pyforge_web.querysets.django_path import why_instances
from pyforge_web.stock import find_stock
from pyforge_web.validation.database.bulk_queries import filter_by_keys, find_stored
from pyforge_web.validation.database.comparable_columns import exact_type, integer_range
from pyforge_web.validation.database.stock_drivers import not_stock_reason

_MANAGER_FILTER, _QUERYSET_GET = find_stock(Manager, "filter"), find_stock(QuerySet, "get")
_LARGEST = 2**31 - 1  # an integer beyond may not fit its parameter: DRF asks for it alone
# Values that nobody can change: two instances may share them.
_FIXED_TYPES = {
    *(type(None), bool, int, float, str, bytes, decimal.Decimal, uuid.UUID),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
}
_DEEPEST = 20  # containers inside each other in a column that is copied


class KnownTargets:
    """The objects that values name, and the values that name none."""

    def __init__(self, asked: set[Any]) -> None:
        self._targets: dict[Any, Any] = dict.fromkeys(asked)

    def __contains__(self, value: Any) -> bool:
        return value in self._targets

    def add(self, value: Any, target: Model) -> bool:
        """Take the object of a value. Return whether each value has one at most, and it can be made again."""
        if self._targets.get(value, target) is not None:
            return False  # `get()` would find two of them, or the database compares in another way
        self._targets[value] = target
        return _is_plain_instance(target, set())

    def make_instance(self, value: Any) -> Any:
        """Return a new instance, as each query gives one: what a row does to it, the others do not see."""
        target = self._targets[value]
        return None if target is None else _copy_instance(target, {})


def _is_plain_instance(target: Any, seen: set[int]) -> bool:
    """Return whether an instance and those it remembers hold nothing but what columns give."""
    seen.add(id(target))
    return (
        _is_made_by_django(type(target))
        and all(name == "_state" or _is_plain_value(held) for name, held in vars(target).items())
        and all(id(one) in seen or _is_plain_instance(one, seen) for one in _remembered(target))
    )


def _is_made_by_django(cls: Any) -> bool:
    """Return whether nobody else counts or changes the instances of a model that queries make."""
    is_heard = pre_init.has_listeners(cls) or post_init.has_listeners(cls)
    return not is_heard and not own_inits(cls) and why_instances(cls) is None


def _remembered(target: Any) -> list[Any]:
    return [one for one in target._state.fields_cache.values() if isinstance(one, Model)]


def _is_plain_value(value: Any, depth: int = _DEEPEST) -> bool:
    if type(value) in _FIXED_TYPES:
        return True
    if depth == 0 or type(value) not in (list, dict):
        return False
    items = value.values() if type(value) is dict else value
    return all(_is_plain_value(item, depth - 1) for item in items)


def _copy_instance(target: Any, copies: dict[int, Any]) -> Any:
    """Return what another query would give. `copies` has those of the instances so far, which may lead back."""
    cls: Any = type(target)
    made: Any = cls.__new__(cls)
    copies[id(target)] = made
    held = vars(made)
    held.update(vars(target))
    for name, value in vars(target).items():
        if type(value) in (list, dict):
            held[name] = copy.deepcopy(value)
    # Not by `copy.copy`, which takes half the time of all this.
    state = held["_state"] = ModelState()
    vars(state).update(vars(target._state))
    for one in _remembered(target):
        if id(one) not in copies:
            _copy_instance(one, copies)
    state.fields_cache = {name: copies.get(id(one), one) for name, one in target._state.fields_cache.items()}
    return made


def find_targets(queryset: Any, name: str, values: Iterable[Any]) -> KnownTargets | None:
    """Return the objects that `queryset.get(**{name: value})` gives; None where only that can say."""
    # The manager's own `get()` would be called.
    if isinstance(queryset, Manager) or not _makes_plain_instances(queryset):
        return None
    column = _comparable_column(queryset, name)
    asked = column.certain(values) if column else set()
    if column is None or len(asked) < 2:
        return None
    known = KnownTargets(asked)
    for rows in filter_by_keys(queryset, [find_column(queryset.model, name)], list(asked)):
        for target in rows:
            if not known.add(getattr(target, column.attname), target):
                return None
    return known


def finds_same_rows(queryset: Any, other: Any) -> bool:
    """Return whether two QuerySets send the same statement, and make the same of its rows."""
    try:
        return type(queryset) is type(other) and _what_decides(queryset) == _what_decides(other)
    except (EmptyResultSet, FullResultSet):
        return False


def _what_decides(queryset: Any) -> tuple[Any, ...]:
    sql = queryset.query.get_compiler(queryset.db).as_sql()
    names = ("_iterable_class", "_known_related_objects", "_prefetch_related_lookups", "_hints")
    return queryset.db, sql, *(vars(queryset)[name] for name in names)


def find_taken(source: Any, name: str, values: Iterable[Any]) -> tuple[set[Any], set[Any]] | None:
    """Return the values that were asked for and those that a row has; None where DRF has to ask for each."""
    values, queryset = set(values), _unfiltered(source)
    column = _comparable_column(queryset, name) if len(values) > 1 and queryset is not None else None
    if column is None:
        return None
    asked = column.certain(values)
    if len(asked) < 2:
        return None
    return asked, set(find_stored(queryset, [find_column(queryset.model, name)], list(asked)))


def _unfiltered(source: Any) -> Any:
    """Return the QuerySet of a manager; None if the manager has a `filter()` of its own, which DRF calls."""
    if not isinstance(source, Manager):
        return source
    return source.all() if type(source).filter is _MANAGER_FILTER and "filter" not in vars(source) else None


def _makes_plain_instances(queryset: Any) -> bool:
    """Return whether a copy of an instance is what another query would give."""
    return bool(
        is_queryset(queryset)
        and type(queryset).get is _QUERYSET_GET
        and queryset._iterable_class is ModelIterable
        # Each instance has its own of the first, and all have one of the second.
        and not queryset._prefetch_related_lookups
        and not queryset._known_related_objects
        and _is_made_by_django(queryset.model)
    )


class ComparedColumn(NamedTuple):
    """A column that Python compares as the database does."""

    attname: str
    value_type: type
    low: int
    high: int

    def certain(self, values: Iterable[Any]) -> set[Any]:
        """Return the values that mean the same to the database and to Python, and that the driver can send."""
        found: set[Any] = {value for value in values if type(value) is self.value_type}
        if self.value_type is int:
            return {value for value in found if self.low <= value <= self.high}
        return {value for value in found if "\0" not in value and _has_utf8(value)}


def _comparable_column(queryset: Any, name: str) -> ComparedColumn | None:
    """Return the column; None where one query for many values may find other rows than one for each."""
    if not is_queryset(queryset) or _sees_other_rows(queryset.query) or not_stock_reason(queryset):
        return None
    column = find_column(queryset.model, name)
    connection = connections[queryset.db]
    value_type = None if column is None else exact_type(column, connection)
    if column is None or value_type not in (int, str):
        return None
    low, high = integer_range(column, connection) if value_type is int else (0, 0)
    return ComparedColumn(column.attname, value_type, max(low, -_LARGEST), min(high, _LARGEST))


def _sees_other_rows(query: Any) -> bool:
    """Return whether a row that a query finds depends on the other rows that it finds: as in a window or a slice."""
    annotations = query.annotations.values()
    return bool(
        query.is_sliced
        or query.combinator
        or query.distinct_fields
        or query.extra
        or query.where.contains_over_clause
        or any(getattr(annotation, "contains_over_clause", True) for annotation in annotations)
    )


def _has_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
