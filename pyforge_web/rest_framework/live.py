"""The fields of the serializer at hand, for values that have no native format: DRF's own code decides those."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from rest_framework.relations import ManyRelatedField, PKOnlyObject
from rest_framework.serializers import ListSerializer

from pyforge_web.rest_framework.plan import LiveName, ValueColumn


def named_field(serializer: Any, name: str, *, is_kept: bool) -> Any:
    """Return a field of a serializer.

    To make all fields of a `ModelSerializer` takes 0.5 ms. Where its class decides them, a declared one is made alone
    if nobody has asked for the others yet: it is a copy of the declared field in any case.
    """
    declared = serializer._declared_fields.get(name)
    if declared is None or not is_kept or "fields" in vars(serializer):
        return serializer.fields[name]
    field = deepcopy(declared)
    field.bind(name, serializer)
    return field


class LiveFields:
    """The fields of one serializer, found when they are needed: most plans never ask.

    `is_kept` says that all serializers of the class have the same fields.
    """

    def __init__(self, serializer: Any, *, is_kept: bool) -> None:
        self._serializer, self._is_kept = serializer, is_kept
        self._known: dict[LiveName, Any] = {}

    def field(self, names: LiveName) -> Any:
        """Return the field that these names lead to."""
        field = self._known.get(names)
        if field is None:
            field = self._serializer
            for name in names:
                serializer = field.child if isinstance(field, ListSerializer) else field
                field = named_field(serializer, name, is_kept=self._is_kept)
            # Its child makes the values; the list around them is ours.
            if isinstance(field, ManyRelatedField):
                field = field.child_relation
            self._known[names] = field
        return field

    def represent(self, column: ValueColumn) -> Callable[[Any], Any]:
        """Return the function from a column's value, as Django has it, to what DRF writes."""
        field = self.field(column.live)
        return _VIAS[column.via](field, column)


def _by_value(field: Any, column: ValueColumn) -> Callable[[Any], Any]:
    return field.to_representation  # type: ignore[no-any-return]


def _by_key(field: Any, column: ValueColumn) -> Callable[[Any], Any]:
    """A related field that needs the key alone gets DRF's own stand-in for the object."""
    # Source: `rest_framework.relations.RelatedField.get_attribute`, where `use_pk_only_optimization()` is true.
    return lambda value: field.to_representation(PKOnlyObject(pk=value))


def _by_text(field: Any, column: ValueColumn) -> Callable[[Any], Any]:
    """`str(instance)`, where `__str__` returns this very value."""

    def text(value: Any) -> str:
        # Python's own words: `str()` says them where `__str__` returns something else.
        if not isinstance(value, str):
            raise TypeError(f"__str__ returned non-string (type {type(value).__name__})")
        return value

    return text


def _by_file(field: Any, column: ValueColumn) -> Callable[[Any], Any]:
    """A file of the column's own class, which no instance has."""
    (model_field,) = column.format.options

    def represent(name: Any) -> Any:
        return field.to_representation(model_field.attr_class(None, model_field, name))

    return represent


_VIAS: dict[str, Callable[[Any, ValueColumn], Callable[[Any], Any]]] = {
    "file": _by_file,
    "key": _by_key,
    "str": _by_text,
    "value": _by_value,
}
