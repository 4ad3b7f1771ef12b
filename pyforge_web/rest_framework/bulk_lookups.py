"""`is_valid()` of many rows: one query for each foreign key and each unique column, in place of one a row.

DRF's own fields and validators still say what is wrong, in their words: only the queries that they would run for each
row are answered from what was looked up before.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections
from django.db.models import Manager, QuerySet
from rest_framework import relations, serializers
from rest_framework.validators import UniqueValidator

from pyforge_web.fields import kind_of
from pyforge_web.output.model_names import find_column

_SIZE = 500  # values in one IN, far below every database's limit
_LARGEST = 2**31 - 1  # a key beyond may not fit the column: DRF asks for it alone
_VENDORS = ("sqlite", "postgresql")  # where `=` and `IN` compare texts as Python does, without a collation
_standard_call = UniqueValidator.__call__
_standard_methods = {
    relations.PrimaryKeyRelatedField: relations.PrimaryKeyRelatedField.to_internal_value,
    relations.SlugRelatedField: relations.SlugRelatedField.to_internal_value,
}


@contextmanager
def lookups_of(child: Any, rows: Any) -> Iterator[None]:
    """Look up what the rows of a list name, and answer the child's fields from that for as long as the block runs."""
    with ExitStack() as stack:
        if isinstance(rows, list) and len(rows) > 1 and getattr(child, "instance", None) is None:
            for field in getattr(child, "_writable_fields", ()):
                values = [row[field.field_name] for row in rows if isinstance(row, dict) and field.field_name in row]
                if isinstance(field, relations.ManyRelatedField):
                    values = [item for value in values if isinstance(value, list) for item in value]
                    field = field.child_relation
                if isinstance(field, relations.RelatedField):
                    stack.enter_context(_targets(field, values))
                elif not isinstance(field, serializers.BaseSerializer):
                    stack.enter_context(_uniques(field, values))
        yield


@contextmanager
def _targets(field: Any, values: Iterable[Any]) -> Iterator[None]:
    """A foreign key: its targets are looked up at once."""
    name = _lookup_name(field)
    queryset = None if name is None else field.get_queryset()
    known = None if name is None else _find(queryset, name, values)
    if known is None or name is None:
        yield
        return
    found = known
    standard = field.to_internal_value

    def to_internal_value(data: Any) -> Any:
        if type(data) not in (int, str) or data not in found:
            return standard(data)
        target = found[data]
        if target is not None:
            return target
        if name == "pk":
            return field.fail("does_not_exist", pk_value=data)
        return field.fail("does_not_exist", slug_name=name, value=data)

    field.to_internal_value = to_internal_value
    try:
        yield
    finally:
        del field.to_internal_value


def _lookup_name(field: Any) -> str | None:
    """The column by which a related field looks its target up; None where it has its own way."""
    if "to_internal_value" in vars(field):
        return None
    method = type(field).to_internal_value
    if method is _standard_methods[relations.PrimaryKeyRelatedField]:
        return None if field.pk_field is not None else "pk"
    return field.slug_field if method is _standard_methods[relations.SlugRelatedField] else None


def _find(queryset: Any, name: str, values: Iterable[Any]) -> dict[Any, Any] | None:
    """The object of each of the values, None for those that do not exist; None where DRF has to ask for each."""
    if isinstance(queryset, Manager):
        queryset = queryset.all()
    kind = _certain_kind(queryset, name)
    if kind is None:
        return None
    asked = {value for value in values if _is_certain(value, kind)}
    if len(asked) < 2:
        return None
    found: dict[Any, Any] = dict.fromkeys(asked)
    column: Any = find_column(queryset.model, name)
    attribute = column.attname
    for part in _parts_of_in(list(asked)):
        for target in queryset.filter(**{f"{name}__in": part}):
            value = getattr(target, attribute)
            if found.get(value) is not None or value not in found:
                return None  # get() would find two of them, or the database compares in another way
            found[value] = target
    return found


def _certain_kind(queryset: Any, name: str) -> str | None:
    """The kind of a column that Python compares as the database does; None for any other."""
    if not isinstance(queryset, QuerySet) or queryset.query.is_sliced or queryset.query.combinator:
        return None
    if connections[queryset.db].vendor not in _VENDORS:
        return None
    model: Any = queryset.model
    column = find_column(model, name)
    if column is None or getattr(column, "db_collation", None):
        return None
    kind = kind_of(column)
    return kind if kind in ("integer", "text") else None


def _is_certain(value: Any, kind: str) -> bool:
    if kind == "integer":
        return type(value) is int and -_LARGEST <= value <= _LARGEST
    return type(value) is str and "\0" not in value


def _parts_of_in(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _SIZE):
        yield values[start : start + _SIZE]


class _KnownUniqueValidator:
    """A `UniqueValidator` that knows which values are taken."""

    requires_context = True

    def __init__(self, validator: Any, asked: set[Any], taken: set[Any]) -> None:
        self._validator, self._asked, self._taken = validator, asked, taken

    def __call__(self, value: Any, serializer_field: Any) -> None:
        if type(value) in (int, str) and value in self._asked and value not in self._taken:
            return
        self._validator(value, serializer_field)  # the query of DRF, and its error


@contextmanager
def _uniques(field: Any, values: Iterable[Any]) -> Iterator[None]:
    """A unique column: the values that are taken are looked up at once."""
    standard = list(field.validators)
    field.validators = [_known(field, validator, values) for validator in standard]
    try:
        yield
    finally:
        field.validators = standard


def _known(field: Any, validator: Any, values: Iterable[Any]) -> Any:
    if type(validator) is not UniqueValidator or UniqueValidator.__call__ is not _standard_call:
        return validator
    queryset = validator.queryset.all() if isinstance(validator.queryset, Manager) else validator.queryset
    name = field.source_attrs[-1]
    kind = _certain_kind(queryset, name)
    if kind is None or validator.lookup != "exact":
        return validator
    asked = {value for value in map(_internal(field), values) if _is_certain(value, kind)}
    taken: set[Any] = set()
    for part in _parts_of_in(list(asked)):
        taken.update(queryset.filter(**{f"{name}__in": part}).values_list(name, flat=True))
    return _KnownUniqueValidator(validator, asked, taken)


def _internal(field: Any) -> Callable[[Any], Any]:
    """What a field makes of a value before its validators; nothing certain for a value that it refuses."""
    standard = serializers.CharField.to_internal_value
    if type(field).to_internal_value is not standard:
        return lambda value: value
    trims = field.trim_whitespace
    return lambda value: value.strip() if trims and type(value) is str else value
