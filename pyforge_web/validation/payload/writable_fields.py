"""Which fields of a model a document may set, and how they are found by its keys."""

import inspect
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from django.core.exceptions import FieldError
from django.db.models import (
    NOT_PROVIDED,
    AutoField,
    BigAutoField,
    FileField,
    ForeignKey,
    Model,
    OneToOneField,
    SmallAutoField,
)

from pyforge_web.fields import find_field

_PACKAGE = __name__.partition(".")[0]
_AUTO = (AutoField, BigAutoField, SmallAutoField)


class Columns(NamedTuple):
    """The fields of a model that documents may set."""

    fields: dict[str, Any]  # by attname, in the order of the model
    keys: dict[str, str]  # name or attname → attname
    related: tuple[str, ...]  # the names of foreign keys
    unlooked: tuple[str, ...]  # attnames of those that can be cleaned without looking them up
    computed: tuple[str, ...]  # attnames of those with a default of the database
    as_instance: bool  # they can only be cleaned in an instance

    def in_order(self, errors: dict[str, Any]) -> dict[str, Any]:
        """Errors in the order of the fields, as `clean_fields` finds them; those of other keys come last."""
        if len(errors) < 2:
            return errors
        return {field.name: errors[field.name] for field in self.fields.values() if field.name in errors} | errors


def columns_of(model: type[Model], fields: Sequence[str] | None) -> Columns:
    """The fields that documents may set: those in `fields`, or those that a ModelForm has and JSON can carry.

    Raises `FieldError` for a name that the model does not have, and for a generated column.
    """
    return _columns_of(cast(Any, model), None if fields is None else tuple(fields))


@lru_cache(maxsize=1024)
def _columns_of(model: Any, names: tuple[str, ...] | None) -> Columns:
    if names is None:
        chosen = [field for field in model._meta.concrete_fields if _is_open(field)]
    else:
        named = {find_field(model, name) for name in names}
        chosen = [field for field in model._meta.concrete_fields if field in named]
        if generated := [field.name for field in chosen if field.generated]:
            raise FieldError(f"{', '.join(generated)} cannot be set: the database computes it")
    fields = {field.attname: field for field in chosen}
    keys = {key: field.attname for field in chosen for key in (field.name, field.attname)}
    related = [field for field in chosen if isinstance(field, ForeignKey)]
    plain = [field for field in related if type(field) in (ForeignKey, OneToOneField) and not _links_to_parent(field)]
    unlooked = tuple(field.attname for field in plain)
    computed = tuple(field.attname for field in chosen if field.db_default is not NOT_PROVIDED)
    names_of_keys = tuple(field.name for field in related)
    return Columns(fields, keys, names_of_keys, unlooked, computed, _needs_instance(model, chosen))


def _is_open(field: Any) -> bool:
    """Whether documents may set a field without naming it: as in a ModelForm, which leaves these out too.

    A file is no part of a document, and its path in the storage is not for others to choose.
    """
    return field.editable and not _links_to_parent(field) and not isinstance(field, (*_AUTO, FileField))


def _links_to_parent(field: Any) -> bool:
    return field.remote_field is not None and getattr(field.remote_field, "parent_link", False)


def _needs_instance(model: type[Model], fields: Iterable[Any]) -> bool:
    """Whether values can only be cleaned in an instance: some code of the project's may look at it, or change them."""
    methods = ("__init__", "__setattr__", "__getattribute__", "clean_fields")
    own = [(owner, vars(owner)[name]) for owner in model.__mro__ for name in methods if name in vars(owner)]
    owners: list[type] = [owner for owner, method in own if method is not Model.clean_fields]
    for field in fields:
        owners += [type(field), type(inspect.getattr_static(model, field.attname, None))]
    return not all(map(_is_known, owners)) or any(isinstance(field, FileField) for field in fields)


def _is_known(owner: type) -> bool:
    return owner is object or owner.__module__.partition(".")[0] in ("django", _PACKAGE)
