"""What the types of PostgreSQL's columns are, for both drivers."""

from typing import Any, NamedTuple
from weakref import ref

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import BaseExpression, Col

# The types of columns that hold no value of another type. A loader is the same for a whole row: set for `timestamptz`
# it would also reach into the arrays and ranges of such.
_SCALAR_TYPES = frozenset(
    {
        "bigint",
        "boolean",
        "bytea",
        "char",
        "date",
        "double precision",
        "inet",
        "integer",
        "interval",
        "jsonb",
        "numeric",
        "smallint",
        "text",
        "time",
        "timestamp with time zone",
        "uuid",
        "varchar",
    }
)
# The types whose text is read natively, by their oids (`pg_type.dat`), and the kinds that read them.
DATE, TIME, TIMESTAMPTZ, NUMERIC, UUID, JSONB = 1082, 1083, 1184, 1700, 2950, 3802
KIND_BY_OID = {DATE: "date", NUMERIC: "decimal", TIME: "time", TIMESTAMPTZ: "datetime", UUID: "uuid"}
_SLOW = frozenset({"date", "numeric", "time", "timestamp with time zone", "uuid"})


class TypeFacts(NamedTuple):
    """What the types of a statement's columns allow.

    `worth_text`: all are known scalars, and the loading of some costs much. `plain`: no value of them is one that
    Python code writes, as a function of the setting `TYPES` may.
    """

    worth_text: bool
    plain: bool


def find_type_facts(expressions: list[BaseExpression], connection: BaseDatabaseWrapper) -> TypeFacts:
    """Return what the types of a statement's columns allow."""
    columns = [_column_type(expression, connection) for expression in expressions]
    known = None not in columns
    return TypeFacts(known and not _SLOW.isdisjoint(columns), known and "bytea" not in columns)


_column_types: dict[tuple[int, type], tuple[str | None, "ref[Any]"]] = {}


def _column_type(expression: BaseExpression, connection: BaseDatabaseWrapper) -> str | None:
    """Return the type of a plain column, without its length; None for anything whose type is not certain."""
    if type(expression) is not Col:
        return None
    field = expression.target
    known = _column_types.get((id(field), type(connection)))
    if known is None:
        name = (field.db_type(connection) or "").partition("(")[0]
        certain = name in _SCALAR_TYPES and field.model._meta.managed
        key = (id(field), type(connection))
        # An entry ends with its field, before the id can be another one's.
        known = _column_types[key] = name if certain else None, ref(field, lambda _: _column_types.pop(key, None))
    return known[0]
