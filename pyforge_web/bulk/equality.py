"""When are two values the same? For a unique column its database decides, by type, collation and conversion.

For the plain kinds of column Python's `==` says the same, and a batch compares in Python. For all others (a collation
of their own, decimals, JSON, fields of projects, expressions) the database is asked, once for all rows.
"""

import datetime
import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, cast

from django.db import connections
from django.db.models import Model
from django.db.models.expressions import F, Value
from django.db.models.sql import Query

from pyforge_web.validation.database.bulk_queries import room
from pyforge_web.validation.database.comparable_columns import TEXT_BY_BYTES, exact_type, integer_range, plain_type

# Rows that one statement compares with each other.
_COMPARED = 20_000

Column = Sequence[Any]


def comparable(field: Any, connection: Any, values: Column, texts: bool = False) -> Column | None:
    """The values as keys that Python compares as the column does; None where one of them is of another sort.

    `texts` takes those of a collation too: what is equal in Python is equal there, but not the other way round.
    """
    expected = plain_type(field) if texts else exact_type(field, connection)
    if expected is None:
        return None
    if odd := set(map(type, values)) - {expected}:
        if expected is not str or not all(issubclass(each, str) and each.encode is str.encode for each in odd):
            return None
        return [str.__str__(value) for value in values]
    if expected is int and values:
        low, high = integer_range(field, connection)
        if min(values) < low or max(values) > high:
            return None
    return _instants(values) if expected is datetime.datetime else values


def _instants(values: Column) -> Column | None:
    """Datetimes of one time zone: those of a zone with changing offsets are compared without them in Python."""
    if all(value.tzinfo is datetime.UTC for value in values):
        return values
    if any(value.tzinfo is None for value in values):
        return None
    try:
        return [value.astimezone(datetime.UTC) for value in values]
    except OverflowError:
        return None


def classes(model: type[Model], using: str, columns: Sequence[tuple[Any, Column]]) -> list[Column]:
    """For each column a key per row: equal keys are equal values, None is NULL.

    A column is the name of a field, or an expression over the model, with a value for each row; expressions are
    computed by the database.
    """
    connection = connections[using]
    found = [_in_python(model, connection, side, values) for side, values in columns]
    asked = [column for column, keys in zip(columns, found, strict=True) if keys is None]
    answers = iter(_in_database(model, connection, asked) if asked else [])
    return [next(answers) if keys is None else keys for keys in found]


def _in_python(model: type[Model], connection: Any, side: Any, values: Column) -> Column | None:
    if not isinstance(side, str):
        return None
    keys = comparable(model._meta.get_field(side), connection, [value for value in values if value is not None])
    if keys is None or len(keys) == len(values):
        return keys
    present = iter(keys)
    return [None if value is None else next(present) for value in values]


def _in_database(model: type[Model], connection: Any, columns: Sequence[tuple[Any, Column]]) -> list[Column]:
    """The number of the first row with an equal value, per column and row.

    The values stand under the columns themselves in a UNION, and so have their type and collation.
    """
    query = Query(model)
    compiler = query.get_compiler(connection=connection)
    sides = [F(side) if isinstance(side, str) else side for side, _ in columns]
    targets = [side.resolve_expression(query, allow_joins=False) for side in sides]
    heads = [compiler.compile(target) for target in targets]
    casts = [_cast(connection, target.output_field) for target in targets]
    cells = [
        [_cell(compiler, connection, target.output_field, value, cast) for value in values]
        for target, cast, (_, values) in zip(targets, casts, columns, strict=True)
    ]
    count = len(cells[0])
    keys: list[list[Any]] = [[None] * count for _ in columns]
    size = room(connection, max(sum(len(column[row][1]) for column in cells) for row in range(count)), _COMPARED)
    for rows in _together(count, size):
        sql, params = _first_equals(
            connection, _from(compiler), heads, [[column[row] for column in cells] for row in rows]
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            for place, *firsts in cursor.fetchall():
                for column, first in zip(keys, firsts, strict=True):
                    if first is not None:
                        known = column[rows[place]]
                        column[rows[place]] = rows[first] if known is None else min(known, rows[first])
    return cast("list[Column]", keys)


def _first_equals(connection: Any, table: str, heads: Any, rows: Any) -> tuple[str, list[Any]]:
    """The statement that numbers the rows and finds the first row that is equal, for each column."""
    names = [f"v{place}" for place in range(len(heads))]
    cells = [", ".join([str(place), *(sql for sql, _ in row)]) for place, row in enumerate(rows)]
    if connection.vendor in TEXT_BY_BYTES:
        body = "VALUES " + ", ".join(f"({cell})" for cell in cells)
    else:
        suffix = connection.features.bare_select_suffix
        body = " UNION ALL ".join(f"SELECT {cell}{suffix}" for cell in cells)
    firsts = ", ".join(f"CASE WHEN {v} IS NULL THEN NULL ELSE MIN(n) OVER (PARTITION BY {v}) END" for v in names)
    head = f"SELECT -1, {', '.join(sql for sql, _ in heads)} FROM {table} WHERE 1 = 0"  # noqa: S608 - Django's SQL
    asked = f"WITH asked (n, {', '.join(names)}) AS ({head} UNION ALL {body})"
    sql = f"{asked} SELECT n, {firsts} FROM asked"  # noqa: S608
    params = [param for _, found in heads for param in found]
    return sql, params + [param for row in rows for _, found in row for param in found]


def _from(compiler: Any) -> str:
    """The table, under the alias that the resolved columns have."""
    sql, _ = compiler.get_from_clause()
    return " ".join(sql)


def _cell(compiler: Any, connection: Any, field: Any, value: Any, cast: str | None) -> tuple[str, list[Any]]:
    if not hasattr(value, "resolve_expression"):
        sql, params = Value(value, field).as_sql(compiler, connection)
    else:
        sql, params = compiler.compile(value.resolve_expression(Query(None)))
    return (f"CAST({sql} AS {cast})" if cast else sql), list(params)


def _cast(connection: Any, field: Any) -> str | None:
    """The type that a bare value must be given to be compared as the column's: without a length, which would cut it."""
    if connection.vendor == "postgresql":
        return re.sub(r"\(.*?\)", "", field.cast_db_type(connection) or "") or None
    return "NUMERIC" if connection.vendor == "sqlite" and field.get_internal_type() == "DecimalField" else None


def _together(count: int, size: int) -> Iterator[list[int]]:
    """Lists of rows of this size at most, so that each two rows are in one of them together."""
    if count <= size:
        yield list(range(count))
        return
    half = max(1, size // 2)
    parts = [list(range(start, min(start + half, count))) for start in range(0, count, half)]
    for one, other in combinations(parts, 2):
        yield one + other
