"""`is_valid()` of many rows: one query for each foreign key and each unique column, in place of one a row.

DRF's own fields and validators still say what is wrong, in their words: only the queries that they would run for each
row are answered from what was looked up before. Once somebody writes to a database, DRF asks for each row again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from rest_framework import fields, relations, serializers
from rest_framework.validators import UniqueValidator

from pyforge_web.output.lean_instances import usable_connections
from pyforge_web.rest_framework.known_rows import KnownTargets, find_taken, find_targets, finds_same_rows

_standard_validation = {
    name: getattr(UniqueValidator, name) for name in ("__call__", "filter_queryset", "exclude_current_instance")
}
_standard_methods = {
    relations.PrimaryKeyRelatedField: relations.PrimaryKeyRelatedField.to_internal_value,
    relations.SlugRelatedField: relations.SlugRelatedField.to_internal_value,
}

_standard_queryset = relations.RelatedField.get_queryset
_standard_text, _standard_integer = fields.CharField.to_internal_value, fields.IntegerField.to_internal_value


@contextmanager
def lookups_of(child: Any, rows: Any) -> Iterator[None]:
    """Look up what the rows of a list name, and answer the child's fields from that for as long as the block runs."""
    with ExitStack() as stack:
        if _are_looked_up(child, rows):
            watch = WriteWatch()
            for connection in usable_connections():
                stack.enter_context(connection.execute_wrapper(watch))
            for field in getattr(child, "_writable_fields", ()):
                values = [row[field.field_name] for row in rows if isinstance(row, dict) and field.field_name in row]
                if isinstance(field, relations.ManyRelatedField):
                    values = [item for value in values if isinstance(value, list) for item in value]
                    field = field.child_relation
                if isinstance(field, relations.RelatedField):
                    stack.enter_context(_targets(field, values, watch))
                elif not isinstance(field, serializers.BaseSerializer):
                    stack.enter_context(_uniques(field, values, watch))
        yield


def _are_looked_up(child: Any, rows: Any) -> bool:
    if not isinstance(rows, list) or len(rows) < 2 or getattr(child, "instance", None) is not None:
        return False
    # DRF refuses a list that is longer or shorter without looking at its rows.
    parent = getattr(child, "parent", None)
    longest, shortest = getattr(parent, "max_length", None), getattr(parent, "min_length", None)
    return (longest is None or len(rows) <= longest) and (shortest is None or len(rows) >= shortest)


class WriteWatch:
    """Whether somebody wrote to a database since the rows were looked up: a serializer may create what a row names."""

    def __init__(self) -> None:
        self.has_written = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Run a statement and note whether it may have changed rows."""
        if not isinstance(sql, str) or not sql.lstrip()[:9].upper().startswith(("SELECT", "SAVEPOINT", "RELEASE")):
            self.has_written = True
        return execute(sql, params, many, context)


@contextmanager
def _targets(field: Any, values: Iterable[Any], watch: WriteWatch) -> Iterator[None]:
    """A foreign key: its targets are looked up at once."""
    name, asked = _lookup_name(field), _asked(values)
    # A QuerySet that a project makes may raise: it is made where DRF would make it.
    queryset = _find_queryset(field) if name and len(asked) > 1 else None
    known: KnownTargets | None = find_targets(queryset, name, asked) if name and queryset is not None else None
    if known is None:
        yield
        return
    targets, source = known, field.queryset
    standard = field.to_internal_value

    def to_internal_value(data: Any) -> Any:
        if type(data) not in (int, str) or data not in targets or watch.has_written:
            return standard(data)
        if not _has_queryset(field, source) and not finds_same_rows(field.get_queryset(), queryset):
            return standard(data)
        target = targets.make_instance(data)
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


def _find_queryset(field: Any) -> Any:
    """The QuerySet of a field; None where a project's own method raises before its row is there."""
    if _has_queryset(field, field.queryset):
        return field.get_queryset()
    try:
        return field.get_queryset()
    except Exception:  # DRF's call for the row raises it where it belongs
        return None


