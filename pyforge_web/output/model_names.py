"""What the names of a model mean: its columns, its relations, and what is said of any other name."""

import difflib
from operator import attrgetter
from typing import Any, NamedTuple

from django.core.exceptions import FieldError
from django.db.models import Field, Model
from django.db.models.constants import LOOKUP_SEP
from django.db.models.fields.files import FieldFile, FileDescriptor, ImageFieldFile, ImageFileDescriptor
from django.db.models.fields.related_descriptors import (
    ForeignKeyDeferredAttribute,
    ForwardManyToOneDescriptor,
    ForwardOneToOneDescriptor,
    ManyToManyDescriptor,
    ReverseManyToOneDescriptor,
    ReverseOneToOneDescriptor,
)
from django.db.models.query_utils import DeferredAttribute

from pyforge_web._native import AttributeWatch
from pyforge_web.conf import with_docs
from pyforge_web.fields import find_attribute
from pyforge_web.stock import find_stock

_GENERIC = "django.contrib.contenttypes.fields"  # a module that cannot be imported where its app is not installed
NamePath = tuple[str, ...]
_DJANGOS_INIT = find_stock(Model, "__init__")
# Behind these descriptors an instance has in its `__dict__` what its row has, or a file with that name.
PLAIN_DESCRIPTORS = {DeferredAttribute, ForeignKeyDeferredAttribute}
STOCK_DESCRIPTORS = {*PLAIN_DESCRIPTORS, FileDescriptor, ImageFileDescriptor}
_STOCK_READS = {kind: find_stock(kind, "__get__") for kind in STOCK_DESCRIPTORS}
# What of a class of files decides their names; a file of Django's has the name that its row has.
FILE_NAMING = ("__init__", "__getattribute__", "__new__", "__setattr__")
_find_naming = attrgetter(*FILE_NAMING)
_STOCK_NAMING = (find_stock(FieldFile, "__init__"), *_find_naming(object)[1:])
_DJANGOS_FILES = (FieldFile, ImageFieldFile)
# A tool may replace that for all models.
READS_WATCH = AttributeWatch(
    [
        *((kind, ("__get__",), False) for kind in STOCK_DESCRIPTORS),
        *((kind, ("name", *FILE_NAMING), False) for kind in _DJANGOS_FILES),
    ]
)
# What of Django's descriptors decides the objects behind a relation.
FINDING = (
    "__get__", "get_object", "get_prefetch_querysets", "get_queryset", "is_cached", "related_manager_cls",
)  # fmt: skip
_STOCK_RELATIONS = {
    kind: {name: find_stock(kind, name) for name in FINDING if hasattr(kind, name)}
    for kind in (
        ForwardManyToOneDescriptor,
        ForwardOneToOneDescriptor,
        ManyToManyDescriptor,
        ReverseManyToOneDescriptor,
        ReverseOneToOneDescriptor,
    )
}
_RELATIONS_WATCH = AttributeWatch([(kind, tuple(methods), False) for kind, methods in _STOCK_RELATIONS.items()])


class Relation(NamedTuple):
    """A relation by the attribute of the instances, whose `descriptor` gives it.

    `sort` is "forward", "backward" (a reverse one-to-one), "reverse", "many_to_many", "generic" or "other". `field` is
    the foreign key, the many-to-many field or the generic relation, whichever side declares it. `doubt` says why it is
    left to Django; None where its rows are read natively.
    """

    name: str
    sort: str
    model: type[Model] | None
    many: bool
    field: Any
    doubt: str | None = None
    descriptor: Any = None

    @property
    def query_name(self) -> str:
        """Its name in `filter()` and `select_related()`."""
        return str(self.field.name if self.sort == "forward" else self.field.related_query_name())


# What was found before is kept in the `__dict__` of the model's `_meta`, and ends with the model: a table of ours would
# hold it, as its fields do. Names that do not exist are not kept: a client may have chosen them.
_RELATIONS, _COLUMNS = "_pyforge_relations", "_pyforge_columns"


