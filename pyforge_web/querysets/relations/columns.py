"""The columns of one statement: those that the fields name, those of relations to one, and the keys of the others.

Source: the joins are those of `SQLCompiler.get_related_selections` in `django/db/models/sql/compiler.py`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.expressions import Col

from pyforge_web.fields import kind_of
from pyforge_web.output.model_names import Relation, find_column
from pyforge_web.output.tree import Tree, UntypedQuerySet
from pyforge_web.querysets.django_path import joins_unconstrained
from pyforge_web.querysets.relations.flat_plan import FlatPlan, find_flat_plan, select_columns
from pyforge_web.querysets.relations.prefetch import RelationKey
from pyforge_web.querysets.relations.steps import Steps
from pyforge_web.querysets.relations.tree_walk import ColumnSlot, OutputColumn, RelationQuery, end_model, walk_tree
from pyforge_web.querysets.sql_cache import compile_remembered
from pyforge_web.querysets.statement import CompiledQuery

_SCANNING = ("sqlite", "mysql")  # their tables are in the order of the key
JOIN_KEY = ""  # the attribute of a key that is a column of the join table


class SelectPlan(NamedTuple):
    """A statement: its model and database, what becomes of its rows, and what follows it.

    `names` are the names of the slots in the compiled query: only that one knows where they are in a row. `key` is the
    column by which the rows name their parents.
    """

    model: type[Model]
    using: str
    steps: tuple[tuple[str, str, ColumnSlot | None], ...]
    relations: tuple[RelationQuery, ...]
    names: dict[ColumnSlot, str]
    key: ColumnSlot | None
    outputs: tuple[OutputColumn, ...] = ()

    def place(self, positions: dict[str, int]) -> dict[ColumnSlot, int] | None:
        """Return the index of each slot in the compiled query's rows; None where one is not among its columns."""
        indexes = {slot: positions.get(name, -1) for slot, name in self.names.items()}
        return None if -1 in indexes.values() else indexes

    def write_steps(self, indexes: dict[ColumnSlot, int]) -> Steps:
        """Return what becomes of a row, with the indexes of its columns."""
        return tuple((step, name, -1 if slot is None else indexes[slot]) for step, name, slot in self.steps)


class TreeSelection(NamedTuple):
    """How a QuerySet becomes the query of its output fields.

    `prepare` gives that query and the names of its columns, `finish` the plan of its rows; `purpose` is all that
    decides the query beside the QuerySet's own, None where that is not known.
    """

    purpose: tuple[Any, ...] | None
    prepare: Callable[[], tuple[UntypedQuerySet, dict[ColumnSlot, str]]]
    finish: Callable[[dict[ColumnSlot, str], CompiledQuery | None], SelectPlan]


def compile_selection(
    queryset: UntypedQuerySet, tree: Tree, relation_key: RelationKey | None = None, connection: Any = None
) -> tuple[SelectPlan, CompiledQuery | None]:
    """Return the plan for the fields of a tree, and its SQL; the SQL is None where Django finds nothing to ask for."""
    selection = select_tree(queryset, tree, relation_key)
    compiled, names = compile_remembered(queryset, selection.purpose, selection.prepare, connection)
    return selection.finish(names, compiled), compiled


def select_tree(queryset: UntypedQuerySet, tree: Tree, relation_key: RelationKey | None = None) -> TreeSelection:
    """Return the selection of the fields of a tree; `relation_key` names the key that the rows have besides."""
    flat = find_flat_plan(tree) if relation_key is None else None
    if flat is not None:
        return _select_flat(queryset, flat)
    walk = walk_tree(queryset, tree)
    slots, key = walk.slots, None
    if relation_key is not None:
        key = (), relation_key.key.attname if relation_key.table is None else JOIN_KEY
        slots = slots if key in slots else {**slots, key: None}

    def prepare() -> tuple[UntypedQuerySet, dict[ColumnSlot, str]]:
        scanned = as_scanned(queryset) if relation_key is None else queryset
        return select_slots(scanned, list(slots), relation_key, walk.expressions)

    def finish(names: dict[ColumnSlot, str], compiled: CompiledQuery | None) -> SelectPlan:
        using = _find_database(queryset, compiled)
        return SelectPlan(queryset.model, using, walk.steps, walk.relations, names, key, walk.outputs)

    purpose = None if walk.expressions else _find_purpose(queryset, tuple(slots), relation_key)
    return TreeSelection(purpose, prepare, finish)


