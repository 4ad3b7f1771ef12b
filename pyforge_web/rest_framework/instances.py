"""Instances of the columns that a method or a link needs, made from a row: no signal, no `__init__`, no query."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import Model
from rest_framework.fields import ModelField, SerializerMethodField, SkipField
from rest_framework.relations import PKOnlyObject

from pyforge_web.output.lean_instances import bare_instances, refuse_queries
from pyforge_web.output.method_reads import query_not_read, refuse_columns_of
from pyforge_web.rest_framework.link_texts import FEWEST_LINKS, reversed_once
from pyforge_web.rest_framework.nodes import FallbackError, SkippedKey
from pyforge_web.rest_framework.plan import InstanceGroup

ColumnsByNumber = Mapping[int, Sequence[Any]]


def make_instances(group: InstanceGroup, columns: ColumnsByNumber, using: str) -> list[Model | None]:
    """Return an instance for each row; None where the row of a joined relation is missing."""
    own = [(name, number) for path, name, number in group.columns if not path]
    made = _instances(group.model, own, columns, using, guarded=group.guarded)
    behind: dict[Any, list[tuple[str, int]]] = {}
    for path, name, number in group.columns:
        if path:
            behind.setdefault(path, []).append((name, number))
    levels: dict[Any, list[Model | None]] = {(): list(made)}
    # Short paths first: an object must be there before another one is put behind it.
    for path in sorted(behind, key=len):
        relation = path[-1]
        # A joined row without a primary key is a row that does not exist.
        key = next(number for name, number in behind[path] if name == relation.model._meta.pk.attname)
        related = _instances(relation.model, behind[path], columns, using, guarded=group.guarded)
        levels[path] = [
            None if value is None else instance for value, instance in zip(columns[key], related, strict=True)
        ]
        for parent, instance in zip(levels[path[:-1]], levels[path], strict=True):
            if parent is not None:
                parent._state.fields_cache[_cache_name(relation)] = instance
    if group.presence is None:
        return list(made)
    return [None if value is None else instance for value, instance in zip(columns[group.presence], made, strict=True)]


def _instances(
    model: type[Model], named: list[tuple[str, int]], columns: ColumnsByNumber, using: str, *, guarded: bool
) -> list[Model]:
    """An instance for each row, with these attributes. If `guarded`, a deferred column raises with its name."""
    values = [columns[number] for _, number in named]
    refuse = refuse_columns_of(model) if guarded else None
    return bare_instances(model, [name for name, _ in named], zip(*values, strict=True), using, refuse)


def _cache_name(relation: Any) -> str:
    """The key of a relation in `_state.fields_cache`."""
    if relation.sort == "forward":
        return str(relation.field.name)
    return str(relation.field.remote_field.cache_name)


class AskedField(NamedTuple):
    """A function of a field, and what it is given in each row: a value, or an instance; it is not asked about None.

    `refuse` makes the error of a query that it must not send. `linked` is a field that may make links.
    """

    given: Sequence[Any]
    function: Callable[[Any], Any]
    refuse: Callable[[str], Exception] | None = None
    linked: Any = None


def values_of_fields(fields: Sequence[AskedField], count: int) -> list[list[Any]]:
    """Return a column for each of the fields: what they make of each of the rows.

    Row by row and in the order of the fields, as DRF does: a field may remember something for the next one.
    """
    columns: list[list[Any]] = [[] for _ in fields]
    parts = [
        (refuse, [(field.given, field.function, column.append) for field, column in part])
        for refuse, part in groupby(zip(fields, columns, strict=True), lambda pair: pair[0].refuse)
    ]
    refuse: Callable[[str], Exception] | None = None

    def find_error(sql: str) -> Exception | None:
        return None if refuse is None else refuse(sql)

    with ExitStack() as stack:
        if count > FEWEST_LINKS:
            for field in fields:
                stack.enter_context(reversed_once(field.linked))
        if any(field.refuse for field in fields):
            stack.enter_context(refuse_queries(find_error))
        for row in range(count):
            for refuse_of_part, steps in parts:
                refuse = refuse_of_part
                for given, function, append in steps:
                    value = given[row]
                    append(None if value is None else function(value))
    return columns


def refuse_of(field: Any, guarded: bool) -> Callable[[str], Exception] | None:
    """Return what makes the error of a query that a field must not send for an instance of few columns."""
    if guarded:
        return query_not_read
    # The column's own class may read other columns, which DRF has: they would be loaded row by row.
    return _query_of_column if isinstance(field, ModelField) else None


def _query_of_column(sql: str) -> FallbackError:
    return FallbackError("a field of the model reads more than its column")


def value_function(field: Any, followed: bool) -> Callable[[Any], Any]:
    """Return the function from an instance to what DRF writes of it.

    `followed` says that the instance is the related object, which the field would find itself.
    """
    if isinstance(field, SerializerMethodField):
        return getattr(field.parent, field.method_name)  # type: ignore[no-any-return]
    if followed:
        return field.to_representation  # type: ignore[no-any-return]
    return partial(value_of_field, field)


def value_of_field(field: Any, instance: Any) -> Any:
    """Return what `Serializer.to_representation` writes under the key of a field; `SkippedKey` for no key."""
    try:
        attribute = field.get_attribute(instance)
    except SkipField:
        return SkippedKey
    # Source: `rest_framework.serializers.Serializer.to_representation`.
    checked = attribute.pk if isinstance(attribute, PKOnlyObject) else attribute
    return None if checked is None else field.to_representation(attribute)
