"""SQL that somebody wrote: it may name a column without its table, which a join of ours would have, too."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Func, Model
from django.db.models.expressions import Col, RawSQL
from django.db.models.sql.where import ExtraWhere
from django.utils.tree import Node

# A name with no table before it, and none that it is the table of.
_BARE_NAME = re.compile(r"""(?<![\w.])["`]?(?<!\.["`])(\w+)["`]?(?!["`]?\s*[.(\w])""")


def has_bare_columns(query: Any, models: Iterable[type[Model]]) -> bool:
    """Return whether SQL of `extra()`, `RawSQL` or a function's template may mean a column of these models."""
    texts = list(_find_raw_sql(query))
    if not texts:
        return False
    columns = {(field.column or "").lower() for model in models for field in model._meta.concrete_fields}
    return any(sql is None or not columns.isdisjoint(name.lower() for name in _BARE_NAME.findall(sql)) for sql in texts)


def _find_raw_sql(query: Any) -> Iterator[str | None]:
    """Yield the SQL in a query that somebody wrote; None for tables that somebody added."""
    yield from _find_extra_sql(query)
    group_by = query.group_by if isinstance(query.group_by, tuple) else ()
    work: list[Any] = [query.where, *query.annotations.values(), *query.order_by, *group_by]
    while work:
        node = work.pop()
        if isinstance(node, ExtraWhere):
            yield from node.sqls
        elif isinstance(node, RawSQL):
            yield node.sql
        elif isinstance(node, Func) and "template" in node.extra:
            yield node.extra["template"]
        if isinstance(node, Node):
            work += node.children
        elif not isinstance(node, Col) and hasattr(node, "get_source_expressions"):
            work += node.get_source_expressions()


def _find_extra_sql(query: Any) -> Iterator[str | None]:
    for name, (sql, _params) in query.extra.items():
        # Django's own is written with the name of its table (`ManyRelatedManager.get_prefetch_querysets`).
        if not name.startswith("_prefetch_related_val_"):
            yield sql
    if query.extra_tables:
        yield None
    yield from query.extra_order_by
