"""When two values are the same to a unique column: its database decides, by type, collation and conversion.

For plain columns Python's `==` gives the same result, and a batch is compared in Python. For all others (a collation,
decimals, JSON, fields of the project, expressions) the database is asked, once for all rows. Where the driver is not
stock, it is only asked whether some rows are equal: the answer is that a row comes back, whatever is in it.
"""

import contextlib
import datetime
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple, cast

from django.db import connections
from django.db.models import Model
from django.db.models.expressions import F, Value
from django.db.models.sql import Query

from pyforge_web.querysets.backends import why_not_stock
from pyforge_web.validation.database.bulk_queries import keep_transaction, rows_per_statement
from pyforge_web.validation.database.comparable_columns import TEXT_BY_BYTES, exact_type, integer_range, plain_type

# Rows that one statement compares with each other.
_COMPARED_ROWS = 20_000

ColumnValues = Sequence[Any]


def comparable_values(field: Any, connection: Any, values: ColumnValues, texts: bool = False) -> ColumnValues | None:
    """Return the values as keys that Python compares as the column does; None if one of them is of another type.

    `texts` allows columns with a collation too: what is equal in Python is equal there, but not the other way round.
    """
    expected = plain_type(field) if texts else exact_type(field, connection)
    if expected is None:
        return None
    if odd := set(map(type, values)) - {expected}:
        # A subclass of str, such as SafeString, is sent as its text.
        if expected is not str or not all(issubclass(cls, str) and cls.encode is str.encode for cls in odd):
            return None
        return [str.__str__(value) for value in values]
    if expected is int and values:
        # Django finds no row for an integer out of range, so that it equals nothing, not even itself.
        low, high = integer_range(field, connection)
        if min(values) < low or max(values) > high:
            return None
    return _in_utc(values) if expected is datetime.datetime else values


def _in_utc(values: ColumnValues) -> ColumnValues | None:
    """Return datetimes in UTC. Python compares two of the same zone by their clock time, whatever their offsets are."""
    if all(value.tzinfo is datetime.UTC for value in values):
        return values
    if any(value.tzinfo is None for value in values):
        return None
    try:
        return [value.astimezone(datetime.UTC) for value in values]
    except OverflowError:
        return None


def row_keys(
    model: type[Model], using: str, columns: Sequence[tuple[Any, ColumnValues]], nulls_distinct: bool
) -> Sequence[Hashable | None]:
    """Return a key for each row: equal keys stand for rows that are equal in all columns.

    A row without a key equals no other, because it has NULL. Columns are those of `equality_classes`.
    """
    # A driver of a project may give other numbers of rows than the database, and send other values than Python has.
    if why_not_stock(connections[using], both_ways=True) is not None:
        return _keys_by_questions(_asked_columns(model, using, columns), nulls_distinct)
    keys = zip(*equality_classes(model, using, columns), strict=True)
    return [None if nulls_distinct and None in key else key for key in keys]


def equality_classes(model: type[Model], using: str, columns: Sequence[tuple[Any, ColumnValues]]) -> list[ColumnValues]:
    """Return for each column a key per row: equal keys stand for equal values, None for NULL.

    A column is the name of a field, or an expression over the model, with a value for each row. The database computes
    the expressions. The driver must be stock.
    """
    connection = connections[using]
    known = [_classes_in_python(model, connection, side, values) for side, values in columns]
    asked = [column for column, keys in zip(columns, known, strict=True) if keys is None]
    answers = iter(_classes_in_database(_asked_columns(model, using, asked)) if asked else [])
    return [next(answers) if keys is None else keys for keys in known]


def _classes_in_python(model: type[Model], connection: Any, side: Any, values: ColumnValues) -> ColumnValues | None:
    if not isinstance(side, str):
        return None
    keys = comparable_values(model._meta.get_field(side), connection, [value for value in values if value is not None])
    if keys is None or len(keys) == len(values):
        return keys
    # NULL takes no part: the values that are there were compared, and are put back into their places.
    present = iter(keys)
    return [None if value is None else next(present) for value in values]


