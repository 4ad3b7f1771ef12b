"""The rows of one query and of its relations, and what they become: DRF's dicts, or JSON."""

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any, NamedTuple, cast

from rest_framework.relations import Hyperlink

from pyforge_web._native import RelatedTexts, RowTexts, columns_of, dumps, is_plain_json
from pyforge_web.fields import kind_of
from pyforge_web.output.model_names import find_column
from pyforge_web.querysets import backends
from pyforge_web.querysets.relations.prefetch import RelationKey
from pyforge_web.rest_framework.fetched_query import FetchedQuery
from pyforge_web.rest_framework.instances import AskedField, make_instances, refuse_of, value_function, values_of_fields
from pyforge_web.rest_framework.live import LiveFields
from pyforge_web.rest_framework.nodes import ObjectNode, SkippedKey, errors_by_drf, make_program
from pyforge_web.rest_framework.plan import (
    InstanceColumn,
    InstanceGroup,
    Level,
    ManyColumn,
    RawColumn,
    Slot,
    ValueColumn,
)
from pyforge_web.rest_framework.values import (
    NativeReader,
    ReadColumn,
    convert_each,
    make_column,
    native_reader,
    timezone_for,
)

ValueColumns = list[Sequence[Any]]
NativeColumn = tuple[NativeReader, Any]
_ANY_VALUE: NativeReader = ("value", "naive", 0, 0)
_WRITTEN: NativeReader = ("written", "naive", 0, 0)  # JSON already
_NO_ROWS = make_program(ObjectNode(()))


class StreamedError(Exception):
    """Rows that were fetched while they were written have values of another form: their query is run again."""


class ParentRows(NamedTuple):
    """The rows of a relation to many, and for each parent the key by which they name it."""

    rows: "LevelRows | None"
    parents: list[Any]

    def lists(self) -> list[list[Any]]:
        """Return the list of related objects of each parent."""
        if self.rows is None:
            return [[] for _ in self.parents]
        groups: dict[Any, list[Any]] = {}
        for name, item in zip(self.rows.names, self.rows.objects(), strict=True):
            groups.setdefault(name, []).append(item)
        used: set[Any] = set()
        lists: list[list[Any]] = []
        for parent in self.parents:
            items = groups.get(parent, [])
            if not items:
                items = []
            elif parent in used:  # DRF makes new objects for each parent
                items = deepcopy(items)
            used.add(parent)
            lists.append(items)
        return lists

    def texts(self) -> RelatedTexts | None:
        """Return the JSON of the related objects of each parent; None where it is not certain."""
        if self.rows is None:
            return _no_texts().group([], self.parents)
        texts = self.rows.texts()
        return None if texts is None else texts.group(self.rows.names, self.parents)


