"""What decides the tree of output fields beside the fields: where nothing of it is the project's own, it is kept."""

from collections.abc import Iterator
from typing import Any

from django.db.models import FileField, ForeignKey, Model
from django.db.models.fields.files import FieldFile

from pyforge_web.fields import CONVERTER_METHODS
from pyforge_web.output.file_urls import FILE_METHODS, FileUrl
from pyforge_web.output.managers import MANAGER_METHODS, is_stock_manager
from pyforge_web.output.model_names import FINDING, Relation
from pyforge_web.output.tree import Branch, Leaf, Tree

Watched = tuple[object, tuple[str, ...], bool]


def watch_tree(tree: Tree) -> list[Watched] | None:
    """Return what a native watch compares of a tree; None for one that may be another the next time."""
    watched: list[Watched] = []
    work: list[tuple[type[Model], Leaf | Branch]] = [(tree.model, item) for item in tree.items]
    while work:
        model, item = work.pop()
        if isinstance(item, Leaf):
            if item.related:  # relations that an attribute reads
                return None
            if isinstance(item.output, FileUrl):
                watched += watch_files(item.sources[0].field)
            work += [(model, source) for source in item.sources]
            for relation in item.path:
                watched += [*_watch_attribute(model, relation), *_watch_base(relation)]
                model = relation.model or model
            if item.path and item.field is not None:  # whether null has to be told from no row
                watched += _watch_converters(item.field)
            continue
        if item.queryset is not None:
            return None
        relation = item.relation
        watched += _watch_attribute(model, relation)
        if relation.model is None:
            continue
        managed = watch_manager(relation) if relation.many else _watch_base(relation)
        if managed is None:
            return None
        watched += managed
        watched.append((relation.model._meta, ("concrete_fields",), True))
        work += [(item.tree.model, inner) for inner in item.tree.items]
    return watched


def _watch_attribute(model: type[Model], relation: Relation) -> list[Watched]:
    """Return what a native watch compares of the attribute of a relation: its descriptor, and what that does."""
    return [(model, (relation.name,), False), (type(relation.descriptor), FINDING, False)]


def watch_files(field: Any) -> list[Watched]:
    """Return what a native watch compares of the class of a field's files: their names, URLs, and what they ask for."""
    if not isinstance(field, FileField):  # which is said when the rows are written
        return []
    names = tuple(FILE_METHODS)
    return [(field, ("attr_class",), True), (field.attr_class, names, False), (FieldFile, names, False)]


def _watch_base(relation: Relation) -> list[Watched]:
    """Return what a native watch compares of the base manager that loads a relation to one."""
    return [] if relation.model is None else list(_watch_methods(relation.model._meta, "base_manager"))


def _watch_methods(options: Any, name: str) -> Iterator[Watched]:
    """Yield what a native watch compares of a manager that is among the options of a model."""
    manager = getattr(options, name)
    yield options, (name,), True
    yield type(manager), MANAGER_METHODS, False
    yield manager, MANAGER_METHODS, True


def _watch_converters(field: Any) -> Iterator[Watched]:
    """Yield what a native watch compares of the converters of a field, and of the one that a foreign key points to."""
    while True:
        yield type(field), CONVERTER_METHODS, False
        yield field, CONVERTER_METHODS, True
        if not isinstance(field, ForeignKey):
            return
        field = field.target_field


def watch_manager(relation: Relation) -> list[Watched] | None:
    """Return what a native watch compares of a relation's manager; None where it is not Django's own."""
    options = relation.model._meta  # type: ignore[union-attr] # the caller knows that there is one
    return list(_watch_methods(options, "default_manager")) if is_stock_manager(options.default_manager) else None
