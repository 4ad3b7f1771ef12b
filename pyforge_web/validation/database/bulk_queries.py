"""One query for many rows: their values in one list, or Django's own lookups joined by OR."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from django.db import Error, connections
from django.db.models import BooleanField, Model, Q, QuerySet
from django.db.models.expressions import BaseExpression, F

from pyforge_web.validation.database.comparable_columns import plain_type
from pyforge_web.validation.database.stock_drivers import changed_queryset_methods

# Databases whose transactions go on behind a statement that failed.
_GOES_ON = frozenset({"mysql", "oracle", "sqlite"})
# Rows in one list of values. With more, building the statement takes longer than one statement less saves.
ROWS_IN_LIST = 5_000
# Rows joined by OR. SQLite accepts expressions up to a depth of 1,000.
_ROWS_IN_OR = 400
# Statements that the search for duplicates may cost more than one query per row would.
_EXTRA_STATEMENTS = 50
# Parameters that are left for the manager and the conditions, and the number that one row of an OR may need.
_RESERVED_PARAMS = 200
_PARAMS_OF_LOOKUP = 8

ModelQuerySet = QuerySet[Any, Any]


@contextmanager
def keep_transaction(alias: str, needed: Callable[[], bool] = lambda: True) -> Iterator[Callable[[], None]]:
    """Leave a transaction as it was if a statement of the block fails; `needed` says whether one can.

    PostgreSQL ends a transaction when it refuses a value. Gives a function for a block that goes on after that.
    """
    connection = connections[alias]
    if not connection.in_atomic_block or connection.vendor in _GOES_ON or not needed():
        yield lambda: None
        return
    place: Any = connection.savepoint()  # None for a database without savepoints, and then they do nothing

    def restore() -> None:
        connection.savepoint_rollback(place)

    try:
        yield restore
    except BaseException:
        with suppress(Error):  # a lost connection has no place to go back to
            restore()
            connection.savepoint_commit(place)
        raise
    connection.savepoint_commit(place)


class InRows(BaseExpression):
    """The condition `(a, b) IN ((1, 2), ...)` over the fields of a model.

    Django's `In` lookup knows one column only, and prepares each value several times. The values must need no
    preparation but `get_db_prep_value`.
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
        params = [param for _, column_params in compiled for param in column_params]
        if len(self.fields) == 1:
            params += _prepare_values(self.fields[0], connection, self.rows)
            return f"{columns} IN ({', '.join(['%s'] * len(self.rows))})", params
        prepared = [
            _prepare_values(field, connection, [row[place] for row in self.rows])
            for place, field in enumerate(self.fields)
        ]
        params += [param for row in zip(*prepared, strict=True) for param in row]
        row = f"({', '.join(['%s'] * len(self.fields))})"
        # SQLite compares row values with a subquery only: https://www.sqlite.org/rowvalue.html
        values = "VALUES " if connection.vendor == "sqlite" else ""
        return f"({columns}) IN ({values}{', '.join([row] * len(self.rows))})", params


