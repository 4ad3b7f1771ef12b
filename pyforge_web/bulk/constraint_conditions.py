"""The condition of a unique constraint: which rows meet it. Rows with the same values are one question."""

import datetime
import uuid
from collections.abc import Collection, Hashable, Iterator, Sequence
from enum import Enum
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.db.models.expressions import F, Value

from pyforge_web.bulk.batch import VALUE_ERRORS

# Types whose equal values are one value to a database. Not float and Decimal: 1.0 and Decimal("1.00") may differ there.
_COMPARABLE_TYPES = frozenset({type(None), bool, datetime.date, int, str, uuid.UUID})
# What may stand in the place of a value that may be blank. Source: `django.core.validators.EMPTY_VALUES`.
_BLANKS = (str, list, tuple, dict)


class ConstraintCondition:
    """A condition, and the answers of the database so far."""

    def __init__(self, condition: Q, alias: str, asked: Q | None = None) -> None:
        """`asked` is another condition over the same fields, which is asked in its place."""
        self._asked = asked or condition
        self._alias = alias
        constant = all(map(_is_constant, _condition_leaves(condition)))
        self._names = sorted(condition.referenced_base_fields) if constant else None
        self._answers: dict[Hashable, bool] = {}

    def is_met(self, values: dict[str, Any]) -> bool:
        """Return whether a row meets it. `values` are its expressions by field name.

        Raises `FieldError` if one of its fields is not among them. Source: `django.db.models.Q.check`.
        """
        # `Q.check` is a query for each row. Rows that give the condition the same values are one question.
        key = self._key_of(values)
        if key is None:
            return self._check_values(values)
        if key not in self._answers:
            self._answers[key] = self._check_values(values)
        return self._answers[key]

    def _check_values(self, values: dict[str, Any]) -> bool:
        return self._asked.check(values, using=self._alias)

    def _key_of(self, values: dict[str, Any]) -> Hashable | None:
        """Return what the answer depends on; None if that is not known."""
        if self._names is None:
            return None
        expressions = [values.get(name) for name in self._names]
        if not all(type(one) is Value and _is_comparable(cast(Any, one).value) for one in expressions):
            return None
        # With the type, because in Python 1 equals True.
        return tuple((type(value), value) for value in (cast(Any, one).value for one in expressions))


def find_odd_blanks(model: type[Model], condition: Q, instances: Sequence[Model], without: Collection[int]) -> set[int]:
    """Return the rows that have a blank, such as "", for which the condition cannot be asked: Django raises for them.

    `clean_fields` leaves blanks as they are, and converts all other values.
    """
    options = model._meta
    fields = [options.pk if name == "pk" else options.get_field(name) for name in condition.referenced_base_fields]
    known: dict[tuple[Any, type], bool] = {}
    found = set()
    for row, instance in enumerate(instances):
        if row in without:
            continue
        for field in cast("list[Any]", fields):
            value = vars(instance).get(field.attname)
            if value or type(value) not in _BLANKS:
                continue
            key = field, type(value)
            if key not in known:
                known[key] = _is_taken(field, value)
            if not known[key]:
                found.add(row)
    return found


def _is_taken(field: Any, blank: object) -> bool:
    """Return whether a field sends a blank to the database."""
    try:
        field.get_prep_value(blank)
    except (ValidationError, *VALUE_ERRORS):
        return False
    return True


def _condition_leaves(condition: Q) -> Iterator[Any]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _condition_leaves(child)
        elif isinstance(child, tuple):
            yield child[1]
        else:
            yield child


def _is_constant(leaf: Any) -> bool:
    """Return whether a part of a condition is the same at each question: not `Now()`, not a function of the project."""
    if isinstance(leaf, list | tuple | set | frozenset):
        return all(map(_is_constant, leaf))
    return type(leaf) is F or not hasattr(leaf, "resolve_expression")


def _is_comparable(value: Any) -> bool:
    return type(value) in _COMPARABLE_TYPES or isinstance(value, Enum)
