"""ORDER BY of plain columns, for which Django looks at each column of SELECT: see `querysets` in benchmarks/, 25 rows.

It is kept beside the columns of SELECT, which decide a part of its text, for names of the model's own columns, as
`"-created"` or `"pk"`, in `order_by()` or in `Meta.ordering`. A relation may have an order of its own.
"""

from typing import Any, NamedTuple

from django.db.models.expressions import Col
from django.db.models.sql.compiler import PositionRef

from pyforge_web.querysets.sql_facts.evidence import NotRememberedError, SelectEvidence

# Expressions of ORDER BY with their SQL, parameters, and whether they refer to SELECT: `SQLCompiler.get_order_by`.
Order = list[tuple[Any, tuple[str, Any, bool]]]

_MOST_ORDER_NAMES, _MOST_ORDER_CHARACTERS = 8, 1000
_TEXT = frozenset({str})
_SEQUENCES = (list, tuple)


class KeptOrder(NamedTuple):
    """ORDER BY as Django has written it, and what its columns were written with."""

    items: tuple[Any, ...]
    evidence: SelectEvidence


def find_ordering(query: Any) -> tuple[Any, bool]:
    """Return what orders the rows of a query, and whether that is the model's own default.

    Source: `django.db.models.sql.compiler.SQLCompiler._order_by_pairs`.
    """
    if query.order_by or not query.default_ordering:
        return query.order_by, False
    ordering = query.model._meta.ordering
    return ordering, bool(ordering)


def make_order_key(query: Any, ordering: Any) -> tuple[Any, ...] | None:
    """Return what decides the text of ORDER BY beside SELECT; None where there is more to it."""
    if query.distinct or query.group_by is not None or query.extra_order_by or type(ordering) not in _SEQUENCES:
        return None
    if query.base_table != query.model._meta.db_table or not _TEXT.issuperset(map(type, ordering)):
        return None
    if query.annotations and not {name.removeprefix("-") for name in ordering}.isdisjoint(query.annotations):
        return None
    # A client may choose the names: long ones are not kept.
    if not 0 < len(ordering) <= _MOST_ORDER_NAMES or sum(map(len, ordering)) > _MOST_ORDER_CHARACTERS:
        return None
    return query.standard_ordering, *ordering


def keep_order(compiler: Any, ordering: Any, made: Order) -> KeptOrder | None:
    """Return what is kept of an ORDER BY; None where Django has to write it each time."""
    opts = compiler.query.model._meta
    fields = [_find_own_field(opts, name.removeprefix("-")) for name in ordering]
    if None in fields or len(made) > len(fields):
        return None
    for order, (_, params, _) in made:
        column = order.expression
        is_own = type(column) is Col and column.alias == opts.db_table and column.target in fields
        if params or not (is_own or type(column) is PositionRef):
            return None
    try:
        return KeptOrder(tuple(made), SelectEvidence(compiler, fields, opts))
    except NotRememberedError:
        return None


def _find_own_field(opts: Any, name: str) -> Any:
    """Return the model's own field of a name; None for a relation, whose model has an order of its own."""
    if name == "pk":
        return opts.pk if opts.pk in opts.local_concrete_fields and not opts.pk.is_relation else None
    return next((field for field in opts.local_concrete_fields if field.name == name and not field.is_relation), None)
