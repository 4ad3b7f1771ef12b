"""The columns of one statement: those that the fields name, those of relations to one, and the keys of the others.

Source: the joins are those of `SQLCompiler.get_related_selections` in `django/db/models/sql/compiler.py`.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from django.db import connections
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Col

from pyforge_web.fields import kind_of
from pyforge_web.output.model_names import Relation, find_column
from pyforge_web.output.tree import Branch, Leaf, Tree, UntypedQuerySet, find_row_path
from pyforge_web.querysets.django_path import joins_unconstrained
from pyforge_web.querysets.relations.flat_plan import FlatPlan, find_flat_plan, select_columns
from pyforge_web.querysets.relations.prefetch import RelationKey, find_relation_key
from pyforge_web.querysets.relations.steps import Steps
from pyforge_web.querysets.sql_cache import compile_remembered
from pyforge_web.querysets.statement import CompiledQuery

ColumnSlot = tuple[tuple[Relation, ...], str]  # the joined relations that lead to a column, and its attribute
_SCANNING = ("sqlite", "mysql")  # their tables are in the order of the key
JOIN_KEY = ""  # the attribute of a key that is a column of the join table


class RelationQuery(NamedTuple):
    """A relation of `model` that is a statement of its own.

    `slot` is the column of its key, `path` where it is in the JSON: `author.articles`.
    """

    model: type[Model]
    branch: Branch
    slot: ColumnSlot
    path: str


class OutputColumn(NamedTuple):
    """An output field that Python makes of the columns `slots` of a row; none where the column `presence` is null."""

    leaf: Leaf
    model: type[Model]
    slots: tuple[ColumnSlot, ...]
    presence: ColumnSlot | None


class SelectPlan(NamedTuple):
    """A statement: the QuerySet, what becomes of its rows, and what follows it.

    `names` are the names of the slots in the compiled query: only that one knows where they are in a row. `key` is the
    column by which the rows name their parents.
    """

    queryset: UntypedQuerySet
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
    queryset: UntypedQuerySet, tree: Tree, relation_key: RelationKey | None = None
) -> tuple[SelectPlan, CompiledQuery | None]:
    """Return the plan for the fields of a tree, and its SQL; the SQL is None where Django finds nothing to ask for."""
    selection = select_tree(queryset, tree, relation_key)
    compiled, names = compile_remembered(queryset, selection.purpose, selection.prepare)
    return selection.finish(names, compiled), compiled


def select_tree(queryset: UntypedQuerySet, tree: Tree, relation_key: RelationKey | None = None) -> TreeSelection:
    """Return the selection of the fields of a tree; `relation_key` names the key that the rows have besides."""
    flat = find_flat_plan(tree) if relation_key is None else None
    if flat is not None:
        return _select_flat(queryset, flat)
    walk = _TreeWalk(queryset.db)
    walk.add_tree(tree)
    key = None
    if relation_key is not None:
        key = walk.slot((), relation_key.key.attname if relation_key.table is None else JOIN_KEY)
    slots = list(walk.slots)

    def prepare() -> tuple[UntypedQuerySet, dict[ColumnSlot, str]]:
        scanned = as_scanned(queryset) if relation_key is None else queryset
        return select_slots(scanned, slots, relation_key, walk.expressions)

    def finish(names: dict[ColumnSlot, str], compiled: CompiledQuery | None) -> SelectPlan:
        selected = _of_statement(queryset, compiled)
        return SelectPlan(selected, tuple(walk.steps), tuple(walk.relations), names, key, tuple(walk.outputs))

    purpose = None if walk.expressions else _find_purpose(queryset, slots, relation_key)
    return TreeSelection(purpose, prepare, finish)


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
        return SelectPlan(_of_statement(queryset, compiled), flat.steps, (), names, None)

    return TreeSelection(_find_purpose(queryset, flat.attributes, None), prepare, finish)


def _of_statement(queryset: UntypedQuerySet, compiled: CompiledQuery | None) -> UntypedQuerySet:
    """Return a QuerySet of the database that a statement was made for: a router may choose another one next."""
    return queryset if compiled is None else QuerySet(queryset.model, queryset.query, compiled.compiler.using)


def _find_purpose(queryset: UntypedQuerySet, slots: Sequence[Any], relation_key: RelationKey | None) -> tuple[Any, ...]:
    """Return what decides the columns of a plan's query beside the query itself."""
    query = queryset.query
    unconstrained = bool(query.select_related) and joins_unconstrained(query)
    key = None if relation_key is None else (relation_key.key, relation_key.table)
    return ("tree", unconstrained, key, *slots)