class LevelRows:
    """The rows of one query: fetched when they are needed, all at once or part by part while they are written."""

    def __init__(self, level: Level, statement: FetchedQuery, live: LiveFields, zone: Any, using: str) -> None:
        self.level, self.statement, self.live, self.zone, self.using = level, statement, live, zone, using
        self.indexes = statement.indexes
        self.names: list[Any] = []
        self.related: dict[int, ParentRows] = {}
        self._values: dict[int, Sequence[Any]] = {}
        self._exact: set[int] = set()

    @cached_property
    def raw(self) -> list[tuple[Any, ...]]:
        """The driver's values as columns."""
        return columns_of(self.statement.rows, len(self.statement.readers))

    def name_parents(self, index: int, found: RelationKey) -> None:
        """Keep the values by which these rows name their parents, as Django compares them."""
        column: Sequence[Any] = self.raw[index]
        if self.statement.readers[index] != backends.VALUE:
            value_of = self.statement.convert if found.converted else self.statement.driver_value
            column = [value_of(index, value) for value in column]
        self.names = list(column) if found.compared is None else [found.compared(value) for value in column]

    def keys(self, slot: Slot) -> list[Any]:
        """Return a column of keys as Django has them."""
        index = self.indexes[slot]
        raw = self.raw[index]
        if self.statement.readers[index] == backends.VALUE:
            return list(raw)
        known = {value: None if value is None else self.statement.convert(index, value) for value in set(raw)}
        return [known[value] for value in raw]

    def objects(self) -> list[Any]:
        """Return DRF's dict for each row. They are made once: fields are not asked twice."""
        self._ask_fields()
        columns: ValueColumns = []
        for number, column in enumerate(self.level.columns):
            if isinstance(column, ManyColumn):
                columns.append(self.related[number].lists())
            else:
                columns.append(self.values(number))
        return self.level.make_rows(*columns)

    def texts(self) -> RowTexts | None:
        """Return the JSON of each row; None where the values are for Python's encoder, or DRF raises."""
        return cast("RowTexts | None", self._write(whole=False))

    def array(self) -> bytes | None:
        """Return the rows as a JSON array; None where `texts()` returns it."""
        return cast("bytes | None", self._write(whole=True))

    def _write(self, *, whole: bool) -> Any:
        readers, timezone, is_certain = self._native_readers()
        if whole and is_certain and self.level.is_streamed and not self.statement.is_fetched:
            return self._write_parts(cast("list[NativeReader]", readers), timezone)
        self._ask_fields()
        columns: list[NativeColumn] = []
        for number, reader in enumerate(readers):
            native = self._native(number, reader)
            if native is None:
                return None
            columns.append(native)
        program, rows, encoded = self.level.program, self.statement.rows, set()
        while isinstance(texts := program.write(columns, rows, SkippedKey, whole, timezone), int):
            native = None if texts in encoded else self._encoded(self.values(texts))
            if native is None:
                return None
            encoded.add(texts)
            columns[texts] = native
        return texts

    def _write_parts(self, readers: list[NativeReader], timezone: Any) -> bytes:
        """Write the rows while they are fetched."""
        slots = [cast(ValueColumn, column).slot for column in self.level.columns]
        columns = [(reader, self.indexes[slot]) for reader, slot in zip(readers, slots, strict=True)]
        write = self.level.program.write
        body = self.statement.fetch_parts(lambda fetch: write(columns, fetch, SkippedKey, True, timezone))
        if type(body) is not bytes:
            self.level.is_streamed = False  # values of another form: all rows are fetched before they are written
            raise StreamedError
        return body

    def _native_readers(self) -> tuple[list[NativeReader | None], Any, bool]:
        """How native code reads the driver's values of each column, and the zone that it converts datetimes to.

        And whether their forms are those of the columns' kinds, so that rows can be written while they are fetched.
        """
        known = self.level.known_readers
        if known is not None and known[0] == self.statement.readers and known[1] is self.zone:
            return cast("tuple[list[NativeReader | None], Any, bool]", known[2])
        readers = [self._native_reader(number) for number in range(len(self.level.columns))]
        is_certain = None not in readers and all(map(self._is_of_kind, self.level.columns, readers))
        found = readers, timezone_for(readers, self.zone), is_certain
        self.level.known_readers = self.statement.readers, self.zone, found
        return found

    def _is_of_kind(self, column: Any, reader: NativeReader | None) -> bool:
        """Whether a column has the values that its reader writes: a `CharField` may show a number, for example.

        Values that are read by their type have to be texts and numbers: PostgreSQL gives decimals, for example.
        """
        kinds = None if reader is None else _COLUMN_KINDS.get(reader[0])
        if kinds is None or isinstance(column, RawColumn):
            return True
        path, name = column.slot
        field = find_column(path[-1].model if path else self.level.model, name)
        # Of what a query adds, only the values tell: a `CharField` may show a count.
        return field is not None and kind_of(field) in kinds

    def _native_reader(self, number: int) -> NativeReader | None:
        """How native code reads the driver's values of a column; None where values are made first."""
        column = self.level.columns[number]
        if isinstance(column, RawColumn) or (isinstance(column, ValueColumn) and number not in self.level.written):
            return _ANY_VALUE
        if not isinstance(column, ValueColumn):
            return None
        return native_reader(ReadColumn(column.format, self.statement.readers[self.indexes[column.slot]], self.zone))

    def _native(self, number: int, reader: NativeReader | None) -> NativeColumn | None:
        """A column for the native program: the driver's values where it reads them, or values as JSON."""
        column = self.level.columns[number]
        if isinstance(column, ManyColumn):
            related = self.related[number].texts()
            return None if related is None else (_ANY_VALUE, related)
        if reader is not None and isinstance(column, RawColumn | ValueColumn):
            return reader, self.indexes[column.slot]
        values = self.values(number)
        # Those that have a format of their own are texts and numbers: values.py has looked at their types.
        return (_ANY_VALUE, values) if number in self._exact else self._encoded(values)

    def _encoded(self, values: Sequence[Any]) -> NativeColumn | None:
        """Values as they are where they are scalars, as JSON where they are lists and dicts; None for other types."""
        if _SCALARS.issuperset(map(type, values)):
            return _ANY_VALUE, values
        if _TEXTS.issuperset(map(type, values)):
            return _ANY_VALUE, [str(value) if type(value) is Hyperlink else value for value in values]
        if not is_plain_json([None if value is SkippedKey else value for value in values]):
            return None
        try:
            texts = [SkippedKey if value is SkippedKey else dumps(value) for value in values]
        except (TypeError, ValueError, RecursionError):
            return None
        return _WRITTEN, texts

    def values(self, number: int) -> Sequence[Any]:
        """Return the values of a column as the field gives them."""
        made = self._values.get(number)
        if made is None:
            column = self.level.columns[number]
            if isinstance(column, RawColumn):
                made = self.raw[self.indexes[column.slot]]
            else:
                made = self._make(number, cast(ValueColumn, column))
            self._values[number] = made
        return made

    def _make(self, number: int, column: ValueColumn) -> Sequence[Any]:
        index = self.indexes[column.slot]
        raw, reader = self.raw[index], self.statement.readers[index]
        name = column.format.name
        made = make_column(raw, ReadColumn(column.format, reader, self.zone))
        if made is not None:
            if name != "same":
                self._exact.add(number)
            return cast("Sequence[Any]", made)
        with errors_by_drf():
            values = self.statement.python_values(index, self.statement.rows)
            return values if name == "same" else convert_each(values, self.live.represent(column))

    def _ask_fields(self) -> None:
        """Make the columns for which fields are asked, by the values of other columns or by instances of them."""
        numbers = self.level.asked
        if not numbers or numbers[0] in self._values:
            return
        instances: dict[int, list[Any]] = {}
        asked: list[AskedField] = []
        for number in numbers:
            column = self.level.columns[number]
            if isinstance(column, InstanceColumn):
                group, field = self.level.groups[column.group], self.live.field(column.live)
                if column.group not in instances:
                    instances[column.group] = self._instances(group)
                function = value_function(field, column.followed)
                refuse = refuse_of(field, group.guarded)
                asked.append(AskedField(instances[column.group], function, refuse, field))
            else:
                index = self.indexes[cast(ValueColumn, column).slot]
                with errors_by_drf():
                    values = self.statement.python_values(index, self.statement.rows)
                    asked.append(AskedField(values, self.live.represent(cast(ValueColumn, column))))
        with errors_by_drf():
            made = values_of_fields(asked, len(self.statement.rows))
        self._values.update(zip(numbers, made, strict=True))

    def _instances(self, group: InstanceGroup) -> list[Any]:
        needed = {number for _, _, number in group.columns}
        if group.presence is not None:
            needed.add(group.presence)
        return make_instances(group, {number: self.values(number) for number in needed}, self.using)


# The kinds of columns whose values a native reader writes, where the driver gives them as they are.
_COLUMN_KINDS = {
    "boolean": ("boolean",),
    "float": ("float",),
    "integer": ("integer",),
    "text": ("ip", "text"),
    "value": ("boolean", "float", "integer", "text"),
}
_SCALARS = frozenset({str, int, float, bool, type(None)})
_TEXTS = frozenset({str, Hyperlink, type(None)})


def _no_texts() -> RowTexts:
    """The JSON of no rows."""
    return cast(RowTexts, _NO_ROWS.write([], [], SkippedKey, False))