def find_purpose(queryset: UntypedQuerySet, tree: Tree) -> tuple[Any, ...] | None:
    """Return all that decides the query of a tree beside the QuerySet's own; None where that is not known."""
    flat = find_flat_plan(tree)
    if flat is not None:
        return _find_purpose(queryset, flat.attributes, None)
    walk = walk_tree(queryset, tree)
    return None if walk.expressions else _find_purpose(queryset, tuple(walk.slots), None)


def _select_flat(queryset: UntypedQuerySet, flat: FlatPlan) -> TreeSelection:
    """Return the same for columns of the model's own table."""

    def prepare() -> tuple[UntypedQuerySet, dict[ColumnSlot, str]]:
        scanned = as_scanned(queryset)
        if not is_narrowable(scanned.query):
            return select_slots(scanned, list(flat.slots), None, None)
        query = scanned.query.chain()
        select_columns(query, flat.attributes)
        return _with_query(scanned, query), cast(dict[ColumnSlot, str], flat.slots)

    def finish(names: dict[ColumnSlot, str], compiled: CompiledQuery | None) -> SelectPlan:
        return SelectPlan(queryset.model, _find_database(queryset, compiled), flat.steps, (), names, None)

    return TreeSelection(_find_purpose(queryset, flat.attributes, None), prepare, finish)


def _find_database(queryset: UntypedQuerySet, compiled: CompiledQuery | None) -> str:
    """Return the database that a statement was made for: a router may choose another one next."""
    return str(queryset.db if compiled is None else compiled.compiler.using)


def _find_purpose(
    queryset: UntypedQuerySet, slots: tuple[Any, ...], relation_key: RelationKey | None
) -> tuple[Any, ...]:
    """Return what decides the columns of a plan's query beside the query itself."""
    query = queryset.query
    unconstrained = bool(query.select_related) and joins_unconstrained(query)
    key = None if relation_key is None else (relation_key.key, relation_key.table)
    return "tree", unconstrained, key, slots


def as_scanned(queryset: UntypedQuerySet) -> UntypedQuerySet:
    """Return the QuerySet in the order in which a whole table is read: the rows of instances come in no other.

    Where an index has all the columns that are asked for, SQLite and InnoDB would read that, in its order.
    """
    query, key = queryset.query, queryset.model._meta.pk
    scans = not (query.where or query.group_by or query.distinct or queryset.ordered or len(query.alias_map) > 1)
    if scans and not query.combinator and kind_of(key) == "integer" and connections[queryset.db].vendor in _SCANNING:
        query = query.chain()
        query.add_ordering("pk")
        query.standard_ordering = True  # reverse() turns no order round
        return _with_query(queryset, query)
    return queryset


def _with_query(queryset: UntypedQuerySet, query: Any) -> UntypedQuerySet:
    """Return a QuerySet of Django's own class with another query."""
    return QuerySet(queryset.model, query, queryset.db)


def is_narrowable(query: Any) -> bool:
    """Return whether fewer columns give the same rows: `.values()` may lose rows of the others, or what they need."""
    return not (
        query.distinct
        or query.combinator
        or query.where.contains_over_clause
        or query.select_for_update
        or (query.select_related and joins_unconstrained(query))
    )


