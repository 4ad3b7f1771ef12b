"""Output fields that are columns of the model itself: what a statement of them needs is found once for each list.

Django resolves each name of `values()` through its joins, 8 us a column. A column of the model's own table has none.
"""

from collections.abc import Mapping
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple, cast

from django.db.models import Model
from django.db.models.sql import Query

from pyforge_web.output.resolve import STOCK_DESCRIPTORS, AnyQuerySet, Leaf, Tree

# Plans are kept in the `__dict__` of the model's `_meta`, and end with the model. A client may choose the names.
_PLANS = "_pyforge_flat_plans"
_MOST_PLANS = 256
# What `Query.set_values` says of the columns, and what it only touches: joins that it has trimmed, and caches.
_SELECTION = ("default_cols", "deferred_loading", "select", "select_related", "selected", "values_select")
_MASKS = {"_annotation_select_cache", "_extra_select_cache", "annotation_select_mask", "extra_select_mask"}
_TOUCHED = {"alias_map", "alias_refcount", "base_table", "table_map", "used_aliases"}


class FlatPlan(NamedTuple):
    """A list of columns: their attributes, the keys of the row, and the attributes of a query that selects them."""

    tree: Tree
    attributes: tuple[str, ...]
    keys: tuple[str, ...]
    table: str
    selection: Mapping[str, Any] | None
    find_descriptors: Any
    # The columns as slots of a plan of relations with their names in the query, and its steps.
    slots: dict[tuple[tuple[()], str], str]
    steps: tuple[tuple[str, str, tuple[tuple[()], str]], ...]

    def has_stock_descriptors(self) -> bool:
        """Return whether an instance's `__dict__` has what the row has, for each of the columns."""
        descriptors = self.find_descriptors(self.tree.model)
        return STOCK_DESCRIPTORS.issuperset(map(type, descriptors if len(self.attributes) > 1 else [descriptors]))

    def narrow_query(self, query: Any) -> Any:
        """Return a copy of a query that selects the columns; None where that is Django's to decide."""
        if self.selection is None or query.annotations or query.extra or query.group_by is not None:
            return None
        query = query.chain()
        if type(query) is not Query or query.get_initial_alias() != self.table or not cast(Any, query).alias_cols:
            return None
        vars(query).update(self.selection)
        return query


def find_flat_plan(queryset: AnyQuerySet, tree: Tree) -> FlatPlan | None:
    """Return the plan of output fields that are columns of the model's own table; None where others are among them."""
    options = tree.model._meta
    concrete, known = options.__dict__.get(_PLANS, (None, {}))
    plan: FlatPlan | None = known.get(id(tree))
    if plan is not None and plan.tree is tree and concrete is options.concrete_fields:
        return plan
    plan = _make_plan(tree)
    if plan is not None:
        if concrete is not options.concrete_fields or len(known) >= _MOST_PLANS:
            options.__dict__[_PLANS] = options.concrete_fields, (known := {})
        known[id(tree)] = plan
    return plan


def _make_plan(tree: Tree) -> FlatPlan | None:
    columns: dict[str, str] = {}
    for item in tree.items:
        if not isinstance(item, Leaf) or item.field is None or item.field.column is None or item.path:
            return None
        if item.expression is not None or item.output is not None or item.attname in columns:
            return None
        columns[item.attname] = item.key
    model, attributes = tree.model, tuple(columns)
    if not attributes:
        return None
    selection = find_selection(model, attributes)
    table = model._meta.db_table
    keys = tuple(columns.values())
    slots = {((), name): name for name in attributes}
    steps = tuple(zip(repeat("column"), keys, slots))
    return FlatPlan(tree, attributes, keys, table, selection, attrgetter(*attributes), slots, steps)


def find_selection(model: type[Model], names: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the attributes that Django gives to a query that selects these columns; None where there is more to it."""
    own = {field.attname for field in model._meta.local_concrete_fields}
    if not own.issuperset(names):
        return None  # of a parent: a join
    query: Any = Query(model)
    query.get_initial_alias()
    before = dict(vars(query))
    query.set_values(list(names))
    after = vars(query)
    changed = {name for name, value in after.items() if name not in before or before[name] is not value}
    if not changed <= {*_SELECTION, *_MASKS, *_TOUCHED} or any(name not in after for name in _SELECTION):
        return None
    return {name: after[name] for name in (*_SELECTION, *(_MASKS & changed))}
