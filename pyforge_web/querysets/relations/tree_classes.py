"""The classes that a tree of output fields reads: their descriptors, and how their instances are made.

What is found out of a tree that is kept is compared at each use, by identity, and not looked for again.
"""

from typing import Any, NamedTuple

from django.db.models import Model

from pyforge_web._native import AttributeWatch
from pyforge_web.output.model_names import own_inits
from pyforge_web.output.tree import Branch, Leaf, Tree, find_doubts
from pyforge_web.output.tree_watch import Watched, watch_files
from pyforge_web.querysets.django_path import watch_instances, why_instances, why_receivers

# By the tree, in the `__dict__` of the model's `_meta`: it ends with the model.
_CLASSES = "_pyforge_tree_classes"
_MOST_CLASSES = 256


class _TreeClasses(NamedTuple):
    """What a kept tree reads; `watch` is there once Django's path was not needed for any of it."""

    tree: Tree
    joined: tuple[type[Model], ...]
    watch: AttributeWatch | None


def joined_models(tree: Tree) -> tuple[type[Model], ...]:
    """Return the models whose columns are read by joins; a generic foreign key, whose model each row has, by none."""
    known = _find_classes(tree)
    return _list_joined_models(tree) if known is None else known.joined


def why_classes(tree: Tree) -> str | None:
    """Return why a column of a tree may be another value on an instance than in the row; None where it is the same."""
    known = _find_classes(tree)
    if known is not None and known.watch is not None and known.watch.holds():
        return next(filter(None, map(why_receivers, known.joined)), None)
    joined = joined_models(tree)
    reason = next((f"{'.'.join(path)}: {reason}" for path, reason in find_doubts(tree)), None)
    reason = reason or next(filter(None, map(why_instances, joined)), None)
    # An `__init__` of the project's own is read anew each time: its code may be changed in place.
    if reason is None and known is not None and not any(map(own_inits, joined)):
        tree.model._meta.__dict__[_CLASSES][id(tree)] = known._replace(watch=AttributeWatch(watch_tree_classes(tree)))
    return reason


def watch_tree_classes(tree: Tree) -> list[Watched]:
    """Return what a native watch compares of the classes that a tree reads."""
    return [
        (tree.model, ("__getattribute__",), False),
        *(watched for model in joined_models(tree) for watched in watch_instances(model)),
        *_watch_descriptors(tree),
    ]


def _find_classes(tree: Tree) -> _TreeClasses | None:
    """Return what is known of a tree that is kept; None for another one."""
    if not tree.is_kept:
        return None
    trees: dict[int, _TreeClasses] = tree.model._meta.__dict__.setdefault(_CLASSES, {})
    known = trees.get(id(tree))
    if known is None or known.tree is not tree:
        if len(trees) >= _MOST_CLASSES:
            trees.clear()
        known = trees[id(tree)] = _TreeClasses(tree, _list_joined_models(tree), None)
    return known


def _list_joined_models(tree: Tree) -> tuple[type[Model], ...]:
    joined: dict[type[Model], None] = {}
    work: list[Leaf | Branch] = [*tree.items]
    while work:
        item = work.pop()
        if isinstance(item, Leaf):
            joined.update((relation.model, None) for relation in item.path if relation.model is not None)
            work += item.sources
        elif item.is_joined and item.relation.model is not None:
            joined[item.tree.model] = None
            work += item.tree.items
    return tuple(joined)


def _watch_descriptors(tree: Tree) -> list[Watched]:
    """Return what a native watch compares of the descriptors of columns, those of joined models among them."""
    watched: list[Watched] = []
    work: list[Tree] = [tree]
    while work:
        current = work.pop()
        for item in current.items:
            if isinstance(item, Branch):
                watched.append((current.model, (item.relation.name,), False))
                if item.is_joined:
                    work.append(item.tree)
            else:
                watched += _watch_leaf(current.model, item)
    return watched


def _watch_leaf(model: Any, leaf: Leaf) -> list[Watched]:
    watched = [each for source in leaf.sources for each in _watch_leaf(model, source)]
    if leaf.field is None:
        return watched
    for relation in leaf.path:
        watched.append((model, (relation.name,), False))
        model = relation.model or model
    return [*watched, (model, (leaf.attname,), False), *watch_files(leaf.field)]
