"""The columns of one statement: those that the fields name, those of relations to one, and the keys of the others.

Source: the joins are those of `SQLCompiler.get_related_selections` in `django/db/models/sql/compiler.py`.
"""

from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Model
from django.db.models.expressions import Col

from pyforge_web.fields import kind_of
from pyforge_web.querysets.relations.model_relations import Relation
from pyforge_web.querysets.relations.prefetch import Link, link
from pyforge_web.querysets.relations.resolve import AnyQuerySet, Branch, Leaf, Tree

Slot = tuple[tuple[Relation, ...], str]  # the joined relations that lead to a column, and its attribute
_JOINED = ""  # the attribute of a key that is a column of the join table


class Related(NamedTuple):
    """A relation of `model` that is a statement of its own.

    `column` is the index of its key in the rows of that, `name` where it is in their JSON: `author.articles`.
    """

    model: type[Model]
    branch: Branch
    column: int
    name: str


class Plan(NamedTuple):
    """A statement: the QuerySet, what becomes of its rows (`native/src/serializer/layout.rs`), and what follows it.

    `key` is the index of the column by which the rows name their parents.
    """

    queryset: AnyQuerySet
    steps: tuple[tuple[str, str, int], ...]
    branches: tuple[Related, ...]
    key: int

    def written(self) -> dict[int, str]:
        """The columns that are written, by their index: `author.name`."""
        names: dict[int, str] = {}
        path: list[str] = []
        for step, name, column in self.steps:
            if step == "object":
                path.append(name)
            elif step == "end":
                path.pop()
            elif step == "column":
                names.setdefault(column, ".".join([*path, name]))
        return names


def select(queryset: AnyQuerySet, tree: Tree, found: Link | None = None) -> Plan:
    """The plan for the fields of a tree; `found` names the key that the rows have besides."""
    walk = _Walk(queryset.db)
    walk.tree(tree, (), True)
    if found is None:
        queryset = _as_scanned(queryset)
    key = None if found is None else walk.slot((), found.key.attname if found.table is None else _JOINED)
    indexes, queryset = _columns(queryset, list(walk.slots), found)
    steps = tuple((step, name, -1 if slot is None else indexes[slot]) for step, name, slot in walk.steps)
    branches = tuple(Related(model, branch, indexes[slot], name) for model, branch, slot, name in walk.branches)
    return Plan(queryset, steps, branches, -1 if key is None else indexes[key])


def _as_scanned(queryset: AnyQuerySet) -> AnyQuerySet:
    """The QuerySet in the order in which SQLite reads a whole table: the rows of an instance come in no other.

    Where an index has all the columns that are asked for, SQLite would read that, in its order.
    """
    query, key = queryset.query, queryset.model._meta.pk
    scans = not (query.where or query.group_by or query.distinct or queryset.ordered or len(query.alias_map) > 1)
    if scans and kind_of(key) == "integer" and connections[queryset.db].vendor == "sqlite":
        query = query.chain()
        query.add_ordering("pk")
        queryset = queryset._chain()
        queryset.query = query
    return queryset