class AskedColumns(NamedTuple):
    """The columns of some rows as SQL, each part with its parameters."""

    connection: Any
    table: str
    # The columns themselves, and for each row the values to compare.
    heads: Sequence[tuple[str, Sequence[Any]]]
    rows: Sequence[Sequence[tuple[str, Sequence[Any]]]]

    @property
    def names(self) -> list[str]:
        return [f"v{place}" for place in range(len(self.heads))]

    def slices(self, chosen: Sequence[int]) -> Iterator[list[int]]:
        """Yield parts of these rows, each for one statement, such that any two rows are together in one of them."""
        params_of_row = max(sum(len(params) for _, params in self.rows[row]) for row in chosen)
        size = rows_per_statement(self.connection, params_of_row, _COMPARED_ROWS)
        for places in _overlapping_slices(len(chosen), size):
            yield [chosen[place] for place in places]

    def with_sql(self, chosen: Sequence[int]) -> tuple[str, list[Any]]:
        """Return the WITH clause of `asked`: the chosen rows, numbered by their places in the choice.

        The values are in a UNION below the columns themselves, so that they get the type and collation of the columns.
        """
        rows = [self.rows[row] for row in chosen]
        cells = [", ".join([str(place), *(sql for sql, _ in row)]) for place, row in enumerate(rows)]
        # SQLite limits a compound SELECT to 500 terms, but not the rows of VALUES.
        if self.connection.vendor in TEXT_BY_BYTES:
            body = "VALUES " + ", ".join(f"({cell})" for cell in cells)
        else:
            suffix = self.connection.features.bare_select_suffix
            body = " UNION ALL ".join(f"SELECT {cell}{suffix}" for cell in cells)
        # The head has no rows. It gives the columns of the UNION their types and collations.
        head = f"SELECT -1, {', '.join(sql for sql, _ in self.heads)} FROM {self.table} WHERE 1 = 0"  # noqa: S608 - Django's SQL
        params = [param for _, head_params in self.heads for param in head_params]
        params += [param for row in rows for _, cell_params in row for param in cell_params]
        return f"WITH asked (n, {', '.join(self.names)}) AS ({head} UNION ALL {body})", params


def _asked_columns(model: type[Model], using: str, columns: Sequence[tuple[Any, ColumnValues]]) -> AskedColumns:
    connection = connections[using]
    query = Query(model)
    compiler = query.get_compiler(connection=connection)
    sides = [F(side) if isinstance(side, str) else side for side, _ in columns]
    # Without joins: what must be unique is computed of one row of one table.
    targets = [side.resolve_expression(query, allow_joins=False) for side in sides]
    heads = [compiler.compile(target) for target in targets]
    casts = [_comparison_type(connection, target.output_field) for target in targets]
    cells = [
        [_compile_cell(compiler, connection, target.output_field, value, cast) for value in values]
        for target, cast, (_, values) in zip(targets, casts, columns, strict=True)
    ]
    return AskedColumns(connection, _table_sql(compiler), heads, list(zip(*cells, strict=True)))


def _classes_in_database(asked: AskedColumns) -> list[ColumnValues]:
    """Return the number of the first row with an equal value, per column and row."""
    keys: list[list[Any]] = [[None] * len(asked.rows) for _ in asked.heads]
    firsts = ", ".join(f"CASE WHEN {v} IS NULL THEN NULL ELSE MIN(n) OVER (PARTITION BY {v}) END" for v in asked.names)
    # The number of the first equal row in any slice is the first of all rows: each pair is compared in one slice.
    for rows in asked.slices(range(len(asked.rows))):
        clause, params = asked.with_sql(rows)
        with _open_cursor(asked.connection) as cursor:
            cursor.execute(f"{clause} SELECT n, {firsts} FROM asked", params)  # noqa: S608
            for place, *first_places in cursor.fetchall():
                for column, first in zip(keys, first_places, strict=True):
                    if first is not None:
                        known = column[rows[place]]
                        column[rows[place]] = rows[first] if known is None else min(known, rows[first])
    return cast("list[ColumnValues]", keys)


