"""What a tree of output fields needs of its statement: columns, steps, and the relations that follow."""

from typing import Any, NamedTuple

from django.db.models import Model

from pyforge_web.output.joined_expressions import prefix_expression
from pyforge_web.output.model_names import Relation
from pyforge_web.output.tree import Branch, Leaf, Tree, UntypedQuerySet, find_row_path, may_lack_row
from pyforge_web.querysets.backends.columns import may_read_null
from pyforge_web.querysets.relations.prefetch import find_relation_key

ColumnSlot = tuple[tuple[Relation, ...], str]  # the joined relations that lead to a column, and its attribute
# What is found out of trees that are kept, in the `__dict__` of the model's `_meta`, by the tree's id and the database.
_WALKS = "_pyforge_walks"
_MOST_WALKS = 256


class RelationQuery(NamedTuple):
    """A relation of `model` that is a statement of its own.

    `slot` is the column of its key, `path` where it is in the JSON: `author.articles`.
    """

    model: type[Model]
    branch: Branch
    slot: ColumnSlot
    path: str


class OutputColumn(NamedTuple):
    """An output field that Python makes of the columns `slots` of a row; none where the column `presence` is null.

    `presences` are the columns that are null where a slot has no row, of those whose value would be another one.
    """

    leaf: Leaf
    model: type[Model]
    slots: tuple[ColumnSlot, ...]
    presences: tuple[ColumnSlot | None, ...]
    presence: ColumnSlot | None


class TreeWalk:
    """What a tree needs, gathered in its order, through a table of work."""

    def __init__(self, using: str, tree: Tree) -> None:
        self.using = using
        self.slots: dict[ColumnSlot, None] = {}
        self.expressions: dict[str, Any] = {}
        self._steps: list[tuple[str, str, ColumnSlot | None]] = []
        self._relations: list[RelationQuery] = []
        self._outputs: list[OutputColumn] = []
        self.add_tree(tree)
        self.steps, self.relations, self.outputs = tuple(self._steps), tuple(self._relations), tuple(self._outputs)

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
                    self._steps.append(("end", "", None))
            elif isinstance(item, Leaf):
                self._add_leaf(item, model, path, presence)
            elif item.is_joined:
                relation = item.relation
                inner = (*path, relation)
                if presence is not None or relation.sort != "forward" or relation.field.null:
                    presence = self.slot(inner, item.tree.model._meta.pk_fields[0].attname)
                self._steps.append(("object", item.key, presence))
                work.append((iter(item.tree.items), item.tree.model, inner, (*within, item.key), presence))
            else:
                key = find_relation_key(model, item.relation, self.using)
                slot = self.slot(path, key.column)
                step = "many" if item.relation.many else "one"
                self._steps.append((step, item.key, slot))
                self._relations.append(RelationQuery(model, item, slot, ".".join([*within, item.key])))

    def _add_leaf(
        self, leaf: Leaf, model: type[Model], path: tuple[Relation, ...], presence: ColumnSlot | None
    ) -> None:
        if leaf.output is not None:
            slots = tuple(self.slot((*path, *source.path), source.attname) for source in leaf.sources)
            presences = tuple(self._find_presence(source, model, path) for source in leaf.sources)
            if row_path := find_row_path(leaf):
                presence = self._presence(model, path, row_path)
            self._outputs.append(OutputColumn(leaf, model, slots, presences, presence))
            self._steps.append(("output", leaf.name, None))
        elif leaf.expression is not None:
            alias = f"output_{len(self.expressions)}"
            prefix = "".join(f"{relation.query_name}__" for relation in path)
            self.expressions[alias] = prefix_expression(leaf.expression, prefix) if prefix else leaf.expression
            self._steps.append(("column", leaf.name, self.slot((), alias)))
        else:
            if (own_presence := self._find_presence(leaf, model, path)) is not None:
                self._steps.append(("null_unless", "", own_presence))
            self._steps.append(("column", leaf.name, self.slot((*path, *leaf.path), leaf.attname)))

    def _find_presence(self, leaf: Leaf, model: type[Model], path: tuple[Relation, ...]) -> ColumnSlot | None:
        """Return the column that is null where a column's own relations have no row; None where its value tells."""
        return self._presence(model, path, leaf.path) if is_null_of_rows(leaf) else None

    def _presence(self, model: type[Model], path: tuple[Relation, ...], inner: tuple[Relation, ...]) -> ColumnSlot:
        return self.slot((*path, *inner), end_model(model, inner)._meta.pk_fields[0].attname)


def is_null_of_rows(leaf: Leaf) -> bool:
    """Return whether null stands for no row, while a converter of the column makes a value of the null of a row."""
    return may_lack_row(leaf.path) and leaf.field is not None and may_read_null(leaf.field)


def walk_tree(queryset: UntypedQuerySet, tree: Tree) -> TreeWalk:
    """Return what a tree needs; found once for a tree that is kept."""
    using = queryset._db or ""
    if not tree.is_kept:
        return TreeWalk(using or queryset.db, tree)
    known: dict[Any, tuple[Tree, TreeWalk]] = tree.model._meta.__dict__.setdefault(_WALKS, {})
    same = known.get((id(tree), using))
    if same is not None and same[0] is tree:
        return same[1]
    if len(known) >= _MOST_WALKS:
        known.clear()
    walk = TreeWalk(using or queryset.db, tree)
    known[id(tree), using] = tree, walk
    return walk


def end_model(model: type[Model], path: Any) -> type[Model]:
    """Return the model that relations lead to."""
    return path[-1].model if path else model
