"""Unique sets of a batch: one query for each set, and the rows that repeat an earlier row of the batch.

A row holds its values as soon as they are valid themselves, whatever else is wrong with the row: Django also checks the
unique fields of a row whose other fields have failed. So all duplicates are reported at once.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple, cast

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Model, Q
from django.db.models.expressions import F

from pyforge_web.bulk.batch import VALUE_ERRORS, InstanceBatch
from pyforge_web.bulk.equality import ColumnValues, comparable_values, equality_classes, row_keys
from pyforge_web.validation.database.bulk_queries import (
    ModelQuerySet,
    RowLookup,
    find_matching_rows,
    find_stored,
    keep_transaction,
)
from pyforge_web.validation.database.comparable_columns import plain_type
from pyforge_web.validation.database.stock_drivers import not_stock_reason

BY_VALUES = "compared in Python, whose equality is that of the columns"
BY_COLLATION = "texts that the database compares: one list of values, and its own comparison of the rows"
BY_LOOKUPS = "equality is the database's: Django's lookups of many rows joined by OR"


class UniqueSet(NamedTuple):
    """The values that no two rows of a model may share."""

    model: type[Model]
    queryset: ModelQuerySet
    # The fields whose values are compared; none if only `lookup_of` knows.
    fields: tuple[Any, ...]
    # Django's own check of a row, as what it looks up.
    lookup_of: Callable[[int], RowLookup | None]
    # Whether an edited row keeps its values, as it keeps its primary key.
    kept: bool = False
    nulls_distinct: bool = True


class ComparedRows(NamedTuple):
    """The rows that take part, each with its key, and the primary keys of those that are edited."""

    rows: Sequence[int]
    keys: Sequence[Hashable]
    own: dict[int, Any]

    def repeated(self) -> list[list[int]]:
        """Return the rows of each key that several rows have."""
        if len(set(self.keys)) == len(self.keys):
            return []
        groups: defaultdict[Hashable, list[int]] = defaultdict(list)
        for row, key in zip(self.rows, self.keys, strict=True):
            groups[key].append(row)
        return [rows for rows in groups.values() if len(rows) > 1]

    def are_two(self, row: int, other: int) -> bool:
        """Return whether two rows of the batch are two rows of the table, and not one that is edited twice."""
        return row not in self.own or other not in self.own or bool(self.own[row] != self.own[other])

    def find_repeats(self, stored: Collection[int]) -> set[int]:
        """Return the rows whose key an earlier row has.

        An earlier row that is in `stored` does not count: it could not be saved, and the row that owns the value may be
        in the batch too.
        """
        return {
            row
            for rows in self.repeated()
            for place, row in enumerate(rows)
            if any(self.are_two(row, earlier) for earlier in rows[:place] if earlier not in stored)
        }


class DuplicateSearch(NamedTuple):
    """The rows that share their values with a stored row, and all rows that take part.

    `failing` are rows whose values the database cannot be asked for: Django checks them one by one.
    """

    stored: set[int]
    compared: ComparedRows
    reason: str
    failing: frozenset[int] = frozenset()


def search_duplicates(
    batch: InstanceBatch, unique: UniqueSet, without: Collection[int], stored_too: bool = True
) -> DuplicateSearch:
    """Return the rows of a batch that share the values of a unique set; `without` leaves rows out.

    `stored_too` asks which of them share their values with a row of the table.
    """
    without = {*without, *batch.ended}

    def may_refuse() -> bool:
        return not unique.fields or None in map(plain_type, unique.fields)

    try:
        with keep_transaction(unique.queryset.db, may_refuse):
            return _search_duplicates(batch, unique, without, stored_too)
    except (ValidationError, *VALUE_ERRORS):
        # A value that its column cannot hold, for example "" of a date that may be blank.
        failing = _find_failing_rows(batch, unique, without)
        if not failing:
            raise
    return _search_duplicates(batch, unique, without | failing, stored_too)._replace(failing=frozenset(failing))


def _search_duplicates(batch: InstanceBatch, unique: UniqueSet, without: set[int], stored_too: bool) -> DuplicateSearch:
    compared, by_text = _compare_in_python(batch, unique, without), False
    if compared is None:
        compared, by_text = _compare_in_python(batch, unique, without, texts=True), True
    if compared is not None and not compared.rows:
        return DuplicateSearch(set(), compared, BY_VALUES)  # the database is not asked, nor connected to
    not_stock = "" if compared is None else not_stock_reason(unique.queryset)
    if compared is not None and not not_stock:
        hits = _find_stored_rows(unique, compared) if stored_too else None
        if not by_text:
            return DuplicateSearch(hits or set(), compared, BY_VALUES)
        # Some text is stored already. The database may hold others equal that Python does not: "a" and "A" in a
        # collation without case.
        if hits is not None:
            hits = hits.union(find_matching_rows(unique.queryset, _other_texts(unique, compared, hits)))
        return DuplicateSearch(hits or set(), _classify_texts(unique, compared), BY_COLLATION)
    rows = (row for row in range(len(batch.rows)) if row not in without)
    # The last way, which is always right: Django's own lookups of the rows, joined by OR.
    lookups = [lookup for row in rows if (lookup := unique.lookup_of(row)) is not None]
    hits = set(find_matching_rows(unique.queryset, lookups)) if stored_too else set()
    reason = f"{not_stock}: {BY_LOOKUPS}" if not_stock else BY_LOOKUPS
    return DuplicateSearch(hits, compare_lookups(batch, unique, lookups), reason)


def _find_failing_rows(batch: InstanceBatch, unique: UniqueSet, without: set[int]) -> set[int]:
    """Return the rows that raise when they are looked up, found by halves."""
    failing: set[int] = set()
    lookups: list[RowLookup] = []
    for row in range(len(batch.rows)):
        if row in without:
            continue
        try:
            if (lookup := unique.lookup_of(row)) is not None:
                lookups.append(lookup)
        except (ValidationError, *VALUE_ERRORS):
            failing.add(row)
    waiting = [lookups] if lookups else []
    while waiting:
        part = waiting.pop()
        try:
            with keep_transaction(unique.queryset.db):
                unique.queryset.filter(Q(*(lookup.lookup for lookup in part), _connector=Q.OR)).exists()
                # The comparison of the rows with each other sends the values in another statement.
                compare_lookups(batch, unique, part)
        except (ValidationError, *VALUE_ERRORS):
            if len(part) == 1:
                failing.add(part[0].row)
            else:
                # By halves: a batch with one bad row costs some twenty statements, and not one for each row.
                middle = len(part) // 2
                waiting += [part[:middle], part[middle:]]
    return failing


def default_queryset(model: Any, using: str | None) -> ModelQuerySet:
    """Return the rows that Django compares with: those of the default manager."""
    # Django's own choice: `Model._perform_unique_checks` and `UniqueConstraint.validate` ask the default manager.
    manager = model._default_manager
    # Not by `all()`: a manager of the project may hide rows there that `filter()` finds.
    return cast(ModelQuerySet, manager.get_queryset() if using is None else manager.using(using))


def compare_lookups(batch: InstanceBatch, unique: UniqueSet, lookups: Iterable[RowLookup]) -> ComparedRows:
    """Return the rows of lookups with keys that are equal where the database says so."""
    own = _own_primary_keys(batch, unique.model)
    # All lookups of a check have the same sides, in the same order: they come from the same code of Django's.
    known = [lookup for lookup in lookups if not any(_needs_stored_row(value) for _, value in lookup.sides)]
    if not known:
        return ComparedRows([], [], own)
    columns = [(side, [lookup.sides[place][1] for lookup in known]) for place, (side, _) in enumerate(known[0].sides)]
    keys = row_keys(unique.model, unique.queryset.db, columns, unique.nulls_distinct)
    pairs = [(lookup.row, key) for lookup, key in zip(known, keys, strict=True) if key is not None]
    return ComparedRows([row for row, _ in pairs], [key for _, key in pairs], own)


def _own_primary_keys(batch: InstanceBatch, model: type[Model]) -> dict[int, Any]:
    """Return the primary keys of the edited rows, which are not compared with themselves."""
    # By the model that has the unique field: with inheritance its key is another than the row's own (Django's ticket
    # #17615).
    rows: dict[int, Any] = {row: batch.rows[row] for row in batch.edited}
    return {row: one._get_pk_val(model._meta) for row, one in rows.items() if one._is_pk_set(model._meta)}


def _needs_stored_row(value: Any) -> bool:
    """Return whether an expression is computed from the row that it is saved to, as `F("number") + 1`."""
    if not hasattr(value, "resolve_expression"):
        return False
    return any(isinstance(part, F) for part in (value.flatten() if hasattr(value, "flatten") else [value]))


def _compare_in_python(
    batch: InstanceBatch, unique: UniqueSet, without: Collection[int], texts: bool = False
) -> ComparedRows | None:
    """Return the rows and their keys; None where equality in Python is not known to be that of the columns.

    `texts`: also for texts with a collation, of which equality in Python finds only a part.
    """
    if (
        not unique.fields
        or unique.queryset.query.distinct_fields  # DISTINCT ON hides rows that `exists()` would find
        or any(plain_type(field) is None for field in unique.fields)
    ):
        return None
    columns: list[ColumnValues] = [list(map(attrgetter(field.attname), batch.rows)) for field in unique.fields]
    # An edited row keeps its primary key: Django would find the row itself, and excludes it.
    dropped = {*without, *(batch.edited if unique.kept else ())}
    for column in columns:
        if NoneType in map(type, column):
            # With `nulls_distinct=False` NULL equals NULL, and Python's keys do not know it.
            if not unique.nulls_distinct:
                return None
            dropped.update(row for row, value in enumerate(column) if value is None)
    rows: Sequence[int] = range(len(batch.rows))
    if dropped:
        rows = [row for row in rows if row not in dropped]
        if not rows:
            return ComparedRows([], [], {})
        columns = [[column[row] for row in rows] for column in columns]
    keys = _comparable_keys(unique, unique.fields, columns, texts)
    if keys is None:
        return None
    own = _own_primary_keys(batch, unique.model)
    own_values = _comparable_keys(unique, [unique.model._meta.pk], [list(own.values())]) if own else []
    return None if own_values is None else ComparedRows(rows, keys, dict(zip(own, own_values, strict=True)))


def _comparable_keys(
    unique: UniqueSet, fields: Sequence[Any], columns: Sequence[ColumnValues], texts: bool = False
) -> Sequence[Any] | None:
    """Return a key for each row: its value, or a tuple of several."""
    connection = connections[unique.queryset.db]
    compared = [
        comparable_values(field, connection, column, texts) for field, column in zip(fields, columns, strict=True)
    ]
    if any(column is None for column in compared):
        return None
    known = cast("list[ColumnValues]", compared)
    return known[0] if len(known) == 1 else list(zip(*known, strict=True))


def _find_stored_rows(unique: UniqueSet, compared: ComparedRows) -> set[int] | None:
    """Return the rows whose key another row of the table has; None if the table has no row with any of the keys."""
    fields = unique.fields
    # Each key once, in the order of the rows: the statement is the same for the same batch.
    keys = list(dict.fromkeys(compared.keys))
    primary = [unique.model._meta.pk] if compared.own else []
    stored = list(find_stored(unique.queryset, fields, keys, *primary)) if keys else []
    if not stored:
        return None
    width = len(fields)
    columns = [stored] if width == 1 and not primary else list(zip(*stored, strict=True))
    # What the table gives back has the types of the columns, as the keys of the batch have.
    stored_keys = cast("Sequence[Any]", _comparable_keys(unique, fields, columns[:width], texts=True))
    owners = (
        cast("Sequence[Any]", _comparable_keys(unique, primary, columns[width:])) if primary else [None] * len(stored)
    )
    owners_of_key: defaultdict[Hashable, set[Any]] = defaultdict(set)
    for key, owner in zip(stored_keys, owners, strict=True):
        owners_of_key[key].add(owner)
    return {
        row
        for row, key in zip(compared.rows, compared.keys, strict=True)
        if key in owners_of_key and (row not in compared.own or owners_of_key[key] - {compared.own[row]})
    }


def _other_texts(unique: UniqueSet, compared: ComparedRows, hits: Collection[int]) -> list[RowLookup]:
    """Return the lookups of rows whose texts the table may have in another form, such as another case.

    They are the rows without a hit, and there are none if the table has nothing equal to any of them.
    """
    rest = {row: key for row, key in zip(compared.rows, compared.keys, strict=True) if row not in hits}
    if not rest or not any(
        True for _ in find_stored(unique.queryset, unique.fields, list(dict.fromkeys(rest.values())))
    ):
        return []
    return [lookup for row in rest if (lookup := unique.lookup_of(row)) is not None]


def _classify_texts(unique: UniqueSet, compared: ComparedRows) -> ComparedRows:
    """Return the same rows with keys that are equal where the database says so."""
    if not compared.rows:
        return compared
    width = len(unique.fields)
    columns = [compared.keys] if width == 1 else list(zip(*cast("Sequence[Any]", compared.keys), strict=True))
    sides = [(field.name, column) for field, column in zip(unique.fields, columns, strict=True)]
    keys = equality_classes(unique.model, unique.queryset.db, sides)
    return compared._replace(keys=list(zip(*keys, strict=True)))