@contextlib.contextmanager
def _open_cursor(connection: Any) -> Iterator[Any]:
    """Open a cursor for a statement of ours: the values are cast to the types of their columns, and one may not fit."""
    with keep_transaction(connection.alias), connection.cursor() as cursor:
        yield cursor


def _keys_by_questions(asked: AskedColumns, nulls_distinct: bool) -> list[int]:
    """Return for each row the number of the first row that is equal in all columns.

    The question is whether any of some rows are equal. What comes back is not looked at, as in `QuerySet.exists()`.
    """
    no_null = f" WHERE {' AND '.join(f'{v} IS NOT NULL' for v in asked.names)}" if nulls_distinct else ""
    question = f"SELECT 1 AS a FROM asked{no_null} GROUP BY {', '.join(asked.names)} HAVING COUNT(*) > 1"  # noqa: S608

    def have_equals(chosen: Sequence[int]) -> bool:
        return len(chosen) > 1 and any(map(answers_yes, asked.slices(chosen)))

    def answers_yes(chosen: Sequence[int]) -> bool:
        clause, params = asked.with_sql(chosen)
        with _open_cursor(asked.connection) as cursor:
            cursor.execute(f"{clause} {question}", params)
            return bool(cursor.fetchone())

    return _number_equals(len(asked.rows), have_equals)


def _number_equals(count: int, have_equals: Callable[[Sequence[int]], bool]) -> list[int]:
    """Return for each row the first row that equals it. `have_equals` says whether two of some rows are equal."""
    keys = list(range(count))
    # No two of these are equal. Where rows repeat one of them, they are halved until one is left.
    distinct: list[int] = []
    waiting = [keys[:]]
    while waiting:
        part = waiting.pop()
        middle = len(part) // 2
        if not have_equals(distinct + part):
            distinct += part
        elif middle:
            waiting += [part[middle:], part[:middle]]
        else:
            others = distinct
            while len(others) > 1:
                half = others[: len(others) // 2]
                others = half if have_equals(half + part) else others[len(half) :]
            keys[part[0]] = others[0]
    return keys


def _table_sql(compiler: Any) -> str:
    """Return the table under the alias that the resolved columns have."""
    # The compiler's own: a table may have an alias, and quotes of its database.
    sql, _ = compiler.get_from_clause()
    return " ".join(sql)


def _compile_cell(compiler: Any, connection: Any, field: Any, value: Any, cast: str | None) -> tuple[str, list[Any]]:
    if not hasattr(value, "resolve_expression"):
        sql, params = Value(value, field).as_sql(compiler, connection)
    else:
        sql, params = compiler.compile(value.resolve_expression(Query(None)))
    return (f"CAST({sql} AS {cast})" if cast else sql), list(params)


def _comparison_type(connection: Any, field: Any) -> str | None:
    """Return the type to which a bare value is cast, to be compared as the column's values are.

    It has no length, because a cast to `varchar(3)` cuts the text.
    """
    if connection.vendor == "postgresql":
        return re.sub(r"\(.*?\)", "", field.cast_db_type(connection) or "") or None
    return "NUMERIC" if connection.vendor == "sqlite" and field.get_internal_type() == "DecimalField" else None


def _overlapping_slices(count: int, size: int) -> Iterator[list[int]]:
    """Yield lists of at most `size` rows, such that any two rows are together in one of them."""
    if count <= size:
        yield list(range(count))
        return
    # Two halves a statement: each pair of halves is together once, so that no pair of rows is missed.
    half = max(1, size // 2)
    parts = [list(range(start, min(start + half, count))) for start in range(0, count, half)]
    for one, other in combinations(parts, 2):
        yield one + other
