"""What a serializer is compiled to: for each query a level, with the columns whose values its rows are made of."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Model

from pyforge_web._native import RowProgram
from pyforge_web.output.model_names import Relation
from pyforge_web.rest_framework.formats import PYTHON, ValueFormat
from pyforge_web.rest_framework.nodes import Node, build_function, columns_of_node, make_program

Path = tuple[Relation, ...]
Slot = tuple[Path, str]  # the joined relations that lead to a column, and its attribute
LiveName = tuple[str, ...]  # the names that lead from the serializer to one of its fields


class RawColumn(NamedTuple):
    """The driver's values of a column: null tells that the row of a joined relation is missing."""

    slot: Slot


class ValueColumn(NamedTuple):
    """The values of a column as a DRF field gives them.

    `live` names the serializer's field that is asked for values without a native format; `via` says how (`live.py`).
    Values that are written as they are need no field: equal columns are then one.
    """

    slot: Slot
    format: ValueFormat
    live: LiveName
    via: str = "value"


class InstanceColumn(NamedTuple):
    """The values that a field reads from an instance of the columns it needs. `group` is the place of that instance.

    With `followed` the instance is the related object itself, which the field represents.
    """

    group: int
    live: LiveName
    followed: bool = False


class ManyColumn(NamedTuple):
    """The lists of a relation to many, read by a query of its own."""

    slot: Slot
    owner: type[Model]
    relation: Relation
    path: tuple[str, ...]
    level: "Level"


class InstanceGroup(NamedTuple):
    """The instances of one place in a row: the columns that they have, by their path from there.

    `guarded` says that their methods have `@reads`: another column is refused, not loaded.
    """

    model: type[Model]
    presence: int | None
    columns: tuple[tuple[tuple[Relation, ...], str, int], ...]
    guarded: bool


class Level:
    """One query, and what becomes of its rows. Equal levels read and write the same."""

    def __init__(
        self,
        model: type[Model],
        slots: tuple[Slot, ...],
        columns: "tuple[RawColumn | ValueColumn | InstanceColumn | ManyColumn, ...]",
        groups: tuple[InstanceGroup, ...],
        node: Node,
        attributes: "tuple[tuple[type[Model], str], ...]" = (),
    ) -> None:
        self.model, self.slots, self.columns, self.groups, self.node = model, slots, columns, groups, node
        # Properties and methods of models that fields read.
        self.attributes = attributes
        self._key = model, slots, columns, groups, node
        self._hash = hash(self._key)  # once: it visits each node
        # The readers of the columns and the time zone at the last use, and what `LevelRows` has made of them.
        self.known_readers: tuple[Any, Any, Any] | None = None
        # Arguments of `prefetch_related` that are names alone, and give no QuerySet: `prefetches.py`.
        self.plain_lookups: set[tuple[str, ...]] = set()
        # How its columns are selected, by the columns: `queries.py`.
        self.selections: dict[tuple[Slot, ...], Any] = {}
        # Whether rows are written while they are fetched: no Python code is asked for their values.
        self.is_streamed = all(isinstance(column, RawColumn | ValueColumn) for column in columns)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Level) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def written(self) -> frozenset[int]:
        """The columns whose values are written."""
        return frozenset(columns_of_node(self.node))

    @cached_property
    def asked(self) -> tuple[int, ...]:
        """The columns for which fields are asked, in the order of the fields.

        None of them where a single one gets the values of a column: nobody comes in between.
        """
        asked = [number for number, column in enumerate(self.columns) if _is_asked(column)]
        is_single = len(asked) == 1 and isinstance(self.columns[asked[0]], ValueColumn)
        return () if is_single else tuple(asked)

    @cached_property
    def read_attributes(self) -> dict[type[Model], set[str]]:
        """What is read of each model, in this level and those below: columns, properties and methods."""
        found: dict[type[Model], set[str]] = {self.model: set()}
        for path, attname in self.slots:
            models = [self.model, *(relation.model for relation in path if relation.model is not None)]
            for model in models:
                found.setdefault(model, set())
            found[models[-1]].add(attname)
        for model, name in self.attributes:
            found.setdefault(model, set()).add(name)
        for column in self.columns:
            if isinstance(column, ManyColumn):
                for model, names in column.level.read_attributes.items():
                    found.setdefault(model, set()).update(names)
        return found

    @cached_property
    def has_datetimes(self) -> bool:
        """Whether values of this level, or of one below, depend on the current time zone."""
        return any(
            column.level.has_datetimes if isinstance(column, ManyColumn) else column.format.name == "datetime"
            for column in self.columns
            if isinstance(column, ManyColumn | ValueColumn)
        )

    @cached_property
    def program(self) -> RowProgram:
        """The native program that writes a row."""
        return make_program(self.node)

    @cached_property
    def make_rows(self) -> Callable[..., list[Any]]:
        """The function from the columns to the list of what each row becomes."""
        return build_function(self.node, len(self.columns))


def _is_asked(column: Any) -> bool:
    return isinstance(column, InstanceColumn) or (isinstance(column, ValueColumn) and column.format == PYTHON)


class LevelBuilder:
    """Collects the columns of a level while its fields are recognised."""

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.slots: dict[Slot, None] = {}
        self.columns: dict[Any, int] = {}
        self.groups: dict[tuple[Path, bool], _OpenGroup] = {}
        self.attributes: dict[tuple[type[Model], str], None] = {}

    def slot(self, path: Path, name: str) -> Slot:
        """Return a column of the query, which is selected once."""
        self.slots[path, name] = None
        return path, name

    def add(self, column: Any) -> int:
        """Return the number of a column of values; the same one for an equal column."""
        return self.columns.setdefault(column, len(self.columns))

    def raw(self, path: Path, name: str) -> int:
        """Return the number of a raw column."""
        return self.add(RawColumn(self.slot(path, name)))

    def group(self, path: Path, model: type[Model], presence: int | None, *, guarded: bool) -> "_OpenGroup":
        """Return the group of instances at a place."""
        found = self.groups.get((path, guarded))
        if found is None:
            found = self.groups[path, guarded] = _OpenGroup(len(self.groups), model, presence, guarded)
        return found

    def close(self, node: Node) -> Level:
        """Return the level whose rows become this node."""
        if not self.columns:
            self.raw((), self.model._meta.pk_fields[0].attname)  # an empty object for each row
        groups = tuple(group.close() for group in self.groups.values())
        return Level(self.model, tuple(self.slots), tuple(self.columns), groups, node, tuple(self.attributes))


class _OpenGroup:
    """An `InstanceGroup` that still grows."""

    def __init__(self, number: int, model: type[Model], presence: int | None, guarded: bool) -> None:
        self.number = number
        self.model = model
        self.presence = presence
        self.columns: dict[tuple[Path, str], int] = {}
        self.guarded = guarded

    def close(self) -> InstanceGroup:
        columns = tuple((path, name, number) for (path, name), number in self.columns.items())
        return InstanceGroup(self.model, self.presence, columns, self.guarded)