def find_relation(model: type[Model], name: str) -> Relation | None:
    """Return the relation behind an attribute of a model's instances; None where there is none."""
    known: dict[Any, Relation] = model._meta.__dict__.setdefault(_RELATIONS, {})
    if not _RELATIONS_WATCH.holds():  # a tool has replaced methods of Django's, perhaps for a while
        return _read_relation(model, name)
    relation = known.get(name)
    if relation is None or relation.descriptor is not getattr(model, name, None):
        relation = _read_relation(model, name)
        if relation is not None:
            known[name] = relation = relation._replace(descriptor=getattr(model, name, None))
    return relation


def _read_relation(model: Any, name: str) -> Relation | None:
    descriptor: Any = getattr(model, name, None)
    kind = type(descriptor)
    if any(getattr(kind, method) is not stock for method, stock in _STOCK_RELATIONS.get(kind, {}).items()):
        return _other(model, name, kind)
    if kind in (ForwardManyToOneDescriptor, ForwardOneToOneDescriptor):
        field = descriptor.field
        return _checked(Relation(name, "forward", field.related_model, False, field), field)
    if kind is ReverseOneToOneDescriptor:
        related = descriptor.related
        found = _checked(Relation(name, "backward", related.related_model, False, related.field), related.field)
        own = related in model._meta.related_objects
        return found if own else found._replace(doubt="a child's, inherited by the child itself")
    if kind is ReverseManyToOneDescriptor:
        field = descriptor.field
        found = Relation(name, "reverse", descriptor.rel.related_model, True, field)
        return (
            _checked(found, field) if field.many_to_one else found._replace(doubt="a generic relation, read backwards")
        )
    if kind is ManyToManyDescriptor:
        rel = descriptor.rel
        other = rel.related_model if descriptor.reverse else rel.model
        found = Relation(name, "many_to_many", other, True, rel.field)
        return _checked(found, source_field(found, model))
    if kind.__module__ == _GENERIC and kind.__name__ == "ReverseGenericManyToOneDescriptor":
        return Relation(name, "generic", descriptor.rel.model, True, descriptor.rel.field)
    return _other(model, name, kind)


def _checked(relation: Relation, field: Any) -> Relation:
    if len(field.foreign_related_fields) != 1:
        return relation._replace(doubt="its key has several columns")
    if getattr(field, "column", None) is None:  # a ForeignObject over one column: its `attname` is its own name
        return relation._replace(doubt="its key is not one column")
    return relation


def _other(model: type[Model], name: str, kind: type) -> Relation | None:
    """A relation that another package has made, or that leads to several models."""
    field: Any = next((field for field in model._meta.get_fields() if _attribute(field) == name), None)
    if field is None or not hasattr(model, name):
        return None
    many = bool(field.one_to_many or field.many_to_many)
    doubt = f"its objects are found by {kind.__name__}, which may do anything"
    return Relation(name, "other", field.related_model, many, field, doubt)


def is_generic_key(field: Any) -> bool:
    """Return whether a field is Django's own generic foreign key, which leads to a row of any model."""
    return type(field).__module__ == _GENERIC and type(field).__name__ == "GenericForeignKey"


def _attribute(field: Any) -> str | None:
    """The attribute of the instances behind a relation, from either side; None for what is no relation."""
    if not field.is_relation:
        return None
    reverse = field.auto_created and not field.concrete
    return field.get_accessor_name() if reverse else field.name  # type: ignore[no-any-return]


def source_field(relation: Relation, model: type[Model]) -> Any:
    """The foreign key of a many-to-many relation's through table that points to the model that has the relation."""
    field = relation.field
    reverse = getattr(model, relation.name).reverse
    through = field.remote_field.through
    return through._meta.get_field(field.m2m_reverse_field_name() if reverse else field.m2m_field_name())


