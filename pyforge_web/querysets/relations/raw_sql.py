"""SQL that somebody wrote: it names columns without their table, which a join of ours may have, too."""

from typing import Any

from django.db.models import Func
from django.db.models.expressions import Col, RawSQL
from django.db.models.sql.where import ExtraWhere
from django.utils.tree import Node


def has_raw_sql(query: Any) -> bool:
    """Return whether a query has SQL that somebody wrote: by `extra()`, `RawSQL`, or the template of a function."""
    # Django's own: it is written with the name of its table (`ManyRelatedManager.get_prefetch_querysets`).
    if any(not name.startswith("_prefetch_related_val_") for name in query.extra):
        return True
    if query.extra_tables or query.extra_order_by:
        return True
    work: list[Any] = [query.where, *query.annotations.values(), *query.order_by]
    if isinstance(query.group_by, tuple):
        work += query.group_by
    while work:
        node = work.pop()
        if isinstance(node, RawSQL | ExtraWhere) or (isinstance(node, Func) and "template" in node.extra):
            return True
        if isinstance(node, Node):
            work += node.children
        elif not isinstance(node, Col) and hasattr(node, "get_source_expressions"):
            work += node.get_source_expressions()
    return False
