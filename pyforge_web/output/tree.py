"""The tree of output fields: what each name is of a model, and why some of it is left to Django."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Field, Model

from pyforge_web.output.fields import OutputField
from pyforge_web.output.grammar import ParsedFields
from pyforge_web.output.model_names import NamePath, Relation, has_stock_descriptor

UntypedQuerySet = Any  # a QuerySet: the stubs know nothing of its lookups


class Leaf(NamedTuple):
    """A value under the key `name`.

    It is the column `attname` of the model that the relations of `path` lead to. With `field` None it is what a query
    adds to its rows, or what the query is asked to add: `expression`.
    """

    name: str
    attname: str
    field: "Field[Any, Any] | None" = None
    path: tuple[Relation, ...] = ()
    expression: Any = None
    output: OutputField | None = None
    sources: "tuple[Leaf, ...]" = ()
    # Relations to many that an `Attribute` reads: their names, and the columns of their rows.
    related: tuple[tuple[str, tuple[str, ...]], ...] = ()
    # The lookups of the query that load some of these, or the relations of its path.
    lookups: tuple[Any, ...] = ()

    @property
    def key(self) -> str:
        """Return the key under which it is written."""
        return self.name


def is_own_column(item: "Leaf | Branch") -> bool:
    """Return whether an output field is a column of the model itself, perhaps under another key."""
    return isinstance(item, Leaf) and item.field is not None and not item.path


def find_row_path(leaf: Leaf) -> tuple[Relation, ...]:
    """Return the relations that must have a row for an output field to be written; none for most."""
    if leaf.output is None or not leaf.output.needs_row:
        return ()
    path = leaf.sources[0].path
    return path if may_lack_row(path) else ()


def may_lack_row(path: tuple[Relation, ...]) -> bool:
    """Return whether relations to one may lead to no row."""
    return any(relation.sort != "forward" or relation.field.null for relation in path)


class Branch(NamedTuple):
    """A relation. `queryset` is what a `Prefetch` gives for it; a relation to one without it is joined.

    With `keys_only` it is a relation to many that stands for a flat list of one column, its keys above all.
    """

    name: str
    relation: Relation
    fields: ParsedFields
    tree: "Tree"
    queryset: UntypedQuerySet | None
    keys_only: bool = False
    own_key: str | None = None

    @property
    def key(self) -> str:
        """Return the key under which it is written; its name is that of the relation, or of a `to_attr`."""
        return self.name if self.own_key is None else self.own_key

    @property
    def is_joined(self) -> bool:
        """Return whether its columns are columns of the same statement."""
        return not self.relation.many and self.queryset is None


class Tree(NamedTuple):
    """The output fields of a model. One that is kept is the same object for the same fields."""

    model: type[Model]
    items: tuple[Leaf | Branch, ...]
    is_kept: bool = False


def keep_tree(tree: Tree) -> Tree:
    """Return a tree that says of itself and of those inside of it that they are kept."""
    items = [item._replace(tree=keep_tree(item.tree)) if isinstance(item, Branch) else item for item in tree.items]
    return Tree(tree.model, tuple(items), is_kept=True)


def find_doubts(tree: Tree, path: NamePath = ()) -> Iterator[tuple[NamePath, str]]:
    """Yield what Django must read of the statement of a tree, joined relations among it, and why."""
    for item in tree.items:
        within = (*path, item.name)
        if isinstance(item, Leaf):
            if reason := _leaf_doubt(tree.model, item):
                yield within, reason
        elif item.relation.doubt is not None:
            yield within, item.relation.doubt
        elif item.is_joined:
            yield from find_doubts(item.tree, within)


def _leaf_doubt(model: type[Model], leaf: Leaf) -> str | None:
    for source in leaf.sources:
        if reason := _leaf_doubt(model, source):
            return reason
    if leaf.field is None:
        return f"a Prefetch loads {leaf.lookups[0].to[0]}" if leaf.lookups else None
    if leaf.field.column is None:
        return "a key of several columns"
    for relation in leaf.path:
        if relation.doubt is not None:
            return relation.doubt
    if leaf.path:
        model = leaf.path[-1].model or model
    if not has_stock_descriptor(model, leaf.attname):
        return f"its descriptor {type(getattr(model, leaf.attname, None)).__name__} may give another value"
    return None
