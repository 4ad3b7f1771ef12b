"""What is known of the relations of a model: the kind of each, by the descriptor that its instances have."""

from functools import lru_cache
from typing import Any, NamedTuple

from django.core.exceptions import FieldError
from django.db.models import Field, Model
from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ForwardOneToOneDescriptor,
    ManyToManyDescriptor,
    ReverseManyToOneDescriptor,
    ReverseOneToOneDescriptor,
)

_GENERIC = "django.contrib.contenttypes.fields"  # a module that cannot be imported where its app is not installed


class Relation(NamedTuple):
    """A relation by the attribute of the instances.

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

    @property
    def query_name(self) -> str:
        """Its name in `filter()` and `select_related()`."""
        return str(self.field.name if self.sort == "forward" else self.field.related_query_name())


@lru_cache(maxsize=4096)
def find_relation(model: Any, name: str) -> Relation | None:
    """The relation behind an attribute of a model's instances; None where there is none."""
    descriptor: Any = getattr(model, name, None)
    kind = type(descriptor)
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
    if len(field.foreign_related_fields) == 1:
        return relation
    return relation._replace(doubt="its key has several columns")


def _other(model: type[Model], name: str, kind: type) -> Relation | None:
    """A relation that another package has made, or that leads to several models."""
    field: Any = next((field for field in model._meta.get_fields() if _attribute(field) == name), None)
    if field is None or not hasattr(model, name):
        return None
    many = bool(field.one_to_many or field.many_to_many)
    doubt = f"its objects are found by {kind.__name__}, which may do anything"
    return Relation(name, "other", field.related_model, many, field, doubt)


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


@lru_cache(maxsize=4096)
def find_column(model: Any, name: str) -> "Field[Any, Any] | None":
    """The concrete field behind `name`, `attname` or `pk`; None where there is none."""
    if name == "pk":
        return model._meta.pk  # type: ignore[no-any-return]
    fields = model._meta.concrete_fields
    return next((field for field in fields if name in (field.name, field.attname)), None)


def unknown(model: type[Model], name: str, path: tuple[str, ...], added: tuple[str, ...] = ()) -> FieldError:
    """The error for a name that is no column; it lists what there is."""
    relation = find_relation(model, name)
    if relation is not None:
        return FieldError(
            f"{_place(model, path)} has a relation {name!r} and no such column: write {{{name!r}: [...]}} with the "
            "names of its fields"
        )
    return FieldError(f"Cannot resolve keyword {name!r} into field of {_place(model, path)}. {_choices(model, added)}")


def unknown_relation(model: type[Model], name: str, path: tuple[str, ...], added: tuple[str, ...] = ()) -> FieldError:
    """The error for a name that is no relation; it lists what there is."""
    if name in added or find_column(model, name) is not None:
        return FieldError(
            f"{_place(model, path)} has a column {name!r} and no such relation: write {name!r} in place of "
            f"{{{name!r}: [...]}}. {_choices(model, added)}"
        )
    return FieldError(
        f"Cannot resolve keyword {name!r} into relation of {_place(model, path)}. {_choices(model, added)}"
    )


def _place(model: type[Model], path: tuple[str, ...]) -> str:
    return f"{model.__name__} (in {'.'.join(path)})" if path else model.__name__


def _choices(model: type[Model], added: tuple[str, ...]) -> str:
    columns = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)} | set(added)
    attributes = {_attribute(field) for field in model._meta.get_fields()}
    relations = sorted(name for name in attributes if name and find_relation(model, name) is not None)
    return f"Choices are: {', '.join(sorted(columns))}. Relations are: {', '.join(relations) or 'none'}"