def rows_per_statement(connection: Any, params: int, most: int) -> int:
    """Return how many rows one statement takes if each needs so many parameters."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        # Django's `max_query_params` is the limit of old SQLite versions, 999.
        getlimit = getattr(connection.connection, "getlimit", None)  # pysqlite3 has none
        limit = int(
            getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) if getlimit else connection.features.max_query_params
        )
    else:
        limit = int(connection.features.max_query_params or 60_000)
    most = min(most, int(connection.ops.max_in_list_size() or most))
    return max(1, min(most, (limit - _RESERVED_PARAMS) // max(params, 1)))


def find_stored(queryset: ModelQuerySet, fields: Sequence[Any], keys: Sequence[Any], *more: Any) -> Iterator[Any]:
    """Yield the values of these fields, and of `more`, of the stored rows that have one of the keys.

    A key is a value, or a tuple if there are several fields. The yielded values have the same form.
    """
    names = [field.attname for field in (*fields, *more)]
    for rows in filter_by_keys(queryset.order_by(), fields, keys):
        yield from rows.values_list(*names, flat=len(names) == 1)


def filter_by_keys(queryset: ModelQuerySet, fields: Sequence[Any], keys: Sequence[Any]) -> Iterator[ModelQuerySet]:
    """Yield a QuerySet of the rows that have one of the keys, for each part of the keys that fits into a statement."""
    # Without keys the database is not even connected to.
    size = rows_per_statement(connections[queryset.db], len(fields), ROWS_IN_LIST) if keys else 1
    for start in range(0, len(keys), size):
        yield queryset.filter(InRows(fields, keys[start : start + size]))


class RowLookup(NamedTuple):
    """What Django would look up to validate one row."""

    row: int
    lookup: Q
    # For each part that must be equal: the field or expression of the model, and the value or expression of the row.
    sides: tuple[tuple[Any, Any], ...]
    # The calls of Django's code that `lookup` stands for: the method, and its arguments.
    calls: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...]

    def finds_row(self, queryset: ModelQuerySet) -> bool:
        """Return whether a QuerySet finds a row when it is called as Django calls it."""
        for name, args, kwargs in self.calls:
            queryset = getattr(queryset, name)(*args, **kwargs)
        return queryset.exists()


def find_matching_rows(queryset: ModelQuerySet, lookups: Sequence[RowLookup]) -> Iterator[int]:
    """Yield the rows whose lookup finds a stored row.

    Where a statement finds something, its lookups are halved and asked again until one is left. If most rows match,
    that would take more statements than rows: then each row is asked alone.
    """
    if changed_queryset_methods(queryset):  # a `filter()` of the project expects the lookups that Django gives it
        yield from (lookup.row for lookup in lookups if lookup.finds_row(queryset))
        return
    size = rows_per_statement(connections[queryset.db], _PARAMS_OF_LOOKUP, _ROWS_IN_OR) if lookups else 1
    waiting = [lookups[start : start + size] for start in range(0, len(lookups), size)]
    statements = settled_rows = 0
    while waiting:
        part = waiting.pop()
        if len(part) > 1 and statements > settled_rows + _EXTRA_STATEMENTS:
            waiting.extend([lookup] for lookup in part)
            continue
        statements += 1
        if not queryset.filter(Q(*(lookup.lookup for lookup in part), _connector=Q.OR)).exists():
            settled_rows += len(part)
        elif len(part) == 1:
            settled_rows += 1
            yield part[0].row
        else:
            middle = len(part) // 2
            waiting += [part[:middle], part[middle:]]


class LookupRecorder:
    """Stands in for a model in Django's check of one row: records what Django looks up, and finds nothing.

    So Django's code decides whether a row takes part and what is looked up, for constraints with expressions too.
    Source: `Model._perform_unique_checks`, `UniqueConstraint.validate`.
    """

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._default_manager = self
        self._lookup: Q | None = None
        self._sides: list[tuple[Any, Any]] = []
        self._calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def using(self, alias: str) -> "LookupRecorder":
        return self

    def filter(self, *args: Any, **kwargs: Any) -> "LookupRecorder":
        self._lookup = Q(*args, **kwargs)
        self._sides = [*_exact_sides(args), *kwargs.items()]
        self._calls.append(("filter", args, kwargs))
        return self

    def exclude(self, **kwargs: Any) -> "LookupRecorder":
        self._lookup = (self._lookup or Q()) & ~Q(**kwargs)
        self._calls.append(("exclude", (), kwargs))
        return self

    def exists(self) -> bool:
        return False

    def lookup_of(self, row: int) -> RowLookup | None:
        """Return what was looked up; None if the row takes no part in the check."""
        if self._lookup is None:
            return None
        return RowLookup(row, self._lookup, tuple(self._sides), tuple(self._calls))


def _exact_sides(conditions: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield both sides of the `Exact` conditions that a constraint makes. The `IsNull` beside them adds nothing."""
    for condition in conditions:
        if isinstance(condition, Q):
            yield from _exact_sides(condition.children)
        elif condition.lookup_name == "exact":
            yield condition.lhs, condition.rhs


def _prepare_values(field: Any, connection: Any, values: Sequence[Any]) -> list[Any]:
    if plain_type(field) is str:
        return list(values)
    return [field.get_db_prep_value(value, connection) for value in values]
