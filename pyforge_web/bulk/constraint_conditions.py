"""The condition of a unique constraint: the database says which rows meet it, once for rows with the same values."""

import datetime
import uuid
from collections.abc import Hashable, Iterator
from enum import Enum
from typing import Any, cast

from django.db.models import Q
from django.db.models.expressions import F, Value

# Types of which equal values are one value to a database.
_ONE_VALUE = frozenset({type(None), bool, datetime.date, int, str, uuid.UUID})


class Condition:
    """A condition, and what the database said of it."""

    def __init__(self, condition: Q, alias: str, asked: Q | None = None) -> None:
        """`asked` is what the database is asked in its place: of the same fields."""
        self._asked = asked or condition
        self._alias = alias
        self._names = sorted(condition.referenced_base_fields) if all(map(_is_constant, _leaves(condition))) else None
        self._said: dict[Hashable, bool] = {}

    def is_met(self, values: dict[str, Any]) -> bool:
        """Whether a row meets it; `values` are its expressions by field name.

        Raises `FieldError` if one of its fields is not among them. Source: `django.db.models.Q.check`.
        """
        key = self._key(values)
        if key is None:
            return self._ask(values)
        if key not in self._said:
            self._said[key] = self._ask(values)
        return self._said[key]

    def _ask(self, values: dict[str, Any]) -> bool:
        return self._asked.check(values, using=self._alias)

    def _key(self, values: dict[str, Any]) -> Hashable | None:
        """What its answer depends on; None if that cannot be told."""
        if self._names is None:
            return None
        found = [values.get(name) for name in self._names]
        if not all(type(each) is Value and _is_one_value(cast(Any, each).value) for each in found):
            return None
        return tuple((type(value), value) for value in (cast(Any, each).value for each in found))


def _leaves(condition: Q) -> Iterator[Any]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _leaves(child)
        elif isinstance(child, tuple):
            yield child[1]
        else:
            yield child


def _is_constant(leaf: Any) -> bool:
    """Whether a part of a condition is the same at each question: no `Now()`, no function of the project's."""
    if isinstance(leaf, list | tuple | set | frozenset):
        return all(map(_is_constant, leaf))
    return type(leaf) is F or not hasattr(leaf, "resolve_expression")


def _is_one_value(value: Any) -> bool:
    return type(value) in _ONE_VALUE or isinstance(value, Enum)
