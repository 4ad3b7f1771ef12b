"""The columns of a level, as fields ask for them: values, joins that may find no row, instances."""

from typing import Any, NamedTuple

from django.db.models import Model
from rest_framework import fields

from pyforge_web.output.model_names import Relation, find_column, find_relation
from pyforge_web.rest_framework.formats import SAME, ValueFormat, format_of
from pyforge_web.rest_framework.model_attributes import FILE_DESCRIPTORS, is_standard_file, own_column, why_not_joined
from pyforge_web.rest_framework.nodes import (
    Condition,
    EntryNode,
    FallbackError,
    Node,
    OptionalNode,
    RequiredNode,
    ValueNode,
)
from pyforge_web.rest_framework.plan import InstanceColumn, LevelBuilder, LiveName, Path, Slot, ValueColumn


class Step(NamedTuple):
    """A relation to one that may be missing: the column that is null then, and whether DRF sees None or an error."""

    column: int
    is_forward: bool


class Place(NamedTuple):
    """Where an object is in a row: its model, the joins that lead there, the column that tells whether it exists."""

    model: type[Model]
    path: Path = ()
    presence: int | None = None


class RowScope:
    """What all fields of one level share.

    `joins` are the names that lead to this level from the root, `added` what the root's query adds to its rows.
    """

    def __init__(self, builder: LevelBuilder, joins: tuple[str, ...], added: frozenset[str], using: str) -> None:
        self.builder = builder
        self.joins = joins
        self.added = added
        self.using = using

    def is_column(self, place: Place, before: list[str], last: str) -> bool:
        """Whether a source ends in a column or in what the query adds."""
        model = place.model
        for name in before:
            found = find_relation(model, name)
            if found is None or found.model is None or found.many:
                return False
            model = found.model
        if not before and not place.path and not self.joins and last in self.added:
            return True
        return find_column(model, last) is not None and find_relation(model, last) is None

    def follow(self, place: Place, names: list[str]) -> tuple[Place, list[Step]]:
        """Return where relations to one lead, and those of them that may be missing."""
        steps: list[Step] = []
        for name in names:
            found = find_relation(place.model, name)
            why = "it is not a relation" if found is None else why_not_joined(found)
            if found is None or why is not None:
                raise FallbackError(f"{place.model.__name__}.{name}: {why}")
            place = self.joined(place, found)
            if place.presence is not None and (found.sort != "forward" or found.field.null):
                steps.append(Step(place.presence, found.sort == "forward"))
        return place, steps

    def joined(self, place: Place, relation: Relation) -> Place:
        """Return the place behind a relation to one."""
        model: Any = relation.model
        path = (*place.path, relation)
        # Only a foreign key that is never null, of a row that exists, leads to a row for certain.
        certain = relation.sort == "forward" and not relation.field.null and place.presence is None
        presence = None if certain else self.builder.raw(path, model._meta.pk_fields[0].attname)
        return Place(model, path, presence)

    def with_steps(self, field: Any, value: Node, steps: list[Step], *, object_itself: bool = False) -> EntryNode:
        """Return the entry of a value behind relations that may be missing.

        DRF sees None where a reverse one-to-one has no row. Behind a foreign key that is null it meets an
        AttributeError: the field's default, None, no key, or the error.
        """
        if steps:  # whatever a column's converter makes of null
            value = OptionalNode(steps[-1].column, value)
        last = len(steps) - 1
        conditions: list[Condition] = []
        for number, step in enumerate(steps):
            if step.is_forward and not (object_itself and number == last):
                conditions.append((*((before.column, False) for before in steps[:number]), (step.column, True)))
        if not conditions or (field.allow_null and field.default is fields.empty):
            return EntryNode(field.field_name, value)
        if field.default is not fields.empty:
            raise FallbackError("it has a default, and is behind a relation that may be null")
        if field.required:
            return EntryNode(field.field_name, RequiredNode(tuple(conditions), value))
        return EntryNode(field.field_name, value, tuple(conditions))

    def column(self, field: Any, live: LiveName, place: Place, name: str) -> ValueNode:
        """Return the node of a column's value."""
        if not place.path and not self.joins and name in self.added:
            return self.value(formatted_column(self.builder.slot((), name), field, live))
        column, descriptor = own_column(place.model, name)
        slot = self.builder.slot(place.path, column.attname)
        if type(descriptor) in FILE_DESCRIPTORS:
            if not is_standard_file(column, field):
                raise FallbackError("its files are of a class of their own")
            return self.value(ValueColumn(slot, ValueFormat("file", (column,)), live, "file"))
        return self.value(formatted_column(slot, field, live))

    def value(self, column: ValueColumn) -> ValueNode:
        """Return the node of a column of values."""
        return ValueNode(self.builder.add(column))

    def instance(
        self, names: tuple[str, ...], live: LiveName, place: Place, *, guarded: bool, followed: bool = False
    ) -> ValueNode:
        """Return the node of what a field makes of an instance that has these columns."""
        group = self.builder.group(place.path, place.model, place.presence, guarded=guarded)
        for name in ("pk", *names):
            *before, last = name.split("__")
            target, _ = self.follow(place, before)
            found = find_relation(target.model, last)
            if found is not None and found.many:
                raise FallbackError(f"@reads names {name!r}, a relation to many")
            for depth in range(len(place.path) + 1, len(target.path) + 1):
                path = target.path[:depth]
                key: Any = path[-1].model._meta.pk  # type: ignore[union-attr]
                group.columns[path[len(place.path) :], key.attname] = self.attribute(path, key.attname)
            column, _ = own_column(target.model, last)
            group.columns[target.path[len(place.path) :], column.attname] = self.attribute(target.path, column.attname)
        return ValueNode(self.builder.add(InstanceColumn(group.number, live, followed)))

    def attribute(self, path: Path, name: str) -> int:
        """Return the number of a column with the values that instances have."""
        return self.builder.add(ValueColumn(self.builder.slot(path, name), SAME, ()))


def formatted_column(slot: Slot, field: Any, live: LiveName) -> ValueColumn:
    """Return the column of a field's values.

    Values that are written as they are, all fields and instances share: one may change a JSON value in place.
    """
    value_format = format_of(field)
    return ValueColumn(slot, value_format, () if value_format == SAME else live)


def ends_in(steps: list[Step], place: Place) -> bool:
    return bool(steps) and steps[-1].column == place.presence