def find_column(model: type[Model], name: str) -> "Field[Any, Any] | None":
    """Return the concrete field behind `name`, `attname` or `pk`; None where there is none."""
    concrete = model._meta.concrete_fields
    known: tuple[Any, dict[str, Field[Any, Any]]] | None = model._meta.__dict__.get(_COLUMNS)
    if known is None or known[0] is not concrete:  # Django makes a new tuple when a model gets a field
        names = {name: field for field in reversed(concrete) for name in (field.name, field.attname)}
        known = model._meta.__dict__[_COLUMNS] = concrete, names
    return model._meta.pk if name == "pk" else known[1].get(name)


def has_stock_descriptor(model: type[Model], attname: str) -> bool:
    """Return whether an instance's `__dict__` has what the row has under this name: Django's own code puts it there.

    What a tool has put in the place of that code says `find_changed_read`.
    """
    return model.__getattribute__ is object.__getattribute__ and is_stock_descriptor(getattr(model, attname, None))


def is_stock_descriptor(descriptor: Any) -> bool:
    """Return whether a descriptor is one that gives what the row has, or a file whose name that is."""
    kind = type(descriptor)
    if kind in PLAIN_DESCRIPTORS:
        return True
    return kind in STOCK_DESCRIPTORS and not has_own_names(descriptor.field.attr_class)


def find_changed_read() -> str | None:
    """Return what reads the columns of all models and is not Django's own; None where nothing was replaced."""
    return None if _CHANGED_READ is None and READS_WATCH.holds() else _find_changed_read()


def _find_changed_read() -> str | None:
    for kind, read in _STOCK_READS.items():
        if kind.__get__ is not read:
            owner = next(each for each in kind.__mro__ if "__get__" in vars(each))
            return f"{owner.__name__}.__get__"
    return next((kind.__name__ for kind in _DJANGOS_FILES if _makes_names(kind)), None)


def has_own_names(kind: type[Any]) -> bool:
    """Return whether files of a class may have other names than their rows."""
    return kind not in _DJANGOS_FILES and _makes_names(kind)


def _makes_names(kind: type[Any]) -> bool:
    return hasattr(kind, "name") or _find_naming(kind) != _STOCK_NAMING


_CHANGED_READ = _find_changed_read()


def is_set_by_class(model: type[Model], name: str) -> bool:
    """Return whether a value under this name goes through a descriptor of the class: a property, say."""
    return hasattr(type(find_attribute(model, name)), "__set__")


def own_inits(model: Any) -> list[Any]:
    """Return each `__init__` of a model's classes that Django did not write, nearest first.

    Django's own calls that of a class that stands behind `Model` in the bases, when the columns are set.
    """
    inits = [vars(kind)["__init__"] for kind in model.__mro__ if "__init__" in vars(kind)]
    return [init for init in inits if init is not _DJANGOS_INIT and init is not object.__init__]


def classes_behind_model(model: Any) -> list[type]:
    """Return the classes of a project whose `__init__` Django's own calls: they stand behind `Model` in the bases."""
    kinds = model.__mro__
    return [kind for kind in kinds[kinds.index(Model) + 1 : -1] if kind not in Model.__mro__]


def find_key_relation(model: type[Model], name: str) -> Relation | None:
    """Return the relation to one behind a name that is no column, whose key is written under that name."""
    relation = find_relation(model, name)
    if relation is None:  # `.values()` knows a reverse relation by its name in queries
        for related in model._meta.related_objects:
            if related.one_to_one and related.name == name and (accessor := related.get_accessor_name()):
                relation = find_relation(model, accessor)
    return None if relation is None or relation.many or relation.model is None else relation


def unknown_column(model: type[Model], name: str, path: NamePath, added: NamePath = ()) -> FieldError:
    """Return the error for a name that is no column: it says what the name is, and what to write."""
    place = _place(model, path)
    relation = find_relation(model, name)
    if relation is not None:
        return with_docs(
            FieldError(
                f"{place} has a relation {name!r} and no such column: write {{{name!r}: [...]}} with the names of its "
                "fields"
            ),
            "field",
        )
    problem = f"Cannot resolve keyword {name!r} into field of {place}"
    return with_docs(FieldError(f"{problem}. {_hint(model, name, added)}{_choices(model, added)}"), "field")