class _Walk:
    """What a tree needs, gathered in its order."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.slots: dict[Slot, None] = {}
        self.steps: list[tuple[str, str, Slot | None]] = []
        self.branches: list[tuple[type[Model], Branch, Slot, str]] = []
        self.within: list[str] = []

    def slot(self, path: tuple[Relation, ...], name: str) -> Slot:
        """A column, once."""
        self.slots[path, name] = None
        return path, name

    def tree(self, tree: Tree, path: tuple[Relation, ...], certain: bool) -> None:
        """The fields of a model that is there for `certain`, or may be absent behind a join."""
        for item in tree.items:
            if isinstance(item, Leaf):
                name = item.name if item.field is None else item.field.attname
                self.steps.append(("column", item.name, self.slot(path, name)))
            elif item.is_joined:
                self._joined(item, path, certain)
            else:
                slot = self.slot(path, link(tree.model, item.relation, self.using).column)
                self.steps.append(("many" if item.relation.many else "one", item.name, slot))
                self.branches.append((tree.model, item, slot, ".".join([*self.within, item.name])))

    def _joined(self, branch: Branch, path: tuple[Relation, ...], certain: bool) -> None:
        relation = branch.relation
        within = (*path, relation)
        certain = certain and relation.sort == "forward" and not relation.field.null
        presence = None if certain else self.slot(within, branch.tree.model._meta.pk_fields[0].attname)
        self.steps.append(("object", branch.name, presence))
        self.within.append(branch.name)
        self.tree(branch.tree, within, certain)
        self.within.pop()
        self.steps.append(("end", "", None))


def _columns(queryset: AnyQuerySet, slots: list[Slot], found: Link | None) -> tuple[dict[Slot, int], AnyQuerySet]:
    """The QuerySet with these columns, and where each of them is in its rows.

    A column that two names mean (the key of a model that inherits, of its parent; an annotation) is selected once:
    behind a window Django gives it once, too.
    """
    own = [name for path, name in slots if not path and name != _JOINED]
    same: dict[str, str] = {}
    if queryset.query.distinct and not queryset.query.distinct_fields:
        # Which rows are equal depends on all that Django selects.
        queryset = queryset.values()
        query = queryset.query
        names = [*query.extra_select, *query.values_select, *query.annotation_select]
    else:
        names, same = _once(queryset, own)
        queryset = queryset.values(*(names or [queryset.model._meta.concrete_fields[0].attname]))
        query = queryset.query
        query.selected = query.selected if names else {}
    indexes: dict[Slot, int] = {((), name): index for index, name in enumerate(names)}
    indexes |= {((), name): indexes[(), other] for name, other in same.items()}
    known = {column: indexes[(), name] for name, column in _cols(query).items() if ((), name) in indexes}
    count = len(names)
    aliases: dict[tuple[Relation, ...], str] = {(): query.get_initial_alias()}
    for slot in (slot for slot in slots if slot not in indexes):
        path, name = slot
        if found is not None and found.table is not None and name == _JOINED:
            column, alias = found.key.get_col(found.table), f"_prefetch_related_val_{found.key.attname}"
        else:
            column = _column(query, path, name, queryset.model, aliases)
            alias = "__".join([*(relation.query_name for relation in path), name])
        if column not in known:
            known[column], count = count, count + 1
            _add(query, column, alias)
        indexes[slot] = known[column]
    return indexes, queryset


def _once(queryset: AnyQuerySet, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """The names without those of columns that another of them has; these by their names."""
    if not names or not (queryset.model._meta.parents or queryset.query.where.contains_over_clause):
        return names, {}
    first: dict[Any, str] = {}
    same: dict[str, str] = {}
    for name, column in _cols(queryset.values(*names).query).items():
        if first.setdefault(column, name) != name:
            same[name] = first[column]
    return [name for name in names if name not in same], same


def _cols(query: Any) -> dict[str, Any]:
    """The columns of its own table that a query selects, by name; with annotations behind a window."""
    columns = dict(zip(query.values_select, query.select, strict=True))
    return columns | query.annotation_select if query.where.contains_over_clause else columns


def _add(query: Any, column: Col, alias: str) -> None:
    """Selects a column behind those that are selected."""
    while alias in query.annotations or alias in query.extra:
        alias += "_"
    query.add_annotation(column, alias)
    if query.selected is not None:
        query.selected = {**query.selected, alias: alias}


def _column(
    query: Any, path: tuple[Relation, ...], name: str, model: type[Model], aliases: dict[tuple[Relation, ...], str]
) -> Any:
    """A column of a joined table: the table of the relation's own key, as `select_related` joins it."""
    for depth in range(1, len(path) + 1):
        *before, relation = path[:depth]
        if path[:depth] not in aliases:
            opts = _model(model, before)._meta
            joins = query.setup_joins([relation.query_name], opts, aliases[tuple(before)]).joins
            aliases[path[:depth]] = joins[-1]
    opts, alias = _model(model, path)._meta, aliases[path]
    field: Any = opts.get_field(name)
    if field in opts.local_concrete_fields:
        return field.get_col(alias)
    info = query.setup_joins([name], opts, alias)
    targets, final, _ = query.trim_joins(info.targets, info.joins, info.path)
    return info.transform_function(targets[0], final)


def _model(model: type[Model], path: Any) -> type[Model]:
    return path[-1].model if path else model