def _has_queryset(field: Any, source: Any) -> bool:
    """Whether a field still asks this QuerySet by DRF's method: a project's own may ask another one in each row."""
    own = "get_queryset" in vars(field) or type(field).get_queryset is not _standard_queryset
    return not own and field.queryset is source


def _asked(values: Iterable[Any]) -> set[Any]:
    """The values that DRF asks the database for: an empty text is null, or an error."""
    return {value for value in values if type(value) in (int, str) and value != ""}


def _lookup_name(field: Any) -> str | None:
    """The column by which a related field looks its target up; None where it has its own way."""
    if "to_internal_value" in vars(field):
        return None
    method = type(field).to_internal_value
    if method is _standard_methods[relations.PrimaryKeyRelatedField]:
        return None if field.pk_field is not None else "pk"
    return field.slug_field if method is _standard_methods[relations.SlugRelatedField] else None


class _KnownUniqueValidator(UniqueValidator):
    """A `UniqueValidator` that knows which values are taken.

    It has the attributes of the one in whose place it stands: what a row changes in one, the other has.
    """

    __slots__ = ("asked", "source", "standard", "taken", "watch")

    def __init__(self, standard: Any, asked: set[Any], taken: set[Any], watch: WriteWatch) -> None:
        self.__dict__ = vars(standard)  # type: ignore[misc]
        self.standard, self.source = standard, standard.queryset
        self.asked, self.taken, self.watch = asked, taken, watch

    def __call__(self, value: Any, serializer_field: Any) -> None:
        if not self._is_known(value, serializer_field):
            self.standard(value, serializer_field)
        elif value in self.taken:
            # As `UniqueValidator.__call__`, without its query.
            raise serializers.ValidationError(self.message, code="unique")

    def _is_known(self, value: Any, field: Any) -> bool:
        """Whether DRF would ask for this value what was looked up: a row may have an instance, or its own QuerySet."""
        return (
            type(value) in (int, str)
            and value in self.asked
            and not self.watch.has_written
            and self.queryset is self.source
            and _has_drf_methods(self.standard)
            and getattr(field.parent, "instance", None) is None
        )


@contextmanager
def _uniques(field: Any, values: Iterable[Any], watch: WriteWatch) -> Iterator[None]:
    """A unique column: the values that are taken are looked up at once."""
    if type(field).validators is not serializers.Field.validators:  # they are computed, and no others can be put there
        yield
        return
    field.validators = [_known(field, validator, values, watch) for validator in field.validators]
    try:
        yield
    finally:  # a row may have changed the list
        field.validators = [getattr(one, "standard", one) for one in field.validators]


def _known(field: Any, validator: Any, values: Iterable[Any], watch: WriteWatch) -> Any:
    if type(validator) is not UniqueValidator or not _has_drf_methods(validator) or not field.source_attrs:
        return validator
    internal = _find_internal(field)
    if internal is None:
        return validator
    found = find_taken(validator.queryset, field.source_attrs[-1], _asked(map(internal, values)))
    return _KnownUniqueValidator(validator, *found, watch) if found else validator


def _has_drf_methods(validator: Any) -> bool:
    methods = _standard_validation
    own = vars(validator).keys()
    unchanged = all(getattr(UniqueValidator, name) is method for name, method in methods.items())
    return validator.lookup == "exact" and unchanged and own.isdisjoint(methods)


def _find_internal(field: Any) -> Callable[[Any], Any] | None:
    """Return what a field makes of a value before its validators: None of what is not looked up at once.

    None in place of that where only the field can say.
    """
    if "to_internal_value" in vars(field):
        return None
    method = type(field).to_internal_value
    if method is _standard_integer:
        return lambda value: value if type(value) is int else None
    if method is not _standard_text:
        return None
    trims = field.trim_whitespace

    def text(value: Any) -> str | None:
        if type(value) not in (int, str):
            return None
        return str(value).strip() if trims else str(value)

    return text