def unknown_relation(model: type[Model], name: str, path: NamePath, added: NamePath = ()) -> FieldError:
    """Return the error for a name that is no relation; it lists what there is."""
    place = _place(model, path)
    if name in added or find_column(model, name) is not None:
        return with_docs(
            FieldError(
                f"{place} has a column {name!r} and no such relation: write {name!r} in place of {{{name!r}: [...]}}. "
                f"{_choices(model, added)}"
            ),
            "field",
        )
    hint = _close(name, _relation_names(model))
    return with_docs(
        FieldError(f"Cannot resolve keyword {name!r} into relation of {place}. {hint}{_choices(model, added)}"), "field"
    )


def many_in_path(model: type[Model], name: str, part: str, path: NamePath) -> FieldError:
    """Return the error for a `__` path that leads through a relation to many."""
    return with_docs(
        FieldError(
            f"{name!r} leads through {part!r}, which is a relation to many of {_place(model, path)}: a row would be "
            f"written more than once. Write {{{part!r}: [...]}} with the names of its fields"
        ),
        "field",
    )


def no_relation_in_path(model: type[Model], name: str, part: str, path: NamePath) -> FieldError:
    """Return the error for a `__` path that goes on behind a column."""
    return with_docs(
        FieldError(
            f"Cannot resolve keyword {name!r} into field of {_place(model, path)}: {part!r} is a column and no "
            f"relation. For a transform or a key of its JSON write {{{name!r}: F({name!r})}}"
        ),
        "field",
    )


def _hint(model: type[Model], name: str, added: NamePath) -> str:
    """Return what a name is that is no column, and what to write for it."""
    # The way of other libraries, and an easy mistake.
    if "." in name and name.replace(".", LOOKUP_SEP).isidentifier():
        first, _, rest = name.partition(".")
        path = name.replace(".", LOOKUP_SEP)
        return f"A path is written with two underscores, {path!r}, or nested, {{{first!r}: [{rest!r}]}}. "
    attribute = find_attribute(model, name)
    if attribute is None or (name.startswith("_") and name != "__str__"):
        columns = [column for field in model._meta.concrete_fields for column in (field.name, field.attname)]
        return _close(name, [*columns, *added, *_relation_names(model)])
    display = name.removeprefix("get_").removesuffix("_display")
    if name == f"get_{display}_display" and find_column(model, display) is not None:
        return f"It is a method that gives the label of a choice: write {{{display!r}: Display({display!r})}}. "
    if isinstance(attribute, property) or hasattr(attribute, "func"):
        return f"It is a property, not a column: write {{{name!r}: Attribute({name!r}, reads=[...])}}. "
    if callable(attribute) or isinstance(attribute, classmethod | staticmethod):
        return f"It is a method, not a column: write {{{name!r}: Attribute({name!r}, reads=[...])}}. "
    if hasattr(attribute, "__get__"):
        return f"It is a {type(attribute).__name__} of the class, not a column. "
    return f"It is a constant of the class, not a column: write {{{name!r}: Value({model.__name__}.{name})}}. "


def _close(name: str, names: "list[str]") -> str:
    # The standard library's measure, as Python's own errors have it.
    match = difflib.get_close_matches(name, dict.fromkeys(names), 1)
    return f"Did you mean {match[0]!r}? " if match else ""


def _place(model: type[Model], path: NamePath) -> str:
    return f"{model.__name__} (in {'.'.join(path)})" if path else model.__name__


def _relation_names(model: type[Model]) -> list[str]:
    names = {_attribute(field) for field in model._meta.get_fields()}
    return sorted(name for name in names if name and find_relation(model, name) is not None)


def _choices(model: type[Model], added: NamePath) -> str:
    columns = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)} | set(added)
    relations = ", ".join(_relation_names(model)) or "none"
    return f"Choices are: {', '.join(sorted(columns))}. Relations are: {relations}"
