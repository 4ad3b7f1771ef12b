"""Which fields of a model a payload may set, and under which keys."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import FieldError
from django.db.models import NOT_PROVIDED, FileField, ForeignKey, Model, OneToOneField
from django.db.models.fields import AutoFieldMixin

from pyforge_web.conf import with_docs
from pyforge_web.fields import find_attribute, find_field
from pyforge_web.output.model_names import own_inits
from pyforge_web.querysets.django_path import why_instances
from pyforge_web.stock import is_own_attribute
from pyforge_web.validation.database.foreign_keys import is_django_key

_PACKAGE = __name__.partition(".")[0]


class KeyNames(NamedTuple):
    """The keys of a payload: how a client names the fields."""

    # Key → attname of the field.
    attnames: dict[str, str]
    # Key of a foreign key → its name. A model instance may stand there, as in `Model(author=author)`.
    relations: dict[str, str]
    # Name of a field → its name in errors. Empty if that is the same.
    shown: dict[str, str]

    def show(self, errors: dict[str, Any]) -> dict[str, Any]:
        """Return the errors under the names that the client uses."""
        return {self.shown.get(name, name): found for name, found in errors.items()} if self.shown else errors


class WritableFields(NamedTuple):
    """The fields of a model that payloads may set."""

    # By attname, in the order of the model.
    fields: dict[str, Any]
    keys: KeyNames
    # Attnames of fields with a default of the database.
    database_defaults: tuple[str, ...]
    # Whether they can only be cleaned in an instance.
    needs_instance: bool

    def find_plain_keys(self) -> tuple[str, ...]:
        """Return the attnames of foreign keys that can be cleaned without looking up their targets."""
        # Asked at each call: a project may put a method on a field at any time.
        return tuple(
            attname
            for attname, field in self.fields.items()
            if type(field) in (ForeignKey, OneToOneField) and not _links_to_parent(field) and is_django_key(field)
        )

    def in_order(self, errors: dict[str, Any]) -> dict[str, Any]:
        """Return errors in the order of the fields, as `clean_fields` finds them; those of other names come last."""
        if len(errors) < 2:
            return errors
        return {field.name: errors[field.name] for field in self.fields.values() if field.name in errors} | errors


def find_writable_fields(model: Any, names: tuple[str, ...] | None) -> WritableFields:
    """Return the named fields; without names those that a ModelForm has and JSON can carry.

    Raises `FieldError` for a name that the model does not have, and for a generated column.
    """
    if names is None:
        chosen = [field for field in model._meta.concrete_fields if _is_open(field)]
    else:
        # In the order of the model, whatever the order of the names: errors come in that of `clean_fields`.
        named = {find_field(model, name) for name in names}
        chosen = [field for field in model._meta.concrete_fields if field in named]
        if generated := [field.name for field in chosen if field.generated]:
            raise with_docs(FieldError(f"{', '.join(generated)} cannot be set: the database computes it"), "payload")
        if several := [field for field in named if field.column is None]:
            columns = [field.name for field in model._meta.pk_fields]
            raise with_docs(
                FieldError(f"{several[0].name} stands for several columns: name {columns!r} in its place"), "payload"
            )
    attnames = {key: field.attname for field in chosen for key in (field.name, field.attname)}
    if names is not None and "pk" in names:
        attnames["pk"] = model._meta.pk.attname  # as in `Model(pk=1)`
    return WritableFields(
        {field.attname: field for field in chosen},
        KeyNames(
            attnames,
            {field.name: field.name for field in chosen if isinstance(field, ForeignKey)},
            {},
        ),
        tuple(field.attname for field in chosen if field.db_default is not NOT_PROVIDED),
        _needs_instance(model, chosen),
    )


def rename_keys(
    model: type[Model],
    fields: WritableFields,
    spell: Callable[[str], str] | None,
    rename: Mapping[str, str],
) -> KeyNames:
    """Return the keys as a client names them.

    `spell` makes the client's name of a field name, `rename` maps single names of the client to fields. A renamed field
    has its new name only. Raises `FieldError` for a field that cannot be set, `ValueError` for two fields of one name.
    """
    names = KeyNames({}, {}, {})
    for key, name in rename.items():
        field: Any = find_field(model, name)
        if field.attname not in fields.fields:
            raise with_docs(
                FieldError(f"rename has {name!r}, which the payload may not set: add it to fields"), "payload"
            )
        _add_key(names, key, field, as_name=True)
        names.shown.setdefault(field.name, key)
    renamed = set(names.shown)
    for field in fields.fields.values():
        if field.name not in renamed:
            for name in [key for key, attname in fields.keys.attnames.items() if attname == field.attname]:
                _add_key(names, spell(name) if spell else name, field, as_name=name == field.name)
            if spell:
                names.shown[field.name] = spell(field.name)
    return names


def _add_key(names: KeyNames, key: str, field: Any, *, as_name: bool) -> None:
    if not isinstance(key, str):
        raise with_docs(TypeError(f"keys= makes {key!r} of {field.name!r}: a key must be a str"), "key-names")
    # The name and the attname of a field are the same for most fields: then it is no conflict.
    known = names.attnames.setdefault(key, field.attname)
    if known != field.attname:
        raise with_docs(ValueError(f"the key {key!r} stands for two fields: {known} and {field.attname}"), "key-names")
    if as_name and isinstance(field, ForeignKey):
        names.relations[key] = field.name


def _is_open(field: Any) -> bool:
    """Return whether `fields="__all__"` includes a field. A ModelForm leaves the others out too, but for files.

    A file is not part of JSON, and a client must not choose its path in the storage.
    """
    return (
        field.editable and not _links_to_parent(field) and not isinstance(field, FileField) and _has_form_field(field)
    )


def _has_form_field(field: Any) -> bool:
    """Return whether a ModelForm has a field for this one: not for an automatic key."""
    if "formfield" in vars(field) or not is_own_attribute(find_attribute(type(field), "formfield")):
        return field.formfield() is not None  # only the project's own method knows
    return not isinstance(field, AutoFieldMixin)


def _links_to_parent(field: Any) -> bool:
    return field.remote_field is not None and getattr(field.remote_field, "parent_link", False)


def _needs_instance(model: type[Model], fields: Sequence[Any]) -> bool:
    """Return whether the values can only be cleaned in an instance.

    That is so where code of the project may read or change the instance: a method of the model, a field class, or a
    descriptor.
    """
    if why_instances(model) or own_inits(model) or any(isinstance(field, FileField) for field in fields):
        return True
    methods = [vars(base)["clean_fields"] for base in model.__mro__ if "clean_fields" in vars(base)]
    owners = [type(field) for field in fields]
    # A descriptor of the project may compute a value when it is set.
    owners += [type(find_attribute(model, field.attname)) for field in fields]
    # By the file of the code: what wraps a method of Django's has the name of its module.
    return not (all(map(is_own_attribute, methods)) and all(map(_is_known_class, owners)))


def _is_known_class(owner: type[Any]) -> bool:
    """Return whether a class is Django's, this package's or Python's own."""
    module = str(getattr(owner, "__module__", None) or "builtins")
    return module.partition(".")[0] in ("django", "builtins", _PACKAGE)