def select_slots(
    queryset: UntypedQuerySet,
    slots: list[ColumnSlot],
    relation_key: RelationKey | None,
    expressions: dict[str, Any] | None = None,
) -> tuple[UntypedQuerySet, dict[ColumnSlot, str]]:
    """Return a QuerySet that selects these columns, and the name of each of them in its query.

    Where it matters for the rows, Django's own columns are selected too.
    """
    query = queryset.query.chain()
    if expressions:
        _annotate(query, expressions)
    own = [name for path, name in slots if not path and name != JOIN_KEY]
    joined = [slot for slot in slots if slot[0] or slot[1] == JOIN_KEY]
    if is_narrowable(query):
        select_columns(query, tuple(own) or (queryset.model._meta.concrete_fields[0].attname,))
        if joined and not own:
            query.selected = {}
        same: dict[str, str] = {}
    else:
        same = _select_whole(query, own, bool(joined))
    names: dict[ColumnSlot, str] = {((), name): same.get(name, name) for name in own}
    known: dict[Any, str] = {}
    aliases: dict[tuple[Relation, ...], str] = {(): query.get_initial_alias()} if joined else {}
    for slot in joined:
        path, name = slot
        if relation_key is not None and name == JOIN_KEY:
            column: Any = relation_key.key.get_col(cast(str, relation_key.table))
            alias = f"_prefetch_related_val_{relation_key.key.attname}"
        else:
            column = _find_joined(query, path, name, queryset.model, aliases)
            alias = "__".join([*(relation.query_name for relation in path), name])
        if column not in known:  # behind a window Django gives a column once
            known[column] = _add_column(query, column, alias)
        names[slot] = known[column]
    return _with_query(queryset, query), names


def _select_whole(query: Any, own: list[str], joins: bool) -> dict[str, str]:
    """Select what Django selects for instances, and deferred columns that are named where rows stay the same by that.

    Return the names of annotations that are such a column already: behind a window Django gives a column once.
    """
    if query.select_for_update and joins and not query.select_for_update_of:
        query.select_for_update_of = ("self",)  # the tables that we join are not locked
    if not query.deferred_loading[0] or not query.default_cols or query.distinct:
        return {}
    loaded = {field.attname for field in query.get_select_mask() if hasattr(field, "attname")}
    lacking = [name for name in own if loaded and name not in loaded]
    base = query.get_initial_alias()
    same = {
        expression.target.attname: name
        for name, expression in query.annotation_select.items()
        if type(expression) is Col and expression.alias == base and expression.target.attname in lacking
    }
    fields = [find_column(query.model, name) for name in lacking if name not in same]
    names = {name for field in fields if field is not None for name in (field.name, field.attname)}
    existing, is_deferred = query.deferred_loading
    query.deferred_loading = (existing - names, True) if is_deferred else (existing | names, False)
    return same


def _annotate(query: Any, expressions: dict[str, Any]) -> None:
    for name, expression in expressions.items():
        query.add_annotation(expression, name)
        if query.annotations[name].contains_aggregate and query.group_by is None:
            keep_default_order(query)
            query.group_by = True  # as QuerySet.annotate() does


def keep_default_order(query: Any) -> None:
    """Have a query name the order of its model: Django leaves `Meta.ordering` out of a query with GROUP BY.

    Source: `SQLCompiler.as_sql`. Output fields choose keys, and the rows stay those that iterating gives.
    """
    if query.default_ordering and not (query.order_by or query.extra_order_by):
        query.add_ordering(*query.get_meta().ordering)


def _add_column(query: Any, column: Col, alias: str) -> str:
    """Select a column behind those that are selected; return its name."""
    while alias in query.annotations or alias in query.extra:
        alias += "_"
    query.add_annotation(column, alias)
    if query.selected is not None:
        query.selected = {**query.selected, alias: alias}
    return alias


def _find_joined(
    query: Any, path: tuple[Relation, ...], name: str, model: type[Model], aliases: dict[tuple[Relation, ...], str]
) -> Any:
    """Return a column of a joined table: the table of the relation's own key, as `select_related` joins it."""
    for depth in range(1, len(path) + 1):
        *before, relation = path[:depth]
        if path[:depth] not in aliases:
            opts = end_model(model, before)._meta
            joins = query.setup_joins([relation.query_name], opts, aliases[tuple(before)]).joins
            aliases[path[:depth]] = joins[-1]
    opts, alias = end_model(model, path)._meta, aliases[path]
    field: Any = opts.get_field(name)
    if field in opts.local_concrete_fields:
        return field.get_col(alias)
    info = query.setup_joins([name], opts, alias)
    targets, final, _ = query.trim_joins(info.targets, info.joins, info.path)
    return info.transform_function(targets[0], final)
