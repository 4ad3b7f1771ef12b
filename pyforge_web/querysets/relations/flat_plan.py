"""Output fields that are columns of the model itself: what a statement of them needs is found once for each list.

Django resolves each name of `values()` through its joins, 8 us a column. A column of the model's own table has none.
"""

from collections.abc import Mapping
from itertools import repeat
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import Model
from django.db.models.sql import Query

from pyforge_web.output.kept_fields import is_long
from pyforge_web.output.model_names import PLAIN_DESCRIPTORS, is_stock_descriptor
from pyforge_web.output.tree import Leaf, Tree

# What is found out is kept in the `__dict__` of the model's `_meta`, and ends with the model.
_KNOWN = "_pyforge_flat_plans"
_MOST_FLAT_PLANS = 256  # of each kind: a client may choose the names
# What `Query.set_values` says of the columns, and what it only touches: joins that it has trimmed, and caches.
_SELECTED_ATTRIBUTES = ("default_cols", "deferred_loading", "select", "select_related", "selected", "values_select")
_MASKS = {"_annotation_select_cache", "_extra_select_cache", "annotation_select_mask", "extra_select_mask"}
_TOUCHED = {"alias_map", "alias_refcount", "base_table", "table_map", "used_aliases"}


class FlatPlan(NamedTuple):
    """A list of columns: their attributes, and the keys of the row."""

    attributes: tuple[str, ...]
    keys: tuple[str, ...]
    find_descriptors: Any
    # The columns as slots of a plan of relations with their names in the query, and its steps.
    slots: dict[tuple[tuple[()], str], str]
    steps: tuple[tuple[str, str, tuple[tuple[()], str]], ...]

    def has_stock_descriptors(self, model: type[Model]) -> bool:
        """Return whether an instance's `__dict__` has what the row has, for each of the columns."""
        found = self.find_descriptors(model)
        descriptors = found if len(self.attributes) > 1 else [found]
        # The first question is the faster one. Whether a tool has replaced Django's methods is asked with the query.
        return PLAIN_DESCRIPTORS.issuperset(map(type, descriptors)) or all(map(is_stock_descriptor, descriptors))


class _KnownPlans(NamedTuple):
    """What is known of the columns that a model had."""

    columns: Any
    by_tree: dict[int, tuple[Tree, FlatPlan | None]]
    by_names: dict[tuple[Any, ...], FlatPlan]
    selections: dict[tuple[str, ...], Mapping[str, Any] | None]


def _find_known(options: Any) -> _KnownPlans:
    known: _KnownPlans | None = options.__dict__.get(_KNOWN)
    if known is None or known.columns is not options.concrete_fields:
        known = options.__dict__[_KNOWN] = _KnownPlans(options.concrete_fields, {}, {}, {})
    return known


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    if len(known) >= _MOST_FLAT_PLANS:
        known.clear()
    known[key] = value


def find_flat_plan(tree: Tree) -> FlatPlan | None:
    """Return the plan of output fields that are columns of the model's own table; None where others are among them."""
    known = _find_known(tree.model._meta)
    same = known.by_tree.get(id(tree))
    if same is not None and same[0] is tree:
        return same[1]
    columns = _find_own_columns(tree)
    if columns is None:
        if tree.is_kept:  # another one may have a value of this request, and comes once
            _remember(known.by_tree, id(tree), (tree, None))
        return None
    names = tuple(columns.items())
    plan = known.by_names.get(names)
    if plan is None:
        plan = _plan_columns(columns)
        if is_long(names):  # a client may have chosen the keys
            return plan
        _remember(known.by_names, names, plan)
    _remember(known.by_tree, id(tree), (tree, plan))
    return plan


def _find_own_columns(tree: Tree) -> dict[str, str] | None:
    """Return the key of each column, where all output fields are columns of the model's own table."""
    columns: dict[str, str] = {}
    for item in tree.items:
        if not isinstance(item, Leaf) or item.field is None or item.field.column is None or item.path:
            return None
        if item.expression is not None or item.output is not None or item.attname in columns:
            return None
        columns[item.attname] = item.key
    return columns or None


def _plan_columns(columns: dict[str, str]) -> FlatPlan:
    keys, slots = tuple(columns.values()), {((), name): name for name in columns}
    return FlatPlan(tuple(columns), keys, attrgetter(*columns), slots, tuple(zip(repeat("column"), keys, slots)))


def select_columns(query: Any, names: tuple[str, ...]) -> None:
    """Have a query select these columns alone, as `values()` does."""
    model = query.model
    is_plain = not (query.annotations or query.extra) and query.group_by is None and query.alias_cols
    if is_plain and type(query) is Query and query.get_initial_alias() == model._meta.db_table:
        known = _find_known(model._meta).selections
        if names not in known:
            _remember(known, names, find_column_selection(model, names))
        selection = known[names]
        if selection is not None:
            vars(query).update(selection)
            return
    query.set_values(names)


def find_column_selection(model: type[Model], names: tuple[str, ...]) -> Mapping[str, Any] | None:
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
    if not changed <= {*_SELECTED_ATTRIBUTES, *_MASKS, *_TOUCHED} or any(
        name not in after for name in _SELECTED_ATTRIBUTES
    ):
        return None
    return {name: after[name] for name in (*_SELECTED_ATTRIBUTES, *(_MASKS & changed))}
