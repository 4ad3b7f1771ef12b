"""The columns of a level, selected in a copy of a query: what Django finds out about them is found once.

To name 14 columns takes `Query.set_values` 70 us, and the join of one related table 40 us. Where the query has no joins
and adds nothing to its rows, the outcome is always the same.
"""

from collections.abc import Mapping
from copy import copy
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.db.models.sql import Query
from django.db.models.sql.where import WhereNode

from pyforge_web.querysets.relations.columns import is_narrowable, select_slots
from pyforge_web.querysets.relations.prefetch import RelationKey
from pyforge_web.querysets.relations.tree_walk import ColumnSlot
from pyforge_web.rest_framework.plan import Level

# What `select_slots` says of the columns and of their joins. A query on which it changes more is left to it.
_SELECTION = frozenset(
    """
    _annotation_select_cache _extra_select_cache alias_map annotation_select_mask annotations base_table default_cols
    deferred_loading extra_select_mask select select_related selected table_map values_select
    """.split()  # noqa: SIM905
)
_PLAIN_QUERY: Any = Query
_COUNTS, _NAMES = "alias_refcount", "used_aliases"


class Selection(NamedTuple):
    """The attributes of a query that selects some columns, and the name of each; None where they are not always so."""

    attributes: Mapping[str, Any] | None
    counts: Mapping[str, int]
    names: dict[ColumnSlot, str]


def select_level(
    queryset: Any, level: Level, slots: list[ColumnSlot], found: RelationKey | None
) -> tuple[Any, dict[ColumnSlot, str]]:
    """Return a QuerySet that selects these columns, and their names in its query: as `select_slots`."""
    query: Any = queryset.query
    model = level.model
    if found is not None or queryset.model is not model or not _is_plain_query(query) or not is_narrowable(query):
        return select_slots(queryset, slots, found)
    selection = level.selections.get(tuple(slots))
    if selection is None:
        selection = level.selections[tuple(slots)] = find_joined_selection(model, slots)
    if selection.attributes is None:
        return select_slots(queryset, slots, found)
    query = query.chain()
    query.get_initial_alias()
    attributes = vars(query)
    counts = {**selection.counts, **attributes[_COUNTS]}
    attributes.update({name: _own(value) for name, value in selection.attributes.items()})
    attributes[_COUNTS] = counts
    return QuerySet(model, query, queryset.db), selection.names


def _is_plain_query(query: Any) -> bool:
    """Whether a query has no joins, and no columns but those of its model."""
    return bool(
        type(query) is _PLAIN_QUERY
        and not (query.annotations or query.extra or query.combinator)
        and query.group_by is None
        and query.alias_cols
        and query.alias_map.keys() <= {query.model._meta.db_table}
    )


def _own(value: Any) -> Any:
    """A copy of what a query may change later."""
    return copy(value) if isinstance(value, dict | set | list) else value


def find_joined_selection(model: Any, slots: list[ColumnSlot]) -> Selection:
    """Return what `select_slots` makes of the plainest query of a model."""
    query: Any = Query(model)
    query.get_initial_alias()
    before = {name: _own(value) for name, value in vars(query.chain()).items()}
    selected, names = select_slots(QuerySet(model, query), slots, None)
    after = vars(selected.query)
    changed = {name for name, value in after.items() if name not in before or not _is_unchanged(before[name], value)}
    if not changed <= {*_SELECTION, _COUNTS, _NAMES} or not before.keys() <= after.keys():
        return Selection(None, {}, names)
    attributes = {name: _own(after[name]) for name in _SELECTION if name in after}
    return Selection(attributes, dict(after[_COUNTS]), names)


def _is_unchanged(before: Any, after: Any) -> bool:
    if isinstance(before, WhereNode):
        return not before.children and not after.children
    return before is after or (type(before) is type(after) and bool(before == after))
