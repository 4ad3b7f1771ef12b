"""Unique sets of a batch: one query for each, and the rows that repeat an earlier row of the batch itself.

A row holds its values as soon as they are valid themselves, whatever else is wrong with the row: as Django checks the
unique fields of a row whose other fields have failed. So all duplicates are told of at once.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple, cast

from django.db import connections
from django.db.models import Model
from django.db.models.expressions import F

from pyforge_web.bulk.batch import Batch
from pyforge_web.bulk.equality import Column, classes, comparable
from pyforge_web.validation.database.bulk_queries import Asked, Rows, matching, stored
from pyforge_web.validation.database.comparable_columns import plain_type

IN_LIST = "compared in Python, whose equality is that of the columns"
BY_COLLATION = "texts that the database compares: one list of values, and its own comparison of the rows"
BY_LOOKUPS = "equality is the database's: Django's lookups of many rows joined by OR"


class UniqueSet(NamedTuple):
    """What no two rows of a model may share."""

    model: type[Model]
    queryset: Rows
    # Fields whose values are compared; none where only `ask` knows.
    fields: tuple[Any, ...]
    # Django's own check of a row, as what it would look for.
    ask: Callable[[int], Asked | None]
    # Whether an edited row keeps its values: those of a primary key.
    kept: bool = False
    nulls_distinct: bool = True


class Part(NamedTuple):
    """The rows that take part, each with its key, and the own primary keys of those that are edited."""

    rows: Sequence[int]
    keys: Sequence[Hashable]
    own: dict[int, Any]

    def repeated(self) -> list[list[int]]:
        """The rows of each key that several rows have."""
        if len(set(self.keys)) == len(self.keys):
            return []
        groups: defaultdict[Hashable, list[int]] = defaultdict(list)
        for row, key in zip(self.rows, self.keys, strict=True):
            groups[key].append(row)
        return [rows for rows in groups.values() if len(rows) > 1]

    def are_two(self, row: int, other: int) -> bool:
        """Whether two rows of the batch are two rows of the table, and not one that is edited twice."""
        return row not in self.own or other not in self.own or bool(self.own[row] != self.own[other])

    def repeats(self, stored: Collection[int]) -> set[int]:
        """The rows whose key an earlier row has.

        What is `stored` already does not count as such: it could not be saved, and the row that owns the value may be
        in the batch too.
        """
        return {
            row
            for rows in self.repeated()
            for place, row in enumerate(rows)
            if any(self.are_two(row, earlier) for earlier in rows[:place] if earlier not in stored)
        }


class Sharing(NamedTuple):
    """The rows whose values a row of the table has, and all that take part."""

    stored: set[int]
    part: Part
    reason: str


def find(batch: Batch, unique: UniqueSet, without: Collection[int], stored_too: bool = True) -> Sharing:
    """The rows of a batch that take part in a unique set; `without` leaves rows out.

    `stored_too` asks which of them share their values with a row of the table.
    """
    if (part := _in_python(batch, unique, without)) is not None:
        return Sharing(_stored(unique, part) or set() if stored_too else set(), part, IN_LIST)
    if (part := _in_python(batch, unique, without, texts=True)) is not None:
        hits = _stored(unique, part) if stored_too else None
        if hits is not None:
            hits = hits.union(matching(unique.queryset, _other_texts(unique, part, hits)))
        return Sharing(hits or set(), _classed(unique, part), BY_COLLATION)
    rows = (row for row in range(len(batch.rows)) if row not in without)
    asked = [each for row in rows if (each := unique.ask(row)) is not None]
    hits = set(matching(unique.queryset, asked)) if stored_too else set()
    return Sharing(hits, keyed(batch, unique, asked), BY_LOOKUPS)


def default_queryset(model: Any, using: str | None) -> Rows:
    """The rows that Django compares with: those of the default manager."""
    manager = model._default_manager
    return cast(Rows, manager.all() if using is None else manager.using(using))


def own_keys(batch: Batch, model: type[Model]) -> dict[int, Any]:
    """The primary keys of the edited rows, which are not compared with themselves."""
    rows: dict[int, Any] = {row: batch.rows[row] for row in batch.edited}
    return {row: each._get_pk_val(model._meta) for row, each in rows.items() if each._is_pk_set(model._meta)}


def keyed(batch: Batch, unique: UniqueSet, asked: Iterable[Asked]) -> Part:
    """What was asked, as keys that are equal where the database says so."""
    own = own_keys(batch, unique.model)
    known = [each for each in asked if not any(_needs_a_row(value) for _, value in each.sides)]
    if not known:
        return Part([], [], own)
    columns = [(side, [each.sides[place][1] for each in known]) for place, (side, _) in enumerate(known[0].sides)]
    keys = zip(*classes(unique.model, unique.queryset.db, columns), strict=True)
    found = [
        (each.row, key) for each, key in zip(known, keys, strict=True) if not (unique.nulls_distinct and None in key)
    ]
    return Part([row for row, _ in found], [key for _, key in found], own)


def _needs_a_row(value: Any) -> bool:
    """Whether an expression is computed from the row that it is saved to, as `F("number") + 1`."""
    if not hasattr(value, "resolve_expression"):
        return False
    return any(isinstance(part, F) for part in (value.flatten() if hasattr(value, "flatten") else [value]))


def _in_python(batch: Batch, unique: UniqueSet, without: Collection[int], texts: bool = False) -> Part | None:
    """The rows and their keys; None where the equality of Python is not known to be that of the columns.

    `texts`: none the less for texts, whose equality in Python is a part of it.
    """
    if (
        not unique.fields
        or unique.queryset.query.distinct_fields
        or any(plain_type(each) is None for each in unique.fields)
    ):
        return None
    columns: list[Column] = [list(map(attrgetter(field.attname), batch.rows)) for field in unique.fields]
    dropped = {*without, *(batch.edited if unique.kept else ())}
    for column in columns:
        if NoneType in map(type, column):
            if not unique.nulls_distinct:
                return None
            dropped.update(row for row, value in enumerate(column) if value is None)
    rows: Sequence[int] = range(len(batch.rows))
    if dropped:
        rows = [row for row in rows if row not in dropped]
        columns = [[column[row] for row in rows] for column in columns]
    keys = _keys(unique, unique.fields, columns, texts)
    if keys is None:
        return None
    own = own_keys(batch, unique.model)
    own_values = _keys(unique, [unique.model._meta.pk], [list(own.values())]) if own else []
    return None if own_values is None else Part(rows, keys, dict(zip(own, own_values, strict=True)))


def _keys(
    unique: UniqueSet, fields: Sequence[Any], columns: Sequence[Column], texts: bool = False
) -> Sequence[Any] | None:
    """A key for each row: the value, or a tuple of several."""
    connection = connections[unique.queryset.db]
    found = [comparable(field, connection, column, texts) for field, column in zip(fields, columns, strict=True)]
    if any(column is None for column in found):
        return None
    columns = cast("list[Column]", found)
    return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))


def _stored(unique: UniqueSet, part: Part) -> set[int] | None:
    """The rows whose key another row of the table has; None if the table has nothing equal to any of them."""
    fields = unique.fields
    keys = list(dict.fromkeys(part.keys))
    primary = [unique.model._meta.pk] if part.own else []
    found = list(stored(unique.queryset, fields, keys, *primary)) if keys else []
    if not found:
        return None
    width = len(fields)
    columns = [found] if width == 1 and not primary else list(zip(*found, strict=True))
    # What the table gives back is of the columns' types, as `part` is: there are keys.
    found_keys = cast("Sequence[Any]", _keys(unique, fields, columns[:width], texts=True))
    holders = cast("Sequence[Any]", _keys(unique, primary, columns[width:])) if primary else [None] * len(found)
    held: defaultdict[Hashable, set[Any]] = defaultdict(set)
    for key, holder in zip(found_keys, holders, strict=True):
        held[key].add(holder)
    rows = zip(part.rows, part.keys, strict=True)
    return {row for row, key in rows if key in held and (row not in part.own or held[key] - {part.own[row]})}


def _other_texts(unique: UniqueSet, part: Part, hits: Collection[int]) -> list[Asked]:
    """The rows whose texts the table may have in another spelling: those without a hit, if it has any for them."""
    rest = {row: key for row, key in zip(part.rows, part.keys, strict=True) if row not in hits}
    if not rest or not any(True for _ in stored(unique.queryset, unique.fields, list(dict.fromkeys(rest.values())))):
        return []
    return [each for row in rest if (each := unique.ask(row)) is not None]


def _classed(unique: UniqueSet, part: Part) -> Part:
    """The same rows with keys that are equal where the database says so."""
    if not part.rows:
        return part
    columns = [part.keys] if len(unique.fields) == 1 else list(zip(*cast("Sequence[Any]", part.keys), strict=True))
    sides = [(field.name, column) for field, column in zip(unique.fields, columns, strict=True)]
    return part._replace(keys=list(zip(*classes(unique.model, unique.queryset.db, sides), strict=True)))
