"""One question to the database for many rows: values in one list, or Django's own lookups joined by OR."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import BooleanField, Model, Q, QuerySet
from django.db.models.expressions import BaseExpression, F

from pyforge_web.validation.database.comparable_columns import plain_type

# Rows in one list of values: more make a statement that is longer to build than it saves.
_IN_LIST = 5_000
# Rows joined by OR: SQLite takes expressions of a depth of 1,000.
_IN_OR = 400
# Statements that the search for the rows may cost more than one for each row would.
_SEARCHING = 50
# Parameters kept free for what the manager and the conditions bind; and the least that one row of an OR may have.
_KEPT = 200
_OF_ROW = 8

Rows = QuerySet[Any, Any]


class InRows(BaseExpression):
    """`(a, b) IN ((1, 2), ...)` over the fields of a model, for values that need no more than `get_db_prep_value`.

    Django's `In` prepares each value several times, and is of one column alone.
    """

    conditional = True

    def __init__(self, fields: Sequence[Any], rows: Sequence[Any]) -> None:
        super().__init__(output_field=BooleanField())
        self.fields = fields
        self.rows = rows
        self.columns: list[Any] = [F(field.name) for field in fields]

    def get_source_expressions(self) -> list[Any]:
        return self.columns

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self.columns = list(exprs)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        compiled = [compiler.compile(column) for column in self.columns]
        columns = ", ".join(sql for sql, _ in compiled)
        params = [param for _, found in compiled for param in found]
        if len(self.fields) == 1:
            params += _prepared(self.fields[0], connection, self.rows)
            return f"{columns} IN ({', '.join(['%s'] * len(self.rows))})", params
        prepared = [_prepared(field, connection, [row[place] for row in self.rows]) for place, field in self._places()]
        params += [param for row in zip(*prepared, strict=True) for param in row]
        row = f"({', '.join(['%s'] * len(self.fields))})"
        values = "VALUES " if connection.vendor == "sqlite" else ""
        return f"({columns}) IN ({values}{', '.join([row] * len(self.rows))})", params

    def _places(self) -> Iterator[tuple[int, Any]]:
        return enumerate(self.fields)


def room(connection: Any, params: int, most: int) -> int:
    """How many rows of so many parameters one statement takes."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        # Django's figure is that of an SQLite of old.
        limit = int(connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
    else:
        limit = int(connection.features.max_query_params or 60_000)
    most = min(most, int(connection.ops.max_in_list_size() or most))
    return max(1, min(most, (limit - _KEPT) // max(params, 1)))


def stored(queryset: Rows, fields: Sequence[Any], keys: Sequence[Any], *more: Any) -> Iterator[Any]:
    """The values of these fields, and of `more`, in the rows that have one of the keys.

    A key is a value, or a tuple where there are several fields; so is what comes back.
    """
    size = room(connections[queryset.db], len(fields), _IN_LIST)
    names = [field.attname for field in (*fields, *more)]
    queryset = queryset.order_by()
    for start in range(0, len(keys), size):
        rows = queryset.filter(InRows(fields, keys[start : start + size]))
        yield from rows.values_list(*names, flat=len(names) == 1)


class Asked(NamedTuple):
    """What Django would look for on behalf of a row."""

    row: int
    lookup: Q
    # Field or expression of the model, and the value or expression of the row, of each part that must be equal.
    sides: tuple[tuple[Any, Any], ...]


def matching(queryset: Rows, asked: Sequence[Asked]) -> Iterator[int]:
    """The rows for which the database has one: halves are asked again until no row or a single one is left.

    Where most rows have one, that would be more statements than rows: then each row is asked for itself.
    """
    size = room(connections[queryset.db], _OF_ROW, _IN_OR)
    parts = [asked[start : start + size] for start in range(0, len(asked), size)]
    statements = settled = 0
    while parts:
        part = parts.pop()
        if len(part) > 1 and statements > settled + _SEARCHING:
            parts.extend([each] for each in part)
            continue
        statements += 1
        if not queryset.filter(Q(*(each.lookup for each in part), _connector=Q.OR)).exists():
            settled += len(part)
        elif len(part) == 1:
            settled += 1
            yield part[0].row
        else:
            middle = len(part) // 2
            parts += [part[:middle], part[middle:]]


class Question:
    """Stands in for a model in Django's own check of one row: notes what is looked for, and finds nothing.

    So Django decides what takes part and what the lookups are, also of constraints with expressions.
    """

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._default_manager = self
        self._lookup: Q | None = None
        self._sides: list[tuple[Any, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def using(self, alias: str) -> "Question":
        return self

    def filter(self, *args: Any, **kwargs: Any) -> "Question":
        self._lookup = Q(*args, **kwargs)
        self._sides = [*_sides(args), *kwargs.items()]
        return self

    def exclude(self, **kwargs: Any) -> "Question":
        self._lookup = (self._lookup or Q()) & ~Q(**kwargs)
        return self

    def exists(self) -> bool:
        return False

    def asked(self, row: int) -> Asked | None:
        """What was looked for, or None if the row takes no part in the check."""
        return None if self._lookup is None else Asked(row, self._lookup, tuple(self._sides))


def _sides(conditions: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Both sides of the `Exact` conditions that a constraint makes; `IsNull` beside them says nothing more."""
    for condition in conditions:
        if isinstance(condition, Q):
            yield from _sides(condition.children)
        elif condition.lookup_name == "exact":
            yield condition.lhs, condition.rhs


def _prepared(field: Any, connection: Any, values: Sequence[Any]) -> list[Any]:
    if plain_type(field) is str:
        return list(values)
    return [field.get_db_prep_value(value, connection) for value in values]