def as_scanned(queryset: UntypedQuerySet) -> UntypedQuerySet:
    """Return the QuerySet in the order in which a whole table is read: the rows of instances come in no other.

    Where an index has all the columns that are asked for, SQLite and InnoDB would read that, in its order.
    """
    query, key = queryset.query, queryset.model._meta.pk
    scans = not (query.where or query.group_by or query.distinct or queryset.ordered or len(query.alias_map) > 1)
    if scans and not query.combinator and kind_of(key) == "integer" and connections[queryset.db].vendor in _SCANNING:
        query = query.chain()
        query.add_ordering("pk")
        return _with_query(queryset, query)
    return queryset


def _with_query(queryset: UntypedQuerySet, query: Any) -> UntypedQuerySet:
    """Return a QuerySet of Django's own class with another query."""
    return QuerySet(queryset.model, query, queryset.db)


class _TreeWalk:
    """What a tree needs, gathered in its order, through a table of work."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.slots: dict[ColumnSlot, None] = {}
        self.steps: list[tuple[str, str, ColumnSlot | None]] = []
        self.relations: list[RelationQuery] = []
        self.expressions: dict[str, Any] = {}
        self.outputs: list[OutputColumn] = []

    def slot(self, path: tuple[Relation, ...], attname: str) -> ColumnSlot:
        """Add a column, once."""
        self.slots[path, attname] = None
        return path, attname

    def add_tree(self, tree: Tree) -> None:
        """Add the fields of a model, and those of the relations to one that are joined."""
        # Each entry: the items that are still to come, their model, the joined relations that lead there, the names of
        # those in the JSON, and the column that is null where there is no row.
        work: list[tuple[Any, type[Model], tuple[Relation, ...], tuple[str, ...], ColumnSlot | None]] = [
            (iter(tree.items), tree.model, (), (), None)
        ]
        while work:
            items, model, path, within, presence = work[-1]
            item = next(items, None)
            if item is None:
                work.pop()
                if work:
                    self.steps.append(("end", "", None))
            elif isinstance(item, Leaf):
                self._add_leaf(item, model, path, presence)
            elif item.is_joined:
                relation = item.relation
                inner = (*path, relation)
                if presence is not None or relation.sort != "forward" or relation.field.null:
                    presence = self.slot(inner, item.tree.model._meta.pk_fields[0].attname)
                self.steps.append(("object", item.key, presence))
                work.append((iter(item.tree.items), item.tree.model, inner, (*within, item.key), presence))
            else:
                key = find_relation_key(model, item.relation, self.using)
                slot = self.slot(path, key.column)
                step = "many" if item.relation.many else "one"
                self.steps.append((step, item.key, slot))
                self.relations.append(RelationQuery(model, item, slot, ".".join([*within, item.key])))

    def _add_leaf(
        self, leaf: Leaf, model: type[Model], path: tuple[Relation, ...], presence: ColumnSlot | None
    ) -> None:
        if leaf.output is not None:
            slots = tuple(self.slot((*path, *source.path), source.attname) for source in leaf.sources)
            if row_path := find_row_path(leaf):
                key = _end_model(model, row_path)._meta.pk_fields[0].attname
                presence = self.slot((*path, *row_path), key)
            self.outputs.append(OutputColumn(leaf, model, slots, presence))
            self.steps.append(("output", leaf.name, None))
        elif leaf.expression is not None:
            alias = f"output_{len(self.expressions)}"
            prefix = "".join(f"{relation.query_name}__" for relation in path)
            self.expressions[alias] = prefix_expression(leaf.expression, prefix) if prefix else leaf.expression
            self.steps.append(("column", leaf.name, self.slot((), alias)))
        else:
            self.steps.append(("column", leaf.name, self.slot((*path, *leaf.path), leaf.attname)))


def prefix_expression(expression: Any, prefix: str) -> Any:
    """Return an expression of a related model as one of the model that the relations begin at."""
    if isinstance(expression, F):
        return type(expression)(prefix + cast(Any, expression).name)
    if isinstance(expression, Q):
        made = expression.copy()
        made.children = [
            (prefix + child[0], prefix_expression(child[1], prefix))
            if isinstance(child, tuple)
            else prefix_expression(child, prefix)
            for child in expression.children
        ]
        return made
    if not hasattr(expression, "get_source_expressions"):
        return expression
    made = expression.copy()
    sources = [
        None if each is None else prefix_expression(each, prefix) for each in expression.get_source_expressions()
    ]
    made.set_source_expressions(sources)
    return made


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
            query.group_by = True  # as QuerySet.annotate() does


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
            opts = _end_model(model, before)._meta
            joins = query.setup_joins([relation.query_name], opts, aliases[tuple(before)]).joins
            aliases[path[:depth]] = joins[-1]
    opts, alias = _end_model(model, path)._meta, aliases[path]
    field: Any = opts.get_field(name)
    if field in opts.local_concrete_fields:
        return field.get_col(alias)
    info = query.setup_joins([name], opts, alias)
    targets, final, _ = query.trim_joins(info.targets, info.joins, info.path)
    return info.transform_function(targets[0], final)


def _end_model(model: type[Model], path: Any) -> type[Model]:
    return path[-1].model if path else model
